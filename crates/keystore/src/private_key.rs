//! A private key in memory, for as long as it takes to write or use it.

use exchange::KeyAlgorithm;
use openssl::{
    bn::BigNum,
    hash::MessageDigest,
    pkey::{Id, PKey, Private},
    rsa::Rsa,
    sign::Signer,
};
use p256::{
    SecretKey,
    ecdsa::{DerSignature, SigningKey},
    pkcs8::{DecodePrivateKey, EncodePrivateKey},
};
use signature::Signer as _;
use spki::EncodePublicKey;
use zeroize::Zeroizing;

use crate::{PublicKey, PublicKeyError};

/// RSA-2048 or P-256. OpenSSL clears the numbers of an RSA key when it frees
/// them, p256 those of its own; `Debug` shows neither.
pub struct PrivateKey {
    inner: Inner,
    public: PublicKey,
}

enum Inner {
    Rsa(PKey<Private>),
    P256(SecretKey),
}

#[derive(Debug, thiserror::Error)]
pub enum PrivateKeyError {
    #[error("no key could be made")]
    Generation,
    #[error("this is not a private key of a known kind")]
    Malformed,
    #[error("the key could not sign")]
    Signing,
    #[error(transparent)]
    Public(#[from] PublicKeyError),
}

impl PrivateKey {
    /// RSA-2048 takes 0.1 to 2 s, P-256 less than a millisecond.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, PrivateKeyError> {
        match algorithm {
            KeyAlgorithm::Rsa2048 => {
                let make = || {
                    let exponent = BigNum::from_u32(65537)?;
                    PKey::from_rsa(Rsa::generate_with_e(2048, &exponent)?)
                };
                Self::from_openssl(make().map_err(|_| PrivateKeyError::Generation)?)
            }
            KeyAlgorithm::EcdsaP256 => {
                // Almost every 32 bytes are a valid key; the rest is drawn again.
                for _ in 0..8 {
                    let mut bytes = Zeroizing::new([0u8; 32]);
                    getrandom::fill(bytes.as_mut()).map_err(|_| PrivateKeyError::Generation)?;
                    if let Ok(key) = SecretKey::from_slice(bytes.as_ref()) {
                        return Self::from_p256(key);
                    }
                }
                Err(PrivateKeyError::Generation)
            }
        }
    }

    /// Reads PKCS#8, DER.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, PrivateKeyError> {
        if let Ok(key) = SecretKey::from_pkcs8_der(der) {
            return Self::from_p256(key);
        }
        let key = PKey::private_key_from_pkcs8(der).map_err(|_| PrivateKeyError::Malformed)?;
        Self::from_openssl(key)
    }

    /// Writes PKCS#8, DER.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, PrivateKeyError> {
        match &self.inner {
            Inner::Rsa(key) => key
                .private_key_to_pkcs8()
                .map(Zeroizing::new)
                .map_err(|_| PrivateKeyError::Malformed),
            Inner::P256(key) => key
                .to_pkcs8_der()
                .map(|d| d.to_bytes())
                .map_err(|_| PrivateKeyError::Malformed),
        }
    }

    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// SHA-256 with RSA PKCS#1 v1.5, or with ECDSA in DER.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, PrivateKeyError> {
        match &self.inner {
            Inner::Rsa(key) => Signer::new(MessageDigest::sha256(), key)
                .and_then(|mut signer| signer.sign_oneshot_to_vec(message))
                .map_err(|_| PrivateKeyError::Signing),
            Inner::P256(key) => {
                let signature: DerSignature = SigningKey::from(key)
                    .try_sign(message)
                    .map_err(|_| PrivateKeyError::Signing)?;
                Ok(signature.as_bytes().to_vec())
            }
        }
    }

    fn from_openssl(key: PKey<Private>) -> Result<Self, PrivateKeyError> {
        if key.id() != Id::RSA {
            return Err(PublicKeyError::Algorithm.into());
        }
        let public = key
            .public_key_to_der()
            .map_err(|_| PrivateKeyError::Malformed)?;
        Ok(Self {
            inner: Inner::Rsa(key),
            public: PublicKey::from_der(&public)?,
        })
    }

    fn from_p256(key: SecretKey) -> Result<Self, PrivateKeyError> {
        let public = key
            .public_key()
            .to_public_key_der()
            .map_err(|_| PrivateKeyError::Malformed)?;
        Ok(Self {
            inner: Inner::P256(key),
            public: PublicKey::from_der(public.as_bytes())?,
        })
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PrivateKey({}, ..)", self.public.id())
    }
}
