//! X.509 certificates and revocation lists of a document issuer (ICAO 9303-12, 7).

use const_oid::ObjectIdentifier;

use crate::asn1::{
    BOOLEAN, OCTET_STRING, PRINTABLE_STRING, UTF8_STRING, bits, context, integer, object, octets,
    oid, sequence, set_of, unsigned, utc_time,
};
use crate::{RandomSource, SigningKey, SpecimenError};

const fn id(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

const MASTER_LIST_SIGNING_KEY: ObjectIdentifier = id("2.23.136.1.1.3");

/// What a certificate is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Csca,
    DocumentSigner,
    MasterListSigner,
}

/// The subject's or issuer's name, with its key.
pub struct Party<'a> {
    pub country: &'a str,
    pub common_name: &'a str,
    pub key: &'a SigningKey,
}

impl Party<'_> {
    /// RDNSequence: countryName, organizationName, commonName.
    pub fn name(&self) -> Vec<u8> {
        let attribute = |kind, tag, text: &str| {
            set_of(vec![sequence(&[
                &oid(kind),
                &object(tag, &[text.as_bytes()]),
            ])])
        };
        sequence(&[
            &attribute(id("2.5.4.6"), PRINTABLE_STRING, self.country),
            &attribute(id("2.5.4.10"), UTF8_STRING, "Specimen"),
            &attribute(id("2.5.4.3"), UTF8_STRING, self.common_name),
        ])
    }
}

/// From and until, UTCTime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validity {
    pub from: String,
    pub until: String,
}

/// A certificate, DER. `serial` is a positive number, big endian.
pub fn certificate(
    role: Role,
    subject: &Party,
    issuer: &Party,
    serial: &[u8],
    validity: &Validity,
    random: &mut dyn RandomSource,
) -> Result<Vec<u8>, SpecimenError> {
    let content = sequence(&[
        &context(0, &[&integer(2)]),
        &unsigned(serial),
        &issuer.key.scheme().identifier(),
        &issuer.name(),
        &sequence(&[&utc_time(&validity.from), &utc_time(&validity.until)]),
        &subject.name(),
        &subject.key.public_key()?,
        &context(3, &[&extensions(role, subject, issuer)?]),
    ]);
    signed(&content, issuer.key, random)
}

/// Version 2, with its authority key identifier and number.
pub fn revocation_list(
    issuer: &Party,
    at: &str,
    serials: &[&[u8]],
    random: &mut dyn RandomSource,
) -> Result<Vec<u8>, SpecimenError> {
    let revoked: Vec<Vec<u8>> = serials
        .iter()
        .map(|serial| sequence(&[&unsigned(serial), &utc_time(at)]))
        .collect();
    let revoked: Vec<&[u8]> = revoked.iter().map(Vec::as_slice).collect();
    // An empty list is left out (RFC 5280, 5.1.2.6).
    let revoked = match revoked.is_empty() {
        true => Vec::new(),
        false => sequence(&revoked),
    };
    let extensions = sequence(&[
        &authority_key_identifier(issuer)?,
        &extension(id("2.5.29.20"), false, &integer(1)),
    ]);
    let content = sequence(&[
        &integer(1),
        &issuer.key.scheme().identifier(),
        &issuer.name(),
        &utc_time(at),
        &revoked,
        &context(0, &[&extensions]),
    ]);
    signed(&content, issuer.key, random)
}

fn signed(
    content: &[u8],
    key: &SigningKey,
    random: &mut dyn RandomSource,
) -> Result<Vec<u8>, SpecimenError> {
    let signature = key.sign(content, random)?;
    Ok(sequence(&[
        content,
        &key.scheme().identifier(),
        &bits(&signature),
    ]))
}

fn extensions(role: Role, subject: &Party, issuer: &Party) -> Result<Vec<u8>, SpecimenError> {
    let key_identifier = octets(&subject.key.key_identifier()?);
    let mut all = vec![
        authority_key_identifier(issuer)?,
        extension(id("2.5.29.14"), false, &key_identifier),
    ];
    // keyUsage: bit 0 digitalSignature, bits 5 and 6 keyCertSign and cRLSign.
    let usage: &[u8] = match role {
        Role::Csca => &[0x03, 2, 1, 0x06],
        Role::DocumentSigner | Role::MasterListSigner => &[0x03, 2, 7, 0x80],
    };
    all.push(extension(id("2.5.29.15"), true, usage));
    match role {
        Role::Csca => {
            let constraints = sequence(&[&object(BOOLEAN, &[&[0xFF]]), &integer(0)]);
            all.push(extension(id("2.5.29.19"), true, &constraints));
        }
        Role::DocumentSigner => {}
        Role::MasterListSigner => {
            let purpose = sequence(&[&oid(MASTER_LIST_SIGNING_KEY)]);
            all.push(extension(id("2.5.29.37"), true, &purpose));
        }
    }
    let all: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
    Ok(sequence(&all))
}

fn authority_key_identifier(issuer: &Party) -> Result<Vec<u8>, SpecimenError> {
    let identifier = object(0x80, &[&issuer.key.key_identifier()?]);
    Ok(extension(id("2.5.29.35"), false, &sequence(&[&identifier])))
}

fn extension(kind: ObjectIdentifier, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = match critical {
        true => object(BOOLEAN, &[&[0xFF]]),
        false => Vec::new(),
    };
    sequence(&[&oid(kind), &critical, &object(OCTET_STRING, &[value])])
}
