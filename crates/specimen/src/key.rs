//! Keys that sign: ECDSA and RSA, with their names in X.509 and CMS.

use const_oid::ObjectIdentifier;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{Asn1Flag, EcGroup, EcKey, EcPoint, PointConversionForm};
use openssl::hash::{MessageDigest, hash};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer};

use crate::asn1::{big_integer, context, integer, null, oid, padded, sequence};
use crate::{RandomSource, SpecimenError, rsa};

const fn id(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    pub(crate) fn openssl(self) -> MessageDigest {
        match self {
            Digest::Sha1 => MessageDigest::sha1(),
            Digest::Sha224 => MessageDigest::sha224(),
            Digest::Sha256 => MessageDigest::sha256(),
            Digest::Sha384 => MessageDigest::sha384(),
            Digest::Sha512 => MessageDigest::sha512(),
        }
    }

    pub(crate) fn of(self, data: &[u8]) -> Result<Vec<u8>, SpecimenError> {
        Ok(hash(self.openssl(), data)?.to_vec())
    }

    /// AlgorithmIdentifier with NULL parameters, as documents have it.
    pub(crate) fn identifier(self) -> Vec<u8> {
        sequence(&[
            &oid(match self {
                Digest::Sha1 => id("1.3.14.3.2.26"),
                Digest::Sha224 => id("2.16.840.1.101.3.4.2.4"),
                Digest::Sha256 => id("2.16.840.1.101.3.4.2.1"),
                Digest::Sha384 => id("2.16.840.1.101.3.4.2.2"),
                Digest::Sha512 => id("2.16.840.1.101.3.4.2.3"),
            }),
            &null(),
        ])
    }

    fn with_ecdsa(self) -> ObjectIdentifier {
        match self {
            Digest::Sha1 => id("1.2.840.10045.4.1"),
            Digest::Sha224 => id("1.2.840.10045.4.3.1"),
            Digest::Sha256 => id("1.2.840.10045.4.3.2"),
            Digest::Sha384 => id("1.2.840.10045.4.3.3"),
            Digest::Sha512 => id("1.2.840.10045.4.3.4"),
        }
    }

    /// TR-03111, 5.2.1.1: r and s side by side, as active authentication has it.
    pub(crate) fn with_plain_ecdsa(self) -> ObjectIdentifier {
        match self {
            Digest::Sha1 => id("0.4.0.127.0.7.1.1.4.1.1"),
            Digest::Sha224 => id("0.4.0.127.0.7.1.1.4.1.2"),
            Digest::Sha256 => id("0.4.0.127.0.7.1.1.4.1.3"),
            Digest::Sha384 => id("0.4.0.127.0.7.1.1.4.1.4"),
            Digest::Sha512 => id("0.4.0.127.0.7.1.1.4.1.5"),
        }
    }

    fn with_rsa(self) -> ObjectIdentifier {
        match self {
            Digest::Sha1 => id("1.2.840.113549.1.1.5"),
            Digest::Sha224 => id("1.2.840.113549.1.1.14"),
            Digest::Sha256 => id("1.2.840.113549.1.1.11"),
            Digest::Sha384 => id("1.2.840.113549.1.1.12"),
            Digest::Sha512 => id("1.2.840.113549.1.1.13"),
        }
    }
}

/// What kind of key signs, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Ecdsa {
        curve: Nid,
        digest: Digest,
        /// The public key spells its curve out instead of naming it.
        explicit_parameters: bool,
    },
    RsaPkcs1 {
        bits: usize,
        exponent: u32,
        digest: Digest,
    },
    /// The salt is as long as the digest and always from OpenSSL.
    RsaPss {
        bits: usize,
        exponent: u32,
        digest: Digest,
    },
}

impl Scheme {
    /// ECDSA over a named curve.
    pub const fn ecdsa(curve: Nid, digest: Digest) -> Scheme {
        Scheme::Ecdsa {
            curve,
            digest,
            explicit_parameters: false,
        }
    }

    pub fn digest(self) -> Digest {
        match self {
            Scheme::Ecdsa { digest, .. }
            | Scheme::RsaPkcs1 { digest, .. }
            | Scheme::RsaPss { digest, .. } => digest,
        }
    }

    /// The AlgorithmIdentifier of its signatures.
    pub(crate) fn identifier(self) -> Vec<u8> {
        match self {
            Scheme::Ecdsa { digest, .. } => sequence(&[&oid(digest.with_ecdsa())]),
            Scheme::RsaPkcs1 { digest, .. } => sequence(&[&oid(digest.with_rsa()), &null()]),
            // RFC 4055, 3.1.
            Scheme::RsaPss { digest, .. } => {
                let hash = digest.identifier();
                let mask = sequence(&[&oid(id("1.2.840.113549.1.1.8")), &hash]);
                let salt = integer(digest.openssl().size() as u64);
                sequence(&[
                    &oid(id("1.2.840.113549.1.1.10")),
                    &sequence(&[
                        &context(0, &[&hash]),
                        &context(1, &[&mask]),
                        &context(2, &[&salt]),
                    ]),
                ])
            }
        }
    }
}

