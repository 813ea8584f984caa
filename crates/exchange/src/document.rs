//! The identity document as the application states it.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// TD1, ICAO 9303-5.
    IdCard,
    /// TD3, ICAO 9303-4.
    Passport,
}

/// How the document's data came into the application; the reviewer weighs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadBy {
    Chip,
    Mrz,
    Typed,
}

/// Whether the document speaks of the citizen who entered the IIN. One that carries
/// another IIN ends the application, so there is no word for that here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum IinComparison {
    /// The document carries the IIN that was entered.
    Same,
    /// It carries none, or it was typed: the reviewer has to compare.
    #[default]
    NotCompared,
}

/// Nine characters, A-Z and 0-9, as ICAO 9303-3 allows in the MRZ.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DocumentNumber(String);

impl DocumentNumber {
    /// # Errors
    /// A sentence that says which characters and how many are allowed.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim().to_ascii_uppercase();
        let fits = (5..=22).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if fits {
            Ok(Self(text))
        } else {
            Err("a document number has 5 to 22 Latin letters and digits")
        }
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DocumentNumber {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<DocumentNumber> for String {
    fn from(n: DocumentNumber) -> String {
        n.0.clone()
    }
}

impl std::fmt::Debug for DocumentNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DocumentNumber(..)")
    }
}

/// Names for the certificate's subject: letters of Kazakh, Russian or Latin
/// alphabets, spaces, hyphens and apostrophes; upper case.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
pub struct HolderName {
    surname: String,
    /// Empty where the document has none.
    given_name: String,
    /// Empty where the document has none.
    patronymic: String,
}

impl HolderName {
    /// # Errors
    /// Which of the three cannot be a name.
    pub fn new(surname: &str, given_name: &str, patronymic: &str) -> Result<Self, &'static str> {
        Ok(Self {
            surname: checked(surname)
                .filter(|s| !s.is_empty())
                .ok_or("surname")?,
            given_name: checked(given_name).ok_or("given name")?,
            patronymic: checked(patronymic).ok_or("patronymic")?,
        })
    }

    pub fn surname(&self) -> &str {
        &self.surname
    }
    pub fn given_name(&self) -> &str {
        &self.given_name
    }
    pub fn patronymic(&self) -> &str {
        &self.patronymic
    }

    /// "SURNAME NAME", the certificate's CN.
    pub fn common_name(&self) -> String {
        format!("{} {}", self.surname, self.given_name)
            .trim_end()
            .to_owned()
    }
}

fn checked(name: &str) -> Option<String> {
    let name = name
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_uppercase();
    let fits = name.chars().count() <= 64
        && name
            .chars()
            .all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '\'' | '’' | '.'))
        && (name.is_empty() || name.chars().any(char::is_alphabetic));
    fits.then_some(name)
}

impl std::fmt::Debug for HolderName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HolderName(..)")
    }
}

/// What the application says of the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityDocument {
    pub kind: DocumentKind,
    pub read_by: ReadBy,
    pub number: DocumentNumber,
    pub holder: HolderName,
    /// Answer to reset of the card that was inserted (ISO 7816-3), hex; none when no card was read.
    pub atr: Option<String>,
    #[serde(default)]
    pub iin: IinComparison,
    /// Date and sex of the document differ from those the IIN seems to carry: a
    /// note for the reviewer, never a reason to refuse (decree 853, 2013).
    pub iin_mismatch_note: bool,
}
