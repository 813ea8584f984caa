//! The self-signed certificate beside a key until the authority's comes: most
//! programs open a PKCS#12 file, and tokens a slot, only with one inside.

use der::asn1::GeneralizedTime;
use x509_cert::{
    Certificate,
    name::Name,
    time::{Time, Validity},
};

use crate::{
    PublicKey,
    certificate::{self, CertificateError, Contents, Draft, Serial},
    profile,
    subject::{distinguished_name, utf8},
};

/// Names the key, not the person. Its dates do not depend on the clock.
pub fn draft(key: &PublicKey) -> Result<Draft, CertificateError> {
    let encoding = |_| CertificateError::Encoding;
    let name = name(key).map_err(encoding)?;
    let on = |year| {
        let date = der::DateTime::new(year, 1, 1, 0, 0, 0)?;
        Ok(Time::GeneralTime(GeneralizedTime::from_date_time(date)))
    };
    let contents = Contents {
        serial: Serial::random()?,
        issuer: name.clone(),
        subject: name,
        validity: Validity::new(on(2000).map_err(encoding)?, on(2100).map_err(encoding)?),
        key: key.clone(),
        extensions: Vec::new(),
    };
    Draft::new(contents, key)
}

fn name(key: &PublicKey) -> der::Result<Name> {
    let common_name = utf8(profile::COMMON_NAME, &format!("PENDING {}", key.id()))?;
    distinguished_name(vec![common_name])
}

/// Whether a certificate is this placeholder, not what somebody else signed with the
/// key itself.
pub fn is_for(certificate: &Certificate, key: &PublicKey) -> bool {
    name(key).is_ok_and(|name| *certificate.tbs_certificate().subject() == name)
        && certificate::is_issued_by(certificate, certificate)
}

/// Whether a certificate is the placeholder of whatever key it is for.
pub fn is_one(certificate: &Certificate) -> bool {
    certificate::key_of(certificate).is_ok_and(|key| is_for(certificate, &key))
}

/// A placeholder for a key, signed by `sign`.
pub fn certificate<E: From<CertificateError>>(
    key: &PublicKey,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<Certificate, E> {
    let draft = draft(key)?;
    let signature = sign(draft.to_be_signed())?;
    Ok(draft.signed(&signature)?)
}
