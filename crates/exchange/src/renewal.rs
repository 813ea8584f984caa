//! Renewal: a new key, asked for with the key of a certificate that is still in force.
//!
//! Document and face are not shown again. Who asks is told by the old certificate, and
//! that they are there by its key, which signs for one submission, one request and one
//! number of the office. The old certificate lives on: new keys do not revoke old ones.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Serialize};

use crate::{
    Digest, EmailAddress, HolderName, Iin, KeyAlgorithm, Language, PhoneStanding, ReceiptCode,
    StorageType, SubmissionId, UnixMillis,
};

/// POST [`NonceWanted`] -> [`NonceGiven`]; 409 once the submission was received.
pub const NONCE: &str = "/v1/renewal/nonce";

/// Bound to the kiosk that asks and to this submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NonceWanted {
    pub submission: SubmissionId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NonceGiven {
    pub nonce: RenewalNonce,
    /// The submission has to be received by then.
    pub expires_at: UnixMillis,
}

/// 32 random bytes of the office, hexadecimal where they are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RenewalNonce(Digest);

impl RenewalNonce {
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(Digest(random))
    }
}

impl std::fmt::Display for RenewalNonce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What the old key signs: RSA PKCS#1 v1.5 with SHA-256, or ECDSA P-256 with SHA-256.
///
/// `csr_sha256`: of the new key's request, DER, as in the manifest.
pub fn renewal_bytes(
    submission: SubmissionId,
    csr_sha256: &Digest,
    nonce: &RenewalNonce,
) -> Vec<u8> {
    format!("qoltanba renewal v1\n{submission}\n{csr_sha256}\n{nonce}").into_bytes()
}

/// Plaintext of [`crate::PartName::RenewalProof`], as JSON. The certificate names a
/// person: `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct RenewalProof {
    certificate: Vec<u8>,
    nonce: RenewalNonce,
    signature: Vec<u8>,
}

/// A citizen's certificate has about 1 kB, a signature of RSA-2048 256 bytes.
const LONGEST_CERTIFICATE: usize = 8192;
const LONGEST_SIGNATURE: usize = 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenewalError {
    #[error("a certificate of a renewal has 1 to {LONGEST_CERTIFICATE} bytes")]
    Certificate,
    #[error("a signature of a renewal has 1 to {LONGEST_SIGNATURE} bytes")]
    Signature,
    #[error("certificate or signature of a renewal are not base64")]
    Encoding,
    #[error("the old key did not sign this submission, request and number")]
    NotSigned,
}

/// As it is written.
#[derive(Clone, Serialize, Deserialize)]
struct Wire {
    certificate: String,
    nonce: RenewalNonce,
    signature: String,
}

impl RenewalProof {
    /// `certificate`: of the old key, DER. `verifies`: whether that key signed a message
    /// (first) with a signature (second).
    ///
    /// # Errors
    /// See [`RenewalError`]; never a proof that the office would find unsigned.
    pub fn new(
        certificate: Vec<u8>,
        nonce: RenewalNonce,
        signature: Vec<u8>,
        submission: SubmissionId,
        csr_sha256: &Digest,
        verifies: impl FnOnce(&[u8], &[u8]) -> bool,
    ) -> Result<Self, RenewalError> {
        let proof = Self::of_lengths(certificate, nonce, signature)?;
        if proof.is_signed_for(submission, csr_sha256, verifies) {
            Ok(proof)
        } else {
            Err(RenewalError::NotSigned)
        }
    }

    fn of_lengths(
        certificate: Vec<u8>,
        nonce: RenewalNonce,
        signature: Vec<u8>,
    ) -> Result<Self, RenewalError> {
        if !(1..=LONGEST_CERTIFICATE).contains(&certificate.len()) {
            return Err(RenewalError::Certificate);
        }
        if !(1..=LONGEST_SIGNATURE).contains(&signature.len()) {
            return Err(RenewalError::Signature);
        }
        Ok(Self {
            certificate,
            nonce,
            signature,
        })
    }

    /// DER. Nothing of it is believed here.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    pub fn nonce(&self) -> &RenewalNonce {
        &self.nonce
    }

    /// Whether the certificate's key, by which `verifies` judges, signed for exactly this
    /// submission and request with this proof's number.
    pub fn is_signed_for(
        &self,
        submission: SubmissionId,
        csr_sha256: &Digest,
        verifies: impl FnOnce(&[u8], &[u8]) -> bool,
    ) -> bool {
        let message = renewal_bytes(submission, csr_sha256, &self.nonce);
        verifies(&message, &self.signature)
    }
}

impl TryFrom<Wire> for RenewalProof {
    type Error = RenewalError;

    fn try_from(wire: Wire) -> Result<Self, RenewalError> {
        let decoded = |text: &str| {
            let decoded = BASE64_STANDARD.decode(text);
            decoded.map_err(|_| RenewalError::Encoding)
        };
        Self::of_lengths(
            decoded(&wire.certificate)?,
            wire.nonce,
            decoded(&wire.signature)?,
        )
    }
}

impl From<RenewalProof> for Wire {
    fn from(proof: RenewalProof) -> Self {
        Self {
            certificate: BASE64_STANDARD.encode(proof.certificate),
            nonce: proof.nonce,
            signature: BASE64_STANDARD.encode(proof.signature),
        }
    }
}

impl std::fmt::Debug for RenewalProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RenewalProof(..)")
    }
}

