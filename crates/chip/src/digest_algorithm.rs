//! The hash functions of documents: SHA-1 to SHA-512 (ICAO 9303-10, 4.6.2; 9303-12, 4.1.6).

use der::asn1::ObjectIdentifier;
use der::{AnyRef, Tag};
use openssl::hash::MessageDigest;
use x509_cert::spki::AlgorithmIdentifierRef;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DigestAlgorithm {
    /// In old documents only; what rests on it is flagged.
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl DigestAlgorithm {
    pub const ALL: [DigestAlgorithm; 5] = [
        DigestAlgorithm::Sha1,
        DigestAlgorithm::Sha224,
        DigestAlgorithm::Sha256,
        DigestAlgorithm::Sha384,
        DigestAlgorithm::Sha512,
    ];

    pub fn oid(self) -> ObjectIdentifier {
        match self {
            DigestAlgorithm::Sha1 => ObjectIdentifier::new_unwrap("1.3.14.3.2.26"),
            DigestAlgorithm::Sha224 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.4"),
            DigestAlgorithm::Sha256 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1"),
            DigestAlgorithm::Sha384 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"),
            DigestAlgorithm::Sha512 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"),
        }
    }

    pub fn from_oid(oid: ObjectIdentifier) -> Option<DigestAlgorithm> {
        Self::ALL.into_iter().find(|digest| digest.oid() == oid)
    }

    /// None where it is unknown or has parameters other than NULL (RFC 5754, 2).
    pub fn from_identifier(identifier: &AlgorithmIdentifierRef<'_>) -> Option<DigestAlgorithm> {
        absent_or_null(identifier.parameters)
            .then(|| Self::from_oid(identifier.oid))
            .flatten()
    }

    /// Length of a digest in bytes.
    pub fn length(self) -> usize {
        self.message_digest().size()
    }

    /// Collisions can be made.
    pub fn is_weak(self) -> bool {
        self == DigestAlgorithm::Sha1
    }

    pub fn digest(self, data: &[u8]) -> Result<Vec<u8>, openssl::error::ErrorStack> {
        Ok(openssl::hash::hash(self.message_digest(), data)?.to_vec())
    }

    pub fn message_digest(self) -> MessageDigest {
        match self {
            DigestAlgorithm::Sha1 => MessageDigest::sha1(),
            DigestAlgorithm::Sha224 => MessageDigest::sha224(),
            DigestAlgorithm::Sha256 => MessageDigest::sha256(),
            DigestAlgorithm::Sha384 => MessageDigest::sha384(),
            DigestAlgorithm::Sha512 => MessageDigest::sha512(),
        }
    }
}

/// `SHA-256`, ...: as FIPS 180-4 writes them.
impl std::fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            DigestAlgorithm::Sha1 => "SHA-1",
            DigestAlgorithm::Sha224 => "SHA-224",
            DigestAlgorithm::Sha256 => "SHA-256",
            DigestAlgorithm::Sha384 => "SHA-384",
            DigestAlgorithm::Sha512 => "SHA-512",
        })
    }
}

pub(crate) fn absent_or_null(parameters: Option<AnyRef<'_>>) -> bool {
    parameters.is_none_or(|any| der::Tagged::tag(&any) == Tag::Null && any.value().is_empty())
}
