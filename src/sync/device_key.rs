//! The key with which this kiosk signs manifests.

use std::path::Path;

use exchange::{Manifest, Signed, SigningKey, VerifyingKey};
use p256::ecdsa::DerSignature;
use p256::ecdsa::signature::Signer;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};

use super::{SyncError, private_file};

#[derive(Debug, thiserror::Error)]
pub enum DeviceKeyError {
    #[error("the device key's file is not a PKCS#8 P-256 key")]
    Malformed,
    #[error("the device key cannot be used: {0}")]
    Unusable(String),
}

/// A P-256 key that never leaves this device. In a TPM, else in a file.
pub trait DeviceKey: Send + Sync {
    /// ECDSA P-256 over SHA-256 of `bytes`, ASN.1 DER.
    ///
    /// # Errors
    /// The key or the hardware that holds it does not answer.
    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, DeviceKeyError>;

    fn public_key(&self) -> VerifyingKey;

    /// Whether whoever copies the disk has the key. Shown to the technician and the office.
    fn is_degraded(&self) -> bool;
}

/// # Errors
/// The key's.
pub fn sign_manifest(
    key: &dyn DeviceKey,
    manifest: &Manifest,
) -> Result<Signed<Manifest>, DeviceKeyError> {
    Signed::sign_with(manifest, |bytes| key.sign(bytes))
}

/// A key in a file of mode 0600: all that a machine without a TPM can do.
pub struct FileDeviceKey(SigningKey);

impl FileDeviceKey {
    /// Reads the key, or makes one at the first start.
    ///
    /// # Errors
    /// The file is damaged or readable by others. It is never replaced: a new key would be
    /// another kiosk to the office.
    pub fn open_or_create(path: &Path) -> Result<Self, SyncError> {
        open_or_create(path).map(Self)
    }
}

impl DeviceKey for FileDeviceKey {
    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        let signature: DerSignature = self.0.sign(bytes);
        Ok(signature.as_bytes().to_vec())
    }

    fn public_key(&self) -> VerifyingKey {
        *self.0.verifying_key()
    }

    fn is_degraded(&self) -> bool {
        true
    }
}

/// A P-256 key in PKCS#8 PEM (RFC 5958, RFC 7468).
pub(super) fn open_or_create(path: &Path) -> Result<SigningKey, SyncError> {
    if let Some(pem) = private_file::read(path)? {
        return SigningKey::from_pkcs8_pem(&pem).map_err(|_| SyncError::File {
            what: format!("cannot use {}", path.display()),
            source: std::io::Error::other(DeviceKeyError::Malformed),
        });
    }
    let key = generate()?;
    private_file::write(path, to_pem(&key)?.as_bytes())?;
    Ok(key)
}

pub(super) fn to_pem(key: &SigningKey) -> Result<zeroize::Zeroizing<String>, SyncError> {
    key.to_pkcs8_pem(LineEnding::LF)
        .map_err(|e| SyncError::Configuration(format!("a key cannot be encoded: {e}")))
}

fn generate() -> Result<SigningKey, SyncError> {
    loop {
        let mut scalar = zeroize::Zeroizing::new([0u8; 32]);
        getrandom::fill(&mut *scalar)
            .map_err(|e| SyncError::Configuration(format!("no randomness: {e}")))?;
        // Zero and what is not below the order (one in 2^32) are drawn again.
        if let Ok(key) = SigningKey::from_slice(&*scalar) {
            return Ok(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept_for_the_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("device-key.pem");
        let first = FileDeviceKey::open_or_create(&path).unwrap();
        let again = FileDeviceKey::open_or_create(&path).unwrap();
        assert_eq!(first.public_key(), again.public_key());
        assert!(first.is_degraded());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(FileDeviceKey::open_or_create(&path).is_err());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, "damaged").unwrap();
        assert!(FileDeviceKey::open_or_create(&path).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "damaged");
    }
}
