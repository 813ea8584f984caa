//! JPEG: what cameras send, what the kiosk seals.

use std::io::{self, Write};

use jpeg_encoder::{ColorType, Encoder};
use zeroize::{Zeroize, Zeroizing};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use crate::picture::{MAX_SIDE, Picture, checked_len};

/// A JPEG of this size in bytes is refused unread.
pub const MAX_BYTES: usize = 30 * 1024 * 1024;
/// A progressive JPEG of more scans is refused: each costs a pass over the picture.
const MAX_SCANS: usize = 32;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum JpegError {
    #[error("the JPEG file is larger than {MAX_BYTES} bytes")]
    FileTooLarge,
    #[error("the JPEG picture has too many pixels, or none")]
    Dimensions,
    #[error("the JPEG file is damaged: {0}")]
    Damaged(String),
    #[error("the picture cannot be encoded: {0}")]
    Encode(String),
}

/// An encoded picture. Wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Jpeg {
    bytes: Zeroizing<Vec<u8>>,
    width: u32,
    height: u32,
}

impl Jpeg {
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn width(&self) -> u32 {
        self.width
    }

    pub fn height(&self) -> u32 {
        self.height
    }
}

impl std::fmt::Debug for Jpeg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            bytes,
            width,
            height,
        } = self;
        write!(f, "Jpeg({width}x{height}, {} bytes)", bytes.len())
    }
}

/// Baseline JPEG of `quality` 1-100, without metadata.
pub fn encode(picture: &Picture, quality: u8) -> Result<Jpeg, JpegError> {
    let (width, height) = (picture.width(), picture.height());
    // One byte a pixel is more than all but noise at the highest quality needs.
    let mut wiping = WipingBuffer(Vec::with_capacity(picture.rgb().len() / 3 + 4096));
    let short = |side: u32| u16::try_from(side).map_err(|_| JpegError::Dimensions);
    Encoder::new(&mut wiping, quality.clamp(1, 100))
        .encode(picture.rgb(), short(width)?, short(height)?, ColorType::Rgb)
        .map_err(|e| JpegError::Encode(e.to_string()))?;
    let bytes = Zeroizing::new(std::mem::take(&mut wiping.0));
    Ok(Jpeg {
        bytes,
        width,
        height,
    })
}

/// Grows without leaving an unwiped copy of its content in freed memory.
struct WipingBuffer(Vec<u8>);

