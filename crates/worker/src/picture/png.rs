//! PNG (third edition): first picture of the file, laid on white.

use std::io::Cursor;

use png::{ColorType, DecodingError, Transformations};
use zeroize::Zeroizing;

use super::{Pixels, check_size, orientation::Orientation};
use crate::message::{PictureLimits, Refusal};

pub(super) fn decode(bytes: &[u8], limits: &PictureLimits) -> Result<Pixels, Refusal> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let header = decoder.read_header_info().map_err(refusal)?;
    let (width, height) = (header.width, header.height);
    check_size(width, height, limits)?;

    let mut reader = decoder.read_info().map_err(refusal)?;
    let length = reader.output_buffer_size().ok_or(Refusal::FileTooLarge)?;
    let mut decoded = Zeroizing::new(vec![0; length]);
    let frame = reader.next_frame(&mut decoded).map_err(refusal)?;
    let orientation = reader
        .info()
        .exif_metadata
        .as_deref()
        .map_or_else(Orientation::default, Orientation::from_tiff);
    // An animation's first frame may be a part of the picture only.
    if (frame.width, frame.height) != (width, height) {
        return Err(Refusal::FileDamaged);
    }
    let mut rgba = Zeroizing::new(Vec::with_capacity(width as usize * height as usize * 4));
    match frame.color_type {
        ColorType::Grayscale => {
            rgba.extend(decoded.iter().flat_map(|&grey| [grey, grey, grey, 255]));
        }
        ColorType::GrayscaleAlpha => {
            rgba.extend(decoded.as_chunks().0.iter().flat_map(|&[grey, alpha]| {
                let grey = on_white(grey, alpha);
                [grey, grey, grey, 255]
            }))
        }
        ColorType::Rgb => rgba.extend(
            decoded
                .as_chunks()
                .0
                .iter()
                .flat_map(|&[red, green, blue]| [red, green, blue, 255]),
        ),
        ColorType::Rgba => rgba.extend(decoded.as_chunks().0.iter().flat_map(
            |&[red, green, blue, alpha]| {
                let on = |value| on_white(value, alpha);
                [on(red), on(green), on(blue), 255]
            },
        )),
        // Expanded above.
        ColorType::Indexed => return Err(Refusal::FileDamaged),
    }
    Ok(Pixels {
        width,
        height,
        rgba,
        orientation,
    })
}

/// What shows of a half-transparent value on white paper.
fn on_white(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

fn refusal(error: DecodingError) -> Refusal {
    match error {
        DecodingError::LimitsExceeded => Refusal::FileTooLarge,
        _ => Refusal::FileDamaged,
    }
}
