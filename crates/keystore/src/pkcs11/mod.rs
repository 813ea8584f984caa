//! Tokens through their makers' PKCS#11 modules (OASIS PKCS #11 2.40), one
//! [`Profile`] a module.
//!
//! Here: finding the token, logging in, making and trying keys, writing
//! certificates so that a cut leaves nothing that cannot be gone on from. Not
//! here: surviving a module that hangs. A module is foreign code in this process
//! and a call into it cannot be cancelled: use it where a process can be killed.

mod certificates;
mod failure;
mod inventory;
mod key_pair;
mod module;
mod profile;
mod session;
mod signature;
mod storage;
mod token;

pub use profile::{EcdsaMechanism, Keys, PinRules, Place, Profile, RsaMechanism, Template};
pub use storage::{Pkcs11Storage, find};
