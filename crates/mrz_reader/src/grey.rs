//! A picture as the reader sees it: one byte of brightness for each pixel.

use zeroize::Zeroizing;

/// Longest side of a picture, in pixels.
pub const MAX_SIDE: u32 = 16_384;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GreyError {
    #[error("a side of the picture is 0 or longer than {MAX_SIDE} pixels")]
    Side,
    #[error("{given} bytes were given for a picture of {expected}")]
    Length { given: usize, expected: usize },
}

/// A borrowed picture, row by row without padding, 0 is black.
#[derive(Clone, Copy)]
pub struct Grey<'a> {
    width: usize,
    height: usize,
    bytes: &'a [u8],
}

impl<'a> Grey<'a> {
    /// # Errors
    /// When a side is out of range, or `bytes` is not width times height.
    pub fn new(width: u32, height: u32, bytes: &'a [u8]) -> Result<Grey<'a>, GreyError> {
        if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
            return Err(GreyError::Side);
        }
        let (width, height) = (width as usize, height as usize);
        if bytes.len() != width * height {
            return Err(GreyError::Length {
                given: bytes.len(),
                expected: width * height,
            });
        }
        Ok(Grey {
            width,
            height,
            bytes,
        })
    }

    pub fn width(&self) -> usize {
        self.width
    }

    pub fn height(&self) -> usize {
        self.height
    }

    /// Row `y`; empty below the picture.
    pub(crate) fn row(&self, y: usize) -> &'a [u8] {
        let from = y.saturating_mul(self.width);
        self.bytes
            .get(from..from.saturating_add(self.width))
            .unwrap_or_default()
    }

    /// Between the four pixels around; beyond the edge the edge's pixels go on.
    pub(crate) fn at(&self, x: f32, y: f32) -> f32 {
        let x = x.clamp(0.0, (self.width - 1) as f32);
        let y = y.clamp(0.0, (self.height - 1) as f32);
        let (left, top) = (x as usize, y as usize);
        let (fx, fy) = (x - left as f32, y - top as f32);
        let right = (left + 1).min(self.width - 1);
        let bottom = (top + 1).min(self.height - 1);
        let pixel = |x: usize, y: usize| {
            f32::from(self.bytes.get(y * self.width + x).copied().unwrap_or(0))
        };
        let above = pixel(left, top) * (1.0 - fx) + pixel(right, top) * fx;
        let below = pixel(left, bottom) * (1.0 - fx) + pixel(right, bottom) * fx;
        above * (1.0 - fy) + below * fy
    }

    /// Whether a point lies on the picture, at least `margin` pixels from its edge.
    pub(crate) fn holds(&self, x: f32, y: f32, margin: f32) -> bool {
        x >= margin
            && y >= margin
            && x <= self.width as f32 - 1.0 - margin
            && y <= self.height as f32 - 1.0 - margin
    }

    /// `factor` times smaller: means of squares. None where nothing would be left.
    pub(crate) fn reduced(&self, factor: usize) -> Option<Reduced> {
        let (width, height) = (
            self.width.checked_div(factor)?,
            self.height.checked_div(factor)?,
        );
        if width == 0 || height == 0 {
            return None;
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(width * height));
        let mut sums = Zeroizing::new(vec![0u32; width]);
        let area = u32::try_from(factor * factor).ok()?;
        for y in 0..height {
            sums.fill(0);
            for row in y * factor..(y + 1) * factor {
                for (sum, square) in sums.iter_mut().zip(self.row(row).chunks_exact(factor)) {
                    *sum += square.iter().map(|&p| u32::from(p)).sum::<u32>();
                }
            }
            bytes.extend(sums.iter().map(|&s| (s / area) as u8));
        }
        Some(Reduced {
            width,
            height,
            bytes,
        })
    }
}

/// A smaller copy of a picture, wiped when dropped.
pub(crate) struct Reduced {
    width: usize,
    height: usize,
    bytes: Zeroizing<Vec<u8>>,
}

impl Reduced {
    pub fn view(&self) -> Grey<'_> {
        Grey {
            width: self.width,
            height: self.height,
            bytes: &self.bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_as_many_bytes_as_pixels() {
        assert!(Grey::new(3, 2, &[0; 6]).is_ok());
        assert_eq!(
            Grey::new(3, 2, &[0; 5]).err(),
            Some(GreyError::Length {
                given: 5,
                expected: 6
            })
        );
        assert_eq!(Grey::new(0, 2, &[]).err(), Some(GreyError::Side));
        assert_eq!(Grey::new(MAX_SIDE + 1, 1, &[]).err(), Some(GreyError::Side));
    }

    #[test]
    fn between_pixels_lies_their_mean() {
        let grey = Grey::new(2, 2, &[0, 100, 100, 200]).unwrap();
        assert_eq!(grey.at(0.5, 0.5), 100.0);
        assert_eq!(grey.at(-5.0, 0.0), 0.0);
        assert_eq!(grey.at(9.0, 9.0), 200.0);
    }

    #[test]
    fn a_reduced_picture_holds_the_means() {
        let grey = Grey::new(5, 2, &[0, 10, 20, 30, 9, 20, 30, 40, 50, 9]).unwrap();
        let reduced = grey.reduced(2).unwrap();
        assert_eq!(reduced.view().row(0), [15, 35]);
        assert!(grey.reduced(3).is_none());
    }
}
