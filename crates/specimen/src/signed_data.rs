//! CMS SignedData with one signer (RFC 5652, 5), as EF.SOD, EF.CardSecurity and master
//! lists are.

use const_oid::ObjectIdentifier;

use crate::asn1::{context, integer, object, octets, oid, sequence, set_of, unsigned};
use crate::{RandomSource, SigningKey, SpecimenError};

const fn id(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

/// How the signer's certificate is named.
pub enum SignerIdentifier<'a> {
    /// The issuer's name, DER, and the serial number.
    IssuerAndSerial(&'a [u8], &'a [u8]),
    Key,
}

/// ContentInfo, DER. The certificates stand in the order given, which for a SET OF
/// is not DER; documents in the field have the signer's first as well.
pub fn signed_data(
    content_type: ObjectIdentifier,
    content: &[u8],
    certificates: &[&[u8]],
    key: &SigningKey,
    identifier: SignerIdentifier,
    random: &mut dyn RandomSource,
) -> Result<Vec<u8>, SpecimenError> {
    let digest = key.scheme().digest();
    let attribute = |kind, value: &[u8]| sequence(&[&oid(kind), &object(0x31, &[value])]);
    let attributes = set_of(vec![
        attribute(id("1.2.840.113549.1.9.3"), &oid(content_type)),
        attribute(id("1.2.840.113549.1.9.4"), &octets(&digest.of(content)?)),
    ]);
    let signature = key.sign(&attributes, random)?;
    // Signed as a SET, sent as [0] (RFC 5652, 5.4).
    let mut sent = attributes;
    if let Some(tag) = sent.first_mut() {
        *tag = 0xA0;
    }
    let (version, identifier) = match identifier {
        SignerIdentifier::IssuerAndSerial(issuer, serial) => {
            (1, sequence(&[issuer, &unsigned(serial)]))
        }
        SignerIdentifier::Key => (3, object(0x80, &[&key.key_identifier()?])),
    };
    let signer = sequence(&[
        &integer(version),
        &identifier,
        &digest.identifier(),
        &sent,
        &key.scheme().identifier(),
        &octets(&signature),
    ]);
    let data = sequence(&[
        &integer(3),
        &set_of(vec![digest.identifier()]),
        &sequence(&[&oid(content_type), &context(0, &[&octets(content)])]),
        &context(0, certificates),
        &set_of(vec![signer]),
    ]);
    Ok(sequence(&[
        &oid(id("1.2.840.113549.1.7.2")),
        &context(0, &[&data]),
    ]))
}
