//! What the files of the LDS1 application say (ICAO 9303-10, 4): EF.COM, the
//! machine-readable zone, the face, and the details in national characters. Nothing
//! here knows whether it is true; see [`crate::passive`].

pub mod com;
pub mod dg1;
pub mod dg11;
pub mod dg12;
pub mod dg2;
mod face_record;
mod fields;

pub use com::Com;
pub use dg1::Dg1;
pub use dg2::{Dg2, FaceImage, ImageKind};
pub use dg11::Dg11;
pub use dg12::{Dg12, IssueDate};

use crate::mrz::MrzError;
use crate::tlv::TlvError;

/// Why a file is not what it should be. No variant carries what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LdsError {
    #[error(transparent)]
    Tlv(#[from] TlvError),
    #[error(transparent)]
    Mrz(#[from] MrzError),
    /// Neither 72, 88 nor 90 characters.
    #[error("no document has a machine-readable zone of {0} characters")]
    MrzLength(usize),
    #[error("data object {0:02X} stands there twice")]
    Repeated(u32),
    #[error("data object {0:02X} is no text")]
    Text(u32),
    #[error("data object {0:02X} is no date")]
    Date(u32),
    #[error("data object {0:02X} names no data group")]
    DataGroup(u32),
    #[error("more than {0} of what is usually one")]
    TooMany(usize),
    #[error("the face record is neither ISO 19794-5:2005 nor ISO 39794-5")]
    FaceFormat,
    #[error("the face record ends too early or says more than it holds")]
    FaceLength,
    #[error("the face is neither JPEG nor JPEG 2000")]
    ImageKind,
}

#[cfg(test)]
mod tests;