/// Plaintext of [`crate::PartName::Form`] in a renewal. Name and IIN are those of the
/// old certificate; no document is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewalForm {
    pub iin: Iin,
    pub holder: HolderName,
    pub phone: PhoneStanding,
    pub email: EmailAddress,
    /// Of the new key.
    pub storage: StorageType,
    pub algorithm: KeyAlgorithm,
    pub language: Language,
    /// When the citizen agreed to the processing of personal data.
    pub consented_at: UnixMillis,
    /// Made by the kiosk; the office keeps only its hash.
    pub receipt_code: ReceiptCode,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn submission(random: u8) -> SubmissionId {
        SubmissionId::from_parts(UnixMillis(1_700_000_000_000), &[random; 10])
    }

    fn nonce(random: u8) -> RenewalNonce {
        RenewalNonce::from_random([random; 32])
    }

    /// A key whose signature is the message itself.
    fn echo(message: &[u8], signature: &[u8]) -> bool {
        message == signature
    }

    fn proof() -> RenewalProof {
        let csr = Digest::of(b"request");
        let signature = renewal_bytes(submission(7), &csr, &nonce(1));
        RenewalProof::new(
            vec![0x30; 900],
            nonce(1),
            signature,
            submission(7),
            &csr,
            echo,
        )
        .unwrap()
    }

    #[test]
    fn a_proof_is_for_one_submission_and_one_request() {
        let csr = Digest::of(b"request");
        assert!(proof().is_signed_for(submission(7), &csr, echo));
        assert!(!proof().is_signed_for(submission(8), &csr, echo));
        let other = Digest::of(b"another request");
        assert!(!proof().is_signed_for(submission(7), &other, echo));
        let wrong = RenewalProof::new(
            vec![0x30; 900],
            nonce(2),
            renewal_bytes(submission(7), &csr, &nonce(1)),
            submission(7),
            &csr,
            echo,
        );
        assert_eq!(wrong, Err(RenewalError::NotSigned));
    }

    #[test]
    fn what_is_signed_never_changes() {
        let text = renewal_bytes(submission(7), &Digest([0xAB; 32]), &nonce(0x01));
        let (csr, nonce) = ("ab".repeat(32), "01".repeat(32));
        let submission = submission(7);
        let expected = format!("qoltanba renewal v1\n{submission}\n{csr}\n{nonce}");
        assert_eq!(String::from_utf8(text).unwrap(), expected);
        assert_ne!(
            crate::api::proof_bytes(submission, &nonce),
            expected.as_bytes()
        );
    }

    #[test]
    fn it_comes_back_and_says_nothing_of_itself() {
        let json = serde_json::to_string(&proof()).unwrap();
        assert_eq!(
            serde_json::from_str::<RenewalProof>(&json).unwrap(),
            proof()
        );
        assert_eq!(format!("{:?}", proof()), "RenewalProof(..)");
    }

    #[test]
    fn lengths_that_cannot_be_are_refused() {
        let read = |certificate: usize, signature: usize| {
            let wire = Wire {
                certificate: BASE64_STANDARD.encode(vec![0; certificate]),
                nonce: nonce(1),
                signature: BASE64_STANDARD.encode(vec![0; signature]),
            };
            RenewalProof::try_from(wire).err()
        };
        assert_eq!(read(900, 256), None);
        assert_eq!(read(0, 256), Some(RenewalError::Certificate));
        assert_eq!(read(8193, 256), Some(RenewalError::Certificate));
        assert_eq!(read(900, 0), Some(RenewalError::Signature));
        assert_eq!(read(900, 1025), Some(RenewalError::Signature));
        let wire = Wire {
            certificate: "no base64 !".into(),
            nonce: nonce(1),
            signature: String::new(),
        };
        assert_eq!(RenewalProof::try_from(wire), Err(RenewalError::Encoding));
    }

    #[test]
    fn the_proof_makes_the_renewal() {
        use crate::{Manifest, PartName, SealedPart, SubmissionKind, TimeTrust};
        let manifest = |parts: &[PartName]| Manifest {
            submission: submission(7),
            kiosk: "kiosk-1".parse().unwrap(),
            sequence: 1,
            parts: parts
                .iter()
                .map(|name| SealedPart {
                    name: *name,
                    sha256: Digest([0; 32]),
                    length: 1,
                })
                .collect(),
            csr_sha256: Some(Digest([0; 32])),
            previous: Digest([0; 32]),
            committed_at: UnixMillis(0),
            time_trust: TimeTrust::OfficeConfirmed,
            receipt_code_sha256: Digest([0; 32]),
        };
        for kind in SubmissionKind::ALL {
            assert_eq!(manifest(kind.parts()).kind(), kind);
        }
        // Every part belongs to one of them.
        let known = |part: &PartName| {
            let mut kinds = SubmissionKind::ALL.into_iter();
            kinds.any(|kind| kind.parts().contains(part))
        };
        assert!(PartName::ALL.iter().all(known));
    }

    proptest! {
        #[test]
        fn bytes_of_strangers_are_no_proof(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(serde_json::from_slice::<RenewalProof>(&bytes).is_err());
        }

        #[test]
        fn a_changed_byte_is_seen(at in any::<prop::sample::Index>(), value in any::<u8>()) {
            let mut json = serde_json::to_vec(&proof()).unwrap();
            let at = at.index(json.len());
            json[at] = value;
            if let Ok(read) = serde_json::from_slice::<RenewalProof>(&json)
                && read != proof()
            {
                let csr = Digest::of(b"request");
                let signed = read.is_signed_for(submission(7), &csr, echo);
                // Only the certificate is not signed: it brings the key.
                prop_assert!(!signed || read.certificate() != proof().certificate());
            }
        }
    }
}
