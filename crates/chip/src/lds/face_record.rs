//! Biometric data blocks of a face: ISO 19794-5:2005 and ISO 39794-5:2019.

use super::LdsError;
use super::dg2::FaceImage;
use crate::tlv::{self, TlvError, TlvReader};

const FORMAT_19794: &[u8] = b"FAC\0";
/// ISO 19794-5:2005, the edition of ICAO 9303.
const VERSION_2005: &[u8] = b"010\0";
/// `FaceImageDataBlock`: APPLICATION 5 of ISO 39794-5.
const FACE_IMAGE_DATA_BLOCK: u32 = 0x65;

/// More pictures than any one record of a document has.
const MOST: usize = 16;

pub(super) fn faces(block: &[u8]) -> Result<Vec<FaceImage>, LdsError> {
    if block.starts_with(FORMAT_19794) {
        iso_19794(block)
    } else if block.first().copied().map(u32::from) == Some(FACE_IMAGE_DATA_BLOCK) {
        iso_39794(block)
    } else {
        Err(LdsError::FaceFormat)
    }
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], LdsError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(LdsError::FaceLength)?;
        self.0 = rest;
        Ok(taken)
    }

    /// Big-endian, of up to four bytes.
    fn number(&mut self, bytes: usize) -> Result<usize, LdsError> {
        let value = self
            .take(bytes)?
            .iter()
            .fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
        usize::try_from(value).map_err(|_| LdsError::FaceLength)
    }
}

/// Facial record header (14 bytes), then for each picture the facial information
/// (20), feature points (8 each), image information (12) and the picture.
fn iso_19794(block: &[u8]) -> Result<Vec<FaceImage>, LdsError> {
    let mut record = Bytes(block);
    record.take(FORMAT_19794.len())?;
    if record.take(VERSION_2005.len())? != VERSION_2005 {
        return Err(LdsError::FaceFormat);
    }
    if record.number(4)? != block.len() {
        return Err(LdsError::FaceLength);
    }
    let count = record.number(2)?;
    if count > MOST {
        return Err(LdsError::TooMany(MOST));
    }
    let mut faces = Vec::new();
    for _ in 0..count {
        let length = record.number(4)?;
        let mut face = Bytes(record.take(length.checked_sub(4).ok_or(LdsError::FaceLength)?)?);
        let points = face.number(2)?;
        face.take(14)?;
        // At most 65535 x 8: no overflow.
        face.take(points * 8)?;
        face.take(12)?;
        faces.push(FaceImage::new(face.0)?);
    }
    if !record.0.is_empty() {
        return Err(LdsError::FaceLength);
    }
    Ok(faces)
}

/// `representationBlocks [1]`, in each `imageRepresentation [1]` { `base [0]` {
/// `imageRepresentation2DBlock [0]` { `representationData2D [0]` } } }.
fn iso_39794(block: &[u8]) -> Result<Vec<FaceImage>, LdsError> {
    const REPRESENTATION_BLOCKS: u32 = 0xA1;
    const SEQUENCE: u32 = 0x30;
    const PATH: [u32; 4] = [0xA1, 0xA0, 0xA0, 0x80];

    let fields = tlv::only(block, FACE_IMAGE_DATA_BLOCK)?;
    let blocks = tlv::first(fields, REPRESENTATION_BLOCKS)?
        .ok_or(TlvError::Missing(REPRESENTATION_BLOCKS))?;
    let mut faces = Vec::new();
    for representation in TlvReader::new(blocks) {
        let representation = representation?;
        if representation.tag != SEQUENCE {
            return Err(TlvError::Unexpected(representation.tag).into());
        }
        if faces.len() == MOST {
            return Err(LdsError::TooMany(MOST));
        }
        let mut at = representation.value;
        for tag in PATH {
            at = tlv::first(at, tag)?.ok_or(TlvError::Missing(tag))?;
        }
        faces.push(FaceImage::new(at)?);
    }
    Ok(faces)
}
