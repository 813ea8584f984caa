//! The keys with which this kiosk signs manifests and shows who it is in TLS.

mod in_file;
mod in_tpm;
mod request;
mod tpm;
mod tpm_commands;
mod tss2_file;

use exchange::{Manifest, Signed, VerifyingKey};

pub use in_file::FileDeviceKey;
pub use in_tpm::TpmDeviceKey;
pub(super) use request::certificate_request;
pub use tpm::Tpm;

/// Each says what a technician can do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceKeyError {
    #[error("the device key's file is not a PKCS#8 P-256 key")]
    Malformed,
    #[error("the device key's file is not a P-256 key of a TPM: {0}; provision the kiosk anew")]
    MalformedTpmKey(String),
    #[error(
        "no TPM at {0}: it is switched off in the firmware, or this is another board; \
         bring back the TPM that made the device key, or provision the kiosk anew"
    )]
    NoTpm(String),
    #[error(
        "this TPM did not make the device key: another board, a TPM that was cleared, or a \
         damaged file; bring back the TPM that made it, or provision the kiosk anew"
    )]
    OfAnotherTpm,
    #[error("the TPM does not answer; switch the kiosk off and on again, else change the board")]
    Silent,
    #[error("the TPM refuses: {0}; switch the kiosk off and on again, else clear the TPM")]
    Refused(String),
    #[error("the TPM gave a signature that its own key does not verify; change the board")]
    WrongSignature,
}

/// No statement, handshake or request begins like this.
const PROBE: &[u8] = b"qoltanba probe of a device key";

/// A P-256 key that never leaves this device. In a TPM, else in a file.
pub trait DeviceKey: Send + Sync {
    /// ECDSA P-256 over SHA-256 of `bytes`, ASN.1 DER. May take a second, and where the hardware
    /// hangs some more; never for ever.
    ///
    /// # Errors
    /// The key or the hardware that holds it does not answer.
    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, DeviceKeyError>;

    /// Whether it signs; the signature is of use to nobody.
    ///
    /// # Errors
    /// See [`Self::sign`].
    fn probe(&self) -> Result<(), DeviceKeyError> {
        self.sign(PROBE).map(drop)
    }

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