impl Write for WipingBuffer {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.0.len() + buf.len() > self.0.capacity() {
            let mut larger = Vec::with_capacity((self.0.len() + buf.len()) * 2);
            larger.extend_from_slice(&self.0);
            self.0.zeroize();
            self.0 = larger;
        }
        self.0.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for WipingBuffer {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Decodes baseline and progressive JPEG, grey or colour.
pub fn decode(bytes: &[u8]) -> Result<Picture, JpegError> {
    let mut picture = Picture::placeholder();
    decode_into(bytes, &mut picture)?;
    Ok(picture)
}

/// As [`decode`], into memory that is reused: what a camera thread does with
/// each frame.
pub fn decode_into(bytes: &[u8], into: &mut Picture) -> Result<(), JpegError> {
    if bytes.len() > MAX_BYTES {
        return Err(JpegError::FileTooLarge);
    }
    if lacks_huffman_tables(bytes) {
        return decode_complete(&with_standard_tables(bytes), into);
    }
    decode_complete(bytes, into)
}

fn decode_complete(bytes: &[u8], into: &mut Picture) -> Result<(), JpegError> {
    let options = DecoderOptions::default()
        .set_max_width(MAX_SIDE as usize)
        .set_max_height(MAX_SIDE as usize)
        .jpeg_set_max_scans(MAX_SCANS)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let damaged = |e: zune_jpeg::errors::DecodeErrors| JpegError::Damaged(e.to_string());
    decoder.decode_headers().map_err(damaged)?;
    let (width, height) = decoder.dimensions().ok_or(JpegError::Dimensions)?;
    let len = checked_len(width as u64, height as u64).map_err(|_| JpegError::Dimensions)?;
    if decoder.output_buffer_size() != Some(len) {
        return Err(JpegError::Dimensions);
    }
    into.resize_buffer(width as u32, height as u32)
        .map_err(|_| JpegError::Dimensions)?;
    decoder.decode_into(into.rgb_mut()).map_err(damaged)
}

/// Many USB cameras leave the Huffman tables out of their Motion JPEG, because
/// they are always those of ITU-T T.81 Annex K.
fn lacks_huffman_tables(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some([0xff, marker, high, low]) = bytes.get(at..at + 4) {
        match marker {
            0xc4 => return false,
            // Start of scan: no table before it.
            0xda => return true,
            _ => at += 2 + usize::from(u16::from_be_bytes([*high, *low])),
        }
    }
    false
}

fn with_standard_tables(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(bytes.len() + 512));
    let (start, rest) = bytes.split_at(2.min(bytes.len()));
    out.extend_from_slice(start);
    for (class_and_id, counts, values) in crate::jpeg_tables::STANDARD {
        out.extend_from_slice(&[0xff, 0xc4]);
        out.extend_from_slice(&(19 + values.len() as u16).to_be_bytes());
        out.push(class_and_id);
        out.extend_from_slice(&counts);
        out.extend_from_slice(values);
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn gradient(width: u32, height: u32) -> Picture {
        let rgb = (0..height)
            .flat_map(|y| (0..width).flat_map(move |x| [x as u8, y as u8, (x + y) as u8]))
            .collect();
        Picture::from_rgb(width, height, rgb).unwrap()
    }

    fn close(a: &Picture, b: &Picture) -> bool {
        a.rgb()
            .iter()
            .zip(b.rgb())
            .all(|(a, b)| a.abs_diff(*b) < 24)
    }

    #[test]
    fn what_is_encoded_comes_back_close_to_the_original() {
        let picture = gradient(97, 61);
        let jpeg = encode(&picture, 95).unwrap();
        let back = decode(jpeg.bytes()).unwrap();
        assert_eq!((back.width(), back.height()), (97, 61));
        assert!(close(&picture, &back));
    }

    #[test]
    fn a_camera_frame_without_huffman_tables_decodes() {
        let picture = gradient(64, 64);
        let jpeg = encode(&picture, 90).unwrap();
        let mut bare = Vec::new();
        let bytes = jpeg.bytes();
        bare.extend_from_slice(&bytes[..2]);
        let mut at = 2;
        loop {
            let end = at + 2 + usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
            if bytes[at + 1] == 0xda {
                bare.extend_from_slice(&bytes[at..]);
                break;
            }
            if bytes[at + 1] != 0xc4 {
                bare.extend_from_slice(&bytes[at..end]);
            }
            at = end;
        }
        assert!(bare.len() < bytes.len());
        assert!(lacks_huffman_tables(&bare));
        assert_eq!(decode(&bare).unwrap(), decode(bytes).unwrap());
    }

    #[test]
    fn a_header_that_promises_too_much_is_refused() {
        let mut bytes = encode(&gradient(16, 16), 80).unwrap().bytes().to_vec();
        let sof = bytes.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
        bytes[sof + 5..sof + 9].copy_from_slice(&[0x1f, 0xff, 0x1f, 0xff]);
        assert_eq!(decode(&bytes), Err(JpegError::Dimensions));
        bytes[sof + 5..sof + 9].copy_from_slice(&[0xff; 4]);
        assert!(decode(&bytes).is_err());
    }

    proptest! {
        #[test]
        fn damaged_files_never_panic(at in 0usize..4000, with in any::<u8>(), cut in 0usize..4000) {
            let mut bytes = encode(&gradient(48, 40), 75).unwrap().bytes().to_vec();
            let at = at % bytes.len();
            bytes[at] = with;
            bytes.truncate(bytes.len() - cut % bytes.len());
            let _ = decode(&bytes);
        }

        #[test]
        fn noise_never_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            bytes.splice(0..0, [0xff, 0xd8]);
            let _ = decode(&bytes);
        }
    }
}
