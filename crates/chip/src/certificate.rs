//! X.509 certificates as documents have them (ICAO 9303-12, 7): what is needed of
//! them to follow who signed whom.

use der::Decode;
use der::asn1::{BitStringRef, ObjectIdentifier};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier};
use x509_cert::spki::AlgorithmIdentifierRef;
use x509_cert::time::Validity;

use crate::der_cursor::{DerCursor, INTEGER, NotDer, SEQUENCE};
use crate::distinguished_name::DistinguishedName;
use crate::public_key::{KeyError, PublicKey, VerifyError};
use crate::signature_algorithm::{AlgorithmError, SignatureAlgorithm};

/// Longer serial numbers than RFC 5280 allows occur; none is this long.
const SERIAL_BYTES: usize = 64;

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");

/// May be critical without changing what is examined here: the issuer's key, policies,
/// alternative names, period of use, CRL address; ICAO's document types and name change.
const HARMLESS: [ObjectIdentifier; 8] = [
    ObjectIdentifier::new_unwrap("2.5.29.35"),
    ObjectIdentifier::new_unwrap("2.5.29.32"),
    ObjectIdentifier::new_unwrap("2.5.29.17"),
    ObjectIdentifier::new_unwrap("2.5.29.18"),
    ObjectIdentifier::new_unwrap("2.5.29.16"),
    ObjectIdentifier::new_unwrap("2.5.29.31"),
    ObjectIdentifier::new_unwrap("2.23.136.1.1.6.2"),
    ObjectIdentifier::new_unwrap("2.23.136.1.1.6.1"),
];

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    #[error("the certificate is malformed")]
    Malformed,
    #[error("the certificate names its signature algorithm twice, and not alike")]
    AlgorithmsDiffer,
    #[error("the certificate has the unknown critical extension {0}")]
    UnknownCritical(ObjectIdentifier),
    #[error(transparent)]
    Algorithm(#[from] AlgorithmError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Signature(#[from] VerifyError),
}

impl From<NotDer> for CertificateError {
    fn from(_: NotDer) -> Self {
        CertificateError::Malformed
    }
}

impl From<der::Error> for CertificateError {
    fn from(_: der::Error) -> Self {
        CertificateError::Malformed
    }
}

/// Structure and extensions read; no signature checked.
#[derive(Clone)]
pub struct Certificate {
    pub(crate) der: Vec<u8>,
    signed: Vec<u8>,
    /// As encoded, negative ones too.
    pub(crate) serial: Vec<u8>,
    pub(crate) issuer: DistinguishedName,
    pub(crate) subject: DistinguishedName,
    /// Unix seconds, both ends included.
    pub(crate) not_before: u64,
    pub(crate) not_after: u64,
    pub(crate) key_info: Vec<u8>,
    algorithm: Result<SignatureAlgorithm, AlgorithmError>,
    signature: Vec<u8>,
    pub(crate) extensions: Extensions,
}

#[derive(Clone, Default)]
pub(crate) struct Extensions {
    pub(crate) is_authority: bool,
    pub(crate) key_usage: Option<KeyUsage>,
    pub(crate) subject_key: Option<Vec<u8>>,
    pub(crate) purposes: Vec<ObjectIdentifier>,
}

