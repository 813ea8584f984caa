//! One face in the record of ISO/IEC 19794-5, as DG2 carries it (ICAO 9303-10, 4.7.2).

use crate::config::{Sex, SpecimenConfig};
use crate::{SpecimenError, field};

const JPEG2000: [u8; 12] = *b"\x00\x00\x00\x0CjP  \r\n\x87\n";

/// The biometric data block: facial record header, facial information without feature
/// points, image information, the image as it is.
pub fn record(config: &SpecimenConfig) -> Result<Vec<u8>, SpecimenError> {
    let image = &config.portrait;
    let (kind, width, height) = size(image).ok_or(field("portrait", "is no JPEG or JPEG 2000"))?;
    let too_long = |_| field("portrait", "is too long");
    let face = u32::try_from(20 + 12 + image.len()).map_err(too_long)?;
    let whole = u32::try_from(14 + 20 + 12 + image.len()).map_err(too_long)?;
    let sex = match config.sex {
        Sex::Unspecified => 0,
        Sex::Male => 1,
        Sex::Female => 2,
    };
    let mut record = b"FAC\x00010\x00".to_vec();
    record.extend_from_slice(&whole.to_be_bytes());
    record.extend_from_slice(&[0, 1]);
    record.extend_from_slice(&face.to_be_bytes());
    // No feature points; sex; colour of eyes and hair, properties, expression, pose and
    // its uncertainty not said.
    record.extend_from_slice(&[0, 0, sex]);
    record.extend_from_slice(&[0; 13]);
    // Full frontal; kind of image; size; sRGB; a still camera's; device and quality
    // not said.
    record.extend_from_slice(&[1, kind]);
    record.extend_from_slice(&width.to_be_bytes());
    record.extend_from_slice(&height.to_be_bytes());
    record.extend_from_slice(&[1, 2, 0, 0, 0, 0]);
    record.extend_from_slice(image);
    Ok(record)
}

/// Image data type (0 JPEG, 1 JPEG 2000), width and height in pixels.
fn size(image: &[u8]) -> Option<(u8, u16, u16)> {
    if image.starts_with(&JPEG2000) {
        let at = image.windows(4).position(|four| four == b"ihdr")?;
        let number = |from: usize| -> Option<u16> {
            let bytes = image.get(at + from..at + from + 4)?;
            u32::from_be_bytes(bytes.try_into().ok()?).try_into().ok()
        };
        return Some((1, number(8)?, number(4)?));
    }
    let mut at = 2;
    if !image.starts_with(&[0xFF, 0xD8]) {
        return None;
    }
    // Segments up to the frame header (SOF0 to SOF15 but DHT, JPG and DAC).
    loop {
        let marker = *image.get(at + 1)?;
        let length = u16::from_be_bytes([*image.get(at + 2)?, *image.get(at + 3)?]);
        if matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC) {
            let pair = |from: usize| Some([*image.get(at + from)?, *image.get(at + from + 1)?]);
            let height = u16::from_be_bytes(pair(5)?);
            return Some((0, u16::from_be_bytes(pair(7)?), height));
        }
        at += 2 + usize::from(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_both_kinds_of_image() {
        let jpeg = crate::portrait::silhouette(9_000).unwrap();
        assert_eq!(size(&jpeg), Some((0, 336, 420)));
        let mut jp2 = JPEG2000.to_vec();
        jp2.extend_from_slice(b"\0\0\0\x14ftypjp2 \0\0\0\0jp2 \0\0\0\x2Djp2h\0\0\0\x16ihdr");
        jp2.extend_from_slice(&[0, 0, 2, 0x13, 0, 0, 1, 0x9D]);
        assert_eq!(size(&jp2), Some((1, 413, 531)));
        for end in 0..jp2.len() {
            assert_eq!(size(&jp2[..end]), None);
        }
        assert_eq!(size(&jpeg[..40]), None);
    }

    /// ISO/IEC 19794-5, 5.4 to 5.7: lengths count themselves.
    #[test]
    fn the_record_says_its_own_length() {
        let portrait = crate::portrait::silhouette(9_000).unwrap();
        let record = record(&SpecimenConfig::identity_card(portrait.clone())).unwrap();
        assert_eq!(record.len(), 46 + portrait.len());
        assert_eq!(record[8..12], (record.len() as u32).to_be_bytes());
        assert_eq!(record[14..18], (record.len() as u32 - 14).to_be_bytes());
        assert_eq!(record[46..], portrait);
    }
}
