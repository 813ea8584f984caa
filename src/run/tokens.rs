//! Tokens and cards that hold keys. No token writer is connected: every question
//! about a token is answered by a fault that leads the person to another storage.

use faults::Fault;

use crate::session::event::{Failure, Reply};

use super::asked::failure;

pub(super) fn answer() -> Result<Reply, Failure> {
    Err(failure(Fault::TokenMissing, "no token writer"))
}

pub(super) fn try_signature() -> Result<Reply, Failure> {
    Err(failure(Fault::KeyTestFailed, "no trial signatures here"))
}
