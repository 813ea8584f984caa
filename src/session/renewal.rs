//! A renewal: the old key is found, opened, and its holder shown. Everything behind
//! that is the journey of an enrolment, without document and face.

mod holder;
mod key;
mod password;

pub(super) use holder::RenewHolder;
pub(super) use key::RenewKey;
pub(super) use password::RenewPassword;
