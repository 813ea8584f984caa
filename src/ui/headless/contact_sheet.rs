//! Every screen as small pictures side by side, for `docs/screens/`.

use std::path::Path;

use anyhow::{Context as _, Result};
use exchange::Language;

use super::Driver;
use crate::session::event::TextSize;
use crate::ui::samples::{self, Sample};
use crate::ui::{WindowSize, format};

/// What a sheet shows beside the language.
struct Look {
    name: &'static str,
    size: WindowSize,
    text_size: TextSize,
    high_contrast: bool,
    /// Pixels of the screen to one of the sheet, each way.
    reduce: u32,
}

const LOOKS: [Look; 4] = [
    Look {
        name: "portrait",
        size: WindowSize::Portrait,
        text_size: TextSize::Percent100,
        high_contrast: false,
        reduce: 5,
    },
    Look {
        name: "landscape",
        size: WindowSize::Landscape,
        text_size: TextSize::Percent100,
        high_contrast: false,
        reduce: 5,
    },
    Look {
        name: "portrait-200-high-contrast",
        size: WindowSize::Portrait,
        text_size: TextSize::Percent200,
        high_contrast: true,
        reduce: 7,
    },
    Look {
        name: "landscape-200",
        size: WindowSize::Landscape,
        text_size: TextSize::Percent200,
        high_contrast: false,
        reduce: 7,
    },
];

/// Writes `<look>-<language>.png` into the directory, every sample screen in
/// rows of eight, and `maintenance-<look>-<language>.png` with a technician's.
///
/// # Errors
/// When a picture cannot be made or written.
pub fn contact_sheet(directory: &Path) -> Result<()> {
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    for look in &LOOKS {
        let mut driver = Driver::new(look.size)?;
        for language in Language::ALL {
            let name = format!("{}-{}.png", look.name, language.code());
            let path = directory.join(&name);
            sheet(&mut driver, &samples::all(), look, language, &path)?;
            let path = directory.join(format!("maintenance-{name}"));
            sheet(&mut driver, &samples::maintenance(), look, language, &path)?;
        }
    }
    Ok(())
}

fn sheet(
    driver: &mut Driver,
    samples: &[Sample],
    look: &Look,
    language: Language,
    path: &Path,
) -> Result<()> {
    const COLUMNS: usize = 8;
    const GAP: u32 = 8;

    let (width, height) = look.size.pixels();
    let (small_width, small_height) = (width / look.reduce, height / look.reduce);
    let rows = samples.len().div_ceil(COLUMNS) as u32;
    let full_width = COLUMNS as u32 * (small_width + GAP) + GAP;
    let full_height = rows * (small_height + GAP) + GAP;
    let mut sheet = vec![0x60_u8; (full_width * full_height * 4) as usize];

    for (at, sample) in samples.iter().enumerate() {
        let pixels = picture(driver, sample, look, language)?;
        let left = GAP + (at % COLUMNS) as u32 * (small_width + GAP);
        let top = GAP + (at / COLUMNS) as u32 * (small_height + GAP);
        for y in 0..small_height {
            for x in 0..small_width {
                let colour = mean(
                    &pixels,
                    width,
                    x * look.reduce,
                    y * look.reduce,
                    look.reduce,
                );
                let to = (((top + y) * full_width + left + x) * 4) as usize;
                sheet[to..to + 4].copy_from_slice(&colour);
            }
        }
    }
    format::write_small_png(path, full_width, full_height, &sheet)
}

/// The sample's screen, RGBA.
fn picture(
    driver: &mut Driver,
    sample: &Sample,
    look: &Look,
    language: Language,
) -> Result<Vec<u8>> {
    let mut view = sample.view.clone();
    view.language = language;
    view.text_size = look.text_size;
    view.high_contrast = look.high_contrast;
    driver.show_sample(&view)?;
    let pixels = driver.ui().window().take_snapshot()?;
    Ok(pixels.as_bytes().to_vec())
}

/// Mean colour of a square of the picture.
fn mean(pixels: &[u8], width: u32, left: u32, top: u32, side: u32) -> [u8; 4] {
    let mut sum = [0_u32; 3];
    for y in top..top + side {
        for x in left..left + side {
            let at = ((y * width + x) * 4) as usize;
            for (sum, value) in sum.iter_mut().zip(&pixels[at..at + 3]) {
                *sum += u32::from(*value);
            }
        }
    }
    let count = side * side;
    [
        (sum[0] / count) as u8,
        (sum[1] / count) as u8,
        (sum[2] / count) as u8,
        255,
    ]
}
