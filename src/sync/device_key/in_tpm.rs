//! The key in the TPM.

use std::path::Path;

use exchange::VerifyingKey;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use sha2::{Digest, Sha256};

use super::super::{SyncError, private_file};
use super::tpm_commands::{WrappedKey, verifying_key};
use super::{DeviceKey, DeviceKeyError, Tpm, tss2_file};

/// A key that was made in the TPM and works there alone. On the disk lies what that TPM, and no
/// other, can load.
pub struct TpmDeviceKey {
    tpm: Tpm,
    wrapped: WrappedKey,
    public: VerifyingKey,
}

impl TpmDeviceKey {
    /// Reads the file; the TPM is asked when something is to be signed. `None`: there is no file.
    ///
    /// # Errors
    /// The file is damaged or readable by others.
    pub fn open(path: &Path, tpm: &Tpm) -> Result<Option<Self>, SyncError> {
        let Some(pem) = private_file::read(path)? else {
            return Ok(None);
        };
        let read = tss2_file::read(&pem).and_then(|wrapped| Self::of(wrapped, tpm));
        read.map(Some).map_err(|e| SyncError::File {
            what: format!("cannot use {}", path.display()),
            source: std::io::Error::other(e),
        })
    }

    /// As [`Self::open`]; has the TPM make the key where there is none.
    ///
    /// # Errors
    /// See [`Self::open`]; the TPM's, the disk's.
    pub fn open_or_create(path: &Path, tpm: &Tpm) -> Result<Self, SyncError> {
        if let Some(key) = Self::open(path, tpm)? {
            return Ok(key);
        }
        let key = Self::of(tpm.make()?, tpm)?;
        private_file::write(path, tss2_file::write(&key.wrapped)?.as_bytes())?;
        Ok(key)
    }

    fn of(wrapped: WrappedKey, tpm: &Tpm) -> Result<Self, DeviceKeyError> {
        Ok(Self {
            tpm: tpm.clone(),
            public: verifying_key(&wrapped)?,
            wrapped,
        })
    }
}

impl DeviceKey for TpmDeviceKey {
    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        let signature = self.tpm.sign(&self.wrapped, digest)?;
        // What the office would refuse for ever is found before it is kept.
        self.public
            .verify_prehash(&digest, &signature)
            .map_err(|_| DeviceKeyError::WrongSignature)?;
        Ok(signature.to_der().as_bytes().to_vec())
    }

    fn public_key(&self) -> VerifyingKey {
        self.public
    }

    fn is_degraded(&self) -> bool {
        false
    }
}
