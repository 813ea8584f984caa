//! Protection by signature: whose it is, and whether we believe them.

use exchange::UnixMillis;
use spki::AlgorithmIdentifierOwned;

use super::Unproven;
use crate::{Configuration, DerCertificate, Error, Message, header::directory_name, path};

/// An answer with more certificates than this is not looked through.
const MOST_CANDIDATES: usize = 16;

/// The signer's certificate came with the message, in front where the profile is kept
/// (RFC 9483 section 3.3), or is one of ours. Of those that fit the sender's name and
/// key identifier, the first whose key signed the message has to be trusted.
pub(super) fn verify(
    configuration: &Configuration,
    message: &Message,
    algorithm: &AlgorithmIdentifierOwned,
    protection: &[u8],
    now: UnixMillis,
) -> Result<(), Error> {
    if message.header.sender != directory_name(&configuration.recipient) {
        return Err(Error::Sender);
    }
    let extra = message.extra_certs().iter().take(MOST_CANDIDATES);
    let extra: Vec<DerCertificate> = extra
        .filter_map(|der| DerCertificate::from_der(der).ok())
        .collect();
    let known = || configuration.intermediates.iter().chain(&extra);
    let fitting = extra
        .iter()
        .chain(&configuration.responder_anchors)
        .chain(&configuration.intermediates)
        .filter(|c| is_named(c, configuration, message));
    let mut found = Unproven::NoSigner;
    for signer in fitting {
        let Some(key) = signer.key() else {
            continue;
        };
        if !key.verifies(algorithm, message.protected_part(), protection) {
            found = Unproven::Wrong;
            continue;
        }
        if !signer.key_usage().is_none_or(|u| u.digital_signature()) {
            return Err(Error::Signer(path::PathError::KeyUsage));
        }
        let untrusted: Vec<&DerCertificate> = known().collect();
        let anchors = &configuration.responder_anchors;
        return path::verify(signer, &untrusted, anchors, now).map_err(Error::Signer);
    }
    Err(found.into())
}

fn is_named(candidate: &DerCertificate, configuration: &Configuration, message: &Message) -> bool {
    let named = message.header.sender_kid.as_ref();
    let identified = match (named, candidate.key_identifier()) {
        (Some(named), Some(own)) => named.as_bytes() == own,
        _ => true,
    };
    identified && *candidate.subject() == configuration.recipient
}
