//! The distinguished name of a citizen, and its parts read from a request.

use der::{
    Any, Decode, Encode, Tag,
    asn1::{SetOfVec, Utf8StringRef},
};
use exchange::{EmailAddress, HolderName, Iin};
use x509_cert::{
    attr::AttributeTypeAndValue,
    name::{Name, RdnSequence, RelativeDistinguishedName},
};

use crate::profile;

/// Whom a certificate names. Borrowed: the personal data stays with its owner.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub holder: &'a HolderName,
    pub iin: &'a Iin,
    pub email: &'a EmailAddress,
}

impl Subject<'_> {
    /// CN "SURNAME NAME", SURNAME, GIVENNAME (the patronymic), SERIALNUMBER
    /// "IIN" and 12 digits, C=KZ. A person without a patronymic has no GIVENNAME.
    pub fn name(&self) -> der::Result<Name> {
        let serial = zeroize::Zeroizing::new(format!("IIN{}", self.iin.expose()));
        let common_name = zeroize::Zeroizing::new(self.holder.common_name());
        let mut parts = vec![
            utf8(profile::COMMON_NAME, &common_name)?,
            utf8(profile::SURNAME, self.holder.surname())?,
        ];
        if !self.holder.patronymic().is_empty() {
            parts.push(utf8(profile::GIVEN_NAME, self.holder.patronymic())?);
        }
        parts.push(printable(profile::SERIAL_NUMBER, &serial)?);
        parts.push(printable(profile::COUNTRY, "KZ")?);
        distinguished_name(parts)
    }
}

/// A name of single-valued parts in the order given.
pub fn distinguished_name(parts: Vec<AttributeTypeAndValue>) -> der::Result<Name> {
    let parts = parts
        .into_iter()
        .map(|part| Ok(RelativeDistinguishedName::from(SetOfVec::try_from([part])?)))
        .collect::<der::Result<Vec<_>>>()?;
    Name::from_der(&RdnSequence::from(parts).to_der()?)
}

/// An attribute as UTF8String.
pub fn utf8(oid: const_oid::ObjectIdentifier, value: &str) -> der::Result<AttributeTypeAndValue> {
    Ok(AttributeTypeAndValue {
        oid,
        value: Any::encode_from(&Utf8StringRef::new(value)?)?,
    })
}

/// An attribute as PrintableString, which serialNumber and country must be.
pub fn printable(
    oid: const_oid::ObjectIdentifier,
    value: &str,
) -> der::Result<AttributeTypeAndValue> {
    Ok(AttributeTypeAndValue {
        oid,
        value: Any::new(Tag::PrintableString, value.as_bytes())?,
    })
}
