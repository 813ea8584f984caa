//! The citizen's key storages, and the certificates and requests for their keys.
//!
//! Here: making a key pair inside a storage, proving that it is there, putting
//! the certificate beside it, and reading all of that back. Not here: finding
//! drives and readers, and whether a certificate may be issued.

pub mod certificate;
pub mod csr;
mod error;
mod folder;
pub mod gost;
mod password;
pub mod piv;
pub mod pkcs11;
pub mod pkcs12;
mod pkcs12_ber;
mod pkcs12_file;
mod pkcs12_mac;
mod pkcs12_names;
pub mod placeholder;
mod private_key;
pub mod profile;
mod public_key;
pub mod simulated_token;
mod storage;
pub mod subject;
mod token;
mod trial;
mod verifying_key;

pub use certificate::{CertificateError, Chain};
pub use error::StorageError;
pub use folder::Folder;
pub use password::{KeyPassword, PasswordRule};
pub use piv::PivToken;
pub use pkcs11::Pkcs11Storage;
pub use pkcs12::Pkcs12Storage;
pub use pkcs12_file::OpenFile;
pub use pkcs12_names::{KeyFile, KeyFileKind, Purpose};
pub use private_key::{PrivateKey, PrivateKeyError};
pub use public_key::{KeyId, PublicKey, PublicKeyError};
pub use simulated_token::{SimulatedToken, TokenFault};
pub use storage::{Contents, KeyStorage, SigningError, StoredKey, prove, request};
pub use subject::{Subject, holder_of};
pub use token::{PinStatus, Presented, Slot, SlotContent, Token, TokenStatus};
pub use trial::{SignatureTrial, try_signature};
pub use verifying_key::VerifyingKey;
