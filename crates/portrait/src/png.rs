//! Reading PNG files within the limits of [`crate::picture`].

use crate::picture::{Picture, checked_len};

/// A PNG of this size in bytes is refused unread.
pub const MAX_BYTES: usize = 30 * 1024 * 1024;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PngError {
    #[error("the PNG file is larger than {MAX_BYTES} bytes")]
    FileTooLarge,
    #[error("the PNG picture has too many pixels, or none")]
    Dimensions,
    #[error("the PNG file is damaged: {0}")]
    Damaged(String),
}

/// Any bit depth and colour type; transparency is dropped.
pub fn decode(bytes: &[u8]) -> Result<Picture, PngError> {
    if bytes.len() > MAX_BYTES {
        return Err(PngError::FileTooLarge);
    }
    let damaged = |e: png::DecodingError| PngError::Damaged(e.to_string());
    let mut decoder = png::Decoder::new_with_limits(
        std::io::Cursor::new(bytes),
        png::Limits { bytes: 256 << 20 },
    );
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (width, height) = reader.info().size();
    let len = checked_len(width.into(), height.into()).map_err(|_| PngError::Dimensions)?;
    let size = reader.output_buffer_size().ok_or(PngError::Dimensions)?;
    let mut raw = zeroize::Zeroizing::new(vec![0; size]);
    let info = reader.next_frame(&mut raw).map_err(damaged)?;
    let samples = info.color_type.samples();
    let mut rgb = Vec::with_capacity(len);
    for pixel in raw[..info.buffer_size()].chunks_exact(samples) {
        match *pixel {
            [grey] | [grey, _] => rgb.extend([grey, grey, grey]),
            [r, g, b] | [r, g, b, _] => rgb.extend([r, g, b]),
            _ => return Err(PngError::Dimensions),
        }
    }
    Picture::from_rgb(width, height, rgb).map_err(|_| PngError::Dimensions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey_png() -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, 3, 2);
        encoder.set_color(png::ColorType::Grayscale);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&[1, 2, 3, 4, 5, 6]).unwrap();
        writer.finish().unwrap();
        out
    }

    #[test]
    fn a_grey_file_becomes_rgb() {
        let picture = decode(&grey_png()).unwrap();
        assert_eq!((picture.width(), picture.height()), (3, 2));
        assert_eq!(picture.rgb()[15..], [6, 6, 6]);
    }

    #[test]
    fn a_cut_file_is_an_error() {
        let whole = grey_png();
        for cut in 0..whole.len() - 20 {
            assert!(decode(&whole[..cut]).is_err(), "cut at {cut}");
        }
    }
}
