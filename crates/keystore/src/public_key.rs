//! A citizen's public key: its algorithm, its identifier, what it verifies.

use der::{Decode, Encode, asn1::BitString};
use exchange::KeyAlgorithm;
use openssl::{hash::MessageDigest, nid::Nid, pkey::Id, pkey::PKey, sign::Verifier};
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};
use spki::{AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier, EncodePublicKey};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use crate::profile;

/// Subject key identifier: SHA-1 of the subjectPublicKey bits (RFC 5280
/// section 4.2.1.2, method 1). Its 40 hexadecimal characters are the key's name
/// in files, friendlyName and localKeyID.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KeyId([u8; 20]);

impl KeyId {
    /// That of any key, whether it is known here or not.
    pub fn of(info: &SubjectPublicKeyInfoOwned) -> Self {
        Self(Sha1::digest(info.subject_public_key.raw_bytes()).into())
    }

    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl std::fmt::Debug for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for KeyId {
    type Err = PublicKeyError;

    fn from_str(text: &str) -> Result<Self, PublicKeyError> {
        let mut bytes = [0; 20];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| PublicKeyError::KeyId)?;
        Ok(Self(bytes))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    #[error("a key identifier has 40 hexadecimal characters")]
    KeyId,
    #[error("this is not a public key")]
    Malformed,
    #[error("only RSA with 2048 bits and ECDSA on P-256 are accepted")]
    Algorithm,
}

/// An RSA-2048 or P-256 public key.
///
/// It is also the signer that x509-cert's builders ask for their structure, so
/// that the signature itself can come from a file, a token or a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    info: SubjectPublicKeyInfoOwned,
    algorithm: KeyAlgorithm,
}

impl PublicKey {
    /// Takes a SubjectPublicKeyInfo, DER.
    ///
    /// # Errors
    /// When it is not one, or of another algorithm, size or curve; an RSA
    /// exponent below 65537 is refused too.
    pub fn from_der(der: &[u8]) -> Result<Self, PublicKeyError> {
        let info =
            SubjectPublicKeyInfoOwned::from_der(der).map_err(|_| PublicKeyError::Malformed)?;
        let key = PKey::public_key_from_der(der).map_err(|_| PublicKeyError::Malformed)?;
        let algorithm = match key.id() {
            Id::RSA => {
                let rsa = key.rsa().map_err(|_| PublicKeyError::Malformed)?;
                // 17 bits and odd: 65537 or more.
                let exponent_fits = rsa.e().num_bits() >= 17 && rsa.e().is_bit_set(0);
                if rsa.n().num_bits() != 2048 || !exponent_fits {
                    return Err(PublicKeyError::Algorithm);
                }
                KeyAlgorithm::Rsa2048
            }
            Id::EC => {
                let ec = key.ec_key().map_err(|_| PublicKeyError::Malformed)?;
                if ec.group().curve_name() != Some(Nid::X9_62_PRIME256V1) {
                    return Err(PublicKeyError::Algorithm);
                }
                ec.check_key().map_err(|_| PublicKeyError::Malformed)?;
                KeyAlgorithm::EcdsaP256
            }
            _ => return Err(PublicKeyError::Algorithm),
        };
        Ok(Self { info, algorithm })
    }

    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    pub fn id(&self) -> KeyId {
        KeyId::of(&self.info)
    }

    pub fn info(&self) -> &SubjectPublicKeyInfoOwned {
        &self.info
    }

    /// SubjectPublicKeyInfo, DER.
    pub fn to_der(&self) -> Vec<u8> {
        self.info.to_der().expect("it was decoded from DER")
    }

    /// Whether the signature is this key's over the message: RSA PKCS#1 v1.5 or
    /// ECDSA in DER, both with SHA-256.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let check = || {
            let key = PKey::public_key_from_der(&self.to_der())?;
            Verifier::new(MessageDigest::sha256(), &key)?.verify_oneshot(signature, message)
        };
        check().unwrap_or(false)
    }

    /// The signature as a certificate or request carries it.
    pub(crate) fn bit_string(signature: &[u8]) -> der::Result<BitString> {
        BitString::from_bytes(signature)
    }
}

impl EncodePublicKey for PublicKey {
    fn to_public_key_der(&self) -> spki::Result<der::Document> {
        Ok(der::Document::encode_msg(&self.info)?)
    }
}

impl signature::Keypair for PublicKey {
    type VerifyingKey = Self;

    fn verifying_key(&self) -> Self {
        self.clone()
    }
}

impl DynSignatureAlgorithmIdentifier for PublicKey {
    fn signature_algorithm_identifier(&self) -> spki::Result<AlgorithmIdentifierOwned> {
        Ok(match self.algorithm {
            KeyAlgorithm::Rsa2048 => AlgorithmIdentifierOwned {
                oid: profile::RSA_SHA256,
                parameters: Some(der::Any::null()),
            },
            // No parameters: RFC 5758 section 3.2.
            KeyAlgorithm::EcdsaP256 => AlgorithmIdentifierOwned {
                oid: profile::ECDSA_SHA256,
                parameters: None,
            },
        })
    }
}
