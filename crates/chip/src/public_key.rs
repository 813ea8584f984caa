//! Public keys of signers, chips and their issuers, and what they verify.

use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode, Sequence};
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::EcKey;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, PKeyRef, Public};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Verifier};
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use crate::curve::{Curve, CurveError};
use crate::digest_algorithm::{DigestAlgorithm, absent_or_null};
use crate::signature_algorithm::{
    PssParameters, RSA_ENCRYPTION, RSASSA_PSS, SignatureAlgorithm, pss,
};

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// `id-ecDH`: keys of chip authentication in some documents.
const EC_DH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.1.12");
/// `dhKeyAgreement` (PKCS#3).
const DH_KEY_AGREEMENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.3.1");
/// `dhpublicnumber` (X9.42, RFC 3279).
const DH_PUBLIC_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10046.2.1");

/// In bits. Shorter ones were broken in public; longer ones occur nowhere and cost time.
const RSA_BITS: std::ops::RangeInclusive<i32> = 1024..=6144;
/// In bits; all exponents that occur have fewer.
const RSA_EXPONENT_BITS: i32 = 64;
const DH_BITS: std::ops::RangeInclusive<i32> = 1024..=6144;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("the public key is malformed")]
    Malformed,
    #[error("the public key algorithm {0} is not known")]
    UnknownAlgorithm(ObjectIdentifier),
    #[error(transparent)]
    Curve(#[from] CurveError),
    #[error("the public key is no point of its curve")]
    NotOnCurve,
    #[error("an RSA or DH key of {0} bits is not taken")]
    Size(i32),
    #[error("the RSA exponent is not taken")]
    Exponent,
    #[error("the DH public key is out of range")]
    DhRange,
    #[error("the cryptographic library failed")]
    Library,
}

impl From<ErrorStack> for KeyError {
    fn from(_: ErrorStack) -> Self {
        KeyError::Library
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    #[error("the signature does not match")]
    Wrong,
    #[error("the key is of another kind than the signature algorithm")]
    OtherKind,
    #[error("the key may not be used with these RSA-PSS parameters")]
    PssRestricted,
}

/// Whose numbers have been checked.
#[derive(Clone)]
pub enum PublicKey {
    Rsa(RsaKey),
    Ec(EcPublicKey),
    /// Of chip authentication; signs nothing.
    Dh(DhKey),
}

#[derive(Clone)]
pub struct RsaKey {
    key: Rsa<Public>,
    pkey: PKey<Public>,
    /// A key of `id-RSASSA-PSS` with parameters signs with nothing else (RFC 4055, 3.3).
    only: Option<PssParameters>,
    pss_only: bool,
}

#[derive(Clone)]
pub struct EcPublicKey {
    curve: Curve,
    key: EcKey<Public>,
    pkey: PKey<Public>,
}

/// Big-endian numbers without leading zeros.
#[derive(Clone, PartialEq, Eq)]
pub struct DhKey {
    pub prime: Vec<u8>,
    pub generator: Vec<u8>,
    /// Of the subgroup, where it is stated.
    pub order: Option<Vec<u8>>,
    pub public: Vec<u8>,
}

#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

/// PKCS#3 `DHParameter`.
#[derive(Sequence)]
struct Pkcs3Parameters<'a> {
    prime: UintRef<'a>,
    generator: UintRef<'a>,
    #[asn1(optional = "true")]
    private_bits: Option<UintRef<'a>>,
}

/// X9.42 `DomainParameters` without validation parameters.
#[derive(Sequence)]
struct X942Parameters<'a> {
    prime: UintRef<'a>,
    generator: UintRef<'a>,
    order: UintRef<'a>,
    #[asn1(optional = "true")]
    cofactor: Option<UintRef<'a>>,
}

