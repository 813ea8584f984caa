//! DG11: details of the person, in national characters (ICAO 9303-10, 4.7.11).

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::LdsError;
use super::fields::{Fields, text, without_fillers};
use crate::tlv::{self, TlvReader};

const TEMPLATE: u32 = 0x6B;
const FULL_NAME: u32 = 0x5F0E;
const OTHER_NAMES: u32 = 0xA0;
const OTHER_NAME: u32 = 0x5F0F;
const PERSONAL_NUMBER: u32 = 0x5F10;
const BIRTH_PLACE: u32 = 0x5F11;
const PHONE: u32 = 0x5F12;
const BIRTH_DATE: u32 = 0x5F2B;
const ADDRESS: u32 = 0x5F42;

const MOST_NAMES: usize = 32;

/// What the document says of its holder; each is None where it says nothing. Zeroized
/// on drop; nothing of it in `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Dg11 {
    pub full_name: Option<NationalName>,
    pub other_names: Vec<NationalName>,
    /// In Kazakhstan the IIN.
    pub personal_number: Option<String>,
    /// YYYYMMDD; what is unknown is 00 or 0000.
    pub birth_date: Option<String>,
    pub birth_place: Option<String>,
    pub address: Option<String>,
    pub phone: Option<String>,
}

/// A name in national characters. Words are separated by one space.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct NationalName {
    /// Primary identifier.
    pub surname: String,
    /// Secondary identifier; empty where there is none.
    pub given_names: String,
}

impl NationalName {
    fn parse(tag: u32, value: &[u8]) -> Result<NationalName, LdsError> {
        let whole = zeroize::Zeroizing::new(text(tag, value)?);
        let (surname, given_names) = whole.split_once("<<").unwrap_or((&whole, ""));
        Ok(NationalName {
            surname: without_fillers(surname),
            given_names: without_fillers(given_names),
        })
    }
}

impl std::fmt::Debug for NationalName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NationalName(..)")
    }
}

impl std::fmt::Debug for Dg11 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dg11(..)")
    }
}

impl Dg11 {
    /// # Errors
    /// The file is not as it should be, or a text is not UTF-8.
    pub fn parse(file: &[u8]) -> Result<Dg11, LdsError> {
        let fields = Fields::parse(tlv::only(file, TEMPLATE)?)?;
        let full_name = fields
            .get(FULL_NAME)
            .filter(|value| !value.is_empty())
            .map(|value| NationalName::parse(FULL_NAME, value))
            .transpose()?;
        let mut other_names = Vec::new();
        // A count stands before them; the names themselves are counted.
        for object in TlvReader::new(fields.get(OTHER_NAMES).unwrap_or_default()) {
            let object = object?;
            if object.tag == OTHER_NAME {
                if other_names.len() == MOST_NAMES {
                    return Err(LdsError::TooMany(MOST_NAMES));
                }
                other_names.push(NationalName::parse(OTHER_NAME, object.value)?);
            }
        }
        let parts = |tag| -> Result<Option<String>, LdsError> {
            Ok(fields.text(tag)?.map(|text| {
                let text = zeroize::Zeroizing::new(text);
                let places = text.split('<').map(str::trim);
                places
                    .filter(|place| !place.is_empty())
                    .collect::<Vec<_>>()
                    .join(", ")
            }))
        };
        Ok(Dg11 {
            full_name,
            other_names,
            personal_number: fields.text(PERSONAL_NUMBER)?.map(|mut number| {
                number.truncate(number.trim_end_matches('<').len());
                number
            }),
            birth_date: fields.date(BIRTH_DATE)?.map(|date| date.to_string()),
            birth_place: parts(BIRTH_PLACE)?,
            address: parts(ADDRESS)?,
            phone: fields.text(PHONE)?,
        })
    }
}
