//! The key in a file.

use std::path::Path;

use exchange::{SigningKey, VerifyingKey};
use p256::ecdsa::DerSignature;
use p256::ecdsa::signature::Signer;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};

use super::super::{SyncError, private_file};
use super::{DeviceKey, DeviceKeyError};

/// A key in a file of mode 0600: all that a machine without a TPM can do.
pub struct FileDeviceKey(SigningKey);

impl FileDeviceKey {
    /// A P-256 key in PKCS#8 PEM (RFC 5958, RFC 7468); `None` where there is no file.
    ///
    /// # Errors
    /// The file is damaged or readable by others. It is never replaced: a new key would be
    /// another kiosk to the office.
    pub fn open(path: &Path) -> Result<Option<Self>, SyncError> {
        let Some(pem) = private_file::read(path)? else {
            return Ok(None);
        };
        match SigningKey::from_pkcs8_pem(&pem) {
            Ok(key) => Ok(Some(Self(key))),
            Err(_) => Err(SyncError::File {
                what: format!("cannot use {}", path.display()),
                source: std::io::Error::other(DeviceKeyError::Malformed),
            }),
        }
    }

    /// As [`Self::open`]; makes the key where there is none.
    ///
    /// # Errors
    /// See [`Self::open`]; the disk's.
    pub fn open_or_create(path: &Path) -> Result<Self, SyncError> {
        if let Some(key) = Self::open(path)? {
            return Ok(key);
        }
        let key = generate()?;
        let pem = key
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|e| SyncError::Configuration(format!("a key cannot be encoded: {e}")))?;
        private_file::write(path, pem.as_bytes())?;
        Ok(Self(key))
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
