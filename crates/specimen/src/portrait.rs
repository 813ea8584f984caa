//! A portrait of nobody.

use jpeg_encoder::{ColorType, Encoder};

use crate::{SpecimenError, field};

const WIDTH: u16 = 336;
const HEIGHT: u16 = 420;

/// Head and shoulders in grey as a JPEG of exactly so many bytes: what the picture
/// does not need is a comment in it.
///
/// # Errors
/// The picture alone is longer, or a little shorter: a comment takes 4 bytes at least.
pub fn silhouette(bytes: usize) -> Result<Vec<u8>, SpecimenError> {
    let mut picture = Vec::new();
    Encoder::new(&mut picture, 85)
        .encode(&pixels(), WIDTH, HEIGHT, ColorType::Luma)
        .map_err(|_| field("portrait", "cannot be encoded"))?;
    let mut missing = bytes
        .checked_sub(picture.len())
        .filter(|missing| !(1..4).contains(missing))
        .ok_or(field("portrait", "does not fit into so few bytes"))?;
    // Behind the start of image. A segment's length counts itself.
    let (start, rest) = picture.split_at(2);
    let mut jpeg = start.to_vec();
    while missing > 0 {
        let mut segment = missing.min(2 + usize::from(u16::MAX));
        if (1..4).contains(&(missing - segment)) {
            segment -= 4;
        }
        jpeg.extend_from_slice(&[0xFF, 0xFE]);
        jpeg.extend_from_slice(&((segment - 2) as u16).to_be_bytes());
        jpeg.resize(jpeg.len() + segment - 4, b' ');
        missing -= segment;
    }
    jpeg.extend_from_slice(rest);
    Ok(jpeg)
}

fn pixels() -> Vec<u8> {
    let (width, height) = (i32::from(WIDTH), i32::from(HEIGHT));
    let inside = |x: i32, y: i32, cx: i32, cy: i32, rx: i32, ry: i32| {
        let (dx, dy) = ((x - cx) * ry, (y - cy) * rx);
        i64::from(dx).pow(2) + i64::from(dy).pow(2) < i64::from(rx * ry).pow(2)
    };
    let mut pixels = Vec::with_capacity((width * height) as usize);
    for y in 0..height {
        for x in 0..width {
            let head = inside(x, y, width / 2, 170, 82, 108);
            let shoulders = inside(x, y, width / 2, height + 20, 150, 150);
            let neck = (x - width / 2).abs() < 38 && (170..330).contains(&y);
            let shade = (y / 6) as u8;
            pixels.push(match (head, shoulders || neck) {
                (true, _) => 150 - shade,
                (false, true) => 120 - shade,
                (false, false) => 235 - shade,
            });
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_size_asked_for() {
        for bytes in [9_000, 19_000, 60_000, 65_536 + 9_000, 140_001] {
            assert_eq!(silhouette(bytes).unwrap().len(), bytes);
        }
        assert!(silhouette(100).is_err());
    }
}
