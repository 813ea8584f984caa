//! The citizen's key storages, and the certificates and requests for their keys.
//!
//! Here: making a key pair inside a storage, proving that it is there, putting
//! the certificate beside it, and reading all of that back. Not here: finding
//! drives and readers, and whether a certificate may be issued.

pub mod certificate;
pub mod csr;
mod private_key;
pub mod profile;
mod public_key;
pub mod subject;

pub use private_key::{PrivateKey, PrivateKeyError};
pub use public_key::{KeyId, PublicKey, PublicKeyError};
pub use subject::Subject;
