//! Identifiers: submission, kiosk, content digest.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("a submission id is a UUID of version 7 (RFC 9562)")]
    SubmissionId,
    #[error("a kiosk id has 1 to 32 characters of a-z, 0-9 and '-'")]
    KioskId,
    #[error("a digest is 64 hexadecimal characters")]
    Digest,
}

/// UUIDv7 (RFC 9562), unique per enrolment; the idempotency key of everything
/// that belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubmissionId(uuid::Uuid);

impl SubmissionId {
    /// `random`: 10 bytes of which 74 bits are used.
    pub fn from_parts(at: crate::UnixMillis, random: &[u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(at.0.max(0) as u64, random).into_uuid())
    }
}

impl std::str::FromStr for SubmissionId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let id = uuid::Uuid::try_parse(text).map_err(|_| IdError::SubmissionId)?;
        // One spelling only: the id is a file name and a database key.
        if id.get_version_num() == 7 && id.hyphenated().to_string() == text {
            Ok(Self(id))
        } else {
            Err(IdError::SubmissionId)
        }
    }
}

impl std::fmt::Display for SubmissionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.hyphenated())
    }
}

/// Name of a kiosk, given by the office.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KioskId(String);

impl KioskId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for KioskId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let fits = (1..=32).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(IdError::KioskId)
        }
    }
}

impl std::fmt::Display for KioskId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// SHA-256 of a whole object.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }
}

impl std::str::FromStr for Digest {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| IdError::Digest)?;
        Ok(Self(bytes))
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

macro_rules! as_text {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?
                    .parse()
                    .map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use as_text;

as_text!(SubmissionId);
as_text!(KioskId);
as_text!(Digest);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submission_id_has_one_spelling() {
        let id = SubmissionId::from_parts(crate::UnixMillis(1_700_000_000_000), &[7; 10]);
        let text = id.to_string();
        assert_eq!(text.parse::<SubmissionId>(), Ok(id));
        assert!(text.to_uppercase().parse::<SubmissionId>().is_err());
        assert!(
            "00000000-0000-4000-8000-000000000000"
                .parse::<SubmissionId>()
                .is_err()
        );
        assert!("../../etc/passwd".parse::<SubmissionId>().is_err());
    }

    #[test]
    fn a_kiosk_id_is_a_plain_name() {
        assert!("kiosk-042".parse::<KioskId>().is_ok());
        for bad in ["", "Kiosk", "a/b", "..", "a b"] {
            assert!(bad.parse::<KioskId>().is_err(), "{bad:?}");
        }
    }
}
