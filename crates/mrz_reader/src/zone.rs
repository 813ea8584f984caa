//! Where the zone may be: two or three lines of even pitch, one under the other,
//! and the lattice of columns and rows that fits their characters.

use chip::MrzFormat;

use crate::blob::Blob;
use crate::homography::{Homography, Pair};
use crate::text_line::{TextLine, median};

/// Distance of two lines' middles, in characters' pitches: ICAO 9303 prints them
/// 1.7 to 2.5 apart; slant and print stretch that.
const SPACING: std::ops::Range<f32> = 1.25..3.4;
/// Part of the cells that must have a shape in them.
const FILLED: f32 = 0.55;
/// Columns on either side in which nothing is printed.
const BESIDE: i32 = 4;
const MOST_ZONES: usize = 8;

/// Columns and lines of a format.
pub fn extent(format: MrzFormat) -> (usize, usize) {
    match format {
        MrzFormat::Td1 => (30, 3),
        MrzFormat::Td2 => (36, 2),
        MrzFormat::Td3 => (44, 2),
    }
}

/// A guess at the zone. Which of its ends is the top is not known.
pub struct Zone {
    pub format: MrzFormat,
    map: Homography,
    /// Where the characters of each cell lie off the map: a page is not flat.
    off: Vec<(f32, f32)>,
    columns: usize,
    rows: usize,
    /// Height of a full character, in pitches.
    pub tall: f32,
    /// Part of the cells with a shape in them, less what lies beside the zone.
    pub score: f32,
}

/// Middle of a cell, and one pitch to the right and one downwards, in pixels.
#[derive(Clone, Copy)]
pub struct Cell {
    pub x: f32,
    pub y: f32,
    pub right: (f32, f32),
    pub down: (f32, f32),
}

impl Cell {
    pub fn pitch(&self) -> f32 {
        self.right.0.hypot(self.right.1)
    }
}

impl Zone {
    /// Cells line by line. Upside down, the first is the last.
    pub fn cells(&self, upside_down: bool) -> impl Iterator<Item = Cell> {
        let count = self.columns * self.rows;
        (0..count).map(move |at| {
            let at = if upside_down { count - 1 - at } else { at };
            let mut cell = self.cell(at % self.columns, at / self.columns);
            if upside_down {
                cell.right = (-cell.right.0, -cell.right.1);
                cell.down = (-cell.down.0, -cell.down.1);
            }
            cell
        })
    }

    fn cell(&self, column: usize, row: usize) -> Cell {
        let (k, l) = (column as f32, row as f32);
        let at = |k: f32, l: f32| self.map.apply(k, l);
        let (x, y) = at(k, l);
        let (left, right) = (at(k - 0.5, l), at(k + 0.5, l));
        let (up, down) = (at(k, l - 0.25), at(k, l + 0.25));
        let right = (right.0 - left.0, right.1 - left.1);
        let down = (down.0 - up.0, down.1 - up.1);
        // Line spacing differs from document to document; a pitch down is one pitch long.
        let stretch = right.0.hypot(right.1) / down.0.hypot(down.1).max(1e-3);
        let off = self
            .off
            .get(row * self.columns + column)
            .copied()
            .unwrap_or_default();
        Cell {
            x: x + off.0,
            y: y + off.1,
            right,
            down: (down.0 * stretch, down.1 * stretch),
        }
    }

    /// Pixels from character to character in the zone's middle.
    pub fn pitch(&self) -> f32 {
        self.cell(self.columns / 2, self.rows / 2).pitch()
    }

    /// Corners of the zone's outer cells, clockwise from the first line's start.
    pub fn corners(&self) -> [(f32, f32); 4] {
        let (right, bottom) = (self.columns as f32 - 0.5, self.rows as f32 - 0.7);
        [
            self.map.apply(-0.5, -0.3),
            self.map.apply(right, -0.3),
            self.map.apply(right, bottom),
            self.map.apply(-0.5, bottom),
        ]
    }
}

