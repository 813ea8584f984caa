//! What opens a chip: three fields of the MRZ, or the card access number.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::mrz::{Mrz, check_digit};

/// Zeroized on drop; nothing of it in `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccessKey {
    Mrz(MrzKey),
    /// PACE only (ICAO 9303-11, 4.4).
    Can(Can),
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            AccessKey::Mrz(_) => "AccessKey::Mrz(..)",
            AccessKey::Can(_) => "AccessKey::Can(..)",
        })
    }
}

/// Document number, date of birth and date of expiry, each with its check digit, as
/// BAC and PACE hash them (ICAO 9303-11, 4.3.2 and 4.4.4.1).
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
pub struct MrzKey {
    information: String,
}

impl MrzKey {
    /// `birth` and `expiry` as YYMMDD.
    ///
    /// # Errors
    /// A sentence that says which of the three is wrong.
    pub fn new(document_number: &str, birth: &str, expiry: &str) -> Result<MrzKey, &'static str> {
        let number = document_number.trim().trim_end_matches('<');
        let fits = !number.is_empty()
            && number.len() <= 22
            && number
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'<');
        if !fits {
            return Err("a document number has at most 22 characters of A-Z and 0-9");
        }
        let date = |text: &str| text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit());
        // Unknown parts of a date of birth are fillers (ICAO 9303-3, 4.8).
        let birth_date = birth.len() == 6 && birth.bytes().all(|b| b.is_ascii_digit() || b == b'<');
        if !birth_date {
            return Err("a date of birth is written YYMMDD");
        }
        if !date(expiry) {
            return Err("a date of expiry is written YYMMDD");
        }
        // Padded to nine characters; a longer one stands as it is.
        let mut information = format!("{number:<<9}");
        for field in [None, Some(birth), Some(expiry)] {
            let start = information.len();
            information.push_str(field.unwrap_or_default());
            let field = match field {
                Some(_) => &information[start..],
                None => &information[..],
            };
            let digit = char::from(check_digit(field.bytes()));
            information.push(digit);
        }
        Ok(MrzKey { information })
    }

    /// Those of a parsed zone.
    ///
    /// # Errors
    /// The zone's date of expiry is not all digits.
    pub fn of(mrz: &Mrz) -> Result<MrzKey, &'static str> {
        MrzKey::new(mrz.document_number(), mrz.birth_date(), mrz.expiry_date())
    }

    /// The MRZ information as it is hashed.
    pub fn information(&self) -> &str {
        &self.information
    }
}

/// Card access number: six digits printed on the card.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Can(String);

impl Can {
    /// # Errors
    /// A sentence that says what a CAN is.
    pub fn parse(text: &str) -> Result<Can, &'static str> {
        let text = text.trim();
        if text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Can(text.to_owned()))
        } else {
            Err("a card access number has six digits")
        }
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Can {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Can::parse(&text)
    }
}

impl From<Can> for String {
    fn from(can: Can) -> String {
        can.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ICAO 9303-11, appendix D.2: document numbers of nine characters and longer.
    #[test]
    fn the_mrz_information_of_the_worked_examples() {
        let short = MrzKey::new("L898902C<", "690806", "940623").unwrap();
        assert_eq!(short.information(), "L898902C<369080619406236");
        let long = MrzKey::new("D23145890734", "340712", "950712").unwrap();
        assert_eq!(long.information(), "D23145890734934071279507122");
    }

    #[test]
    fn what_is_no_key_says_why() {
        assert!(MrzKey::new("", "690806", "940623").is_err());
        assert!(MrzKey::new("L898902C", "69086", "940623").is_err());
        assert!(MrzKey::new("L898902C", "690806", "94<<<<").is_err());
        assert!(Can::parse("12345").is_err());
        assert!(Can::parse("12345a").is_err());
        assert!(Can::parse(" 123456 ").is_ok());
    }
}