#[derive(Clone)]
enum Material {
    Ec(EcKey<Private>),
    Rsa(Rsa<Private>),
}

/// A private key of an authority or of a chip.
#[derive(Clone)]
pub struct SigningKey {
    scheme: Scheme,
    material: Material,
}

impl SigningKey {
    /// # Errors
    /// OpenSSL does not know the curve, or the random source fails.
    pub fn generate(
        scheme: Scheme,
        random: &mut dyn RandomSource,
    ) -> Result<SigningKey, SpecimenError> {
        let material = match scheme {
            Scheme::Ecdsa {
                curve,
                explicit_parameters,
                ..
            } => Material::Ec(ec_key(curve, explicit_parameters, random)?),
            Scheme::RsaPkcs1 { bits, exponent, .. } | Scheme::RsaPss { bits, exponent, .. } => {
                Material::Rsa(rsa::generate(bits, exponent, random)?)
            }
        };
        Ok(SigningKey { scheme, material })
    }

    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// SubjectPublicKeyInfo, DER.
    ///
    /// # Errors
    /// OpenSSL cannot encode it.
    pub fn public_key(&self) -> Result<Vec<u8>, SpecimenError> {
        Ok(match &self.material {
            Material::Ec(key) => key.public_key_to_der()?,
            Material::Rsa(key) => key.public_key_to_der()?,
        })
    }

    /// SHA-1 of the public key itself (RFC 5280, 4.2.1.2, method 1).
    pub(crate) fn key_identifier(&self) -> Result<Vec<u8>, SpecimenError> {
        let key = match &self.material {
            Material::Ec(key) => {
                let mut context = BigNumContext::new()?;
                let form = PointConversionForm::UNCOMPRESSED;
                key.public_key().to_bytes(key.group(), form, &mut context)?
            }
            Material::Rsa(key) => key.public_key_to_der_pkcs1()?,
        };
        Digest::Sha1.of(&key)
    }

    /// As X.509 and CMS carry it.
    ///
    /// # Errors
    /// The random source fails.
    pub fn sign(
        &self,
        message: &[u8],
        random: &mut dyn RandomSource,
    ) -> Result<Vec<u8>, SpecimenError> {
        let digest = self.scheme.digest();
        match &self.material {
            Material::Ec(key) => {
                let (r, s) = ecdsa(key, &digest.of(message)?, random)?;
                Ok(sequence(&[&big_integer(&r), &big_integer(&s)]))
            }
            Material::Rsa(key) => {
                let key = PKey::from_rsa(key.clone())?;
                let mut signer = Signer::new(digest.openssl(), &key)?;
                if matches!(self.scheme, Scheme::RsaPss { .. }) {
                    signer.set_rsa_padding(Padding::PKCS1_PSS)?;
                    signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
                    signer.set_rsa_mgf1_md(digest.openssl())?;
                }
                Ok(signer.sign_oneshot_to_vec(message)?)
            }
        }
    }

    /// As active authentication answers (ICAO 9303-11, 6.1.2): ECDSA plain, RSA by
    /// ISO/IEC 9796-2 scheme 1 with as much of the message as fits made up.
    pub(crate) fn answer(
        &self,
        challenge: &[u8],
        random: &mut dyn RandomSource,
    ) -> Result<Vec<u8>, SpecimenError> {
        let digest = self.scheme.digest();
        match &self.material {
            Material::Ec(key) => {
                let (r, s) = ecdsa(key, &digest.of(challenge)?, random)?;
                let mut order = BigNum::new()?;
                key.group().order(&mut order, &mut *BigNumContext::new()?)?;
                let length = order.num_bytes() as usize;
                Ok([padded(&r, length)?, padded(&s, length)?].concat())
            }
            Material::Rsa(key) => {
                let trailer: &[u8] = match digest {
                    Digest::Sha1 => &[0xBC],
                    Digest::Sha224 => &[0x38, 0xCC],
                    Digest::Sha256 => &[0x34, 0xCC],
                    Digest::Sha384 => &[0x36, 0xCC],
                    Digest::Sha512 => &[0x35, 0xCC],
                };
                let taken = 1 + digest.openssl().size() + trailer.len();
                let room = (key.size() as usize).saturating_sub(taken);
                let made_up = random.bytes(room)?;
                let hash = digest.of(&[&made_up, challenge].concat())?;
                let recoverable = [&[0x6A], &made_up[..], &hash, trailer].concat();
                let mut signature = vec![0; key.size() as usize];
                key.private_encrypt(&recoverable, &mut signature, Padding::NONE)?;
                Ok(signature)
            }
        }
    }
}

