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
    /// SHA-256 of the PKCS#10 request (DER): ties the key to the submission. There exactly
    /// where the request is a part; otherwise the key is made at collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csr_sha256: Option<Digest>,
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
    /// Told by the parts alone.
    pub fn kind(&self) -> SubmissionKind {
        let lists = |name| self.parts.iter().any(|part| part.name == name);
        match (lists(PartName::RenewalProof), lists(PartName::Csr)) {
            (true, _) => SubmissionKind::Renewal,
            (false, true) => SubmissionKind::Enrolment,
            (false, false) => SubmissionKind::KeylessEnrolment,
        }
    }

    /// Whether the digest of a request is there exactly where the request is listed.
    /// What says otherwise is no manifest.
    pub fn is_consistent(&self) -> bool {
        let listed = self.parts.iter().any(|part| part.name == PartName::Csr);
        listed == self.csr_sha256.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Signed, SigningKey};

    /// As kiosks wrote and signed it when every submission had a request.
    const OLD: &str = r#"{"statement":"{\"submission\":\"018bcfe5-6800-7707-8707-070707070707\",\"kiosk\":\"kiosk-1\",\"sequence\":1,\"parts\":[{\"name\":\"form\",\"sha256\":\"0101010101010101010101010101010101010101010101010101010101010101\",\"length\":700},{\"name\":\"csr\",\"sha256\":\"0202020202020202020202020202020202020202020202020202020202020202\",\"length\":900}],\"csr_sha256\":\"0303030303030303030303030303030303030303030303030303030303030303\",\"previous\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"committed_at\":1700000000001,\"time_trust\":\"office_confirmed\",\"receipt_code_sha256\":\"0404040404040404040404040404040404040404040404040404040404040404\"}","signature":"MEYCIQCIczcgBn3aqZbxrbue3VmhnvDX1u+OQ5fgdNPhZxArUQIhAICAiaSvAaWtu1TmYYK8jDo6t21of2uIYGvlBZsXwIe7"}"#;

    fn key() -> SigningKey {
        SigningKey::from_slice(&[7; 32]).unwrap()
    }

    fn old() -> Manifest {
        let signed: Signed<Manifest> = serde_json::from_str(OLD).unwrap();
        signed.verify(key().verifying_key()).unwrap()
    }

    #[test]
    fn old_manifests_still_verify_and_are_written_as_before() {
        let manifest = old();
        assert_eq!(manifest.csr_sha256, Some(Digest([3; 32])));
        assert_eq!(manifest.kind(), SubmissionKind::Enrolment);
        assert!(manifest.is_consistent());
        let again = Signed::new(&manifest, &key());
        assert_eq!(serde_json::to_string(&again).unwrap(), OLD);
    }

    #[test]
    fn without_a_request_the_key_comes_later() {
        let mut manifest = old();
        manifest.parts.pop();
        assert!(!manifest.is_consistent());
        manifest.csr_sha256 = None;
        assert!(manifest.is_consistent());
        assert_eq!(manifest.kind(), SubmissionKind::KeylessEnrolment);
        assert!(!manifest.kind().brings_key());
        let text = serde_json::to_string(&manifest).unwrap();
        assert!(!text.contains("csr_sha256"), "{text}");
        assert_eq!(serde_json::from_str::<Manifest>(&text).unwrap(), manifest);
        let mut other = old();
        other.csr_sha256 = None;
        assert!(!other.is_consistent());
    }
}
