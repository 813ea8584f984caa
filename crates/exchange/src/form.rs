//! The application form: what the citizen entered and agreed to.

use serde::{Deserialize, Serialize};

use crate::{EmailAddress, IdentityDocument, Iin, PhoneNumber, ReceiptCode, UnixMillis};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    #[default]
    Kk,
    Ru,
    En,
}

impl Language {
    pub const ALL: [Language; 3] = [Language::Kk, Language::Ru, Language::En];

    /// ISO 639-1 code.
    pub fn code(self) -> &'static str {
        match self {
            Language::Kk => "kk",
            Language::Ru => "ru",
            Language::En => "en",
        }
    }
}

impl std::str::FromStr for Language {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|l| l.code() == text)
            .ok_or("a language is kk, ru or en")
    }
}

/// What is known of the citizen's phone when the application is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "standing")]
pub enum PhoneStanding {
    /// The one-time code sent to the number in the MCDB was right; `proof` is
    /// the office's own record of it.
    Proven { proof: String },
    /// A new number, to be decided by an operator with a notice to the old one.
    Requested { number: PhoneNumber },
    /// Taken without a link to the office; proven at collection.
    Unproven { number: PhoneNumber },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum KeyAlgorithm {
    #[default]
    Rsa2048,
    EcdsaP256,
}

/// Key storages under NCALayer's names, and one that it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StorageType {
    #[serde(rename = "PKCS12")]
    Pkcs12,
    AKKaztokenStore,
    AKKZIDCardStore,
    AKEToken72KStore,
    AKEToken5110Store,
    AKJaCartaStore,
    AKAKEYStore,
    /// A USB token or smart card after SP 800-73-4.
    #[serde(rename = "PIV")]
    Piv,
}

impl StorageType {
    /// 1 year in a file, 3 years on a token or ID card.
    pub fn validity_years(self) -> u8 {
        if self == StorageType::Pkcs12 { 1 } else { 3 }
    }
}

/// Plaintext of [`crate::PartName::Form`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    pub iin: Iin,
    pub phone: PhoneStanding,
    pub document: IdentityDocument,
    pub email: EmailAddress,
    pub storage: StorageType,
    pub algorithm: KeyAlgorithm,
    pub language: Language,
    /// When the citizen agreed to the processing of personal data.
    pub consented_at: UnixMillis,
    /// Made by the kiosk; the office keeps only its hash.
    pub receipt_code: ReceiptCode,
}
