//! What has to be remembered of a transaction between two messages.
//!
//! [`Waiting`] and [`Issued`] can be stored: names, nonces and certificates, and no
//! secret. The certificate and the name in the request are a citizen's.

use exchange::UnixMillis;
use keystore::gost;
use openssl::hash::{MessageDigest, hash};
use serde::{Deserialize, Serialize};
use spki::AlgorithmIdentifierOwned;

use crate::{Error, hex_bytes, oid};

/// 128 random bits (RFC 9483 section 3.1).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TransactionId(#[serde(with = "hex_bytes")] Vec<u8>);

impl TransactionId {
    pub(crate) fn random() -> Result<Self, Error> {
        random().map(Self)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Display for TransactionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl std::fmt::Debug for TransactionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

pub(crate) fn random() -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(bytes)
}

/// A transaction under way.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Transaction {
    pub id: TransactionId,
    /// Nonces of the authority, the last one last.
    pub nonces: Vec<Nonce>,
    pub begun_at: UnixMillis,
    pub asked: AskedFor,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Nonce(#[serde(with = "hex_bytes")] pub Vec<u8>);

/// What the certificate has to say, out of the request.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AskedFor {
    /// Name, DER.
    #[serde(with = "hex_bytes")]
    pub subject: Vec<u8>,
    /// SubjectPublicKeyInfo, DER.
    #[serde(with = "hex_bytes")]
    pub key: Vec<u8>,
}

/// The authority has the request and has not decided.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    pub(crate) transaction: Transaction,
    pub(crate) cert_req_id: i64,
    /// Times it was asked again.
    pub(crate) polls: u32,
    pub(crate) not_before: UnixMillis,
}

impl Waiting {
    pub fn id(&self) -> &TransactionId {
        &self.transaction.id
    }

    /// When the authority wants to be asked again, at the earliest.
    pub fn ask_at(&self) -> UnixMillis {
        self.not_before
    }
}

/// The certificate is there and was found right, and the authority waits to hear
/// whether it reached its key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    pub(crate) transaction: Transaction,
    pub(crate) cert_req_id: i64,
    #[serde(with = "hex_bytes")]
    pub(crate) certificate: Vec<u8>,
    pub(crate) extra: Vec<Extra>,
    pub(crate) hash: HashAlgorithm,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Extra(#[serde(with = "hex_bytes")] pub Vec<u8>);

impl Issued {
    pub fn id(&self) -> &TransactionId {
        &self.transaction.id
    }

    /// DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Certificates that came along, DER each: not believed, only a help in building
    /// the chain.
    pub fn extra_certificates(&self) -> impl Iterator<Item = &[u8]> {
        self.extra.iter().map(|e| e.0.as_slice())
    }

    /// What the confirmation names the certificate by.
    pub fn hash_algorithm(&self) -> HashAlgorithm {
        self.hash
    }
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Waiting({}, asked {} times)", self.id(), self.polls)
    }
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Issued({}, ..)", self.id())
    }
}

/// The digest in a confirmation: the one the certificate's signature is made with
/// (RFC 9810 section 5.3.18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HashAlgorithm {
    Sha256,
    Sha384,
    Sha512,
    /// GOST R 34.11-2012 with 512 bits.
    Streebog512,
}

impl HashAlgorithm {
    /// None for a signature algorithm that is not known here.
    pub(crate) fn of_signature(algorithm: &AlgorithmIdentifierOwned) -> Option<Self> {
        match algorithm.oid {
            oid::RSA_SHA256 | oid::ECDSA_SHA256 => Some(HashAlgorithm::Sha256),
            oid::RSA_SHA384 | oid::ECDSA_SHA384 => Some(HashAlgorithm::Sha384),
            oid::RSA_SHA512 | oid::ECDSA_SHA512 => Some(HashAlgorithm::Sha512),
            gost::SIGNATURE => Some(HashAlgorithm::Streebog512),
            _ => None,
        }
    }

    pub(crate) fn digest(self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let digest = match self {
            HashAlgorithm::Sha256 => MessageDigest::sha256(),
            HashAlgorithm::Sha384 => MessageDigest::sha384(),
            HashAlgorithm::Sha512 => MessageDigest::sha512(),
            HashAlgorithm::Streebog512 => return Ok(gost::digest(bytes).to_vec()),
        };
        let digest = hash(digest, bytes).map_err(|_| Error::Encoding)?;
        Ok(digest.to_vec())
    }
}
