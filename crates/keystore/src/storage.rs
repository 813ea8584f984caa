//! What every key storage can do, whatever it is: a file, a token, a card.

use exchange::{KeyAlgorithm, Secret, StorageType, SubmissionId, api::proof_bytes};
use serde::{Deserialize, Serialize};

use crate::{
    KeyId, PublicKey, StorageError, Subject,
    certificate::Chain,
    csr::{Draft, RequestError},
};

/// A key that is in a storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    pub key: PublicKey,
    /// None while only a placeholder lies beside the key.
    pub chain: Option<Chain>,
}

/// What can be seen in a storage without password or PIN.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Keys that wait for their certificate.
    pub pending: Vec<KeyId>,
    /// Keys with a certificate.
    pub installed: Vec<KeyId>,
    /// Unfinished things that an interrupted write left.
    pub leftovers: usize,
}

/// One storage that is there now. `secret` is the password of a file or the
/// PIN of a token. Nothing of it is kept between calls.
pub trait KeyStorage {
    fn storage_type(&self) -> StorageType;

    fn contents(&mut self) -> Result<Contents, StorageError>;

    /// Space for files in bytes; none where a storage does not count it.
    fn free_bytes(&mut self) -> Result<Option<u64>, StorageError>;

    /// Makes a key pair inside the storage with a placeholder certificate,
    /// reads it back and tries it. Afterwards the key survives a pulled plug.
    fn generate(
        &mut self,
        algorithm: KeyAlgorithm,
        secret: &Secret,
    ) -> Result<PublicKey, StorageError>;

    /// Signs with SHA-256: RSA PKCS#1 v1.5, or ECDSA in DER.
    fn sign(
        &mut self,
        key: &KeyId,
        secret: &Secret,
        message: &[u8],
    ) -> Result<Vec<u8>, StorageError>;

    /// Puts the certificate beside its key, reads it back and makes a test
    /// signature. Can be repeated after an interruption at any moment, and
    /// when it was finished already.
    fn install(
        &mut self,
        key: &KeyId,
        secret: &Secret,
        chain: &Chain,
    ) -> Result<StoredKey, StorageError>;

    /// Opens the key and tries a signature against what lies beside it.
    fn read_back(&mut self, key: &KeyId, secret: &Secret) -> Result<StoredKey, StorageError>;

    /// Takes away a pending key that no application refers to; never one with
    /// a certificate.
    fn discard(&mut self, key: &KeyId, secret: &Secret) -> Result<(), StorageError>;

    /// Takes away what interrupted writes left; says how many.
    fn remove_leftovers(&mut self) -> Result<usize, StorageError>;
}

/// A failed request: the storage's or the encoding's fault.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Request(#[from] RequestError),
}

impl SigningError {
    pub fn fault(&self) -> faults::Fault {
        match self {
            SigningError::Storage(error) => error.fault(),
            SigningError::Request(_) => faults::Fault::KeyTestFailed,
        }
    }
}

/// PKCS#10 (DER) for a key in a storage, signed there. `folder`: where the
/// citizen keeps the file, named in the request.
pub fn request(
    storage: &mut dyn KeyStorage,
    key: &PublicKey,
    secret: &Secret,
    subject: Subject<'_>,
    folder: Option<&str>,
) -> Result<Vec<u8>, SigningError> {
    let draft = Draft::new(subject, storage.storage_type(), folder, key)?;
    let signature = storage.sign(&key.id(), secret, draft.to_be_signed())?;
    Ok(draft.signed(&signature)?)
}

/// Shows that the key is there: its signature over the office's nonce.
pub fn prove(
    storage: &mut dyn KeyStorage,
    key: &KeyId,
    secret: &Secret,
    submission: SubmissionId,
    nonce_hex: &str,
) -> Result<Vec<u8>, StorageError> {
    storage.sign(key, secret, &proof_bytes(submission, nonce_hex))
}

/// 32 random bytes for a test signature.
pub(crate) fn test_message() -> Result<[u8; 32], StorageError> {
    let mut message = [0; 32];
    getrandom::fill(&mut message)
        .map_err(|_| StorageError::Key(crate::PrivateKeyError::Generation))?;
    Ok(message)
}
