//! What was touched where, and what the screen was like just before: enough for somebody
//! to do the same on a kiosk of which only the glass is known.
//!
//! The folder receives `touches.jsonl`, a line each time: `{"touch": ID, "x", "y", "width",
//! "height", "scrolled": BOOL, "screen": FILE, "target": FILE, "live": [[x, y, width, height], ..]}` in pixels, or
//! `{"world": WORD, "keys": {ID: [x, y, width, height]}}` for what is done around the screen, with the keys to type
//! something else by. `screen` has every eighth pixel of every
//! eighth line, `target` all pixels of what was touched (PPM); `live` is never the same twice;
//! `scrolled`: the page was moved since the touch before.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::json;
use slint::{Rgba8Pixel, SharedPixelBuffer};

use super::driver::Seen;

/// Of how many pixels of a line, and of how many lines, one is kept of the whole screen.
const SCREEN_STEP: usize = 8;
/// What a camera, a chip or a clock fills.
const LIVE: [&str; 4] = ["preview", "picture-taken", "portrait", "holder-"];

pub(super) struct Recording {
    folder: PathBuf,
    lines: File,
    touches: u32,
}

impl Recording {
    pub(super) fn begin(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self {
            folder: folder.into(),
            lines: File::create(folder.join("touches.jsonl"))?,
            touches: 0,
        })
    }

    pub(super) fn touch(
        &mut self,
        target: &Seen,
        scrolled: bool,
        all: &[Seen],
        screen: &SharedPixelBuffer<Rgba8Pixel>,
    ) -> Result<()> {
        self.touches += 1;
        let name = |what| format!("{:04}-{what}.ppm", self.touches);
        let (whole, part) = (name("screen"), name("target"));
        let size = (screen.width() as usize, screen.height() as usize);
        self.keep(&whole, screen, (0, 0), size, SCREEN_STEP)?;
        let [left, top, width, height] = pixels(target, size);
        self.keep(&part, screen, (left, top), (width, height), 1)?;
        let live: Vec<[usize; 4]> = all
            .iter()
            .filter(|seen| LIVE.iter().any(|live| seen.id.starts_with(live)))
            .map(|seen| pixels(seen, size))
            .collect();
        writeln!(
            self.lines,
            "{}",
            json!({"touch": target.id, "x": left, "y": top, "width": width, "height": height,
                   "scrolled": scrolled, "screen": whole, "target": part, "live": live})
        )?;
        Ok(())
    }

    pub(super) fn world(&mut self, word: &str, all: &[Seen], size: (u32, u32)) -> Result<()> {
        let size = (size.0 as usize, size.1 as usize);
        let keys: HashMap<&str, [usize; 4]> = all
            .iter()
            .filter(|seen| seen.id.starts_with("key-"))
            .map(|seen| (seen.id.as_str(), pixels(seen, size)))
            .collect();
        let line = json!({"world": word, "keys": keys});
        Ok(writeln!(self.lines, "{line}")?)
    }

    fn keep(
        &self,
        name: &str,
        screen: &SharedPixelBuffer<Rgba8Pixel>,
        (left, top): (usize, usize),
        (width, height): (usize, usize),
        step: usize,
    ) -> Result<()> {
        let mut picture = Vec::new();
        writeln!(
            picture,
            "P6 {} {} 255",
            width.div_ceil(step),
            height.div_ceil(step)
        )?;
        let lines = screen.as_slice().chunks(screen.width() as usize);
        for line in lines.skip(top).take(height).step_by(step) {
            for pixel in line[left..left + width].iter().step_by(step) {
                picture.extend([pixel.r, pixel.g, pixel.b]);
            }
        }
        std::fs::write(self.folder.join(name), picture)?;
        Ok(())
    }
}

/// `[left, top, width, height]` of what of it is on the screen.
fn pixels(seen: &Seen, (width, height): (usize, usize)) -> [usize; 4] {
    let on = |at: f32, most: usize| at.round().clamp(0.0, most as f32) as usize;
    let (left, top) = (on(seen.x, width), on(seen.y, height));
    let (right, bottom) = (
        on(seen.x + seen.width, width),
        on(seen.y + seen.height, height),
    );
    [left, top, right - left, bottom - top]
}
