//! GOST R 34.10-2015 with 512 bits as Kazakhstan uses it: the curve of TC 26 and the
//! digest of GOST R 34.11-2012, under national identifiers, with the two numbers of a
//! signature little endian.
//!
//! Only what checks signatures: certificates and requests of the National
//! Certification Authority. Everything here is public, so nothing has to take the
//! same time for all numbers.

mod curve;
mod public_key;
mod signature;

use const_oid::ObjectIdentifier;
use streebog::{Digest, Streebog512};

pub use curve::Curve;
pub use public_key::PublicKey;
pub use signature::{Signature, verifies};

/// Algorithm of a public key of 512 bits.
pub const KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.398.3.10.1.1.2.2");
/// Parameters of [`KEY`]: the curve id-tc26-gost-3410-2012-512-paramSetA.
pub const PARAM_SET_A: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.398.3.10.1.1.2.2.1");
/// Signature of 512 bits over [`DIGEST`].
pub const SIGNATURE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.398.3.10.1.1.2.3.2");
/// GOST R 34.11-2012 with 512 bits (Streebog).
pub const DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.398.3.10.1.3.3");

/// Length of a number of the curve, bytes.
pub const NUMBER: usize = 64;

/// Digest of [`DIGEST`], as RFC 6986 prints it backwards: the first byte is the least.
pub fn digest(message: &[u8]) -> [u8; NUMBER] {
    Streebog512::digest(message).into()
}
