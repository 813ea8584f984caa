//! The part [`crate::PartName::ChipData`]: the document, and its chip byte for byte,
//! so that the office can verify again what the kiosk verified.

use chip::{Access, ActiveProof, Check, ChipFiles, ChipRead};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{IdentityDocument, SubmissionId, UnixMillis};

/// Plaintext of the part, as JSON. `Debug` shows nothing of the content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentRecord {
    /// The same as in the form.
    pub document: IdentityDocument,
    /// None where no chip was read: the document came by MRZ or typing.
    pub chip: Option<ChipRecord>,
}

/// A chip as it was read, with what only the kiosk could see.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChipRecord {
    pub access: Access,
    /// By their names in ICAO 9303, base64.
    #[serde(with = "as_base64")]
    pub files: ChipFiles,
    /// As the kiosk saw them. The office examines again what it can; chip
    /// authentication it has to take from here.
    pub checks: Vec<Check>,
    /// The challenge is [`active_challenge`] of this submission, or it proves nothing.
    #[serde(with = "proof_as_base64")]
    pub active: Option<ActiveProof>,
    /// When the read ended.
    pub read_at: UnixMillis,
    pub apdus: u32,
    /// How long the read took.
    pub millis: u64,
}

impl ChipRecord {
    /// `checks`: all of the kiosk's, those of the read among them.
    pub fn new(read: ChipRead, checks: Vec<Check>, read_at: UnixMillis, millis: u64) -> Self {
        Self {
            access: read.access,
            files: read.files,
            checks,
            active: read.active,
            read_at,
            apdus: read.apdus,
            millis,
        }
    }
}

impl std::fmt::Debug for ChipRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChipRecord")
            .field("access", &self.access)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl DocumentRecord {
    /// # Errors
    /// Never for a record that is made of checked values.
    pub fn to_json(&self) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        // Large enough at once: growing would leave copies behind.
        let files = self.chip.iter().flat_map(|chip| chip.files.iter());
        let length: usize = files.map(|(_, content)| content.len()).sum();
        let mut json = Zeroizing::new(Vec::with_capacity(length.saturating_mul(2) + 8192));
        serde_json::to_writer(&mut *json, self)?;
        Ok(json)
    }

    /// # Errors
    /// It is not such a record; the error quotes nothing of it.
    pub fn parse(json: &[u8]) -> Result<Self, NoRecord> {
        serde_json::from_slice(json).map_err(|error| NoRecord {
            line: error.line(),
            column: error.column(),
        })
    }
}

/// Where the record could not be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no document record: line {line}, column {column}")]
pub struct NoRecord {
    line: usize,
    column: usize,
}

/// What the chip signs in active authentication (ICAO 9303-11, 6.1): the first 8
/// bytes of SHA-256 over a label and the submission's id as it is written.
///
/// So a signature made for one submission proves nothing in another, and the office
/// needs to believe no challenge that a kiosk names. The id is made when the citizen
/// begins and holds 74 random bits: nobody could have asked the chip before.
pub fn active_challenge(submission: SubmissionId) -> [u8; 8] {
    let digest = Sha256::new()
        .chain_update(b"qoltanba active authentication 1\0")
        .chain_update(submission.to_string().as_bytes())
        .finalize();
    let mut challenge = [0; 8];
    challenge.copy_from_slice(&digest[..8]);
    challenge
}

mod as_base64 {
    use std::collections::BTreeMap;

    use base64::prelude::{BASE64_STANDARD, Engine as _};
    use chip::{ChipFiles, FileId};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
    use zeroize::ZeroizeOnDrop;

    /// One file's base64.
    #[derive(Serialize, Deserialize, ZeroizeOnDrop)]
    #[serde(transparent)]
    struct Text(String);

    pub fn serialize<S: Serializer>(files: &ChipFiles, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(
            files
                .iter()
                .map(|(id, content)| (id, Text(BASE64_STANDARD.encode(content)))),
        )
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<ChipFiles, D::Error> {
        let texts = BTreeMap::<FileId, Text>::deserialize(from)?;
        let mut files = ChipFiles::default();
        for (id, text) in texts {
            let content = BASE64_STANDARD
                .decode(text.0.as_bytes())
                .map_err(|_| D::Error::custom("a file is not base64"))?;
            files.insert(id, content);
        }
        Ok(files)
    }
}

mod proof_as_base64 {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    use chip::ActiveProof;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

