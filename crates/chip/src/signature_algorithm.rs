//! How something was signed: RSA PKCS#1 v1.5, RSA-PSS or ECDSA with which hash
//! (ICAO 9303-12, 4.1.6; RFC 4055, RFC 5754, RFC 5758).

use der::asn1::{AnyRef, ContextSpecific, ObjectIdentifier};
use der::{Decode, Encode, Reader, SliceReader};
use x509_cert::spki::AlgorithmIdentifierRef;

use crate::digest_algorithm::{DigestAlgorithm, absent_or_null};

/// `rsaEncryption`: in a CMS signer it leaves the hash to the digest algorithm.
pub(crate) const RSA_ENCRYPTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// `id-RSASSA-PSS`.
pub(crate) const RSASSA_PSS: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlgorithmError {
    #[error("the signature algorithm {0} is not known")]
    Unknown(ObjectIdentifier),
    #[error("the parameters of the signature algorithm {0} are not known")]
    Parameters(ObjectIdentifier),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 (RFC 8017, 8.2).
    RsaPkcs1(DigestAlgorithm),
    /// RSASSA-PSS (RFC 8017, 8.1).
    RsaPss(PssParameters),
    /// The signature is a SEQUENCE of r and s.
    Ecdsa(DigestAlgorithm),
    /// r and s side by side, each as long as the order (TR-03111, 5.2.1).
    EcdsaPlain(DigestAlgorithm),
}

/// Of MGF1 over any hash and any salt; the trailer is always BC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PssParameters {
    pub digest: DigestAlgorithm,
    pub mask_digest: DigestAlgorithm,
    /// In bytes.
    pub salt_length: u16,
}

#[rustfmt::skip]
const SIMPLE: [(&str, SignatureAlgorithm); 15] = {
    use DigestAlgorithm::{Sha1, Sha224, Sha256, Sha384, Sha512};
    use SignatureAlgorithm::{Ecdsa, EcdsaPlain, RsaPkcs1};
    [
        ("1.2.840.113549.1.1.5", RsaPkcs1(Sha1)),
        ("1.2.840.113549.1.1.14", RsaPkcs1(Sha224)),
        ("1.2.840.113549.1.1.11", RsaPkcs1(Sha256)),
        ("1.2.840.113549.1.1.12", RsaPkcs1(Sha384)),
        ("1.2.840.113549.1.1.13", RsaPkcs1(Sha512)),
        ("1.2.840.10045.4.1", Ecdsa(Sha1)),
        ("1.2.840.10045.4.3.1", Ecdsa(Sha224)),
        ("1.2.840.10045.4.3.2", Ecdsa(Sha256)),
        ("1.2.840.10045.4.3.3", Ecdsa(Sha384)),
        ("1.2.840.10045.4.3.4", Ecdsa(Sha512)),
        ("0.4.0.127.0.7.1.1.4.1.1", EcdsaPlain(Sha1)),
        ("0.4.0.127.0.7.1.1.4.1.2", EcdsaPlain(Sha224)),
        ("0.4.0.127.0.7.1.1.4.1.3", EcdsaPlain(Sha256)),
        ("0.4.0.127.0.7.1.1.4.1.4", EcdsaPlain(Sha384)),
        ("0.4.0.127.0.7.1.1.4.1.5", EcdsaPlain(Sha512)),
    ]
};

impl SignatureAlgorithm {
    /// Of a certificate, a revocation list or DG14's active authentication.
    ///
    /// # Errors
    /// An algorithm or parameters that no document may have.
    pub fn from_identifier(
        identifier: &AlgorithmIdentifierRef<'_>,
    ) -> Result<SignatureAlgorithm, AlgorithmError> {
        let oid = identifier.oid;
        if oid == RSASSA_PSS {
            return pss(identifier.parameters).map(SignatureAlgorithm::RsaPss);
        }
        let algorithm = SignatureAlgorithm::from_oid(oid).ok_or(AlgorithmError::Unknown(oid))?;
        if absent_or_null(identifier.parameters) {
            Ok(algorithm)
        } else {
            Err(AlgorithmError::Parameters(oid))
        }
    }

