//! A picture in memory: RGB, 8 bits a channel, rows without padding.

use zeroize::Zeroizing;

/// The largest width or height that any part of the kiosk handles, in pixels.
pub const MAX_SIDE: u32 = 8192;
/// The largest number of pixels: 40 megapixels are 120 MB of memory.
pub const MAX_PIXELS: u64 = 40_000_000;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PictureError {
    #[error("a picture without pixels")]
    Empty,
    #[error("{width}x{height} is larger than this program handles")]
    TooLarge { width: u64, height: u64 },
    #[error("{got} bytes instead of {expected}")]
    WrongLength { got: usize, expected: usize },
    #[error("the file is neither a JPEG nor a PNG picture")]
    UnknownFormat,
    #[error(transparent)]
    Jpeg(#[from] crate::jpeg::JpegError),
    #[error(transparent)]
    Png(#[from] crate::png::PngError),
}

/// A part of a picture, in pixels from its top left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    pub left: u32,
    pub top: u32,
    pub width: u32,
    pub height: u32,
}

/// An RGB picture whose buffer always has exactly `width * height * 3` bytes.
/// Wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    rgb: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}x{})", self.width, self.height)
    }
}

/// Bytes of a picture of this size, or why there cannot be one.
pub(crate) fn checked_len(width: u64, height: u64) -> Result<usize, PictureError> {
    if width == 0 || height == 0 {
        return Err(PictureError::Empty);
    }
    let side = u64::from(MAX_SIDE);
    if width > side || height > side || width * height > MAX_PIXELS {
        return Err(PictureError::TooLarge { width, height });
    }
    Ok((width * height * 3) as usize)
}

impl Picture {
    pub fn from_rgb(width: u32, height: u32, rgb: Vec<u8>) -> Result<Self, PictureError> {
        let rgb = Zeroizing::new(rgb);
        let expected = checked_len(width.into(), height.into())?;
        if rgb.len() != expected {
            return Err(PictureError::WrongLength {
                got: rgb.len(),
                expected,
            });
        }
        Ok(Self { width, height, rgb })
    }

    /// One colour everywhere.
    pub fn filled(width: u32, height: u32, colour: [u8; 3]) -> Result<Self, PictureError> {
        let len = checked_len(width.into(), height.into())?;
        let mut rgb = Zeroizing::new(vec![0; len]);
        for pixel in rgb.chunks_exact_mut(3) {
            pixel.copy_from_slice(&colour);
        }
        Ok(Self { width, height, rgb })
    }

    /// A single black pixel: the cheapest start for a buffer that is reused.
    pub fn placeholder() -> Self {
        Self {
            width: 1,
            height: 1,
            rgb: Zeroizing::new(vec![0; 3]),
        }
    }

