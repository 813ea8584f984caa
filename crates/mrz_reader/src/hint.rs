//! What hinders the reading, judged from the picture.

use crate::grey::Grey;
use crate::patch::{HEIGHT, Patch, WIDTH};
use crate::text_line::{TextLine, median};
use crate::zone::Zone;

/// What a person can change so that the zone is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Light mirrors from the document.
    Glare,
    /// Out of focus, or moving.
    Blur,
    PartlyOutOfView,
    /// Too far away: fewer than 10 pixels a character.
    TooSmall,
    TooDark,
    /// Nothing in the picture looks like a zone.
    NothingFound,
}

impl Hint {
    /// As reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Hint::Glare => "glare",
            Hint::Blur => "blur",
            Hint::PartlyOutOfView => "partly_out_of_view",
            Hint::TooSmall => "too_small",
            Hint::TooDark => "too_dark",
            Hint::NothingFound => "nothing_found",
        }
    }
}

/// Pixels from character to character.
const LEAST_PITCH: f32 = 10.0;
/// Grey value of paper.
const LEAST_BRIGHTNESS: f32 = 55.0;
/// Steepest step of a patch's values within a sharp character.
const LEAST_STEP: f32 = 0.62;
/// Steep steps as part of the wide ones, in the picture as a whole.
const LEAST_SHARPNESS: f32 = 0.5;
/// Grey value of a pixel that mirrors the light.
const MIRRORING: u8 = 250;

/// For a place that looks like the zone; `patches` are its cells, `lines` what was
/// found along it.
pub fn of_zone(grey: Grey, zone: &Zone, patches: &[Patch], lines: &[TextLine]) -> Vec<Hint> {
    let mut hints = Vec::new();
    let outside = zone
        .cells(false)
        .any(|c| !grey.holds(c.x, c.y, 0.45 * c.pitch()));
    if outside || long(lines).any(|l| leaves(grey, l)) {
        hints.push(Hint::PartlyOutOfView);
    }
    if zone.pitch() < LEAST_PITCH {
        hints.push(Hint::TooSmall);
    }
    let brightness = median(patches.iter().map(|p| p.brightness).collect()).unwrap_or(0.0);
    let contrast = median(patches.iter().map(|p| p.contrast).collect()).unwrap_or(0.0);
    if brightness < LEAST_BRIGHTNESS {
        hints.push(Hint::TooDark);
    }
    let washed = |p: &&Patch| p.contrast < 0.45 * contrast && p.brightness > brightness + 12.0;
    if patches.iter().any(|p| washed(&p)) || brightness > 248.0 {
        hints.push(Hint::Glare);
    }
    let steps = patches
        .iter()
        .filter(|p| p.contrast > 0.5 * contrast)
        .map(steepest);
    if median(steps.collect()).is_some_and(|s| s < LEAST_STEP) {
        hints.push(Hint::Blur);
    }
    hints
}

/// Largest difference of two neighbours, leaving out the few largest as noise.
fn steepest(patch: &Patch) -> f32 {
    let across = patch
        .values
        .chunks_exact(WIDTH)
        .flat_map(|row| row.windows(2));
    let mut steps: Vec<f32> = across
        .map(|pair| match pair {
            [a, b] => (a - b).abs(),
            _ => 0.0,
        })
        .collect();
    steps.sort_by(|a, b| b.total_cmp(a));
    steps.get(HEIGHT / 2).copied().unwrap_or(0.0)
}

/// For a picture without such a place; `lines` are what looked like lines of it.
pub fn of_picture(grey: Grey, lines: &[TextLine]) -> Vec<Hint> {
    let mut hints = vec![Hint::NothingFound];
    if long(lines).any(|l| leaves(grey, l)) {
        hints.push(Hint::PartlyOutOfView);
    }
    if long(lines).count() >= 2 && long(lines).all(|l| l.pitch < LEAST_PITCH) {
        hints.push(Hint::TooSmall);
    }
    let look = Look::at(grey);
    if look.bright < LEAST_BRIGHTNESS {
        hints.push(Hint::TooDark);
    } else if look.mirroring > 0.015 {
        hints.push(Hint::Glare);
    }
    if look.wide_step > 25.0 && look.steep_step < LEAST_SHARPNESS * look.wide_step {
        hints.push(Hint::Blur);
    }
    hints
}

/// Lines of as many characters as half a zone's.
fn long(lines: &[TextLine]) -> impl Iterator<Item = &TextLine> {
    lines.iter().filter(|l| l.marks.len() >= 18)
}

/// Whether a line runs up to the edge of the picture.
fn leaves(grey: Grey, line: &TextLine) -> bool {
    [line.marks.first(), line.marks.last()]
        .into_iter()
        .flatten()
        .any(|p| !grey.holds(p.mark.blob.x, p.mark.blob.y, 1.6 * line.pitch))
}

/// Every fourth row of a picture, summed up.
struct Look {
    /// Grey value that 2 % of the pixels exceed.
    bright: f32,
    /// Part of the pixels at the sensor's limit.
    mirroring: f32,
    /// Differences over 4 and over 16 pixels that 1 % of them exceed.
    steep_step: f32,
    wide_step: f32,
}

impl Look {
    fn at(grey: Grey) -> Look {
        let mut values = [0u32; 256];
        let (mut steep, mut wide) = ([0u32; 256], [0u32; 256]);
        let count = |counts: &mut [u32; 256], at: u8| {
            if let Some(n) = counts.get_mut(usize::from(at)) {
                *n += 1;
            }
        };
        for row in (0..grey.height()).step_by(4).map(|y| grey.row(y)) {
            row.iter().for_each(|&p| count(&mut values, p));
            for pair in row.windows(5).step_by(2) {
                if let [a, .., b] = pair {
                    count(&mut steep, a.abs_diff(*b));
                }
            }
            for pair in row.windows(17).step_by(2) {
                if let [a, .., b] = pair {
                    count(&mut wide, a.abs_diff(*b));
                }
            }
        }
        let total: u32 = values.iter().sum();
        let mirroring: u32 = values.iter().skip(usize::from(MIRRORING)).sum();
        Look {
            bright: exceeded(&values, 0.02),
            mirroring: mirroring as f32 / total.max(1) as f32,
            steep_step: exceeded(&steep, 0.01),
            wide_step: exceeded(&wide, 0.01),
        }
    }
}

/// The value that this part of those counted exceeds.
fn exceeded(counts: &[u32; 256], part: f32) -> f32 {
    let total: u32 = counts.iter().sum();
    let mut left = total as f32 * part;
    for (value, &count) in counts.iter().enumerate().rev() {
        left -= count as f32;
        if left < 0.0 {
            return value as f32;
        }
    }
    0.0
}