/// Guesses, best first.
pub fn zones(lines: &[TextLine]) -> Vec<Zone> {
    let mut found = Vec::new();
    for (at, first) in lines.iter().enumerate() {
        for (second_at, second) in lines.iter().enumerate().skip(at + 1) {
            let Some(gap) = spacing(first, second) else {
                continue;
            };
            for format in [MrzFormat::Td2, MrzFormat::Td3] {
                found.extend(guesses(format, &[first, second]));
            }
            for third in lines.iter().skip(second_at + 1) {
                let even =
                    spacing(second, third).is_some_and(|g| (0.75..1.33).contains(&(g / gap)));
                if even {
                    found.extend(guesses(MrzFormat::Td1, &[first, second, third]));
                }
            }
        }
    }
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found.truncate(MOST_ZONES);
    found
}

/// In pitches, where the second can be the line under the first.
fn spacing(first: &TextLine, second: &TextLine) -> Option<f32> {
    let ratio = first.pitch / second.pitch;
    let (a, b) = (first.ends(), second.ends());
    let (from, to) = (a.0.max(b.0), a.1.min(b.1));
    let common = (to - from) / (a.1 - a.0).max(b.1 - b.0).max(1.0);
    let middle = (from + to) / 2.0;
    let gap = (second.v_at(middle) - first.v_at(middle)) / first.pitch;
    let fits = (0.85..1.18).contains(&ratio) && common > 0.5 && SPACING.contains(&gap);
    fits.then_some(gap)
}

/// The best few places of the format's columns on these lines.
fn guesses(format: MrzFormat, lines: &[&TextLine]) -> Vec<Zone> {
    let (columns, _) = extent(format);
    let Some(reference) = lines.iter().max_by_key(|l| l.marks.len()) else {
        return Vec::new();
    };
    let width = reference.last_column() + 1;
    if width < columns as i32 * 2 / 3 {
        return Vec::new();
    }
    // Of each line, by how much its columns differ from the reference's.
    let shifts: Vec<i32> = lines.iter().map(|l| shift(reference, l)).collect();
    let mut out: Vec<(f32, i32, Vec<i32>)> = Vec::new();
    for lean in -1..=1 {
        let leaning: Vec<i32> = shifts
            .iter()
            .zip(lines)
            .enumerate()
            .map(|(at, (&s, line))| {
                let own = lines.iter().position(|l| std::ptr::eq(*l, *reference));
                let away = at as i32 - own.unwrap_or(0) as i32;
                if std::ptr::eq(*line, *reference) {
                    0
                } else {
                    s + lean * away
                }
            })
            .collect();
        for first in -4..=(width - columns as i32 + 4).max(0) {
            let score = score(lines, &leaning, first, columns) - 0.004 * lean.abs() as f32;
            if score > FILLED {
                out.push((score, first, leaning.clone()));
            }
        }
    }
    out.sort_by(|a, b| b.0.total_cmp(&a.0));
    out.truncate(3);
    out.into_iter()
        .filter_map(|(score, first, shifts)| fit(format, lines, &shifts, first, score))
        .collect()
}

/// What to add to a column of `line` to have that of the reference at the same place.
fn shift(reference: &TextLine, line: &TextLine) -> i32 {
    let there = |u: f32| -> Option<f32> {
        let nearest = reference
            .marks
            .iter()
            .min_by(|a, b| (a.mark.u - u).abs().total_cmp(&(b.mark.u - u).abs()))?;
        Some(nearest.column as f32 + (u - nearest.mark.u) / reference.pitch)
    };
    let differences = line
        .marks
        .iter()
        .filter_map(|m| Some(there(m.mark.u)? - m.column as f32))
        .collect();
    median(differences).map_or(0, |d| d.round() as i32)
}