    /// Of a CMS signer, whose `digest` stands in for an algorithm that names no hash
    /// (RFC 3370, 3.2).
    ///
    /// # Errors
    /// As [`SignatureAlgorithm::from_identifier`].
    pub fn of_signer(
        identifier: &AlgorithmIdentifierRef<'_>,
        digest: DigestAlgorithm,
    ) -> Result<SignatureAlgorithm, AlgorithmError> {
        if identifier.oid != RSA_ENCRYPTION {
            return SignatureAlgorithm::from_identifier(identifier);
        }
        absent_or_null(identifier.parameters)
            .then_some(SignatureAlgorithm::RsaPkcs1(digest))
            .ok_or(AlgorithmError::Parameters(RSA_ENCRYPTION))
    }

    /// Those that need no parameters.
    pub fn from_oid(oid: ObjectIdentifier) -> Option<SignatureAlgorithm> {
        SIMPLE
            .iter()
            .find(|(text, _)| ObjectIdentifier::new_unwrap(text) == oid)
            .map(|&(_, algorithm)| algorithm)
    }

    pub fn digest(self) -> DigestAlgorithm {
        match self {
            SignatureAlgorithm::RsaPkcs1(digest)
            | SignatureAlgorithm::Ecdsa(digest)
            | SignatureAlgorithm::EcdsaPlain(digest) => digest,
            SignatureAlgorithm::RsaPss(parameters) => parameters.digest,
        }
    }
}

impl std::fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self {
            SignatureAlgorithm::RsaPkcs1(_) => "RSA PKCS#1 v1.5",
            SignatureAlgorithm::RsaPss(_) => "RSA-PSS",
            SignatureAlgorithm::Ecdsa(_) | SignatureAlgorithm::EcdsaPlain(_) => "ECDSA",
        };
        write!(f, "{name} with {}", self.digest())
    }
}

/// `RSASSA-PSS-params` (RFC 4055, 3.1). A default spelt out is taken as well: many
/// certificates have it.
pub(crate) fn pss(parameters: Option<AnyRef<'_>>) -> Result<PssParameters, AlgorithmError> {
    let wrong = || AlgorithmError::Parameters(RSASSA_PSS);
    let der = parameters
        .ok_or_else(wrong)?
        .to_der()
        .map_err(|_| wrong())?;
    read_pss(&der).ok().flatten().ok_or_else(wrong)
}

fn read_pss(der: &[u8]) -> der::Result<Option<PssParameters>> {
    let sequence = AnyRef::from_der(der)?;
    der::Tag::Sequence.assert_eq(der::Tagged::tag(&sequence))?;
    let mut reader = SliceReader::new(sequence.value())?;
    let (mut digest, mut mask_digest) = (Some(DigestAlgorithm::Sha1), Some(DigestAlgorithm::Sha1));
    let (mut salt_length, mut trailer) = (20u16, 1u8);
    let mut last = None;
    while !reader.is_finished() {
        let field = ContextSpecific::<AnyRef<'_>>::decode(&mut reader)?;
        let number = field.tag_number.value();
        if last.is_some_and(|last| number <= last) {
            return Ok(None);
        }
        last = Some(number);
        match number {
            0 => digest = DigestAlgorithm::from_identifier(&field.value.decode_as()?),
            1 => {
                let mask: AlgorithmIdentifierRef<'_> = field.value.decode_as()?;
                let over = mask.parameters.filter(|_| mask.oid == MGF1);
                mask_digest = match over {
                    Some(hash) => DigestAlgorithm::from_identifier(&hash.decode_as()?),
                    None => None,
                };
            }
            2 => salt_length = field.value.decode_as()?,
            3 => trailer = field.value.decode_as()?,
            _ => return Ok(None),
        }
    }
    Ok(match (digest, mask_digest, trailer) {
        (Some(digest), Some(mask_digest), 1) => Some(PssParameters {
            digest,
            mask_digest,
            salt_length,
        }),
        _ => None,
    })
}
