//! The key with which somebody else answers for this authority (RFC 6960
//! section 4.2.2.2): a certificate of a few days that can do nothing but that.

use der::Encode;
use exchange::UnixMillis;
use keystore::{
    PrivateKey, PublicKey,
    certificate::{self, CertificateError, Contents, Serial},
    profile,
};
use x509_cert::{
    Certificate,
    ext::{
        Extension,
        pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages},
    },
};
use zeroize::Zeroizing;

use super::{
    Authority, AuthorityError,
    ca_key::{ca_name, generate, key_from_pem, key_to_pem},
};

/// id-pkix-ocsp-nocheck, RFC 6960 section 4.2.2.2.1: nobody need ask whether this
/// certificate is revoked, because it ends so soon.
const OCSP_NO_CHECK: const_oid::ObjectIdentifier =
    const_oid::ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.5");

/// How long a responder's certificate is good, and from what age on a new one is made.
pub const RESPONDER_DAYS: i64 = 7;
pub const RESPONDER_RENEW_DAYS: i64 = 3;
const DAY: i64 = 86_400_000;
/// It begins an hour ago: clocks lag.
const LEAD_MILLIS: i64 = 3_600_000;

/// Key and certificate of a responder, and the CA that it answers for.
pub struct Responder {
    key: PrivateKey,
    certificate: Certificate,
}

impl Authority {
    /// A new key and its certificate.
    pub fn responder(&self, now: UnixMillis) -> Result<Responder, AuthorityError> {
        let key = generate()?;
        let mut contents = Contents {
            serial: Serial::random()?,
            issuer: self.ca().name(),
            subject: ca_name("Qoltanba OCSP Responder", self.organization())?,
            validity: certificate::between(
                now.plus_millis(-LEAD_MILLIS),
                now.plus_millis(RESPONDER_DAYS * DAY),
            )?,
            key: key.public().clone(),
            extensions: Vec::new(),
        };
        contents.extension((
            true,
            &BasicConstraints {
                ca: false,
                path_len_constraint: None,
            },
        ))?;
        contents.extension(&KeyUsage(KeyUsages::DigitalSignature.into()))?;
        contents.extension(&ExtendedKeyUsage(vec![profile::OCSP_SIGNING]))?;
        let null = der::asn1::Null
            .to_der()
            .and_then(der::asn1::OctetString::new)
            .map_err(|_| CertificateError::Encoding)?;
        contents.extensions.push(Extension {
            extn_id: OCSP_NO_CHECK,
            critical: false,
            extn_value: null,
        });
        let certificate = self.ca().issue(contents)?;
        Ok(Responder { key, certificate })
    }
}

impl Responder {
    /// Key and certificate in one text, so that one rename exchanges both.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, AuthorityError> {
        let mut text = key_to_pem(&self.key)?;
        text.push_str(&certificate::to_pem(&self.certificate)?);
        Ok(text)
    }

    /// # Errors
    /// Not what [`Responder::to_pem`] wrote.
    pub fn from_pem(text: &str) -> Result<Self, AuthorityError> {
        let at = text
            .find("-----BEGIN CERTIFICATE")
            .ok_or(AuthorityError::KeyFile)?;
        let key = key_from_pem(&text[..at])?;
        let certificate = certificate::from_pem(&text[at..])?;
        if certificate::key_of(&certificate)? != *key.public() {
            return Err(AuthorityError::KeyMismatch);
        }
        Ok(Self { key, certificate })
    }

    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    pub fn public(&self) -> &PublicKey {
        self.key.public()
    }

    /// From when on this one should be replaced.
    pub fn renew_at(&self) -> UnixMillis {
        let begins = self.certificate.tbs_certificate().validity().not_before;
        UnixMillis(begins.to_unix_duration().as_millis() as i64)
            .plus_millis(RESPONDER_RENEW_DAYS * DAY)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, AuthorityError> {
        self.key.sign(message).map_err(|_| AuthorityError::Signing)
    }
}
