//! A citizen's picture file, or the portrait of a document's chip, made safe: checked, decoded, turned upright, scaled
//! down and encoded anew, so that nothing but the pixels is left of it.
//!
//! Type by content, never by name. Sizes are checked before anything is decoded.

mod jpeg;
mod jpeg2000;
mod orientation;
mod png;

use std::io::Read;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use jpeg_encoder::{ColorType, Encoder};
use zeroize::Zeroizing;

use crate::message::{PictureLimits, Refusal};
use orientation::Orientation;

/// A picture without anything that came with it.
pub struct Normalised {
    pub width: u32,
    pub height: u32,
    /// Baseline JPEG without metadata.
    pub jpeg: Zeroizing<Vec<u8>>,
}

/// Four bytes a pixel (red, green, blue, 255), rows from the top.
struct Pixels {
    width: u32,
    height: u32,
    rgba: Zeroizing<Vec<u8>>,
    orientation: Orientation,
}

/// Reads the whole file, but never more than allowed.
///
/// # Errors
/// `FileTooLarge`, and `FileUnreadable` when reading fails.
pub fn read(source: impl Read, limits: &PictureLimits) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let mut bytes = Zeroizing::new(Vec::new());
    source
        .take(limits.file_bytes + 1)
        .read_to_end(&mut bytes)
        .map_err(|_| Refusal::FileUnreadable)?;
    if bytes.len() as u64 > limits.file_bytes {
        return Err(Refusal::FileTooLarge);
    }
    Ok(bytes)
}

/// # Errors
/// `FileWrongType`, `FileTooLarge` (in pixels), `FileDamaged`.
pub fn normalise(bytes: &[u8], limits: &PictureLimits) -> Result<Normalised, Refusal> {
    let pixels = match bytes {
        [0xFF, 0xD8, 0xFF, ..] => jpeg::decode(bytes, limits)?,
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => png::decode(bytes, limits)?,
        start
            if limits.jpeg_2000
                && (start.starts_with(jpeg2000::FILE)
                    || start.starts_with(jpeg2000::CODE_STREAM)) =>
        {
            jpeg2000::decode(bytes, limits)?
        }
        _ => return Err(Refusal::FileWrongType),
    };
    let orientation = pixels.orientation;
    let pixels = orientation.upright(scale_down(pixels, limits.result_side)?);
    encode(&pixels, limits.quality)
}

fn check_size(width: u32, height: u32, limits: &PictureLimits) -> Result<(), Refusal> {
    if width == 0 || height == 0 {
        return Err(Refusal::FileDamaged);
    }
    let pixels = u64::from(width) * u64::from(height);
    if width.max(height) > limits.side || pixels > limits.pixels {
        return Err(Refusal::FileTooLarge);
    }
    Ok(())
}

fn scale_down(pixels: Pixels, side: u32) -> Result<Pixels, Refusal> {
    let longer = pixels.width.max(pixels.height);
    if longer <= side {
        return Ok(pixels);
    }
    let scaled = |length: u32| (u64::from(length) * u64::from(side) / u64::from(longer)).max(1);
    let (width, height) = (scaled(pixels.width) as u32, scaled(pixels.height) as u32);
    let source = ImageRef::new(pixels.width, pixels.height, &pixels.rgba, PixelType::U8x4)
        .map_err(|_| Refusal::FileDamaged)?;
    let mut target = Image::new(width, height, PixelType::U8x4);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
        .use_alpha(false);
    Resizer::new()
        .resize(&source, &mut target, &options)
        .map_err(|_| Refusal::FileDamaged)?;
    Ok(Pixels {
        width,
        height,
        rgba: Zeroizing::new(target.into_vec()),
        orientation: pixels.orientation,
    })
}

fn encode(pixels: &Pixels, quality: u8) -> Result<Normalised, Refusal> {
    let side = |length: u32| u16::try_from(length).map_err(|_| Refusal::FileTooLarge);
    // One byte a pixel is more than any quality in use needs: the buffer never
    // moves and so leaves no copy behind.
    let mut jpeg = Zeroizing::new(Vec::with_capacity(pixels.rgba.len() / 4 + 4096));
    Encoder::new(&mut *jpeg, quality)
        .encode(
            &pixels.rgba,
            side(pixels.width)?,
            side(pixels.height)?,
            ColorType::Rgba,
        )
        .map_err(|_| Refusal::FileDamaged)?;
    Ok(Normalised {
        width: pixels.width,
        height: pixels.height,
        jpeg,
    })
}

#[cfg(test)]
mod tests;
