//! Xvfb and its frame buffer as a file.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub const WIDTH: usize = 1080;
pub const HEIGHT: usize = 1920;
const PIXEL: usize = 4;
/// Every so many rows and columns is one point looked at.
const ROW_STEP: usize = 20;
const COLUMN_STEP: usize = 3;

/// A screen of its own; ended when dropped.
pub struct Display {
    server: Child,
    name: String,
    frame_buffer: File,
    /// Where the pixels begin.
    start: u64,
    stride: usize,
}

/// Colours of the points looked at.
pub type Points = Vec<[u8; 3]>;

impl Display {
    pub fn start(folder: &Path) -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-nolisten", "tcp", "-fbdir"])
            .arg(folder)
            .args(["-screen", "0", &format!("{WIDTH}x{HEIGHT}x24")])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb starts");
        let mut number = String::new();
        BufReader::new(server.stdout.take().expect("piped"))
            .read_line(&mut number)
            .expect("Xvfb names its display");
        let frame_buffer = File::open(folder.join("Xvfb_screen0")).expect("its frame buffer");
        // XWD, version 7: 25 big-endian words, the window's name, the colour map.
        let word = |at: u64| {
            let mut bytes = [0; 4];
            frame_buffer
                .read_exact_at(&mut bytes, at * 4)
                .expect("its header");
            u32::from_be_bytes(bytes)
        };
        let (header, stride, colours) = (word(0), word(12), word(19));
        Self {
            server,
            name: format!(":{}", number.trim()),
            start: u64::from(header) + u64::from(colours) * 12,
            stride: stride as usize,
            frame_buffer,
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    fn row(&self, y: usize) -> Vec<u8> {
        let mut row = vec![0; WIDTH * PIXEL];
        let at = self.start + (y * self.stride) as u64;
        self.frame_buffer
            .read_exact_at(&mut row, at)
            .expect("a row");
        row
    }

    pub fn points(&self) -> Points {
        (0..HEIGHT)
            .step_by(ROW_STEP)
            .flat_map(|y| {
                let row = self.row(y);
                row.chunks_exact(PIXEL)
                    .step_by(COLUMN_STEP)
                    .map(|p| [p[2], p[1], p[0]])
                    .collect::<Points>()
            })
            .collect()
    }

    /// Waits until the screen of the one before is gone.
    pub fn wait_until_empty(&self) {
        let until = Instant::now() + Duration::from_secs(20);
        while ink(&self.points()) > 0 {
            assert!(Instant::now() < until, "the screen does not become empty");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The whole screen, as PPM.
    pub fn write(&self, path: &Path) {
        let mut picture = format!("P6 {WIDTH} {HEIGHT} 255\n").into_bytes();
        for y in 0..HEIGHT {
            for p in self.row(y).chunks_exact(PIXEL) {
                picture.extend([p[2], p[1], p[0]]);
            }
        }
        std::fs::write(path, picture).expect("a picture");
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Points that are not of the commonest colour.
pub fn ink(points: &Points) -> usize {
    let mut counts = std::collections::HashMap::new();
    for point in points {
        *counts.entry(point).or_insert(0_usize) += 1;
    }
    points.len() - counts.values().max().copied().unwrap_or(0)
}