    #[derive(Serialize, Deserialize)]
    struct Text {
        challenge: String,
        signature: String,
    }

    pub fn serialize<S: Serializer>(proof: &Option<ActiveProof>, to: S) -> Result<S::Ok, S::Error> {
        let text = proof.as_ref().map(|proof| Text {
            challenge: BASE64_STANDARD.encode(proof.challenge),
            signature: BASE64_STANDARD.encode(&proof.signature),
        });
        text.serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<ActiveProof>, D::Error> {
        let Some(text) = Option::<Text>::deserialize(from)? else {
            return Ok(None);
        };
        let decoded = |text: &str| {
            BASE64_STANDARD
                .decode(text)
                .map_err(|_| D::Error::custom("the proof is not base64"))
        };
        Ok(Some(ActiveProof {
            challenge: decoded(&text.challenge)?
                .try_into()
                .map_err(|_| D::Error::custom("a challenge has 8 bytes"))?,
            signature: decoded(&text.signature)?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use chip::{CheckName, DataGroup, FileId};

    use super::*;
    use crate::{DocumentKind, DocumentNumber, HolderName, IinComparison, ReadBy};

    fn submission(random: u8) -> SubmissionId {
        SubmissionId::from_parts(UnixMillis(1_700_000_000_000), &[random; 10])
    }

    fn record() -> DocumentRecord {
        let mut files = ChipFiles::default();
        files.insert(FileId::DataGroup(DataGroup::DG1), vec![0x61, 0xFF, 0x00]);
        files.insert(FileId::Sod, vec![0x77; 2000]);
        files.insert(FileId::CardSecurity, vec![0x30; 1500]);
        let read = ChipRead {
            access: Access::Bac,
            files,
            checks: vec![],
            active: Some(ActiveProof {
                challenge: active_challenge(submission(7)),
                signature: vec![0x5A; 128],
            }),
            apdus: 100,
            bytes: 4000,
        };
        let checks = vec![
            Check::passed(CheckName::DataGroupDigest(DataGroup::DG1)),
            Check::failed(CheckName::SignerChain, "no CSCA certificate of KAZ"),
        ];
        DocumentRecord {
            document: IdentityDocument {
                kind: DocumentKind::IdCard,
                read_by: ReadBy::Chip,
                number: DocumentNumber::parse("041236587").unwrap(),
                holder: HolderName::new("ҮЛГІ", "САУЛЕ", "").unwrap(),
                atr: None,
                iin: IinComparison::Same,
                iin_mismatch_note: false,
            },
            chip: Some(ChipRecord::new(
                read,
                checks,
                UnixMillis(1_700_000_001_000),
                2370,
            )),
        }
    }

    #[test]
    fn a_record_comes_back_byte_for_byte() {
        let record = record();
        let json = record.to_json().unwrap();
        assert_eq!(DocumentRecord::parse(&json).unwrap(), record);
        let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(value["chip"]["files"]["DG1"], "Yf8A");
        assert_eq!(value["document"]["iin"], "same");
        let printed = DocumentRecord {
            chip: None,
            ..record
        };
        let json = printed.to_json().unwrap();
        assert_eq!(DocumentRecord::parse(&json).unwrap(), printed);
    }

    #[test]
    fn nothing_of_the_content_is_shown() {
        let shown = format!("{:?}", record());
        for secret in ["041236587", "САУЛЕ", "119", "90, 90", "ҮЛГІ"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        let damaged = br#"{"document":{"kind":"id_card","number":"SECRET-NUMBER!"}}"#;
        let error = DocumentRecord::parse(damaged).unwrap_err();
        assert!(!error.to_string().contains("SECRET"), "{error}");
    }

    #[test]
    fn a_challenge_belongs_to_one_submission() {
        assert_eq!(
            active_challenge(submission(7)),
            active_challenge(submission(7))
        );
        assert_ne!(
            active_challenge(submission(7)),
            active_challenge(submission(8))
        );
        // Kiosk and office of different releases must agree: never change it.
        assert_eq!(
            hex::encode(active_challenge(submission(7))),
            "4321cb970a87a701"
        );
    }
}
