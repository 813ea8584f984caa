//! State services, one trait each, and their built-in stand-ins.
//!
//! None of the real ones has a published contract, so the traits say only what
//! this office needs of them.

mod registry;
mod sms;

use exchange::{HolderName, Iin, Language, PhoneNumber};

pub use registry::StandInRegistry;
pub use sms::{CodeFor, StandInSms, code_message, number_changed_message, revoked_message};

#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error("the service does not answer: {0}")]
    Unavailable(String),
    #[error("the service does not know this person")]
    Unknown,
}

/// The Mobile Citizens Database: which number belongs to which person.
pub trait PhoneRegistry: Send + Sync {
    fn registered(&self, iin: &Iin) -> Result<Option<PhoneNumber>, ServiceError>;
    /// Makes `number` the person's; gives the one before.
    fn register(
        &self,
        iin: &Iin,
        number: &PhoneNumber,
    ) -> Result<Option<PhoneNumber>, ServiceError>;
}

/// Sends short messages from 1414.
pub trait SmsGateway: Send + Sync {
    fn send(&self, to: &PhoneNumber, text: &str) -> Result<(), ServiceError>;
}

/// Who a person is by the state's records.
pub trait IdentityRegistry: Send + Sync {
    fn person(&self, iin: &Iin) -> Result<Option<Person>, ServiceError>;
}

#[derive(Clone)]
pub struct Person {
    pub name: HolderName,
    /// The language the person asked to be written to in, where known.
    pub language: Option<Language>,
}

pub use crate::issue::CertificateAuthority;
