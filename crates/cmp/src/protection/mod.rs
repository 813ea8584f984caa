//! Message protection (RFC 9810 section 5.1.3): by signature or by a shared secret.

mod credentials;
mod mac;
mod signature;

use der::asn1::OctetString;
use exchange::UnixMillis;

use crate::{Body, Configuration, Error, Header, Message, message};

pub use credentials::{Credentials, Mac, SharedSecret, SignatureKey};

/// Why a protection proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    #[error("the answer is not protected")]
    Missing,
    #[error("the algorithm or parameters of the answer's protection are not accepted")]
    Algorithm,
    #[error("the answer is protected with HMAC and SHA-1, which is not accepted here")]
    HmacSha1,
    #[error("no certificate for the answer's signature came with it")]
    NoSigner,
    #[error("the answer was changed, or protected with another key")]
    Wrong,
}

/// Writes a message, DER, with the header's protection fields filled in.
///
/// # Errors
/// [`Error::Encoding`], [`Error::Random`] or [`Error::Signing`].
pub fn protect(header: Header, body: &Body, by: &Credentials) -> Result<Vec<u8>, Error> {
    let octets = |bytes: &[u8]| OctetString::new(bytes).map_err(|_| Error::Encoding);
    match by {
        Credentials::Signature(key) => {
            let header = Header {
                protection_alg: Some(key.algorithm()),
                sender_kid: key.identifier().map(|id| octets(&id)).transpose()?,
                ..header
            };
            message::assemble(&header, body, |part| key.sign(part), key.certificates())
        }
        Credentials::Secret(secret) => {
            let algorithm = mac::choose(secret.mac())?;
            let header = Header {
                protection_alg: Some(algorithm.clone()),
                sender_kid: Some(octets(secret.reference())?),
                ..header
            };
            let sign = |part: &[u8]| {
                // Our own parameters are never those that are only read.
                mac::compute(&algorithm, secret.secret(), part, false).map_err(|_| Error::Signing)
            };
            message::assemble(&header, body, sign, &[])
        }
    }
}

impl Configuration {
    /// Whether this message is from the authority as it came.
    ///
    /// # Errors
    /// [`Error::Protection`], [`Error::Sender`], or [`Error::Signer`].
    pub fn verify_protection(&self, message: &Message, now: UnixMillis) -> Result<(), Error> {
        let (Some(algorithm), Some(protection)) =
            (&message.header.protection_alg, message.protection())
        else {
            return Err(Unproven::Missing.into());
        };
        if mac::is_mac(&algorithm.oid) {
            let Credentials::Secret(secret) = &self.credentials else {
                return Err(Unproven::Algorithm.into());
            };
            let part = message.protected_part();
            let right = mac::compute(algorithm, secret.secret(), part, self.hmac_sha1)?;
            // `eq` of OpenSSL wants equal lengths.
            if right.len() != protection.len() || !openssl::memcmp::eq(&right, protection) {
                return Err(Unproven::Wrong.into());
            }
            return Ok(());
        }
        signature::verify(self, message, algorithm, protection, now)
    }
}
