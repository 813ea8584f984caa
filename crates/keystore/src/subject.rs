//! The distinguished name of a citizen, and its parts read from a request.

use der::{
    Any, Decode, Encode, Tag,
    asn1::{SetOfVec, Utf8StringRef},
};
use exchange::{EmailAddress, HolderName, Iin, IinPolicy};
use x509_cert::{
    Certificate,
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

/// Whom a certificate names, where [`Subject::name`] made its subject.
pub fn holder_of(certificate: &Certificate) -> Option<(HolderName, Iin)> {
    let subject = certificate.tbs_certificate().subject();
    let text = |oid| {
        let mut parts = subject.iter().filter(|part| part.oid == oid);
        let text = std::str::from_utf8(parts.next()?.value.value()).ok()?;
        parts.next().is_none().then_some(text)
    };
    let surname = text(profile::SURNAME)?;
    let common_name = text(profile::COMMON_NAME)?;
    let given_name = common_name.strip_prefix(surname)?.trim_start();
    let patronymic = text(profile::GIVEN_NAME).unwrap_or_default();
    let holder = HolderName::new(surname, given_name, patronymic).ok()?;
    let digits = text(profile::SERIAL_NUMBER)?.strip_prefix("IIN")?;
    // Whether such numbers are taken was decided when it was issued.
    let iin = Iin::parse(digits, IinPolicy::AllowOfficialTestNumbers).ok()?;
    Some((holder, iin))
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
