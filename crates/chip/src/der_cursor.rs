//! Walking through DER one element at a time, keeping the bytes as they stand: what
//! is signed must be what is read (ITU-T X.690, 10).

use der::asn1::ObjectIdentifier;
use der::{Decode, DecodeValue, FixedTag};

/// The bytes are not the DER expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the DER structure expected")]
pub(crate) struct NotDer;

impl From<der::Error> for NotDer {
    fn from(_: der::Error) -> Self {
        NotDer
    }
}

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) value: &'a [u8],
    /// Tag, length and value.
    pub(crate) raw: &'a [u8],
}

impl<'a> Element<'a> {
    pub(crate) fn decode<T>(&self) -> Result<T, NotDer>
    where
        T: Decode<'a, Error = der::Error>,
    {
        Ok(T::from_der(self.raw)?)
    }

    pub(crate) fn children(&self) -> DerCursor<'a> {
        DerCursor(self.value)
    }
}

pub(crate) struct DerCursor<'a>(&'a [u8]);

impl<'a> DerCursor<'a> {
    pub(crate) fn new(der: &'a [u8]) -> DerCursor<'a> {
        DerCursor(der)
    }

    /// The whole is one element of this tag; its children.
    pub(crate) fn only(der: &'a [u8], tag: u8) -> Result<DerCursor<'a>, NotDer> {
        let mut cursor = DerCursor(der);
        let element = cursor.take(tag)?;
        cursor.finish()?;
        Ok(element.children())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn finish(&self) -> Result<(), NotDer> {
        self.0.is_empty().then_some(()).ok_or(NotDer)
    }

    pub(crate) fn next(&mut self) -> Result<Element<'a>, NotDer> {
        let (&tag, behind) = self.0.split_first().ok_or(NotDer)?;
        // Nothing in a certificate or CMS has a tag of several bytes.
        if tag & 0x1F == 0x1F || tag == 0 {
            return Err(NotDer);
        }
        let (&first, rest) = behind.split_first().ok_or(NotDer)?;
        let (count, length) = match first {
            0..=0x7F => (0, usize::from(first)),
            0x81..=0x84 => {
                let count = usize::from(first & 0x0F);
                let bytes = rest.get(..count).ok_or(NotDer)?;
                let length = bytes
                    .iter()
                    .fold(0_u64, |length, &byte| length << 8 | u64::from(byte));
                // The shortest form only.
                if length < 0x80 || bytes.first() == Some(&0) {
                    return Err(NotDer);
                }
                (count, usize::try_from(length).map_err(|_| NotDer)?)
            }
            _ => return Err(NotDer),
        };
        let header = 2 + count;
        let total = header.checked_add(length).ok_or(NotDer)?;
        let (raw, rest) = self.0.split_at_checked(total).ok_or(NotDer)?;
        self.0 = rest;
        let value = raw.get(header..).ok_or(NotDer)?;
        Ok(Element { tag, value, raw })
    }

    pub(crate) fn take(&mut self, tag: u8) -> Result<Element<'a>, NotDer> {
        let element = self.next()?;
        (element.tag == tag).then_some(element).ok_or(NotDer)
    }

    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, NotDer> {
        (self.0.first() == Some(&tag))
            .then(|| self.next())
            .transpose()
    }

    pub(crate) fn oid(&mut self) -> Result<ObjectIdentifier, NotDer> {
        self.decode()
    }

    /// The next element as a universal type.
    pub(crate) fn decode<T>(&mut self) -> Result<T, NotDer>
    where
        T: DecodeValue<'a, Error = der::Error> + FixedTag + Decode<'a, Error = der::Error>,
    {
        self.next()?.decode()
    }
}
