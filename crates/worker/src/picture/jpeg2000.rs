//! JPEG 2000 (ISO/IEC 15444-1), a file or its bare code stream: the portraits of
//! document chips.

use hayro_jpeg2000::{ColorSpace, DecodeSettings, DecoderContext, Image};
use zeroize::Zeroizing;

use super::{Pixels, check_size, orientation::Orientation};
use crate::message::{PictureLimits, Refusal};

pub(super) const FILE: &[u8] = b"\0\0\0\x0CjP  \r\n\x87\n";
pub(super) const CODE_STREAM: &[u8] = &[0xFF, 0x4F, 0xFF, 0x51];

pub(super) fn decode(bytes: &[u8], limits: &PictureLimits) -> Result<Pixels, Refusal> {
    let damaged = |error: hayro_jpeg2000::error::DecodeError| {
        tracing::debug!(%error, "a JPEG 2000 picture");
        Refusal::FileDamaged
    };
    let image = Image::new(bytes, &DecodeSettings::default()).map_err(damaged)?;
    let (width, height) = (image.width(), image.height());
    check_size(width, height, limits)?;
    let colours = match image.color_space() {
        ColorSpace::Gray => 1,
        ColorSpace::RGB => 3,
        ColorSpace::Icc { num_channels, .. } if matches!(num_channels, 1 | 3) => *num_channels,
        ColorSpace::CMYK | ColorSpace::Unknown { .. } | ColorSpace::Icc { .. } => {
            return Err(Refusal::FileWrongType);
        }
    };
    let channels = usize::from(colours) + usize::from(image.has_alpha());
    let mut context = DecoderContext::default();
    let decoded = Zeroizing::new(image.decode(&mut context).map_err(damaged)?.data_u8());
    let pixels = width as usize * height as usize;
    if decoded.len() != pixels * channels {
        return Err(Refusal::FileDamaged);
    }
    let mut rgba = Zeroizing::new(Vec::with_capacity(pixels * 4));
    for pixel in decoded.chunks_exact(channels) {
        rgba.extend(match (pixel, colours) {
            (&[grey, ..], 1) => [grey, grey, grey, 255],
            (&[red, green, blue, ..], _) => [red, green, blue, 255],
            _ => return Err(Refusal::FileDamaged),
        });
    }
    Ok(Pixels {
        width,
        height,
        rgba,
        orientation: Orientation::default(),
    })
}
