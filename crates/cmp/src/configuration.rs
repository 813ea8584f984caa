//! Whom this client talks to, as whom, and whom it believes.

use x509_cert::name::Name;

use crate::{Credentials, DerCertificate};

pub struct Configuration {
    /// The authority's name: our messages are to it, and answers must be from it.
    /// Whoever else has a certificate under the same anchors is not believed.
    pub recipient: Name,
    /// What our messages are protected with. With a shared secret, answers may be
    /// protected with it too.
    pub credentials: Credentials,
    /// Anchors of the certificates that answers are signed with, or such certificates
    /// themselves.
    pub responder_anchors: Vec<DerCertificate>,
    /// Anchors of the certificates that are issued.
    pub issuer_anchors: Vec<DerCertificate>,
    /// Certificates between both and their anchors that answers may leave out.
    pub intermediates: Vec<DerCertificate>,
    /// Name of the certificate profile to ask for (RFC 9810 section 5.1.1.4).
    pub profile: Option<String>,
    /// Believe answers whose shared-secret protection uses HMAC with SHA-1, as OpenSSL
    /// makes them until 3.0.
    pub hmac_sha1: bool,
    /// How far the authority's clock may be from ours, milliseconds.
    pub clock_difference: u32,
    pub patience: Patience,
}

/// How long an authority may make up its mind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Times it is asked again.
    pub polls: u32,
    /// From the request on, milliseconds.
    pub total: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            polls: 120,
            total: 3_600_000,
        }
    }
}

/// RFC 9483 section 3.1 leaves it to both ends; a few minutes are usual.
pub(crate) const CLOCK_DIFFERENCE: u32 = 300_000;

impl Configuration {
    /// With the clock, patience and caution that need no reason.
    pub fn new(recipient: Name, credentials: Credentials) -> Self {
        Self {
            recipient,
            credentials,
            responder_anchors: Vec::new(),
            issuer_anchors: Vec::new(),
            intermediates: Vec::new(),
            profile: None,
            hmac_sha1: false,
            clock_difference: CLOCK_DIFFERENCE,
            patience: Patience::default(),
        }
    }
}