pub(crate) fn ec_group(curve: Nid, explicit: bool) -> Result<EcGroup, SpecimenError> {
    let mut group = EcGroup::from_curve_name(curve)?;
    group.set_asn1_flag(if explicit {
        Asn1Flag::EXPLICIT_CURVE
    } else {
        Asn1Flag::NAMED_CURVE
    });
    Ok(group)
}

pub(crate) fn ec_key(
    curve: Nid,
    explicit: bool,
    random: &mut dyn RandomSource,
) -> Result<EcKey<Private>, SpecimenError> {
    let group = ec_group(curve, explicit)?;
    let mut context = BigNumContext::new()?;
    let mut order = BigNum::new()?;
    group.order(&mut order, &mut context)?;
    let secret = random.scalar(&order)?;
    let mut public = EcPoint::new(&group)?;
    public.mul_generator2(&group, &secret, &mut context)?;
    Ok(EcKey::from_private_components(&group, &secret, &public)?)
}

/// FIPS 186-5, 6.4.1, with the nonce from the given source: OpenSSL's own would make
/// every document another one.
fn ecdsa(
    key: &EcKey<Private>,
    digest: &[u8],
    random: &mut dyn RandomSource,
) -> Result<(BigNum, BigNum), SpecimenError> {
    let group = key.group();
    let mut context = BigNumContext::new()?;
    let mut n = BigNum::new()?;
    group.order(&mut n, &mut context)?;
    let mut z = BigNum::from_slice(digest)?;
    let surplus = digest.len() as i32 * 8 - n.num_bits();
    if surplus > 0 {
        z = &z >> surplus;
    }
    loop {
        let k = random.scalar(&n)?;
        let mut point = EcPoint::new(group)?;
        point.mul_generator2(group, &k, &mut context)?;
        let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
        point.affine_coordinates(group, &mut x, &mut y, &mut context)?;
        let r = &x % &n;
        let mut inverse = BigNum::new()?;
        inverse.mod_inverse(&k, &n, &mut context)?;
        let sum = &z + &(&r * key.private_key());
        let s = &(&inverse * &sum) % &n;
        if r.num_bits() > 0 && s.num_bits() > 0 {
            return Ok((r, s));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededRandom;
    use openssl::sign::Verifier;

    /// OpenSSL is the witness.
    #[test]
    fn openssl_accepts_every_kind_of_signature() {
        let mut random = SeededRandom::new(1);
        let exponent = 65537;
        for scheme in [
            Scheme::ecdsa(Nid::BRAINPOOL_P256R1, Digest::Sha256),
            Scheme::ecdsa(Nid::SECP521R1, Digest::Sha512),
            Scheme::ecdsa(Nid::X9_62_PRIME192V1, Digest::Sha256),
            Scheme::Ecdsa {
                curve: Nid::BRAINPOOL_P512R1,
                digest: Digest::Sha512,
                explicit_parameters: true,
            },
            Scheme::RsaPkcs1 {
                bits: 1024,
                exponent,
                digest: Digest::Sha1,
            },
            Scheme::RsaPss {
                bits: 1024,
                exponent: 3,
                digest: Digest::Sha256,
            },
        ] {
            let key = SigningKey::generate(scheme, &mut random).unwrap();
            let signature = key.sign(b"specimen", &mut random).unwrap();
            let public = PKey::public_key_from_der(&key.public_key().unwrap()).unwrap();
            let digest = scheme.digest().openssl();
            let mut verifier = Verifier::new(digest, &public).unwrap();
            if matches!(scheme, Scheme::RsaPss { .. }) {
                verifier.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
                verifier.set_rsa_mgf1_md(digest).unwrap();
            }
            verifier.update(b"specimen").unwrap();
            assert!(verifier.verify(&signature).unwrap(), "{scheme:?}");
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_key_and_signature() {
        for scheme in [
            Scheme::ecdsa(Nid::X9_62_PRIME256V1, Digest::Sha256),
            Scheme::RsaPkcs1 {
                bits: 1024,
                exponent: 65537,
                digest: Digest::Sha256,
            },
        ] {
            let made = |seed| {
                let mut random = SeededRandom::new(seed);
                let key = SigningKey::generate(scheme, &mut random).unwrap();
                (
                    key.public_key().unwrap(),
                    key.sign(b"specimen", &mut random).unwrap(),
                )
            };
            assert_eq!(made(7), made(7));
            assert_ne!(made(7), made(8));
        }
    }
}