/// Part of the cells that are filled; shapes close by count against it.
fn score(lines: &[&TextLine], shifts: &[i32], first: i32, columns: usize) -> f32 {
    let last = first + columns as i32;
    let (mut inside, mut outside) = (0, 0);
    for (line, &shift) in lines.iter().zip(shifts) {
        for placed in &line.marks {
            let column = placed.column + shift;
            if (first..last).contains(&column) {
                inside += 1;
            } else if (first - BESIDE..last + BESIDE).contains(&column) {
                outside += 1;
            }
        }
    }
    (inside as f32 - 0.6 * outside as f32) / (columns * lines.len()) as f32
}

fn fit(
    format: MrzFormat,
    lines: &[&TextLine],
    shifts: &[i32],
    first: i32,
    score: f32,
) -> Option<Zone> {
    let (columns, rows) = extent(format);
    let mut pairs = Vec::new();
    let mut heights = Vec::new();
    let angle = lines.first()?.angle;
    for (row, (line, shift)) in lines.iter().zip(shifts).enumerate() {
        for placed in &line.marks {
            let column = placed.column + shift - first;
            if (0..columns as i32).contains(&column) {
                let blob = placed.mark.blob;
                heights.push(height(&blob, angle) / line.pitch);
                pairs.push(Pair {
                    from: (column as f32, row as f32),
                    to: (blob.x, blob.y),
                });
            }
        }
    }
    heights.sort_by(f32::total_cmp);
    let tall = *heights.get(heights.len() * 3 / 4)?;
    let pitch = median(lines.iter().map(|l| l.pitch).collect())?;
    let mut map = Homography::fit(&pairs)?;
    for limit in [0.5, 0.3] {
        let away = |p: &Pair| {
            let (x, y) = map.apply(p.from.0, p.from.1);
            (x - p.to.0).hypot(y - p.to.1)
        };
        let kept: Vec<Pair> = pairs
            .iter()
            .filter(|p| away(p) < limit * pitch)
            .copied()
            .collect();
        if (kept.len() as f32) < FILLED * (columns * rows) as f32 {
            return None;
        }
        map = Homography::fit(&kept)?;
        pairs = kept;
    }
    Some(Zone {
        format,
        off: offsets(&map, &pairs, columns, rows),
        map,
        columns,
        rows,
        tall,
        score,
    })
}

/// Of a shape's box around slanting print, the height of the upright character:
/// between that of a slanting box and that of a slanting oval.
fn height(blob: &Blob, angle: f32) -> f32 {
    let (sin, cos) = angle.sin_cos();
    let (mut sin, mut cos) = (sin.abs(), cos.abs());
    let (mut wide, mut high) = (blob.width, blob.height);
    if sin > cos {
        (sin, cos) = (cos, sin);
        (wide, high) = (high, wide);
    }
    let turned = cos * cos - sin * sin;
    if turned < 0.4 {
        return blob.size();
    }
    let as_box = (high * cos - wide * sin) / turned;
    let as_oval = ((high * high * cos * cos - wide * wide * sin * sin) / turned).max(0.0);
    (as_box + as_oval.sqrt()) / 2.0
}

/// Mean of what the nearest characters of the line lie off the map.
fn offsets(map: &Homography, pairs: &[Pair], columns: usize, rows: usize) -> Vec<(f32, f32)> {
    const REACH: f32 = 6.0;
    let mut out = Vec::with_capacity(columns * rows);
    for row in 0..rows {
        let own: Vec<(f32, f32, f32)> = pairs
            .iter()
            .filter(|p| p.from.1 as usize == row)
            .map(|p| {
                let (x, y) = map.apply(p.from.0, p.from.1);
                (p.from.0, p.to.0 - x, p.to.1 - y)
            })
            .collect();
        for column in 0..columns {
            let (mut dx, mut dy, mut weights) = (0.0, 0.0, 1.5);
            for (at, x, y) in &own {
                let weight = 1.0 - (at - column as f32).abs() / REACH;
                if weight > 0.0 {
                    dx += weight * x;
                    dy += weight * y;
                    weights += weight;
                }
            }
            out.push((dx / weights, dy / weights));
        }
    }
    out
}
