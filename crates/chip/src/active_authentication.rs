//! Active authentication: the chip signs a challenge with the private key of DG15
//! (ICAO 9303-11, 6.1). Whoever has DG15, challenge and signature can examine it again.

use openssl::bn::{BigNum, BigNumContext};
use openssl::error::ErrorStack;
use openssl::pkey::Public;
use openssl::rsa::Rsa;

use crate::check::{Check, CheckName};
use crate::digest_algorithm::DigestAlgorithm;
use crate::public_key::{EcPublicKey, PublicKey};
use crate::read::{ActiveProof, ReadError};
use crate::security_info::SecurityInfos;
use crate::session::Session;
use crate::signature_algorithm::SignatureAlgorithm;
use crate::tlv;
use apdu::Command;

const NAME: CheckName = CheckName::ActiveAuthentication;

/// INTERNAL AUTHENTICATE. `Err` within is why the chip gave no signature.
///
/// # Errors
/// The chip is gone, or secure messaging broke.
pub fn perform(
    session: &mut Session<'_>,
    challenge: &[u8; 8],
) -> Result<Result<ActiveProof, String>, ReadError> {
    let le = session.longest_answer();
    let response = session.send(&Command::new(0x88, 0x00, 0x00, challenge, Some(le)))?;
    Ok(match response.status.0 {
        0x9000 => Ok(ActiveProof {
            challenge: *challenge,
            signature: response.data.to_vec(),
        }),
        status => Err(format!("INTERNAL AUTHENTICATE: SW {status:04X}")),
    })
}

/// Whether the holder of the key in `dg15` signed `challenge`. `dg14` names the hash
/// of ECDSA. Says nothing of whether DG15 is genuine.
pub fn verify(dg15: &[u8], dg14: Option<&[u8]>, challenge: &[u8; 8], signature: &[u8]) -> Check {
    let key = match tlv::only(dg15, 0x6F) {
        Ok(spki) => PublicKey::from_spki(spki).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let key = match key {
        Ok(key) => key,
        Err(reason) => return Check::failed(NAME, format!("DG15: {reason}")),
    };
    match (key.rsa(), key.ec()) {
        (Some(rsa), _) => verify_rsa(rsa, challenge, signature),
        (_, Some(ec)) => verify_ecdsa(&key, ec, dg14, challenge, signature),
        _ => Check::failed(NAME, "DG15: a key that signs nothing"),
    }
}

/// ISO 9796-2, scheme 1, with partial recovery: the challenge is the part that the
/// signature does not carry.
fn verify_rsa(key: &Rsa<Public>, challenge: &[u8; 8], signature: &[u8]) -> Check {
    let wrong = || Check::failed(NAME, "the signature does not match");
    let Ok(candidates) = recover(key, signature) else {
        return wrong();
    };
    for recovered in candidates {
        if let Some(digest) = opens(&recovered, challenge) {
            return if digest.is_weak() {
                Check::warning(NAME, format!("RSA with {digest}"))
            } else {
                Check::passed(NAME)
            };
        }
    }
    wrong()
}

/// The recoverable string, from the signature of ISO 9796-2, B.6 and of B.4, where the
/// lesser of s and n - s is the signature.
fn recover(key: &Rsa<Public>, signature: &[u8]) -> Result<[Vec<u8>; 2], ErrorStack> {
    let n = key.n();
    let s = BigNum::from_slice(signature)?;
    if signature.len() != usize::try_from(n.num_bytes()).unwrap_or(0) || s >= *n {
        return Ok([Vec::new(), Vec::new()]);
    }
    let mut opened = BigNum::new()?;
    opened.mod_exp(&s, key.e(), n, &mut *BigNumContext::new()?)?;
    let mut other = BigNum::new()?;
    other.checked_sub(n, &opened)?;
    Ok([
        opened.to_vec_padded(n.num_bytes())?,
        other.to_vec_padded(n.num_bytes())?,
    ])
}

/// The hash where `recovered` is header, M1, H(M1 || challenge), trailer.
fn opens(recovered: &[u8], challenge: &[u8; 8]) -> Option<DigestAlgorithm> {
    let (digest, rest) = match recovered {
        [rest @ .., 0xBC] => (DigestAlgorithm::Sha1, rest),
        [rest @ .., hash, 0xCC] => {
            let digest = match hash {
                0x33 => DigestAlgorithm::Sha1,
                0x34 => DigestAlgorithm::Sha256,
                0x35 => DigestAlgorithm::Sha512,
                0x36 => DigestAlgorithm::Sha384,
                0x38 => DigestAlgorithm::Sha224,
                _ => return None,
            };
            (digest, rest)
        }
        _ => return None,
    };
    let (front, hash) = rest.split_at_checked(rest.len().checked_sub(digest.length())?)?;
    let message = match front {
        [0x6A, message @ ..] => message,
        // Padded, where M1 is shorter than it could be.
        [0x6B, padded @ ..] => {
            let end = padded.iter().position(|byte| *byte != 0xBB)?;
            match padded.get(end..)? {
                [0xBA, message @ ..] => message,
                _ => return None,
            }
        }
        _ => return None,
    };
    let mut signed = message.to_vec();
    signed.extend_from_slice(challenge);
    (digest.digest(&signed).ok()? == hash).then_some(digest)
}

fn verify_ecdsa(
    key: &PublicKey,
    ec: &EcPublicKey,
    dg14: Option<&[u8]>,
    challenge: &[u8; 8],
    signature: &[u8],
) -> Check {
    let holds = |digest| {
        key.verify(
            &SignatureAlgorithm::EcdsaPlain(digest),
            challenge,
            signature,
        )
        .is_ok()
    };
    // A longer hash would be cut, which the standard forbids (6.1.2.3).
    let order_bytes = usize::try_from(ec.key().group().order_bits().div_ceil(8)).unwrap_or(0);
    let fits = |digest: DigestAlgorithm| digest.length() <= order_bytes;
    let named = match dg14.map(SecurityInfos::of_dg14) {
        Some(Ok(infos)) => infos.active_authentication,
        Some(Err(error)) => return Check::failed(NAME, format!("DG14: {error}")),
        None => None,
    };
    match named {
        Some(digest) if !fits(digest) => Check::failed(
            NAME,
            format!("{digest} is longer than the order of {}", ec.curve()),
        ),
        Some(digest) if !holds(digest) => Check::failed(NAME, "the signature does not match"),
        Some(digest) if digest.is_weak() => Check::warning(NAME, format!("ECDSA with {digest}")),
        Some(_) => Check::passed(NAME),
        // Documents from before the rule: whichever hash it is, the key signed.
        None => match DigestAlgorithm::ALL
            .into_iter()
            .find(|digest| fits(*digest) && holds(*digest))
        {
            Some(digest) => {
                Check::warning(NAME, format!("DG14 names no hash; it holds with {digest}"))
            }
            None => Check::failed(NAME, "the signature does not match"),
        },
    }
}

#[cfg(test)]
#[path = "active_authentication_tests.rs"]
mod tests;
