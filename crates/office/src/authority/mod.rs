//! The built-in certificate authority.
//!
//! [`init`] makes a root, whose folder goes offline, and an issuing CA below
//! it; [`Authority`] issues citizens' certificates by the profile of the
//! National Certification Authority. [`tls`] is another authority with other
//! keys, for the channel between kiosks and office. Here is no database: whoever
//! calls keeps what was issued and revoked.

mod ca_key;
mod ceremony;
mod issuing;
mod locations;
mod responder;
mod revocation;
mod technician;
pub mod tls;

pub use ca_key::CaKey;
pub use ceremony::{CaNames, Hierarchy, adopt, init, renew_issuing};
pub use issuing::{Authority, Identification, Issued, Statements, Usage};
pub use locations::Locations;
pub use responder::Responder;
pub use revocation::{Reason, Revocation, RevocationList};
pub use technician::{LONGEST_DAYS, TechnicianCertificate};

use keystore::{certificate::CertificateError, csr::RequestError};

#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("{path}: {source}")]
    File {
        path: std::path::PathBuf,
        source: std::io::Error,
    },
    #[error("the key file of an authority cannot be read")]
    KeyFile,
    #[error("key and certificate of the authority do not belong together")]
    KeyMismatch,
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error("the request names another person, e-mail address or storage than was decided")]
    SubjectDiffers,
    #[error("the authority's own certificate ends before the new one would")]
    Expiring,
    #[error("{0} is neither a host name nor an IP address")]
    ServerName(String),
    #[error("a technician's certificate lives 1 to {LONGEST_DAYS} days")]
    Days,
    #[error("no key could be made")]
    KeyGeneration,
    #[error("the authority could not sign")]
    Signing,
}

#[cfg(test)]
mod tests;
