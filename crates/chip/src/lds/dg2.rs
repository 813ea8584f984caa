//! DG2: the face (ICAO 9303-10, 4.7.2), in the biometric information group of
//! ISO 7816-11.

use zeroize::Zeroize;

use super::{LdsError, face_record};
use crate::tlv::{self, TlvError, TlvReader};

const TEMPLATE: u32 = 0x75;
const GROUP: u32 = 0x7F61;
const COUNT: u32 = 0x02;
const INFORMATION: u32 = 0x7F60;
/// Of ISO 19794-5.
const PRIMITIVE_DATA: u32 = 0x5F2E;
/// Of ISO 39794-5.
const CONSTRUCTED_DATA: u32 = 0x7F2E;

/// ICAO 9303-10 allows nine.
const MOST_FACES: usize = 9;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageKind {
    Jpeg,
    /// A file of ISO 15444-1 or its bare code stream.
    Jpeg2000,
}

/// One picture of the holder, as encoded. Zeroized on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct FaceImage {
    kind: ImageKind,
    bytes: Vec<u8>,
}

impl FaceImage {
    /// What the picture itself says it is: the record's own word for it is often wrong.
    pub(super) fn new(bytes: &[u8]) -> Result<FaceImage, LdsError> {
        const JP2_SIGNATURE: &[u8] = b"\0\0\0\x0CjP  \r\n\x87\n";
        const CODE_STREAM: &[u8] = &[0xFF, 0x4F, 0xFF, 0x51];
        let kind = if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
            ImageKind::Jpeg
        } else if bytes.starts_with(JP2_SIGNATURE) || bytes.starts_with(CODE_STREAM) {
            ImageKind::Jpeg2000
        } else {
            return Err(LdsError::ImageKind);
        };
        Ok(FaceImage {
            kind,
            bytes: bytes.to_vec(),
        })
    }

    pub fn kind(&self) -> ImageKind {
        self.kind
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for FaceImage {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl std::fmt::Debug for FaceImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FaceImage({:?}, {} bytes)", self.kind, self.bytes.len())
    }
}

/// At least one picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dg2 {
    faces: Vec<FaceImage>,
}

impl Dg2 {
    /// # Errors
    /// A record is of no known format, does not add up, or holds no picture.
    pub fn parse(file: &[u8]) -> Result<Dg2, LdsError> {
        let group = tlv::only(tlv::only(file, TEMPLATE)?, GROUP)?;
        let mut objects = TlvReader::new(group);
        let count = objects.next().ok_or(TlvError::Missing(COUNT))??;
        let &[count_stated] = count.value else {
            return Err(TlvError::Unexpected(count.tag).into());
        };
        if count.tag != COUNT {
            return Err(TlvError::Unexpected(count.tag).into());
        }
        let (mut faces, mut templates) = (Vec::new(), 0);
        for template in objects {
            let template = template?;
            if template.tag != INFORMATION {
                return Err(TlvError::Unexpected(template.tag).into());
            }
            if templates == MOST_FACES {
                return Err(LdsError::TooMany(MOST_FACES));
            }
            templates += 1;
            faces.append(&mut face_record::faces(data_block(template.value)?)?);
        }
        if templates != usize::from(count_stated) {
            return Err(LdsError::FaceLength);
        }
        if faces.is_empty() {
            return Err(TlvError::Missing(INFORMATION).into());
        }
        Ok(Dg2 { faces })
    }

    /// In the order of the file; the first is the one to show.
    pub fn faces(&self) -> &[FaceImage] {
        &self.faces
    }
}

/// The biometric data block of one template, behind its header A1.
fn data_block(template: &[u8]) -> Result<&[u8], LdsError> {
    let mut block = None;
    for object in TlvReader::new(template) {
        let object = object?;
        if matches!(object.tag, PRIMITIVE_DATA | CONSTRUCTED_DATA)
            && block.replace(object.value).is_some()
        {
            return Err(LdsError::Repeated(object.tag));
        }
    }
    Ok(block.ok_or(TlvError::Missing(PRIMITIVE_DATA))?)
}
