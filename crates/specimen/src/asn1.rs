//! Writing ASN.1 by the distinguished encoding rules (X.690).

use const_oid::ObjectIdentifier;
use openssl::bn::BigNumRef;
use openssl::error::ErrorStack;

pub const BOOLEAN: u32 = 0x01;
pub const INTEGER: u32 = 0x02;
pub const BIT_STRING: u32 = 0x03;
pub const OCTET_STRING: u32 = 0x04;
pub const OID: u32 = 0x06;
pub const UTF8_STRING: u32 = 0x0C;
pub const PRINTABLE_STRING: u32 = 0x13;
pub const SEQUENCE: u32 = 0x30;
pub const SET: u32 = 0x31;

/// One object with its content in parts. The tag is written as it stands: one byte or
/// two, such as 5F1F.
pub fn object(tag: u32, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = significant(&tag.to_be_bytes()).to_vec();
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let bytes = length.to_be_bytes();
            let bytes = significant(&bytes);
            out.push(0x80 | bytes.len() as u8);
            out.extend_from_slice(bytes);
        }
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    object(SEQUENCE, parts)
}

/// SET OF: the elements in the order of their encodings.
pub fn set_of(mut elements: Vec<Vec<u8>>) -> Vec<u8> {
    elements.sort();
    let elements: Vec<&[u8]> = elements.iter().map(Vec::as_slice).collect();
    object(SET, &elements)
}

pub fn oid(id: ObjectIdentifier) -> Vec<u8> {
    object(OID, &[id.as_bytes()])
}

pub fn integer(value: u64) -> Vec<u8> {
    unsigned(&value.to_be_bytes())
}

pub fn big_integer(value: &BigNumRef) -> Vec<u8> {
    unsigned(&value.to_vec())
}

/// A number that is not negative, big endian.
pub fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let bytes = significant(bytes);
    let sign: &[u8] = match bytes.first() {
        Some(first) if *first < 0x80 => &[],
        _ => &[0],
    };
    object(INTEGER, &[sign, bytes])
}

pub fn octets(content: &[u8]) -> Vec<u8> {
    object(OCTET_STRING, &[content])
}

pub fn bits(content: &[u8]) -> Vec<u8> {
    object(BIT_STRING, &[&[0], content])
}

pub fn null() -> Vec<u8> {
    object(0x05, &[])
}

/// `[number]`, constructed.
pub fn context(number: u8, parts: &[&[u8]]) -> Vec<u8> {
    object(0xA0 | u32::from(number), parts)
}

pub fn utc_time(text: &str) -> Vec<u8> {
    object(0x17, &[text.as_bytes()])
}

/// As many bytes as the field takes, zeros in front.
pub fn padded(value: &BigNumRef, length: usize) -> Result<Vec<u8>, ErrorStack> {
    value.to_vec_padded(length as i32)
}

fn significant(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// X.690, 8.1.3.5: lengths of one, two and three bytes.
    #[test]
    fn lengths_are_as_short_as_they_can_be() {
        assert_eq!(object(0x04, &[&[7; 2]]), [4, 2, 7, 7]);
        assert_eq!(object(0x04, &[&[7; 0x7F]])[..2], [4, 0x7F]);
        assert_eq!(object(0x04, &[&[7; 0x80]])[..3], [4, 0x81, 0x80]);
        assert_eq!(
            object(0x5F1F, &[&[7; 0x100]])[..5],
            [0x5F, 0x1F, 0x82, 1, 0]
        );
    }

    #[test]
    fn integers_have_a_sign_bit_and_no_more() {
        assert_eq!(integer(0), [2, 1, 0]);
        assert_eq!(integer(0x7F), [2, 1, 0x7F]);
        assert_eq!(integer(0x80), [2, 2, 0, 0x80]);
        assert_eq!(unsigned(&[0, 0, 1]), [2, 1, 1]);
    }
}
