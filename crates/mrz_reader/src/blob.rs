//! Dark connected shapes: what may be a character.

use zeroize::Zeroizing;

use crate::grey::Grey;

/// Half the side of the square whose mean a pixel is compared with. Must be wider
/// than a stroke; a character may be larger.
const REACH: usize = 18;
/// Shapes smaller or larger than this many pixels are no characters.
const SIZES: std::ops::RangeInclusive<u16> = 6..=110;
/// More than any document has: the rest is left out.
const MAX_BLOBS: usize = 8_000;
/// More runs than this is noise; the rest of the picture is not looked at.
const MAX_RUNS: usize = 400_000;

/// Bounding box, in pixels; the middle counts from the middle of the first pixel.
#[derive(Clone, Copy)]
pub struct Blob {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

impl Blob {
    pub fn size(&self) -> f32 {
        self.width.max(self.height)
    }
}

#[derive(Clone, Copy)]
struct Run {
    from: u16,
    /// Not included.
    to: u16,
    label: u32,
}

#[derive(Clone, Copy)]
struct Shape {
    left: u16,
    right: u16,
    top: u16,
    bottom: u16,
    area: u32,
}

pub fn blobs(grey: Grey) -> Vec<Blob> {
    let mut parents: Vec<u32> = Vec::new();
    let mut shapes: Vec<Shape> = Vec::new();
    let mut above: Vec<Run> = Vec::new();
    let mut here: Vec<Run> = Vec::new();
    for_each_dark_row(grey, |y, dark| {
        here.clear();
        if parents.len() > MAX_RUNS {
            above.clear();
            return;
        }
        let mut next_above = 0;
        for (from, to) in runs(dark) {
            let mut label = None;
            // Runs above that end before this one begins touch no later one either.
            while above.get(next_above).is_some_and(|r| r.to < from) {
                next_above += 1;
            }
            for run in above.iter().skip(next_above).take_while(|r| r.from <= to) {
                let root = root_of(&mut parents, run.label);
                label = Some(match label {
                    None => root,
                    Some(own) if own == root => own,
                    Some(own) => join(&mut parents, &mut shapes, own, root),
                });
            }
            let row = Shape {
                left: from,
                right: to - 1,
                top: y,
                bottom: y,
                area: u32::from(to - from),
            };
            let label = label.unwrap_or_else(|| {
                let label = parents.len() as u32;
                parents.push(label);
                shapes.push(Shape { area: 0, ..row });
                label
            });
            if let Some(shape) = shapes.get_mut(label as usize) {
                *shape = together(*shape, row);
            }
            here.push(Run { from, to, label });
        }
        std::mem::swap(&mut above, &mut here);
    });
    let whole = parents
        .iter()
        .zip(&shapes)
        .enumerate()
        .filter(|&(at, (&parent, _))| parent as usize == at)
        .map(|(_, (_, shape))| *shape);
    whole.filter_map(blob).take(MAX_BLOBS).collect()
}

fn blob(shape: Shape) -> Option<Blob> {
    let (width, height) = (shape.right - shape.left + 1, shape.bottom - shape.top + 1);
    let filled = shape.area as f32 / (f32::from(width) * f32::from(height));
    (SIZES.contains(&width.max(height)) && filled > 0.12).then(|| Blob {
        x: f32::from(shape.left) + f32::from(width - 1) / 2.0,
        y: f32::from(shape.top) + f32::from(height - 1) / 2.0,
        width: f32::from(width),
        height: f32::from(height),
    })
}

fn together(a: Shape, b: Shape) -> Shape {
    Shape {
        left: a.left.min(b.left),
        right: a.right.max(b.right),
        top: a.top.min(b.top),
        bottom: a.bottom.max(b.bottom),
        area: a.area + b.area,
    }
}

fn root_of(parents: &mut [u32], mut label: u32) -> u32 {
    while let Some(&parent) = parents.get(label as usize) {
        if parent == label {
            break;
        }
        let grand = parents.get(parent as usize).copied().unwrap_or(parent);
        if let Some(own) = parents.get_mut(label as usize) {
            *own = grand;
        }
        label = grand;
    }
    label
}

fn join(parents: &mut [u32], shapes: &mut [Shape], a: u32, b: u32) -> u32 {
    let (root, other) = (a.min(b), a.max(b));
    if let Some(parent) = parents.get_mut(other as usize) {
        *parent = root;
    }
    let absorbed = shapes.get(other as usize).copied();
    if let (Some(own), Some(absorbed)) = (shapes.get_mut(root as usize), absorbed) {
        *own = together(*own, absorbed);
    }
    root
}

/// Stretches of dark pixels, the end not included.
fn runs(dark: &[bool]) -> impl Iterator<Item = (u16, u16)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let from = at + dark.get(at..)?.iter().position(|&d| d)?;
        let length = dark.get(from..)?.iter().position(|&d| !d);
        at = length.map_or(dark.len(), |l| from + l);
        Some((u16::try_from(from).ok()?, u16::try_from(at).ok()?))
    })
}

