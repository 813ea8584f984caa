//! What the tests of reading have in common.
#![allow(dead_code, reason = "each test program uses some of it")]

use std::time::{SystemTime, UNIX_EPOCH};

use chip::trust::Trust;
use chip::{
    Access, AccessKey, Check, CheckName, ChipFiles, ChipRead, FileId, Outcome, ReadRequest,
};
use virtual_card::Document;

/// The checks of passive authentication that every made document passes.
pub const PASSIVE: [CheckName; 7] = [
    CheckName::SodStructure,
    CheckName::SodContentDigest,
    CheckName::SodSignature,
    CheckName::ComAgreesWithSod,
    CheckName::SignerChain,
    CheckName::SignerState,
    CheckName::SignerValidity,
];

pub fn request(access: &AccessKey) -> ReadRequest {
    ReadRequest {
        access: access.clone(),
        data_groups: ReadRequest::DATA_GROUPS.to_vec(),
        challenge: *b"\x01\x23\x45\x67\x89\xAB\xCD\xEF",
        short_only: false,
    }
}

/// With everything that was made, and nothing else.
pub fn assert_files(read: &ChipFiles, document: &Document) {
    for (id, made) in &document.files {
        assert!(read.get(*id) == Some(made), "{id} differs");
    }
    for (id, _) in read.iter() {
        assert!(
            id == FileId::AtrInfo || document.files.contains_key(&id),
            "{id} was never made"
        );
    }
}

/// Passive authentication with the document's own CSCA, now.
pub fn passive(files: &ChipFiles, document: &Document) -> Vec<Check> {
    let trust = Trust::from_der(&document.csca()).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    chip::passive::verify(files, &trust, now.as_secs())
}

pub fn outcome(read: &ChipRead, name: CheckName) -> Outcome {
    let check = read.checks.iter().find(|check| check.name == name);
    check.unwrap_or_else(|| panic!("no {name}")).outcome
}

pub fn access_name(access: &Access) -> &'static str {
    match access {
        Access::Bac => "BAC",
        Access::Pace { can: false, .. } => "PACE x MRZ",
        Access::Pace { can: true, .. } => "PACE x CAN",
    }
}
