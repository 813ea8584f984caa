//! The public keys whose signatures can be checked here, whoever made them.
//!
//! More kinds than [`crate::PublicKey`], which is what a key made for a citizen may
//! be: authorities have longer keys and other curves, and the National Certification
//! Authority signs with GOST.

use der::{Decode, Encode, Sequence, asn1::Any, asn1::BitString};
use openssl::{
    hash::MessageDigest,
    nid::Nid,
    pkey::{Id, PKey, Public},
    sign::Verifier,
};
use spki::AlgorithmIdentifierOwned;
use x509_cert::{
    Certificate, request::CertReq, spki::ObjectIdentifier, spki::SubjectPublicKeyInfoOwned,
};

use crate::{PublicKeyError, csr::RequestError, gost};

#[derive(Clone, Debug)]
pub enum VerifyingKey {
    /// 2048 to 8192 bits, PKCS#1 v1.5.
    Rsa(PKey<Public>),
    /// ECDSA on P-256, P-384 or P-521.
    Ec(PKey<Public>),
    /// GOST R 34.10-2015 with 512 bits, under the Kazakh identifiers.
    Gost(gost::PublicKey),
}

/// ```text
/// SIGNED ::= SEQUENCE {
///     toBeSigned  ANY,
///     algorithm   AlgorithmIdentifier,
///     signature   BIT STRING }
/// ```
///
/// What certificates, requests and revocation lists have in common (X.509).
#[derive(Sequence)]
struct Signed {
    to_be_signed: Any,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

impl VerifyingKey {
    /// # Errors
    /// A key of another kind, size or curve, or none at all.
    pub fn from_info(info: &SubjectPublicKeyInfoOwned) -> Result<Self, PublicKeyError> {
        if info.algorithm.oid == gost::KEY {
            return gost::PublicKey::from_info(info).map(VerifyingKey::Gost);
        }
        let der = info.to_der().map_err(|_| PublicKeyError::Malformed)?;
        let key = PKey::public_key_from_der(&der).map_err(|_| PublicKeyError::Malformed)?;
        match key.id() {
            Id::RSA => {
                let rsa = key.rsa().map_err(|_| PublicKeyError::Malformed)?;
                // 17 bits and odd: 65537 or more; 64: a check stays cheap.
                let exponent = rsa.e();
                let fits = (17..=64).contains(&exponent.num_bits()) && exponent.is_bit_set(0);
                if !fits || !(2048..=8192).contains(&rsa.n().num_bits()) {
                    return Err(PublicKeyError::Algorithm);
                }
                Ok(VerifyingKey::Rsa(key))
            }
            Id::EC => {
                const CURVES: [Nid; 3] = [Nid::X9_62_PRIME256V1, Nid::SECP384R1, Nid::SECP521R1];
                let ec = key.ec_key().map_err(|_| PublicKeyError::Malformed)?;
                // A curve that the key itself describes has no name.
                if !ec.group().curve_name().is_some_and(|c| CURVES.contains(&c)) {
                    return Err(PublicKeyError::Algorithm);
                }
                ec.check_key().map_err(|_| PublicKeyError::Malformed)?;
                Ok(VerifyingKey::Ec(key))
            }
            _ => Err(PublicKeyError::Algorithm),
        }
    }

    /// The key that a certificate is for.
    ///
    /// # Errors
    /// See [`VerifyingKey::from_info`].
    pub fn of_certificate(certificate: &Certificate) -> Result<Self, PublicKeyError> {
        Self::from_info(certificate.tbs_certificate().subject_public_key_info())
    }

    /// The key of a PKCS#10 request (DER) that is signed with it.
    ///
    /// # Errors
    /// No request, a key that is not known here, or a signature that is not its own.
    pub fn of_request(der: &[u8]) -> Result<Self, RequestError> {
        let request = CertReq::from_der(der).map_err(|_| RequestError::Malformed)?;
        let key = Self::from_info(&request.info.public_key)?;
        if key.signed(der) {
            Ok(key)
        } else {
            Err(RequestError::Signature)
        }
    }

    /// Whether `signature` is this key's over `message`, under the algorithm that goes
    /// with such a key.
    pub fn verifies(
        &self,
        algorithm: &AlgorithmIdentifierOwned,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let check = |key: &PKey<Public>| {
            let digest = digest_of(self, algorithm)?;
            let mut verifier = Verifier::new(digest, key).ok()?;
            verifier.verify_oneshot(signature, message).ok()
        };
        match self {
            VerifyingKey::Rsa(key) | VerifyingKey::Ec(key) => check(key).unwrap_or(false),
            VerifyingKey::Gost(key) => {
                algorithm.oid == gost::SIGNATURE
                    && algorithm.parameters.as_ref().is_none_or(Any::is_null)
                    && key.verifies(message, signature)
            }
        }
    }

    /// Whether this key signed a certificate, request or revocation list (DER), over
    /// its bytes as they are.
    pub fn signed(&self, der: &[u8]) -> bool {
        let check = || {
            let signed = Signed::from_der(der).ok()?;
            let message = signed.to_be_signed.to_der().ok()?;
            let signature = signed.signature.as_bytes()?;
            Some(self.verifies(&signed.algorithm, &message, signature))
        };
        check().unwrap_or(false)
    }
}

/// OpenSSL would choose by itself for a certificate that it parsed, but it keeps the
/// subject's name in a form of its own and frees that without wiping it.
fn digest_of(key: &VerifyingKey, algorithm: &AlgorithmIdentifierOwned) -> Option<MessageDigest> {
    const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1");
    const ECDSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3");
    let (family, last) = (algorithm.oid.parent()?, algorithm.oid.arcs().last()?);
    match (key, family, last) {
        (VerifyingKey::Rsa(_), RSA, 11) | (VerifyingKey::Ec(_), ECDSA, 2) => {
            Some(MessageDigest::sha256())
        }
        (VerifyingKey::Rsa(_), RSA, 12) | (VerifyingKey::Ec(_), ECDSA, 3) => {
            Some(MessageDigest::sha384())
        }
        (VerifyingKey::Rsa(_), RSA, 13) | (VerifyingKey::Ec(_), ECDSA, 4) => {
            Some(MessageDigest::sha512())
        }
        _ => None,
    }
}
