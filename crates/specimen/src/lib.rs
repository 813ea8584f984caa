//! Made-up identity documents, and a chip that answers for them.
//!
//! [`Authority`] is a state that signs documents: its CSCA, a document signer, a
//! master list. [`Specimen`] is one document as it leaves the printer: every file of
//! its chip (ICAO 9303-10), signed, with the keys the chip keeps to itself.
//! [`SpecimenChip`] is the chip: PACE, BAC, secure messaging, chip and active
//! authentication (ICAO 9303-11), and the faults a real one can have.
//!
//! For simulated readers, tests and fuzzing. Files are written by this crate's own
//! encoder, so that a mistake in what reads them does not meet itself. Nothing here
//! protects anything: no key of a specimen may ever be trusted.

mod asn1;
pub mod authority;
pub mod card;
mod certificate;
pub mod config;
mod face;
pub mod key;
mod lds;
pub mod portrait;
mod printed;
pub mod random;
mod rsa;
mod security_infos;
mod signed_data;
pub mod specimen;

pub use authority::{Authority, AuthorityConfig};
pub use card::{ChipConfig, Faults, SpecimenChip};
pub use config::{ActiveKey, ChipKey, DocumentKind, Pace, SpecimenConfig};
pub use key::{Digest, Scheme, SigningKey};
pub use random::{RandomSource, SeededRandom, SystemRandom};
pub use specimen::Specimen;

/// Why a document could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SpecimenError {
    #[error("{field}: {reason}")]
    Field {
        field: &'static str,
        reason: &'static str,
    },
    #[error("OpenSSL: {0}")]
    Crypto(#[from] openssl::error::ErrorStack),
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

pub(crate) fn field(field: &'static str, reason: &'static str) -> SpecimenError {
    SpecimenError::Field { field, reason }
}