/// Calls for each row with the pixels that are darker than what lies around them,
/// after each pixel was mixed with its neighbours against noise.
fn for_each_dark_row(grey: Grey, mut row_done: impl FnMut(u16, &[bool])) {
    let (width, height) = (grey.width(), grey.height());
    let mut around = vec![0u32; width];
    let mut rows_around = 0u32;
    let mut mixed = Zeroizing::new(vec![0u32; width]);
    let mut dark = vec![false; width];
    for y in 0..REACH.min(height) {
        add_row(&mut around, grey.row(y));
        rows_around += 1;
    }
    for y in 0..height {
        if y + REACH < height {
            add_row(&mut around, grey.row(y + REACH));
            rows_around += 1;
        }
        if let Some(gone) = y.checked_sub(REACH + 1) {
            for (sum, &pixel) in around.iter_mut().zip(grey.row(gone)) {
                *sum -= u32::from(pixel);
            }
            rows_around -= 1;
        }
        let (up, down) = (
            grey.row(y.saturating_sub(1)),
            grey.row((y + 1).min(height - 1)),
        );
        let three = up.iter().zip(grey.row(y)).zip(down);
        for (mixed, ((&a, &b), &c)) in mixed.iter_mut().zip(three) {
            *mixed = u32::from(a) + 2 * u32::from(b) + u32::from(c);
        }
        compare(&mixed, &around, rows_around, &mut dark);
        if let Ok(y) = u16::try_from(y) {
            row_done(y, &dark);
        }
    }
}

fn add_row(sums: &mut [u32], row: &[u8]) {
    for (sum, &pixel) in sums.iter_mut().zip(row) {
        *sum += u32::from(pixel);
    }
}

/// `mixed` are sums of four pixels of a column, `around` of `rows` pixels.
fn compare(mixed: &[u32], around: &[u32], rows: u32, dark: &mut [bool]) {
    let width = mixed.len();
    let mut sum: u32 = around.iter().take(REACH).sum();
    let mut columns = REACH.min(width) as u32;
    for (x, dark) in dark.iter_mut().enumerate() {
        if let Some(&coming) = around.get(x + REACH) {
            sum += coming;
            columns += 1;
        }
        if let Some(&gone) = x.checked_sub(REACH + 1).and_then(|g| around.get(g)) {
            sum -= gone;
            columns -= 1;
        }
        let pixel = |x: usize| mixed.get(x).copied().unwrap_or(0);
        let own = pixel(x.saturating_sub(1)) + 2 * pixel(x) + pixel((x + 1).min(width - 1));
        // own / 16 < 0.88 * sum / (rows * columns) - 3, in whole numbers.
        let mean16 = 16 * u64::from(sum) / u64::from((rows * columns).max(1));
        *dark = u64::from(own) * 100 + 4_800 < mean16 * 88;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_that_meet_later_are_one() {
        // A U of 3-pixel strokes on white.
        let (width, height) = (40usize, 40usize);
        let mut bytes = vec![200u8; width * height];
        for y in 10..25 {
            for x in 10..25 {
                if !(13..22).contains(&x) || y >= 22 {
                    bytes[y * width + x] = 20;
                }
            }
        }
        let found = blobs(Grey::new(40, 40, &bytes).unwrap());
        assert_eq!(found.len(), 1);
        assert!((found[0].x - 17.0).abs() < 1.1 && (found[0].y - 17.0).abs() < 1.1);
        assert!((found[0].width - 15.0).abs() < 2.1);
    }

    #[test]
    fn an_even_ground_has_no_shapes() {
        let bytes = vec![90u8; 64 * 48];
        assert!(blobs(Grey::new(64, 48, &bytes).unwrap()).is_empty());
    }
}
