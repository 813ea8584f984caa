//! The self-signed certificate beside a key until the authority's comes: most
//! programs open a PKCS#12 file, and tokens a slot, only with one inside.

use der::asn1::GeneralizedTime;
use x509_cert::{
    Certificate,
    time::{Time, Validity},
};

use crate::{
    PublicKey,
    certificate::{CertificateError, Contents, Draft, Serial},
    profile,
    subject::{distinguished_name, utf8},
};

/// Names the key, not the person. Its dates do not depend on the clock.
pub fn draft(key: &PublicKey) -> Result<Draft, CertificateError> {
    let encoding = |_| CertificateError::Encoding;
    let name = utf8(profile::COMMON_NAME, &format!("PENDING {}", key.id()))
        .and_then(|cn| distinguished_name(vec![cn]))
        .map_err(encoding)?;
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

/// A placeholder for a key, signed by `sign`.
pub fn certificate<E: From<CertificateError>>(
    key: &PublicKey,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<Certificate, E> {
    let draft = draft(key)?;
    let signature = sign(draft.to_be_signed())?;
    Ok(draft.signed(&signature)?)
}
