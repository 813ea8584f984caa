//! One picture read.

use chip::{Mrz, MrzFormat};

use crate::blob::blobs;
use crate::grey::Grey;
use crate::hint::{self, Hint};
use crate::patch::Patch;
use crate::reading::{clearness, fitness, read};
use crate::recogniser::{Odds, Recogniser, normalise};
use crate::text_line::{TextLine, directions, text_lines};
use crate::zone::{Cell, Zone, zones};

/// A camera's picture with a longer side than this is reduced first.
const FRAME_SIDE: usize = 2_000;
/// Height of characters, in pitches, of which a patch is cut as trained; measured
/// on shapes, which are a little larger than the ink.
const TALL: f32 = 1.06;
/// Factors of that height which are tried.
const STRETCHES: [f32; 3] = [1.0, 0.94, 1.06];
/// Each cell is looked at thus far off its middle, in pitches: chance errors differ.
const LOOKS: [(f32, f32); 3] = [(0.0, 0.0), (0.05, 0.04), (-0.05, -0.04)];
/// Below this the guess is not the zone at all.
const LEAST_CLEARNESS: f32 = -1.2;
/// Above this it is, read or not: no other is tried.
const CLEAR: f32 = -0.1;

/// What one picture gave.
#[derive(Debug)]
pub struct Frame {
    /// Only when every character was sure and every check digit matches.
    pub candidate: Option<Mrz>,
    /// Empty where there is a candidate, and where no reason is known.
    pub hints: Vec<Hint>,
    /// Where the zone is, or seems to be: its corners in pixels of the picture,
    /// clockwise; where it was read from the first character on.
    pub corners: Option<[(f32, f32); 4]>,
    pub format: Option<MrzFormat>,
}

/// Reads a camera's picture: one attempt, in a bounded time.
pub fn read_frame(grey: Grey) -> Frame {
    let longer = grey.width().max(grey.height());
    read_reduced(grey, longer.div_ceil(FRAME_SIDE))
}

/// Reads a still, which may be larger: at several sizes, the first candidate counts.
pub fn read_picture(grey: Grey) -> Frame {
    let longer = grey.width().max(grey.height());
    let mut tried = Vec::new();
    let mut first = None;
    for side in [1_600, 4_000, 1_000] {
        let factor = longer.div_ceil(side);
        if tried.contains(&factor) {
            continue;
        }
        tried.push(factor);
        let frame = read_reduced(grey, factor);
        if frame.candidate.is_some() {
            return frame;
        }
        first.get_or_insert(frame);
    }
    first.unwrap_or_else(|| read_frame(grey))
}

fn read_reduced(grey: Grey, factor: usize) -> Frame {
    if factor <= 1 {
        return read_whole(grey);
    }
    let Some(reduced) = grey.reduced(factor) else {
        return read_whole(grey);
    };
    let mut frame = read_whole(reduced.view());
    let factor = factor as f32;
    for corner in frame.corners.iter_mut().flatten() {
        *corner = (corner.0 * factor, corner.1 * factor);
    }
    frame
}

fn read_whole(grey: Grey) -> Frame {
    let blobs = blobs(grey);
    let mut best: Option<Attempt> = None;
    let mut lines: Vec<TextLine> = Vec::new();
    for direction in directions(&blobs) {
        let along = text_lines(&blobs, direction);
        for zone in zones(&along) {
            let attempt = Attempt::at(grey, zone);
            if attempt.mrz.is_some() {
                return attempt.frame(grey, &along);
            }
            let clear = attempt.clearness > CLEAR && attempt.zone.score > 0.9;
            if best
                .as_ref()
                .is_none_or(|b| b.clearness < attempt.clearness)
            {
                best = Some(attempt);
            }
            if clear {
                break;
            }
        }
        lines.extend(along);
    }
    match best {
        Some(attempt) if attempt.clearness > LEAST_CLEARNESS => attempt.frame(grey, &lines),
        _ => Frame {
            candidate: None,
            hints: hint::of_picture(grey, &lines),
            corners: None,
            format: None,
        },
    }
}

/// A guess at the zone, read.
struct Attempt {
    zone: Zone,
    upside_down: bool,
    clearness: f32,
    patches: Vec<Patch>,
    mrz: Option<Mrz>,
}

impl Attempt {
    fn at(grey: Grey, zone: Zone) -> Attempt {
        let tall = (zone.tall / TALL).clamp(0.85, 1.2);
        let upside_down = is_upside_down(grey, &zone, tall);
        let cells: Vec<Cell> = zone.cells(upside_down).collect();
        let tall = tall * stretch(grey, zone.format, &cells, tall);
        let (patches, mut odds) = look(grey, &cells, tall, LOOKS[0]);
        let clearness = clearness(&odds);
        if clearness > LEAST_CLEARNESS {
            for moved in LOOKS.into_iter().skip(1) {
                let (_, more) = look(grey, &cells, tall, moved);
                add(&mut odds, &more);
            }
            odds.iter_mut().for_each(divide);
        }
        let mrz = (clearness > LEAST_CLEARNESS)
            .then(|| read(zone.format, &odds))
            .flatten();
        Attempt {
            zone,
            upside_down,
            clearness,
            patches,
            mrz,
        }
    }

    fn frame(self, grey: Grey, lines: &[TextLine]) -> Frame {
        let mut corners = self.zone.corners();
        if self.upside_down {
            corners.rotate_left(2);
        }
        Frame {
            hints: match self.mrz {
                Some(_) => Vec::new(),
                None => hint::of_zone(grey, &self.zone, &self.patches, lines),
            },
            candidate: self.mrz,
            corners: Some(corners),
            format: Some(self.zone.format),
        }
    }
}

/// Every third cell is looked at both ways.
fn is_upside_down(grey: Grey, zone: &Zone, tall: f32) -> bool {
    let clear = |upside_down: bool| {
        let cells: Vec<Cell> = zone.cells(upside_down).step_by(3).collect();
        clearness(&look(grey, &cells, tall, LOOKS[0]).1)
    };
    clear(true) > clear(false)
}

/// The factor of the height at which every second cell fits its field best: an O
/// differs from a 0 by its height.
fn stretch(grey: Grey, format: MrzFormat, cells: &[Cell], tall: f32) -> f32 {
    let some: Vec<Cell> = cells.iter().step_by(2).copied().collect();
    let fits = |stretch: f32| {
        let (_, odds) = look(grey, &some, tall * stretch, LOOKS[0]);
        fitness(format, (0..cells.len()).step_by(2).zip(&odds))
    };
    STRETCHES
        .map(|s| (s, fits(s)))
        .into_iter()
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(1.0, |s| s.0)
}

fn look(grey: Grey, cells: &[Cell], tall: f32, moved: (f32, f32)) -> (Vec<Patch>, Vec<Odds>) {
    let recogniser = Recogniser::get();
    cells
        .iter()
        .map(|cell| {
            let patch = Patch::cut(grey, cell, tall, moved);
            let odds = recogniser.odds(&patch);
            (patch, odds)
        })
        .unzip()
}

/// Towards the mean of the logarithms: a character must look like itself every time.
fn add(odds: &mut [Odds], more: &[Odds]) {
    for (odds, more) in odds.iter_mut().zip(more) {
        for (own, other) in odds.iter_mut().zip(more) {
            *own += other;
        }
    }
}

fn divide(odds: &mut Odds) {
    odds.iter_mut().for_each(|o| *o /= LOOKS.len() as f32);
    normalise(odds);
}
