//! JPEG (ISO/IEC 10918-1): the whole structure is walked before it is decoded.

use zeroize::Zeroizing;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use super::{Pixels, check_size, orientation::Orientation};
use crate::message::{PictureLimits, Refusal};

/// More scans than any encoder writes only serve to keep a decoder busy.
const MAX_SCANS: u32 = 64;

pub(super) fn decode(bytes: &[u8], limits: &PictureLimits) -> Result<Pixels, Refusal> {
    let structure = Structure::walk(bytes)?;
    check_size(structure.width, structure.height, limits)?;
    // Strict finds damage inside the picture; but strict also refuses stray bytes
    // between segments, which telephones do write.
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGBA)
        .set_max_width(limits.side as usize)
        .set_max_height(limits.side as usize);
    let rgba = match pixels(bytes, options.set_strict_mode(true)) {
        Err(DecodeErrors::FormatStatic(reason)) if reason.starts_with("[strict-mode]") => {
            pixels(bytes, options.set_strict_mode(false))
        }
        other => other,
    };
    let rgba = Zeroizing::new(rgba.map_err(|error| match error {
        DecodeErrors::Unsupported(_) => Refusal::FileWrongType,
        _ => Refusal::FileDamaged,
    })?);
    if rgba.len() as u64 != u64::from(structure.width) * u64::from(structure.height) * 4 {
        return Err(Refusal::FileDamaged);
    }
    Ok(Pixels {
        width: structure.width,
        height: structure.height,
        rgba,
        orientation: structure.orientation,
    })
}

fn pixels(bytes: &[u8], options: DecoderOptions) -> Result<Vec<u8>, DecodeErrors> {
    JpegDecoder::new_with_options(ZCursor::new(bytes), options).decode()
}

/// What the segments say.
#[derive(Debug, PartialEq, Eq)]
struct Structure {
    width: u32,
    height: u32,
    orientation: Orientation,
}

impl Structure {
    /// From start of image to end of image; whatever follows is ignored, as
    /// telephones append a second picture or a film.
    fn walk(bytes: &[u8]) -> Result<Structure, Refusal> {
        let mut frame = None;
        let mut orientation = Orientation::default();
        let mut scans = 0;
        let mut at = 2;
        loop {
            let (marker, after) = next_marker(bytes, at)?;
            match marker {
                0xD9 => break,
                // Markers that stand alone.
                0x01 | 0xD0..=0xD7 => {
                    at = after;
                    continue;
                }
                _ => {}
            }
            let (segment, end) = segment(bytes, after)?;
            at = end;
            match marker {
                0xC0..=0xC2 => {
                    let [_, a, b, c, d, ..] = *segment else {
                        return Err(Refusal::FileDamaged);
                    };
                    frame = Some((u16::from_be_bytes([c, d]), u16::from_be_bytes([a, b])));
                }
                // Lossless, hierarchical, arithmetic: no camera writes them.
                0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                    return Err(Refusal::FileWrongType);
                }
                0xE1 => {
                    if let Some(tiff) = segment.strip_prefix(b"Exif\0\0") {
                        orientation = Orientation::from_tiff(tiff);
                    }
                }
                0xDA => {
                    scans += 1;
                    if scans > MAX_SCANS {
                        return Err(Refusal::FileDamaged);
                    }
                    at = skip_entropy_coded(bytes, at)?;
                }
                _ => {}
            }
        }
        match frame {
            Some((width, height)) if scans > 0 => Ok(Structure {
                width: width.into(),
                height: height.into(),
                orientation,
            }),
            _ => Err(Refusal::FileDamaged),
        }
    }
}

/// The next marker's code and where its content begins.
fn next_marker(bytes: &[u8], mut at: usize) -> Result<(u8, usize), Refusal> {
    loop {
        let rest = bytes.get(at..).ok_or(Refusal::FileDamaged)?;
        let skip = rest.iter().position(|&b| b == 0xFF);
        at += skip.ok_or(Refusal::FileDamaged)? + 1;
        match bytes.get(at) {
            None => return Err(Refusal::FileDamaged),
            // Fill bytes, and a stray 0xFF in bytes between segments.
            Some(0xFF | 0x00) => {}
            Some(&marker) => return Ok((marker, at + 1)),
        }
    }
}

/// Content of a segment (without its length) and where it ends.
fn segment(bytes: &[u8], at: usize) -> Result<(&[u8], usize), Refusal> {
    let [high, low] = *bytes.get(at..at + 2).ok_or(Refusal::FileDamaged)? else {
        return Err(Refusal::FileDamaged);
    };
    let end = at + usize::from(u16::from_be_bytes([high, low]));
    let content = bytes.get(at + 2..end).ok_or(Refusal::FileDamaged)?;
    Ok((content, end))
}

/// To the marker that ends the scan: neither a stuffed zero nor a restart.
fn skip_entropy_coded(bytes: &[u8], mut at: usize) -> Result<usize, Refusal> {
    loop {
        let rest = bytes.get(at..).ok_or(Refusal::FileDamaged)?;
        let skip = rest.iter().position(|&b| b == 0xFF);
        at += skip.ok_or(Refusal::FileDamaged)?;
        match bytes.get(at + 1) {
            None => return Err(Refusal::FileDamaged),
            Some(0x00 | 0xD0..=0xD7) => at += 2,
            Some(0xFF) => at += 1,
            Some(_) => return Ok(at),
        }
    }
}