impl Certificate {
    /// # Errors
    /// It is no X.509 certificate of version 3, or has a critical extension that is
    /// not known here.
    pub fn parse(der: &[u8]) -> Result<Certificate, CertificateError> {
        let mut outer = DerCursor::only(der, SEQUENCE)?;
        let signed = outer.take(SEQUENCE)?;
        let outer_algorithm = outer.take(SEQUENCE)?;
        let signature = outer.decode::<BitStringRef<'_>>()?;
        outer.finish()?;

        let mut fields = signed.children();
        // Version 3 is the number 2.
        let version = fields.take(0xA0)?;
        if version.value != [INTEGER, 1, 2] {
            return Err(CertificateError::Malformed);
        }
        let serial = fields.take(INTEGER)?;
        if serial.value.is_empty() || serial.value.len() > SERIAL_BYTES {
            return Err(CertificateError::Malformed);
        }
        let algorithm = fields.take(SEQUENCE)?;
        if algorithm.raw != outer_algorithm.raw {
            return Err(CertificateError::AlgorithmsDiffer);
        }
        let issuer = DistinguishedName::parse(fields.take(SEQUENCE)?.raw)?;
        let validity: Validity = fields.decode()?;
        let subject = DistinguishedName::parse(fields.take(SEQUENCE)?.raw)?;
        let key_info = fields.take(SEQUENCE)?.raw.to_vec();
        // Unique identifiers of issuer and subject: long out of use.
        fields.optional(0x81)?;
        fields.optional(0x82)?;
        let extensions = match fields.optional(0xA3)? {
            Some(wrapped) => Extensions::parse(wrapped.value)?,
            None => Extensions::default(),
        };
        fields.finish()?;
        let identifier = algorithm.decode::<AlgorithmIdentifierRef<'_>>()?;
        Ok(Certificate {
            der: der.to_vec(),
            signed: signed.raw.to_vec(),
            serial: serial.value.to_vec(),
            issuer,
            subject,
            not_before: validity.not_before.to_unix_duration().as_secs(),
            not_after: validity.not_after.to_unix_duration().as_secs(),
            key_info,
            algorithm: SignatureAlgorithm::from_identifier(&identifier),
            signature: signature
                .as_bytes()
                .ok_or(CertificateError::Malformed)?
                .to_vec(),
            extensions,
        })
    }

    /// `countryName` of the subject, in capitals.
    pub fn country(&self) -> Option<String> {
        self.subject.country()
    }

    /// # Errors
    /// The key is not one that documents may have.
    pub fn public_key(&self) -> Result<PublicKey, KeyError> {
        PublicKey::from_spki(&self.key_info)
    }

    pub(crate) fn algorithm(&self) -> Option<SignatureAlgorithm> {
        self.algorithm.as_ref().ok().copied()
    }

    /// # Errors
    /// The key of `issuer` did not sign this certificate.
    pub(crate) fn verify_signed_by(&self, issuer: &Certificate) -> Result<(), CertificateError> {
        let algorithm = self.algorithm.clone()?;
        let key = issuer.public_key()?;
        Ok(key.verify(&algorithm, &self.signed, &self.signature)?)
    }

    pub(crate) fn may_sign_certificates(&self) -> bool {
        self.extensions.is_authority
            && self
                .extensions
                .key_usage
                .is_none_or(|usage| usage.key_cert_sign())
    }

    pub(crate) fn valid_at(&self, from: u64, to: u64) -> bool {
        self.not_before <= to && from <= self.not_after
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({:?})", self.country())
    }
}

impl Extensions {
    fn parse(der: &[u8]) -> Result<Extensions, CertificateError> {
        let mut list = DerCursor::only(der, SEQUENCE)?;
        let mut seen = Vec::new();
        let mut extensions = Extensions::default();
        while !list.is_empty() {
            let extension: Extension = list.decode()?;
            if seen.contains(&extension.extn_id) {
                return Err(CertificateError::Malformed);
            }
            seen.push(extension.extn_id);
            extensions.read(&extension)?;
        }
        Ok(extensions)
    }

    fn read(&mut self, extension: &Extension) -> Result<(), CertificateError> {
        let value = extension.extn_value.as_bytes();
        match extension.extn_id {
            BASIC_CONSTRAINTS => self.is_authority = BasicConstraints::from_der(value)?.ca,
            KEY_USAGE => self.key_usage = Some(KeyUsage::from_der(value)?),
            SUBJECT_KEY_IDENTIFIER => {
                let key = SubjectKeyIdentifier::from_der(value)?;
                self.subject_key = Some(key.0.as_bytes().to_vec());
            }
            EXTENDED_KEY_USAGE => self.purposes = ExtendedKeyUsage::from_der(value)?.0,
            other if extension.critical && !HARMLESS.contains(&other) => {
                return Err(CertificateError::UnknownCritical(other));
            }
            _ => {}
        }
        Ok(())
    }
}