impl PublicKey {
    /// From a DER `SubjectPublicKeyInfo`, nothing after it.
    ///
    /// # Errors
    /// An unknown kind, a size out of bounds, a point beside its curve.
    pub fn from_spki(der: &[u8]) -> Result<PublicKey, KeyError> {
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| KeyError::Malformed)?;
        let bits = info
            .subject_public_key
            .as_bytes()
            .ok_or(KeyError::Malformed)?;
        let algorithm = &info.algorithm;
        match algorithm.oid {
            RSA_ENCRYPTION if absent_or_null(algorithm.parameters) => {
                RsaKey::parse(bits, false, None).map(PublicKey::Rsa)
            }
            RSASSA_PSS => {
                let only = match algorithm.parameters {
                    Some(_) => Some(pss(algorithm.parameters).map_err(|_| KeyError::Malformed)?),
                    None => None,
                };
                RsaKey::parse(bits, true, only).map(PublicKey::Rsa)
            }
            EC_PUBLIC_KEY | EC_DH => {
                let parameters = algorithm.parameters.ok_or(KeyError::Malformed)?;
                let curve = Curve::from_parameters(parameters)?;
                EcPublicKey::from_point(curve, bits).map(PublicKey::Ec)
            }
            DH_KEY_AGREEMENT | DH_PUBLIC_NUMBER => DhKey::parse(algorithm, bits).map(PublicKey::Dh),
            RSA_ENCRYPTION => Err(KeyError::Malformed),
            other => Err(KeyError::UnknownAlgorithm(other)),
        }
    }

    /// # Errors
    /// The signature is not one of this key over `message`, whatever the cause.
    pub fn verify(
        &self,
        algorithm: &SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        let verified = match (self, algorithm) {
            (PublicKey::Rsa(rsa), SignatureAlgorithm::RsaPkcs1(digest)) if !rsa.pss_only => {
                verify(&rsa.pkey, *digest, message, signature, |_| Ok(()))
            }
            (PublicKey::Rsa(rsa), SignatureAlgorithm::RsaPss(parameters)) => {
                if !rsa.allows(parameters) {
                    return Err(VerifyError::PssRestricted);
                }
                let salt = RsaPssSaltlen::custom(i32::from(parameters.salt_length));
                let mask = parameters.mask_digest.message_digest();
                verify(&rsa.pkey, parameters.digest, message, signature, |v| {
                    v.set_rsa_padding(Padding::PKCS1_PSS)?;
                    v.set_rsa_pss_saltlen(salt)?;
                    v.set_rsa_mgf1_md(mask)
                })
            }
            (PublicKey::Ec(ec), SignatureAlgorithm::Ecdsa(digest)) => {
                verify(&ec.pkey, *digest, message, signature, |_| Ok(()))
            }
            (PublicKey::Ec(ec), SignatureAlgorithm::EcdsaPlain(digest)) => {
                ec.verify_plain(*digest, message, signature)
            }
            _ => return Err(VerifyError::OtherKind),
        };
        // An error of OpenSSL is a signature it cannot read.
        match verified {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(VerifyError::Wrong),
        }
    }

    pub fn rsa(&self) -> Option<&Rsa<Public>> {
        match self {
            PublicKey::Rsa(rsa) => Some(&rsa.key),
            _ => None,
        }
    }

    pub fn ec(&self) -> Option<&EcPublicKey> {
        match self {
            PublicKey::Ec(ec) => Some(ec),
            _ => None,
        }
    }

    pub fn dh(&self) -> Option<&DhKey> {
        match self {
            PublicKey::Dh(dh) => Some(dh),
            _ => None,
        }
    }
}

/// `RSA 2048`, `EC P-256`, `DH 2048`.
impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PublicKey::Rsa(rsa) => write!(f, "RSA {}", rsa.key.n().num_bits()),
            PublicKey::Ec(ec) => write!(f, "EC {}", ec.curve),
            PublicKey::Dh(dh) => write!(f, "DH {}", dh.prime.len() * 8),
        }
    }
}

