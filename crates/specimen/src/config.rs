//! What a specimen says of its holder and how its chip is protected.

use chip::cipher::Cipher;
use chip::pace::algorithm::Mapping;
use openssl::nid::Nid;

use crate::key::{Digest, Scheme};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// Identity card, three lines of 30.
    Td1,
    /// Passport, two lines of 44.
    Td3,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    Female,
    Male,
    Unspecified,
}

/// The one PACE a chip offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Chip-authentication mapping needs a [`ChipKey`] on the same curve.
    pub mapping: Mapping,
    pub cipher: Cipher,
    /// Standardized domain parameters (ICAO 9303-11, table 6): 0 to 2 for DH,
    /// 8 to 18 for ECDH.
    pub parameter_id: u8,
}

impl Pace {
    pub(crate) fn elliptic(self) -> bool {
        self.parameter_id >= 8
    }
}

/// The key of chip authentication, always over an elliptic curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChipKey {
    pub curve: Nid,
    /// DG14 spells the curve out instead of naming it, as most documents do.
    pub explicit_parameters: bool,
    pub cipher: Cipher,
}

/// The key of active authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActiveKey {
    Ecdsa { curve: Nid, digest: Digest },
    Rsa { bits: usize, digest: Digest },
}

impl ActiveKey {
    pub(crate) fn scheme(self) -> Scheme {
        match self {
            ActiveKey::Ecdsa { curve, digest } => Scheme::ecdsa(curve, digest),
            ActiveKey::Rsa { bits, digest } => Scheme::RsaPkcs1 {
                bits,
                exponent: 65537,
                digest,
            },
        }
    }
}

/// One document. [`SpecimenConfig::identity_card`] and [`SpecimenConfig::passport`]
/// are complete ones to start from.
#[derive(Clone, Debug)]
pub struct SpecimenConfig {
    pub kind: DocumentKind,
    /// As in the MRZ: one to three letters.
    pub issuing_state: String,
    /// A-Z and 0-9, at most 9 characters.
    pub document_number: String,
    /// Transliterated, words separated by a space.
    pub surname: String,
    pub given_names: String,
    /// As the holder writes them, for DG11.
    pub surname_national: String,
    pub given_names_national: String,
    /// In the optional field of the MRZ, and the personal number of DG11.
    pub iin: Option<String>,
    /// YYYYMMDD.
    pub birth: String,
    /// YYYYMMDD.
    pub expiry: String,
    /// YYYYMMDD, for DG12.
    pub issue: String,
    pub sex: Sex,
    /// JPEG or JPEG 2000, put into DG2 as it is.
    pub portrait: Vec<u8>,
    /// Six digits.
    pub can: String,
    pub bac: bool,
    pub pace: Option<Pace>,
    pub chip_authentication: Option<ChipKey>,
    pub active_authentication: Option<ActiveKey>,
    /// Of the data groups in EF.SOD.
    pub digest: Digest,
}

impl SpecimenConfig {
    /// A card of Kazakhstan with everything a chip can do. "Ülgi" is Kazakh for
    /// specimen; number and IIN are those of a published example.
    pub fn identity_card(portrait: Vec<u8>) -> SpecimenConfig {
        SpecimenConfig {
            kind: DocumentKind::Td1,
            issuing_state: "KAZ".to_owned(),
            document_number: "041236587".to_owned(),
            surname: "ULGI".to_owned(),
            given_names: "AIGERIM".to_owned(),
            surname_national: "ҮЛГІ".to_owned(),
            given_names_national: "ӘЙГЕРІМ".to_owned(),
            iin: Some("880412401006".to_owned()),
            birth: "19880412".to_owned(),
            expiry: "20310411".to_owned(),
            issue: "20210412".to_owned(),
            sex: Sex::Female,
            portrait,
            can: "123456".to_owned(),
            bac: true,
            pace: Some(Pace {
                mapping: Mapping::Generic,
                cipher: Cipher::Aes128,
                parameter_id: 13,
            }),
            chip_authentication: Some(ChipKey {
                curve: Nid::BRAINPOOL_P256R1,
                explicit_parameters: false,
                cipher: Cipher::Aes128,
            }),
            active_authentication: Some(ActiveKey::Ecdsa {
                curve: Nid::BRAINPOOL_P256R1,
                digest: Digest::Sha256,
            }),
            digest: Digest::Sha256,
        }
    }

    /// The same person's passport. Its MRZ carries the IIN too.
    pub fn passport(portrait: Vec<u8>) -> SpecimenConfig {
        SpecimenConfig {
            kind: DocumentKind::Td3,
            document_number: "N00000042".to_owned(),
            ..SpecimenConfig::identity_card(portrait)
        }
    }
}
