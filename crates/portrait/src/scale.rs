//! Scaling, with buffers that are kept from one frame to the next.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::picture::{Picture, PictureError, Rect};

/// Scales parts of pictures. Its scratch memory holds remains of the last
/// picture: [`Scaler::forget`] drops it when a person leaves.
#[derive(Default)]
pub struct Scaler {
    resizer: Resizer,
}

impl Scaler {
    pub fn new() -> Self {
        Self::default()
    }

    /// Scales `part` (clamped) of `from` to `width` x `height` into `into`,
    /// bilinear: the fastest that does not flicker.
    pub fn scale_into(
        &mut self,
        from: &Picture,
        part: Rect,
        (width, height): (u32, u32),
        into: &mut Picture,
    ) -> Result<(), PictureError> {
        let part = from.clamp(part).ok_or(PictureError::Empty)?;
        into.resize_buffer(width, height)?;
        let source = ImageRef::new(from.width(), from.height(), from.rgb(), PixelType::U8x3)
            .map_err(|_| PictureError::Empty)?;
        let mut target = Image::from_slice_u8(width, height, into.rgb_mut(), PixelType::U8x3)
            .map_err(|_| PictureError::Empty)?;
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
            .use_alpha(false)
            .crop(
                part.left.into(),
                part.top.into(),
                part.width.into(),
                part.height.into(),
            );
        self.resizer
            .resize(&source, &mut target, &options)
            .map_err(|_| PictureError::Empty)
    }

    pub fn scale(
        &mut self,
        from: &Picture,
        part: Rect,
        size: (u32, u32),
    ) -> Result<Picture, PictureError> {
        let mut out = Picture::placeholder();
        self.scale_into(from, part, size, &mut out)?;
        Ok(out)
    }

    /// Gives the scratch memory back.
    pub fn forget(&mut self) {
        self.resizer = Resizer::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_scaled_and_the_rest_left_out() {
        let mut picture = Picture::filled(40, 20, [10, 20, 30]).unwrap();
        // The right half is white.
        for row in picture.rgb_mut().chunks_exact_mut(120) {
            row[60..].fill(255);
        }
        let left = Rect {
            left: 0,
            top: 0,
            width: 20,
            height: 20,
        };
        let out = Scaler::new().scale(&picture, left, (33, 47)).unwrap();
        assert_eq!((out.width(), out.height()), (33, 47));
        // The filter looks one pixel over the edge, no further.
        for row in out.rgb().chunks_exact(33 * 3) {
            assert!(row[..30 * 3].chunks_exact(3).all(|p| p == [10, 20, 30]));
        }
    }
}
