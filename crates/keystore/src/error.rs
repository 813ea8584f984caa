//! What can go wrong with a key storage, and the fault that a person is told.

use faults::Fault;

use crate::{CertificateError, PasswordRule, PrivateKeyError};

/// No variant carries a secret or personal data.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("there is no drive with this folder")]
    Missing,
    #[error("the drive was pulled out")]
    Pulled,
    #[error("no space is left")]
    Full,
    #[error("the drive cannot be written to")]
    ReadOnly,
    #[error("the path leads out of the drive, or to something that is no plain file")]
    PathRefused,
    #[error("the drive failed: {0}")]
    Drive(std::io::Error),

    #[error("this storage does not hold the key")]
    NoKey,
    #[error("wrong password or PIN")]
    WrongSecret {
        /// Where the storage counts them.
        tries_left: Option<u8>,
    },
    #[error("the file is damaged")]
    Damaged,
    #[error("this is a Java key store, not a PKCS#12 file")]
    JavaKeyStore,
    #[error("this password cannot be used: {0}")]
    Password(#[from] PasswordRule),
    #[error("what was written did not come back, or does not sign")]
    TestFailed,
    #[error(transparent)]
    Key(PrivateKeyError),
    #[error("the certificate is for another key")]
    ForeignCertificate,
    #[error(transparent)]
    Certificate(#[from] CertificateError),

    #[error("no token is inserted")]
    TokenMissing,
    #[error("wrong PIN; the token does not tell how many tries are left")]
    TokenPinWrong,
    #[error("the token's PIN is blocked")]
    TokenBlocked,
    #[error("the token's slot holds another key")]
    TokenOccupied,
    #[error("the token was pulled out")]
    TokenPulled,
    #[error("the token still has the PIN it came with")]
    TokenPinDefault,
    #[error("the new PIN breaks the token's rules")]
    TokenPinRule,
    #[error("wrong PUK")]
    TokenPukWrong { tries_left: Option<u8> },
    #[error("the token's PUK is blocked")]
    TokenPukBlocked,
    #[error("the token has no space left")]
    TokenFull,
    #[error("the token cannot be written to")]
    TokenReadOnly,
    #[error("this kind of token is not known, or cannot make such keys")]
    TokenUnknown,
    #[error("the token's management key is not known")]
    TokenManagementKey,
    #[error("the certificate on the token is compressed, which is not supported")]
    TokenCertificateCompressed,
    #[error("more than one token is inserted")]
    TokenSeveral,
    #[error("the token failed")]
    TokenFailed,
}

impl StorageError {
    /// The row of the fault table.
    pub fn fault(&self) -> Fault {
        match self {
            StorageError::Missing => Fault::UsbMissing,
            StorageError::Pulled => Fault::UsbPulled,
            StorageError::Full => Fault::UsbFull,
            StorageError::ReadOnly => Fault::UsbReadOnly,
            StorageError::PathRefused => Fault::FileUnreadable,
            StorageError::Drive(_) => Fault::UsbFailed,
            StorageError::NoKey => Fault::KeyPendingMissing,
            // A storage that counts tries is a token.
            StorageError::WrongSecret {
                tries_left: Some(_),
            }
            | StorageError::TokenPinWrong => Fault::TokenPinWrong,
            StorageError::WrongSecret { tries_left: None } | StorageError::Password(_) => {
                Fault::KeyPasswordWrong
            }
            StorageError::Damaged | StorageError::JavaKeyStore => Fault::KeyFileDamaged,
            StorageError::TestFailed
            | StorageError::ForeignCertificate
            | StorageError::Certificate(_) => Fault::KeyTestFailed,
            StorageError::Key(_) => Fault::KeyGenerationFailed,
            StorageError::TokenMissing => Fault::TokenMissing,
            StorageError::TokenBlocked => Fault::TokenPinBlocked,
            StorageError::TokenOccupied => Fault::TokenOccupied,
            StorageError::TokenPulled => Fault::TokenPulled,
            StorageError::TokenPinDefault => Fault::TokenPinDefault,
            StorageError::TokenPinRule => Fault::TokenPinRule,
            StorageError::TokenPukWrong { .. } => Fault::TokenPukWrong,
            StorageError::TokenPukBlocked => Fault::TokenPukBlocked,
            StorageError::TokenFull => Fault::TokenFull,
            StorageError::TokenReadOnly => Fault::TokenReadOnly,
            StorageError::TokenUnknown | StorageError::TokenCertificateCompressed => {
                Fault::TokenUnknown
            }
            StorageError::TokenManagementKey => Fault::TokenManagementKey,
            StorageError::TokenSeveral => Fault::TokenSeveral,
            StorageError::TokenFailed => Fault::TokenFailed,
        }
    }
}

impl From<rustix::io::Errno> for StorageError {
    /// For work inside a folder that was opened: there, a file that vanished
    /// means that the drive did.
    fn from(errno: rustix::io::Errno) -> Self {
        use rustix::io::Errno;
        match errno {
            Errno::NOENT | Errno::IO | Errno::NODEV | Errno::NXIO | Errno::STALE => {
                StorageError::Pulled
            }
            Errno::NOSPC | Errno::DQUOT => StorageError::Full,
            Errno::ROFS | Errno::ACCESS | Errno::PERM => StorageError::ReadOnly,
            Errno::LOOP | Errno::XDEV | Errno::ISDIR | Errno::NOTDIR => StorageError::PathRefused,
            other => StorageError::Drive(other.into()),
        }
    }
}

impl From<std::io::Error> for StorageError {
    fn from(error: std::io::Error) -> Self {
        match rustix::io::Errno::from_io_error(&error) {
            Some(errno) => errno.into(),
            None => StorageError::Drive(error),
        }
    }
}