fn verify(
    key: &PKeyRef<Public>,
    digest: DigestAlgorithm,
    message: &[u8],
    signature: &[u8],
    configure: impl FnOnce(&mut Verifier<'_>) -> Result<(), ErrorStack>,
) -> Result<bool, ErrorStack> {
    let mut verifier = Verifier::new(digest.message_digest(), key)?;
    configure(&mut verifier)?;
    verifier.verify_oneshot(signature, message)
}

impl RsaKey {
    fn parse(der: &[u8], pss_only: bool, only: Option<PssParameters>) -> Result<RsaKey, KeyError> {
        let numbers = RsaPublicKey::from_der(der).map_err(|_| KeyError::Malformed)?;
        let n = BigNum::from_slice(numbers.modulus.as_bytes())?;
        let e = BigNum::from_slice(numbers.exponent.as_bytes())?;
        if !RSA_BITS.contains(&n.num_bits()) {
            return Err(KeyError::Size(n.num_bits()));
        }
        // An exponent of 1 would make every message its own signature.
        if !e.is_bit_set(0) || e.num_bits() < 2 || e.num_bits() > RSA_EXPONENT_BITS {
            return Err(KeyError::Exponent);
        }
        if !n.is_bit_set(0) {
            return Err(KeyError::Malformed);
        }
        let key = Rsa::from_public_components(n, e)?;
        Ok(RsaKey {
            pkey: PKey::from_rsa(key.clone())?,
            key,
            only,
            pss_only,
        })
    }

    /// Same hashes and at least the salt (RFC 4055, 3.3).
    fn allows(&self, parameters: &PssParameters) -> bool {
        self.only.is_none_or(|only| {
            parameters.digest == only.digest
                && parameters.mask_digest == only.mask_digest
                && parameters.salt_length >= only.salt_length
        })
    }
}

impl EcPublicKey {
    /// From an encoded point, compressed or not.
    ///
    /// # Errors
    /// It is no point of the curve, or the one at infinity.
    pub fn from_point(curve: Curve, point: &[u8]) -> Result<EcPublicKey, KeyError> {
        let group = curve.group()?;
        let mut context = BigNumContext::new()?;
        let point = curve
            .point(&group, point, &mut context)
            .map_err(|_| KeyError::NotOnCurve)?
            .ok_or(KeyError::NotOnCurve)?;
        let key = EcKey::from_public_key(&group, &point)?;
        key.check_key().map_err(|_| KeyError::NotOnCurve)?;
        Ok(EcPublicKey {
            curve,
            pkey: PKey::from_ec_key(key.clone())?,
            key,
        })
    }

    pub fn curve(&self) -> Curve {
        self.curve
    }

    pub fn key(&self) -> &EcKey<Public> {
        &self.key
    }

    pub fn pkey(&self) -> &PKey<Public> {
        &self.pkey
    }

    fn verify_plain(
        &self,
        digest: DigestAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, ErrorStack> {
        let half = usize::try_from(self.key.group().order_bits().div_ceil(8)).unwrap_or(0);
        let Some((r, s)) = signature.split_at_checked(half) else {
            return Ok(false);
        };
        if s.len() != half {
            return Ok(false);
        }
        let signature =
            EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?;
        signature.verify(&digest.digest(message)?, &self.key)
    }
}

impl DhKey {
    fn parse(algorithm: &AlgorithmIdentifierRef<'_>, bits: &[u8]) -> Result<DhKey, KeyError> {
        let malformed = |_| KeyError::Malformed;
        let parameters = algorithm.parameters.ok_or(KeyError::Malformed)?;
        let public = UintRef::from_der(bits).map_err(malformed)?;
        let (prime, generator, order) = if algorithm.oid == DH_KEY_AGREEMENT {
            let numbers = parameters
                .decode_as::<Pkcs3Parameters<'_>>()
                .map_err(malformed)?;
            (numbers.prime, numbers.generator, None)
        } else {
            let numbers = parameters
                .decode_as::<X942Parameters<'_>>()
                .map_err(malformed)?;
            (numbers.prime, numbers.generator, Some(numbers.order))
        };
        let key = DhKey {
            prime: prime.as_bytes().to_vec(),
            generator: generator.as_bytes().to_vec(),
            order: order.map(|order| order.as_bytes().to_vec()),
            public: public.as_bytes().to_vec(),
        };
        key.check()?;
        Ok(key)
    }

    /// 1 < y < p - 1, and of the stated order (NIST SP 800-56A, 5.6.2.3.1).
    fn check(&self) -> Result<(), KeyError> {
        let p = BigNum::from_slice(&self.prime)?;
        if !DH_BITS.contains(&p.num_bits()) {
            return Err(KeyError::Size(p.num_bits()));
        }
        if !p.is_bit_set(0) {
            return Err(KeyError::Malformed);
        }
        let one = BigNum::from_u32(1)?;
        let mut last = p.to_owned()?;
        last.sub_word(1)?;
        let g = BigNum::from_slice(&self.generator)?;
        let y = BigNum::from_slice(&self.public)?;
        if g <= one || g >= last || y <= one || y >= last {
            return Err(KeyError::DhRange);
        }
        if let Some(order) = &self.order {
            let q = BigNum::from_slice(order)?;
            let mut power = BigNum::new()?;
            power.mod_exp(&y, &q, &p, &mut *BigNumContext::new()?)?;
            // Everything to the power of zero is one.
            if q <= one || q >= p || power != one {
                return Err(KeyError::DhRange);
            }
        }
        Ok(())
    }
}
