//! What our messages are protected with.

use const_oid::ObjectIdentifier;
use openssl::{
    hash::MessageDigest,
    pkey::{Id, PKey, Private},
    sign::Signer,
};
use spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use crate::{DerCertificate, Error, oid};

/// `Debug` shows no secret.
pub enum Credentials {
    Signature(Box<SignatureKey>),
    Secret(SharedSecret),
}

/// A key with its certificate. OpenSSL wipes the key when it is freed.
pub struct SignatureKey {
    key: PKey<Private>,
    digest: MessageDigest,
    algorithm: AlgorithmIdentifierOwned,
    certificate: DerCertificate,
    /// Ours first, DER.
    certificates: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mac {
    /// PasswordBasedMac, which every authority knows.
    Pbm,
    /// PBMAC1 with PBKDF2, RFC 9481 section 6.1.2.
    Pbmac1,
}

pub struct SharedSecret {
    reference: Vec<u8>,
    secret: Zeroizing<Vec<u8>>,
    mac: Mac,
}

impl SignatureKey {
    /// `chain`: the key's certificate, then those that lead to what the authority
    /// trusts. RSA, or ECDSA on P-256, P-384 or P-521.
    ///
    /// # Errors
    /// [`Error::Signing`]: another kind of key, or not that of the certificate.
    pub fn new(key: PKey<Private>, chain: Vec<DerCertificate>) -> Result<Self, Error> {
        let certificate = chain.first().ok_or(Error::Signing)?.clone();
        let (digest, oid) = algorithm_of(&key).ok_or(Error::Signing)?;
        let parameters = (key.id() == Id::RSA).then(der::Any::null);
        let own = Self {
            key,
            digest,
            algorithm: AlgorithmIdentifierOwned { oid, parameters },
            certificates: chain.iter().map(|c| c.der().to_vec()).collect(),
            certificate,
        };
        let probe = b"the key of this certificate";
        let signature = own.sign(probe)?;
        let key = own.certificate.key().ok_or(Error::Signing)?;
        if key.verifies(&own.algorithm, probe, &signature) {
            Ok(own)
        } else {
            Err(Error::Signing)
        }
    }

    /// From PEM: a PKCS#8 key without password, and its certificate with its chain.
    ///
    /// # Errors
    /// See [`SignatureKey::new`].
    pub fn from_pem(key: &[u8], chain: &str) -> Result<Self, Error> {
        // An encrypted key asks nobody: the answer is always empty.
        let key = PKey::private_key_from_pem_callback(key, |_| Ok(0));
        let chain = DerCertificate::list_from_pem(chain).map_err(|_| Error::Signing)?;
        Self::new(key.map_err(|_| Error::Signing)?, chain)
    }

    pub fn certificate(&self) -> &DerCertificate {
        &self.certificate
    }

    pub(super) fn algorithm(&self) -> AlgorithmIdentifierOwned {
        self.algorithm.clone()
    }

    pub(super) fn identifier(&self) -> Option<Vec<u8>> {
        self.certificate.key_identifier()
    }

    pub(super) fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Signer::new(self.digest, &self.key)
            .and_then(|mut signer| signer.sign_oneshot_to_vec(message))
            .map_err(|_| Error::Signing)
    }
}

fn algorithm_of(key: &PKey<Private>) -> Option<(MessageDigest, ObjectIdentifier)> {
    match (key.id(), key.bits()) {
        (Id::RSA, _) => Some((MessageDigest::sha256(), oid::RSA_SHA256)),
        (Id::EC, 256) => Some((MessageDigest::sha256(), oid::ECDSA_SHA256)),
        (Id::EC, 384) => Some((MessageDigest::sha384(), oid::ECDSA_SHA384)),
        (Id::EC, 521) => Some((MessageDigest::sha512(), oid::ECDSA_SHA512)),
        _ => None,
    }
}

impl SharedSecret {
    /// `reference` tells the authority which secret it is.
    pub fn new(reference: &[u8], secret: &[u8], mac: Mac) -> Self {
        Self {
            reference: reference.to_vec(),
            secret: Zeroizing::new(secret.to_vec()),
            mac,
        }
    }

    pub(super) fn reference(&self) -> &[u8] {
        &self.reference
    }

    pub(super) fn secret(&self) -> &[u8] {
        &self.secret
    }

    pub(super) fn mac(&self) -> Mac {
        self.mac
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Credentials::Signature(_) => "Signature(..)",
            Credentials::Secret(_) => "Secret(..)",
        })
    }
}
