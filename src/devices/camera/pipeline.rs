//! From the camera's bytes to shown pixels, with memory kept between frames.

use std::hash::{DefaultHasher, Hasher};

use portrait::{Picture, PictureError, Rect, Scaler, jpeg, yuyv};

use super::RawFrame;

/// Decodes one frame after the other and makes what is shown, recorded, kept.
pub struct Pipeline {
    full: Picture,
    cropped: Picture,
    shown: Picture,
    scaler: Scaler,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self {
            full: Picture::placeholder(),
            cropped: Picture::placeholder(),
            shown: Picture::placeholder(),
            scaler: Scaler::new(),
        }
    }
}

impl Pipeline {
    pub fn decode(&mut self, raw: RawFrame<'_>) -> Result<(), PictureError> {
        match raw {
            RawFrame::Mjpeg(bytes) => Ok(jpeg::decode_into(bytes, &mut self.full)?),
            RawFrame::Yuyv {
                bytes,
                width,
                height,
                stride,
            } => yuyv::decode_into(bytes, width, height, stride, &mut self.full),
        }
    }

    /// The last decoded frame, whole and not mirrored.
    pub fn full(&self) -> &Picture {
        &self.full
    }

    /// The middle of the last frame with the proportions of `size`, scaled to it.
    pub fn show(&mut self, size: (u32, u32), mirrored: bool) -> Result<&Picture, PictureError> {
        let part = self.full.centred(size.0, size.1);
        if mirrored {
            // Mirrored before scaling: usually fewer pixels to move.
            self.full.crop_into(part, true, &mut self.cropped)?;
            let whole = self.cropped.whole();
            self.scaler
                .scale_into(&self.cropped, whole, size, &mut self.shown)?;
        } else {
            self.scaler
                .scale_into(&self.full, part, size, &mut self.shown)?;
        }
        Ok(&self.shown)
    }

    /// A part of the last frame on its own, scaled.
    pub fn cut(&mut self, part: Rect, size: (u32, u32)) -> Result<Picture, PictureError> {
        self.scaler.scale(&self.full, part, size)
    }

    /// Wipes what is left of the last person.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

/// Differs between frames that differ. Uncompressed frames are sampled: sensor
/// noise changes every part of them.
pub fn digest(raw: RawFrame<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    match raw {
        RawFrame::Mjpeg(bytes) => hasher.write(bytes),
        RawFrame::Yuyv { bytes, .. } => {
            for chunk in bytes.chunks(256).step_by(8) {
                hasher.write(chunk);
            }
        }
    }
    hasher.finish()
}
