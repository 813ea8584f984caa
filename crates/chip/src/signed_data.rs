//! CMS SignedData with one signer, as EF.SOD and master lists are (RFC 5652, 5; ICAO
//! 9303-10, 4.6.2; 9303-12, 9).

use der::asn1::{ObjectIdentifier, OctetStringRef};
use x509_cert::spki::AlgorithmIdentifierRef;
use x509_cert::time::Time;

use crate::ber::{self, BerError};
use crate::certificate::{Certificate, CertificateError};
use crate::der_cursor::{DerCursor, Element, INTEGER, NotDer, OCTET_STRING, SEQUENCE, SET};
use crate::digest_algorithm::DigestAlgorithm;
use crate::distinguished_name::DistinguishedName;
use crate::public_key::VerifyError;
use crate::signature_algorithm::{AlgorithmError, SignatureAlgorithm};

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");

/// More certificates than anybody sends along.
const MOST_CERTIFICATES: usize = 16;
const MOST_ATTRIBUTES: usize = 32;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignedDataError {
    #[error(transparent)]
    Ber(#[from] BerError),
    #[error("the CMS structure is malformed")]
    Malformed,
    #[error("the CMS structure is no SignedData")]
    NotSignedData,
    #[error("the CMS version is not known")]
    Version,
    #[error("there is no content")]
    NoContent,
    #[error("there must be one signer; there are {0}")]
    Signers(usize),
    #[error("the digest algorithm {0} is not known")]
    UnknownDigest(ObjectIdentifier),
    #[error("the signer's digest algorithm is not among those announced")]
    DigestNotAnnounced,
    #[error(transparent)]
    Algorithm(#[from] AlgorithmError),
    #[error("nothing is signed but the bare content")]
    NoAttributes,
    /// Content type or message digest, which must stand there once.
    #[error("the signed attribute {0} is missing or repeated")]
    Attribute(ObjectIdentifier),
    #[error("a certificate sent along: {0}")]
    Certificate(#[from] CertificateError),
    #[error("more than {0} certificates or attributes")]
    TooMany(usize),
}

impl From<NotDer> for SignedDataError {
    fn from(_: NotDer) -> Self {
        SignedDataError::Malformed
    }
}

pub(crate) struct SignedData {
    pub(crate) content_type: ObjectIdentifier,
    pub(crate) content: Vec<u8>,
    certificates: Vec<Certificate>,
    pub(crate) signer: Signer,
}

pub(crate) struct Signer {
    id: SignerId,
    pub(crate) digest: DigestAlgorithm,
    pub(crate) algorithm: SignatureAlgorithm,
    /// As they are signed: with the tag of a SET (RFC 5652, 5.4).
    signed: Vec<u8>,
    pub(crate) attributes: Attributes,
    signature: Vec<u8>,
}

enum SignerId {
    IssuerAndSerial(DistinguishedName, Vec<u8>),
    SubjectKey(Vec<u8>),
}

pub(crate) struct Attributes {
    pub(crate) content_type: ObjectIdentifier,
    pub(crate) message_digest: Vec<u8>,
    /// Unix seconds.
    pub(crate) signing_time: Option<u64>,
}

impl SignedData {
    /// From BER of at most `limit` bytes.
    pub(crate) fn parse(ber: &[u8], limit: usize) -> Result<SignedData, SignedDataError> {
        let der = ber::to_der(ber, limit)?;
        let mut info = DerCursor::only(&der, SEQUENCE)?;
        if info.oid()? != SIGNED_DATA {
            return Err(SignedDataError::NotSignedData);
        }
        let wrapped = info.take(0xA0)?;
        info.finish()?;

        let mut fields = DerCursor::only(wrapped.value, SEQUENCE)?;
        version(&mut fields, &[1, 3, 4])?;
        let announced = digests(fields.take(SET)?)?;
        let mut encapsulated = fields.take(SEQUENCE)?.children();
        let content_type = encapsulated.oid()?;
        let content = encapsulated
            .optional(0xA0)?
            .ok_or(SignedDataError::NoContent)?;
        encapsulated.finish()?;
        let mut content = content.children();
        let octets = content.take(OCTET_STRING)?;
        content.finish()?;

        let mut certificates = Vec::new();
        if let Some(set) = fields.optional(0xA0)? {
            let mut set = set.children();
            while !set.is_empty() {
                if certificates.len() == MOST_CERTIFICATES {
                    return Err(SignedDataError::TooMany(MOST_CERTIFICATES));
                }
                certificates.push(Certificate::parse(set.take(SEQUENCE)?.raw)?);
            }
        }
        // Revocation lists sent along come from whom they should guard against.
        fields.optional(0xA1)?;
        let signers = fields.take(SET)?;
        fields.finish()?;
        let signer = Signer::parse(only_signer(signers)?)?;
        if !announced.contains(&signer.digest) {
            return Err(SignedDataError::DigestNotAnnounced);
        }
        Ok(SignedData {
            content_type,
            content: octets.value.to_vec(),
            certificates,
            signer,
        })
    }

    /// Whether these bytes claim to be SignedData.
    pub(crate) fn is_announced_by(bytes: &[u8]) -> bool {
        // SEQUENCE of any length, then the OID.
        const OID: &[u8] = b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02";
        bytes.first() == Some(&SEQUENCE)
            && (2..=6).any(|at| bytes.get(at..).is_some_and(|rest| rest.starts_with(OID)))
    }

    /// The certificate that the signer names.
    pub(crate) fn signer_certificate(&self) -> Option<&Certificate> {
        self.certificates
            .iter()
            .find(|certificate| match &self.signer.id {
                SignerId::IssuerAndSerial(issuer, serial) => {
                    certificate.issuer == *issuer && certificate.serial == *serial
                }
                SignerId::SubjectKey(key) => {
                    certificate.extensions.subject_key.as_ref() == Some(key)
                }
            })
    }

    /// The signed attributes speak of this content.
    pub(crate) fn content_digest_matches(&self) -> bool {
        let attributes = &self.signer.attributes;
        attributes.content_type == self.content_type
            && self
                .signer
                .digest
                .digest(&self.content)
                .is_ok_and(|digest| digest == attributes.message_digest)
    }

    /// # Errors
    /// The key of `certificate` did not sign the attributes.
    pub(crate) fn verify_signature(
        &self,
        certificate: &Certificate,
    ) -> Result<(), CertificateError> {
        let key = certificate.public_key()?;
        let verified: Result<(), VerifyError> = key.verify(
            &self.signer.algorithm,
            &self.signer.signed,
            &self.signer.signature,
        );
        Ok(verified?)
    }
}

fn version(fields: &mut DerCursor<'_>, known: &[u8]) -> Result<(), SignedDataError> {
    match fields.take(INTEGER)?.value {
        [version] if known.contains(version) => Ok(()),
        _ => Err(SignedDataError::Version),
    }
}

/// Those known of a set; others are nobody's here.
fn digests(set: Element<'_>) -> Result<Vec<DigestAlgorithm>, SignedDataError> {
    let mut set = set.children();
    let mut digests = Vec::new();
    while !set.is_empty() {
        let identifier: AlgorithmIdentifierRef<'_> = set.decode()?;
        digests.extend(DigestAlgorithm::from_identifier(&identifier));
        if digests.len() > MOST_ATTRIBUTES {
            return Err(SignedDataError::TooMany(MOST_ATTRIBUTES));
        }
    }
    Ok(digests)
}

fn only_signer(signers: Element<'_>) -> Result<Element<'_>, SignedDataError> {
    let mut cursor = signers.children();
    let mut count = 0;
    let mut only = None;
    while !cursor.is_empty() {
        only = Some(cursor.take(SEQUENCE)?);
        count += 1;
    }
    match only {
        Some(signer) if count == 1 => Ok(signer),
        _ => Err(SignedDataError::Signers(count)),
    }
}

impl Signer {
    fn parse(signer: Element<'_>) -> Result<Signer, SignedDataError> {
        let mut fields = signer.children();
        version(&mut fields, &[1, 3])?;
        let id = SignerId::parse(fields.next()?)?;
        let digest: AlgorithmIdentifierRef<'_> = fields.decode()?;
        let digest = DigestAlgorithm::from_identifier(&digest)
            .ok_or(SignedDataError::UnknownDigest(digest.oid))?;
        let attributes = fields
            .optional(0xA0)?
            .ok_or(SignedDataError::NoAttributes)?;
        let algorithm: AlgorithmIdentifierRef<'_> = fields.decode()?;
        let algorithm = SignatureAlgorithm::of_signer(&algorithm, digest)?;
        let signature = fields.take(OCTET_STRING)?;
        fields.optional(0xA1)?;
        fields.finish()?;
        let mut signed = attributes.raw.to_vec();
        if let Some(tag) = signed.first_mut() {
            *tag = SET;
        }
        Ok(Signer {
            id,
            digest,
            algorithm,
            signed,
            attributes: Attributes::parse(attributes)?,
            signature: signature.value.to_vec(),
        })
    }
}

impl SignerId {
    fn parse(id: Element<'_>) -> Result<SignerId, SignedDataError> {
        match id.tag {
            SEQUENCE => {
                let mut fields = id.children();
                let issuer = DistinguishedName::parse(fields.take(SEQUENCE)?.raw)?;
                let serial = fields.take(INTEGER)?;
                fields.finish()?;
                Ok(SignerId::IssuerAndSerial(issuer, serial.value.to_vec()))
            }
            0x80 => Ok(SignerId::SubjectKey(id.value.to_vec())),
            _ => Err(SignedDataError::Malformed),
        }
    }
}

impl Attributes {
    fn parse(set: Element<'_>) -> Result<Attributes, SignedDataError> {
        let mut attributes: Vec<(ObjectIdentifier, Element<'_>)> = Vec::new();
        let mut cursor = set.children();
        while !cursor.is_empty() {
            let mut fields = cursor.take(SEQUENCE)?.children();
            let oid = fields.oid()?;
            let values = fields.take(SET)?;
            fields.finish()?;
            if attributes.len() == MOST_ATTRIBUTES {
                return Err(SignedDataError::TooMany(MOST_ATTRIBUTES));
            }
            attributes.push((oid, values));
        }
        // Each of those read here once, with one value (RFC 5652, 11).
        let one = |wanted| -> Result<Option<Element<'_>>, SignedDataError> {
            let mut found = attributes.iter().filter(|(oid, _)| *oid == wanted);
            let Some((_, values)) = found.next() else {
                return Ok(None);
            };
            let mut values = values.children();
            let value = values.next()?;
            if found.next().is_some() || !values.is_empty() {
                return Err(SignedDataError::Attribute(wanted));
            }
            Ok(Some(value))
        };
        let required = |oid| one(oid)?.ok_or(SignedDataError::Attribute(oid));
        let digest: &OctetStringRef = required(MESSAGE_DIGEST)?.decode()?;
        let signing_time = one(SIGNING_TIME)?
            .map(|time| time.decode::<Time>())
            .transpose()?
            .map(|time| time.to_unix_duration().as_secs());
        Ok(Attributes {
            content_type: required(CONTENT_TYPE)?.decode()?,
            message_digest: digest.as_bytes().to_vec(),
            signing_time,
        })
    }
}
