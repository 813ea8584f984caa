//! The signed table of contents of a submission.

use serde::{Deserialize, Serialize};

use crate::{
    Digest, KioskId, PartName, Statement, SubmissionId, SubmissionKind, TimeTrust, UnixMillis,
};

/// A sealed file: what the kiosk stores and the office receives, unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedPart {
    pub name: PartName,
    /// SHA-256 of the sealed file.
    pub sha256: Digest,
    /// Bytes of the sealed file.
    pub length: u64,
}

/// Signed by the kiosk's device key. Holds nothing of the citizen in the clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub submission: SubmissionId,
    pub kiosk: KioskId,
    /// Counts the submissions of this kiosk from 1; the office notices a gap.
    pub sequence: u64,
    /// Exactly one entry a part.
    pub parts: Vec<SealedPart>,
    /// SHA-256 of the PKCS#10 request (DER): ties the key to the submission.
    pub csr_sha256: Digest,
    /// Digest of the manifest before this one (zeros for the first): a chain
    /// that shows a removed or reordered submission.
    pub previous: Digest,
    pub committed_at: UnixMillis,
    pub time_trust: TimeTrust,
    /// SHA-256 of the receipt code's 13 characters: lets the office find the
    /// submission by its code without opening the form.
    pub receipt_code_sha256: Digest,
}

impl Statement for Manifest {
    const DOMAIN: &'static str = "qoltanba manifest v1";
}

impl Manifest {
    pub fn kind(&self) -> SubmissionKind {
        let proof = |part: &SealedPart| part.name == PartName::RenewalProof;
        if self.parts.iter().any(proof) {
            SubmissionKind::Renewal
        } else {
            SubmissionKind::Enrolment
        }
    }
}
