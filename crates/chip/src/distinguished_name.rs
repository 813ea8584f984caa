//! Names of issuers and subjects, compared as RFC 5280, 7.1 asks: states write the
//! same name now as PrintableString, now as UTF8String, in this case and that.

use der::asn1::ObjectIdentifier;
use der::{Decode, Tag, Tagged};
use x509_cert::name::Name;

use crate::der_cursor::NotDer;

const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");

/// Comparable: equal names are the same issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DistinguishedName(Vec<Vec<(ObjectIdentifier, String)>>);

impl DistinguishedName {
    pub(crate) fn parse(der: &[u8]) -> Result<DistinguishedName, NotDer> {
        let name = Name::from_der(der)?;
        let parts = name.iter_rdn().map(|part| {
            let mut attributes: Vec<_> = part
                .iter()
                .map(|attribute| (attribute.oid, comparable(&attribute.value)))
                .collect();
            attributes.sort();
            attributes
        });
        Ok(DistinguishedName(parts.collect()))
    }

    /// `countryName` in capitals, two letters or three; none where there are several.
    pub(crate) fn country(&self) -> Option<String> {
        let mut countries = self
            .0
            .iter()
            .flatten()
            .filter(|(oid, _)| *oid == COUNTRY)
            .map(|(_, value)| value.to_uppercase());
        let country = countries.next()?;
        countries.next().is_none().then_some(country)
    }
}

/// Text in small letters with single spaces; what is no text in hexadecimal.
fn comparable(value: &der::asn1::Any) -> String {
    let bytes = value.value();
    let text = match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => {
            std::str::from_utf8(bytes).ok().map(str::to_owned)
        }
        Tag::TeletexString => Some(bytes.iter().map(|&byte| char::from(byte)).collect()),
        Tag::BmpString => {
            let units = bytes.chunks(2).map(|pair| match *pair {
                [high, low] => u16::from_be_bytes([high, low]),
                _ => 0xFFFF,
            });
            char::decode_utf16(units)
                .collect::<Result<String, _>>()
                .ok()
        }
        _ => None,
    };
    match text {
        Some(text) => {
            let words: Vec<&str> = text.split_whitespace().collect();
            words.join(" ").to_lowercase()
        }
        // No text begins like this: a name of bytes equals no name of letters.
        None => bytes
            .iter()
            .fold(format!("\0{:?} ", value.tag()), |text, byte| {
                text + &format!("{byte:02x}")
            }),
    }
}
