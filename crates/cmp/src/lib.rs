//! A client of the Certificate Management Protocol (RFC 9810) in its lightweight
//! profile (RFC 9483): a PKCS#10 request goes out, a certificate comes back, and the
//! authority is told whether it reached its key, and later perhaps to end it.
//!
//! [`Client::begin`] sends the request, [`Client::poll`] asks again while the
//! authority makes up its mind, and only when the certificate lies beside its key
//! does somebody call [`Client::confirm`], else [`Client::reject`]. [`Waiting`] and
//! [`Issued`] are all that is remembered in between, and can be stored: a restart
//! loses nothing.
//!
//! Here is no network: [`Transport`] carries bytes. Only the messages that this takes
//! are known here, as types of this crate.

mod answer;
mod body;
mod certificate;
mod client;
mod configuration;
mod error;
mod header;
mod hex_bytes;
mod issued;
mod message;
mod oid;
mod path;
mod protection;
mod revocation;
mod status;
mod transaction;
mod transport;

pub use body::{
    Body, CertId, CertOrEncCert, CertRepMessage, CertResponse, CertStatus, CertTemplate,
    CertifiedKeyPair, ErrorContent, PollRep, PollReq, RevDetails, RevRepContent,
};
pub use certificate::{DerCertificate, PemError};
pub use client::{Client, Progress};
pub use configuration::{Configuration, Patience};
pub use error::Error;
pub use header::{Header, InfoTypeAndValue, directory_name};
pub use issued::Unfit;
pub use message::{MAX_MESSAGE, Message};
pub use oid::{CERT_PROFILE, IMPLICIT_CONFIRM};
pub use path::PathError;
pub use protection::{Credentials, Mac, SharedSecret, SignatureKey, Unproven, protect};
pub use status::{FailInfo, Status, StatusInfo};
pub use transaction::{HashAlgorithm, Issued, TransactionId, Waiting};
pub use transport::{Address, AddressError, CONTENT_TYPE, Transport, TransportError, judge_answer};
