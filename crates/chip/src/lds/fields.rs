//! Data objects of a template, each at most once, as text and dates.

use zeroize::Zeroizing;

use super::LdsError;
use crate::tlv::TlvReader;

/// More than any file of the LDS has side by side.
const MOST: usize = 64;

/// The objects of one template.
pub(super) struct Fields<'a>(Vec<(u32, &'a [u8])>);

impl<'a> Fields<'a> {
    /// # Errors
    /// Something is no data object, or stands there twice.
    pub(super) fn parse(data: &'a [u8]) -> Result<Fields<'a>, LdsError> {
        let mut fields: Vec<(u32, &[u8])> = Vec::new();
        for object in TlvReader::new(data) {
            let object = object?;
            if fields.iter().any(|&(tag, _)| tag == object.tag) {
                return Err(LdsError::Repeated(object.tag));
            }
            if fields.len() == MOST {
                return Err(LdsError::TooMany(MOST));
            }
            fields.push((object.tag, object.value));
        }
        Ok(Fields(fields))
    }

    pub(super) fn get(&self, tag: u32) -> Option<&'a [u8]> {
        self.0
            .iter()
            .find(|&&(other, _)| other == tag)
            .map(|&(_, value)| value)
    }

    /// None where the object is absent or empty.
    pub(super) fn text(&self, tag: u32) -> Result<Option<String>, LdsError> {
        self.get(tag)
            .map(|value| text(tag, value))
            .transpose()
            .map(|text| text.filter(|text| !text.is_empty()))
    }

    /// Eight digits YYYYMMDD, written so or packed two to a byte, as older documents
    /// do (ICAO 9303-10, 4.7.11).
    pub(super) fn date(&self, tag: u32) -> Result<Option<Zeroizing<String>>, LdsError> {
        let Some(value) = self.get(tag).filter(|value| !value.is_empty()) else {
            return Ok(None);
        };
        let digits = match value.len() {
            8 => std::str::from_utf8(value)
                .map(|text| Zeroizing::new(text.to_owned()))
                .map_err(|_| LdsError::Date(tag))?,
            4 => Zeroizing::new(value.iter().map(|byte| format!("{byte:02x}")).collect()),
            _ => return Err(LdsError::Date(tag)),
        };
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Some(digits))
        } else {
            Err(LdsError::Date(tag))
        }
    }
}

pub(super) fn text(tag: u32, value: &[u8]) -> Result<String, LdsError> {
    match std::str::from_utf8(value) {
        Ok(text) if !text.contains(char::is_control) => Ok(text.trim().to_owned()),
        _ => Err(LdsError::Text(tag)),
    }
}

/// Fillers between the parts of a text become spaces.
pub(super) fn without_fillers(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for word in text.split(['<', ' ']).filter(|word| !word.is_empty()) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    words
}
