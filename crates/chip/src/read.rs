//! A document read from beginning to end: what is asked, what came of it.

use serde::{Deserialize, Serialize};

use crate::access_key::AccessKey;
use crate::check::Check;
use crate::file_id::{DataGroup, FileId};
use crate::files::ChipFiles;
use apdu::ChannelError;

/// What to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadRequest {
    pub access: AccessKey,
    /// Which data groups, where the document has them. EF.COM, EF.SOD and
    /// EF.CardAccess are always read; EF.CardSecurity after the chip-authentication
    /// mapping of PACE.
    pub data_groups: Vec<DataGroup>,
    /// The challenge of active authentication, 8 bytes (ICAO 9303-11, 6.1).
    pub challenge: [u8; 8],
    /// Never use extended length, whatever the chip says of itself.
    pub short_only: bool,
}

impl ReadRequest {
    /// All that an application needs of a document.
    pub const DATA_GROUPS: [DataGroup; 6] = [
        DataGroup::DG1,
        DataGroup::DG2,
        DataGroup::DG11,
        DataGroup::DG12,
        DataGroup::DG14,
        DataGroup::DG15,
    ];
}

/// How far a read is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// PACE or BAC.
    Access,
    /// This file, `done` of `of` bytes.
    File {
        id: FileId,
        done: u32,
        of: u32,
    },
    ChipAuthentication,
    ActiveAuthentication,
}

/// By what the chip let itself be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "protocol")]
pub enum Access {
    /// Basic access control: 3DES.
    Bac,
    Pace {
        /// Such as `id-PACE-ECDH-GM-AES-CBC-CMAC-128`.
        algorithm: String,
        /// Standardized domain parameters (ICAO 9303-11, table 6).
        parameter_id: u8,
        /// With the CAN instead of the MRZ.
        can: bool,
    },
}

/// Enough to examine active authentication again later.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveProof {
    pub challenge: [u8; 8],
    /// As the chip gave it.
    pub signature: Vec<u8>,
}

impl std::fmt::Debug for ActiveProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ActiveProof(..)")
    }
}

/// A document as its chip gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChipRead {
    pub access: Access,
    pub files: ChipFiles,
    /// `ChipAuthentication`, `ActiveAuthentication` and `CardAccessAgrees`, as this
    /// reader saw them.
    pub checks: Vec<Check>,
    /// None where the document has no DG15 or it was not asked for.
    pub active: Option<ActiveProof>,
    /// Exchanged, all of them.
    pub apdus: u32,
    /// Both directions, as they went over the wire.
    pub bytes: u64,
}

/// Why a document was not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum ReadError {
    #[error("{0}")]
    Channel(ChannelError),
    /// The chip has no eMRTD application.
    #[error("the chip has no eMRTD application")]
    NoApplication,
    /// The chip refused MRZ or CAN.
    #[error("the chip refused the access key")]
    WrongAccessKey {
        /// As the chip says (SW 63Cx); most say nothing.
        tries_left: Option<u8>,
    },
    /// The chip no longer takes this key (SW 6983).
    #[error("the chip has blocked the access key")]
    Blocked,
    /// The chip speaks neither BAC nor a PACE known here, or not with a CAN.
    #[error("no access protocol in common: {0}")]
    NotSupported(String),
    /// An answer's MAC or padding is wrong: somebody is in between, or the chip is
    /// defective.
    #[error("secure messaging: {0}")]
    SecureMessaging(String),
    /// The chip broke the protocol.
    #[error("{step}: {reason}")]
    Protocol { step: String, reason: String },
    /// A file that must be there cannot be read.
    #[error("{file} cannot be read (SW {status:04X})")]
    File { file: FileId, status: u16 },
}

impl From<ChannelError> for ReadError {
    fn from(error: ChannelError) -> Self {
        ReadError::Channel(error)
    }
}
