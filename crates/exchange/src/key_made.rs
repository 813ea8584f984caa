//! A key that is made only when its certificate is collected.
//!
//! For storages that erase older keys when they make one (the ID card). The office
//! approves without a key. At collection, after the phone code, it says what the request
//! has to say and gives a number; the kiosk makes the key and signs a [`KeyMade`]; the
//! desk looks at it, and from there everything is as if the key had come with the
//! submission.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Serialize};

use crate::{
    Digest, EmailAddress, HolderName, Iin, KeyAlgorithm, KioskId, Statement, StorageType,
    SubmissionId, UnixMillis,
};

/// Signed by the desk when it approves: what the request for the key has to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovedSubject {
    pub submission: SubmissionId,
    pub iin: Iin,
    pub holder: HolderName,
    pub email: EmailAddress,
    /// The key is made in a storage of this type and no other.
    pub storage: StorageType,
    pub algorithm: KeyAlgorithm,
    pub approved_at: UnixMillis,
}

impl Statement for ApprovedSubject {
    const DOMAIN: &'static str = "qoltanba approved subject v1";
}

/// 32 random bytes of the office, hexadecimal where they are written. Given to one kiosk
/// for one submission, for one key, and short-lived.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyNonce(Digest);

impl KeyNonce {
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(Digest(random))
    }
}

impl std::fmt::Display for KeyNonce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for KeyNonce {
    type Err = crate::IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// What the kiosk needs in order to have the key made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyWanted {
    pub nonce: KeyNonce,
    /// By the key that signs decisions.
    pub approved: crate::Signed<ApprovedSubject>,
}

/// A request of RSA-2048 has about 1 kB.
const LONGEST_REQUEST: usize = 8192;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyMadeError {
    #[error("a certificate request has 1 to {LONGEST_REQUEST} bytes")]
    Length,
    #[error("a certificate request is not base64")]
    Encoding,
    #[error("the digest is not that of the certificate request")]
    Digest,
}

/// Signed by the collecting kiosk with the key of its manifests: the key of this request
/// lies in the citizen's storage. The request names a person: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct KeyMade {
    pub submission: SubmissionId,
    pub kiosk: KioskId,
    csr: Vec<u8>,
    pub nonce: KeyNonce,
    pub made_at: UnixMillis,
}

/// As it is written.
#[derive(Clone, Serialize, Deserialize)]
struct Wire {
    submission: SubmissionId,
    kiosk: KioskId,
    /// PKCS#10, DER, base64.
    csr: String,
    csr_sha256: Digest,
    nonce: KeyNonce,
    made_at: UnixMillis,
}

impl Statement for KeyMade {
    const DOMAIN: &'static str = "qoltanba key made v1";
}

impl KeyMade {
    /// `csr`: PKCS#10, DER (RFC 2986), signed by the new key.
    ///
    /// # Errors
    /// [`KeyMadeError::Length`]
    pub fn new(
        submission: SubmissionId,
        kiosk: KioskId,
        csr: Vec<u8>,
        nonce: KeyNonce,
        made_at: UnixMillis,
    ) -> Result<Self, KeyMadeError> {
        if !(1..=LONGEST_REQUEST).contains(&csr.len()) {
            return Err(KeyMadeError::Length);
        }
        Ok(Self {
            submission,
            kiosk,
            csr,
            nonce,
            made_at,
        })
    }

    /// DER. Nothing of it is believed here.
    pub fn csr(&self) -> &[u8] {
        &self.csr
    }

    pub fn csr_sha256(&self) -> Digest {
        Digest::of(&self.csr)
    }
}

impl std::fmt::Debug for KeyMade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyMade")
            .field("submission", &self.submission)
            .field("kiosk", &self.kiosk)
            .finish_non_exhaustive()
    }
}

impl TryFrom<Wire> for KeyMade {
    type Error = KeyMadeError;