    /// Reads a JPEG or PNG file, told apart by its first bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, PictureError> {
        if bytes.starts_with(&[0xff, 0xd8]) {
            Ok(crate::jpeg::decode(bytes)?)
        } else if bytes.starts_with(&[0x89, b'P', b'N', b'G']) {
            Ok(crate::png::decode(bytes)?)
        } else {
            Err(PictureError::UnknownFormat)
        }
    }

    /// Makes this picture `width` x `height`, reusing its memory where it
    /// suffices. The pixels are then unspecified, and meant to be overwritten.
    pub fn resize_buffer(&mut self, width: u32, height: u32) -> Result<(), PictureError> {
        let len = checked_len(width.into(), height.into())?;
        if len > self.rgb.capacity() {
            // Growing in place would leave an unwiped copy behind.
            self.rgb = Zeroizing::new(vec![0; len]);
        } else {
            self.rgb.resize(len, 0);
        }
        (self.width, self.height) = (width, height);
        Ok(())
    }

    pub fn width(&self) -> u32 {
        self.width
    }

    pub fn height(&self) -> u32 {
        self.height
    }

    /// Rows from the top, three bytes a pixel.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    pub fn rgb_mut(&mut self) -> &mut [u8] {
        &mut self.rgb
    }

    pub fn whole(&self) -> Rect {
        Rect {
            left: 0,
            top: 0,
            width: self.width,
            height: self.height,
        }
    }

    /// The largest part around the middle that has the proportions `w : h`.
    pub fn centred(&self, w: u32, h: u32) -> Rect {
        let (w, h) = (u64::from(w.max(1)), u64::from(h.max(1)));
        let (pw, ph) = (u64::from(self.width), u64::from(self.height));
        let (width, height) = if pw * h > ph * w {
            ((ph * w / h).max(1), ph)
        } else {
            (pw, (pw * h / w).max(1))
        };
        Rect {
            left: ((pw - width) / 2) as u32,
            top: ((ph - height) / 2) as u32,
            width: width as u32,
            height: height as u32,
        }
    }

    /// The part of `rect` that lies inside the picture; none if there is none.
    pub fn clamp(&self, rect: Rect) -> Option<Rect> {
        let left = rect.left.min(self.width);
        let top = rect.top.min(self.height);
        let width = rect.width.min(self.width - left);
        let height = rect.height.min(self.height - top);
        (width > 0 && height > 0).then_some(Rect {
            left,
            top,
            width,
            height,
        })
    }

    /// Copies a part (clamped to the picture) into `into`, left and right
    /// swapped when `mirrored`.
    pub fn crop_into(
        &self,
        rect: Rect,
        mirrored: bool,
        into: &mut Picture,
    ) -> Result<(), PictureError> {
        let rect = self.clamp(rect).ok_or(PictureError::Empty)?;
        into.resize_buffer(rect.width, rect.height)?;
        let row = rect.width as usize * 3;
        let stride = self.width as usize * 3;
        let first = rect.top as usize * stride + rect.left as usize * 3;
        for (y, to) in into.rgb.chunks_exact_mut(row).enumerate() {
            let start = first + y * stride;
            let from = &self.rgb[start..start + row];
            if mirrored {
                for (to, from) in to.chunks_exact_mut(3).zip(from.rchunks_exact(3)) {
                    to.copy_from_slice(from);
                }
            } else {
                to.copy_from_slice(from);
            }
        }
        Ok(())
    }

    pub fn crop(&self, rect: Rect) -> Result<Picture, PictureError> {
        let mut out = Picture::placeholder();
        self.crop_into(rect, false, &mut out)?;
        Ok(out)
    }

    /// Mean and spread of the brightness (luma, 0-255) of a part, from at most
    /// about 64 x 64 of its pixels; zeros if the part lies outside.
    pub fn brightness(&self, rect: Rect) -> Brightness {
        let Some(rect) = self.clamp(rect) else {
            return Brightness::default();
        };
        let step = |side: u32| (side as usize).div_ceil(64).max(1);
        let (mut count, mut sum, mut squares) = (0u64, 0u64, 0u64);
        for y in (0..rect.height as usize).step_by(step(rect.height)) {
            for x in (0..rect.width as usize).step_by(step(rect.width)) {
                let at =
                    ((rect.top as usize + y) * self.width as usize + rect.left as usize + x) * 3;
                let [r, g, b] = [0, 1, 2].map(|i| u64::from(self.rgb[at + i]));
                // BT.601 weights in 1/256.
                let luma = (77 * r + 150 * g + 29 * b) >> 8;
                count += 1;
                sum += luma;
                squares += luma * luma;
            }
        }
        let mean = sum as f32 / count as f32;
        let variance = (squares as f32 / count as f32 - mean * mean).max(0.0);
        Brightness {
            mean,
            deviation: variance.sqrt(),
        }
    }
}

/// Brightness of a part of a picture, luma 0-255.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Brightness {
    pub mean: f32,
    /// Standard deviation: near zero for a covered lens.
    pub deviation: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(width: u32, height: u32) -> Picture {
        let rgb = (0..width * height)
            .flat_map(|i| [i as u8, i as u8, i as u8])
            .collect();
        Picture::from_rgb(width, height, rgb).unwrap()
    }

    #[test]
    fn sizes_are_checked() {
        assert_eq!(
            Picture::from_rgb(2, 2, vec![0; 11]),
            Err(PictureError::WrongLength {
                got: 11,
                expected: 12
            })
        );
        assert_eq!(Picture::from_rgb(0, 2, vec![]), Err(PictureError::Empty));
        assert!(matches!(
            Picture::filled(8000, 8000, [0; 3]),
            Err(PictureError::TooLarge { .. })
        ));
    }

    #[test]
    fn the_centred_part_keeps_the_proportions() {
        let picture = Picture::filled(1280, 720, [0; 3]).unwrap();
        let part = picture.centred(1080, 1032);
        assert_eq!(
            part,
            Rect {
                left: 263,
                top: 0,
                width: 753,
                height: 720
            }
        );
        let tall = Picture::filled(100, 400, [0; 3]).unwrap().centred(1, 1);
        assert_eq!(
            tall,
            Rect {
                left: 0,
                top: 150,
                width: 100,
                height: 100
            }
        );
    }

    #[test]
    fn a_mirrored_crop_swaps_left_and_right() {
        let picture = numbered(4, 2);
        let mut out = Picture::placeholder();
        let part = Rect {
            left: 1,
            top: 1,
            width: 9,
            height: 9,
        };
        picture.crop_into(part, true, &mut out).unwrap();
        assert_eq!((out.width(), out.height()), (3, 1));
        assert_eq!(out.rgb(), [7, 7, 7, 6, 6, 6, 5, 5, 5]);
    }

    #[test]
    fn brightness_tells_black_from_a_pattern() {
        let black = Picture::filled(640, 480, [2; 3]).unwrap();
        let seen = black.brightness(black.whole());
        assert!(seen.mean <= 2.0 && seen.deviation == 0.0);
        let pattern = numbered(16, 16);
        assert!(pattern.brightness(pattern.whole()).deviation > 50.0);
    }

    #[test]
    fn nothing_of_the_pixels_is_in_debug() {
        assert_eq!(format!("{:?}", numbered(4, 2)), "Picture(4x2)");
    }
}