    fn try_from(wire: Wire) -> Result<Self, KeyMadeError> {
        let csr = BASE64_STANDARD
            .decode(&wire.csr)
            .map_err(|_| KeyMadeError::Encoding)?;
        let made = Self::new(wire.submission, wire.kiosk, csr, wire.nonce, wire.made_at)?;
        if made.csr_sha256() == wire.csr_sha256 {
            Ok(made)
        } else {
            Err(KeyMadeError::Digest)
        }
    }
}

impl From<KeyMade> for Wire {
    fn from(made: KeyMade) -> Self {
        Self {
            csr_sha256: made.csr_sha256(),
            csr: BASE64_STANDARD.encode(&made.csr),
            submission: made.submission,
            kiosk: made.kiosk,
            nonce: made.nonce,
            made_at: made.made_at,
        }
    }
}

/// What the office makes of a [`KeyMade`]. Everything that is wrong with one is answered
/// alike: [`crate::api::ApiError::Unverified`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "standing")]
pub enum KeyStanding {
    /// Recorded; the desk looks within a second. The same again is a poll.
    Waiting,
    /// The certificate will be for this key. `nonce`: as [`crate::api::CollectOpened::nonce`].
    Taken { nonce: String },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Signed, SigningKey};

    fn made() -> KeyMade {
        KeyMade::new(
            SubmissionId::from_parts(UnixMillis(1_700_000_000_000), &[7; 10]),
            "kiosk-1".parse().unwrap(),
            b"a request".to_vec(),
            KeyNonce::from_random([1; 32]),
            UnixMillis(1_700_000_000_001),
        )
        .unwrap()
    }

    #[test]
    fn it_comes_back_and_says_nothing_of_the_person() {
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        let signed = Signed::new(&made(), &key);
        assert_eq!(signed.verify(key.verifying_key()).unwrap(), made());
        let shown = format!("{:?}", made());
        assert!(
            !shown.contains("csr") && shown.contains("kiosk-1"),
            "{shown}"
        );
    }

    #[test]
    fn a_request_and_a_digest_of_another_are_no_statement() {
        let json = serde_json::to_string(&made()).unwrap();
        let (right, other) = (made().csr_sha256(), Digest([0; 32]));
        let mixed = json.replace(&right.to_string(), &other.to_string());
        assert_ne!(mixed, json);
        let error = serde_json::from_str::<KeyMade>(&mixed).unwrap_err();
        assert_eq!(error.to_string(), KeyMadeError::Digest.to_string());
    }

    #[test]
    fn lengths_that_cannot_be_are_refused() {
        let of = |length: usize| {
            let made = made();
            KeyMade::new(
                made.submission,
                made.kiosk,
                vec![0; length],
                made.nonce,
                made.made_at,
            )
            .err()
        };
        assert_eq!(of(0), Some(KeyMadeError::Length));
        assert_eq!(of(LONGEST_REQUEST), None);
        assert_eq!(of(LONGEST_REQUEST + 1), Some(KeyMadeError::Length));
        let json = serde_json::to_string(&made()).unwrap();
        let wrong = json.replace(&BASE64_STANDARD.encode("a request"), "no base64 !");
        assert!(serde_json::from_str::<KeyMade>(&wrong).is_err());
    }

    proptest! {
        #[test]
        fn bytes_of_strangers_are_no_statement(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(serde_json::from_slice::<KeyMade>(&bytes).is_err());
        }

        #[test]
        fn a_changed_byte_is_seen(at in any::<prop::sample::Index>(), value in any::<u8>()) {
            let key = SigningKey::from_slice(&[7; 32]).unwrap();
            let mut json = serde_json::to_vec(&Signed::new(&made(), &key)).unwrap();
            let at = at.index(json.len());
            json[at] = value;
            if let Ok(read) = serde_json::from_slice::<Signed<KeyMade>>(&json)
                && let Ok(read) = read.verify(key.verifying_key())
            {
                prop_assert_eq!(read, made());
            }
        }
    }
}
