//! Basic access control (ICAO 9303-11, 4.3): both sides prove that they know three
//! fields of the MRZ, with 3DES, and agree on session keys.

use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::access_key::MrzKey;
use crate::cipher::{Cipher, CipherError};
use crate::key_derivation::{ENCRYPTION, MESSAGE_AUTHENTICATION, derive_key};
use crate::read::ReadError;
use crate::secure_messaging::SecureMessaging;
use crate::session::{Session, broken};
use apdu::ChannelError;
use apdu::{Command, Response, StatusWord};

const GET_CHALLENGE: u8 = 0x84;
const EXTERNAL_AUTHENTICATE: u8 = 0x82;
/// Bytes of a nonce; of one side's keying material; of a cryptogram with its MAC.
const NONCE: usize = 8;
const KEYING: usize = 16;
const TOKEN: usize = 40;

/// Authenticates, in the eMRTD application, and sets secure messaging.
///
/// # Errors
/// [`ReadError::NotSupported`] where the chip knows no BAC,
/// [`ReadError::WrongAccessKey`] and [`ReadError::Blocked`] where it refuses the key,
/// [`ReadError::Protocol`] where its proof is wrong; what [`Session::send`] says.
pub fn perform(session: &mut Session<'_>, key: &MrzKey) -> Result<(), ReadError> {
    let mut random = Zeroizing::new([0; NONCE + KEYING]);
    getrandom::fill(&mut *random)
        .map_err(|_| broken("BAC", "the system gives no random numbers"))?;
    perform_with(session, key, &random)
}

/// `random`: RND.IFD and K.IFD.
fn perform_with(
    session: &mut Session<'_>,
    key: &MrzKey,
    random: &[u8; NONCE + KEYING],
) -> Result<(), ReadError> {
    let challenge = get_challenge(session)?;
    let keys = AccessKeys::of(key);
    let data = keys
        .token(random, &challenge)
        .map_err(|error| broken("BAC", error.to_string()))?;
    let command = Command::new(EXTERNAL_AUTHENTICATE, 0, 0, &data, Some(TOKEN as u32));
    let response = session.send(&command)?;
    if !response.status.is_ok() {
        return Err(refusal(response.status));
    }
    let messaging = keys.agree(random, &challenge, &response.data)?;
    session.set_secure_messaging(messaging);
    Ok(())
}

/// RND.IC. Where nobody knows yet whether extended length works, this finds out.
fn get_challenge(session: &mut Session<'_>) -> Result<[u8; NONCE], ReadError> {
    let command = Command::new(GET_CHALLENGE, 0, 0, &[], Some(NONCE as u32));
    let whole = |response: &Response| {
        let challenge = <[u8; NONCE]>::try_from(&response.data[..]).ok();
        challenge.filter(|_| response.status.is_ok())
    };
    if session.lengths.extended.is_none() {
        match session.exchange(&command, true) {
            Ok(response) => {
                let challenge = whole(&response);
                session.lengths.extended = Some(challenge.is_some());
                if let Some(challenge) = challenge {
                    return Ok(challenge);
                }
            }
            // A reader that carries no extended length may say no more than that.
            Err(ReadError::Channel(ChannelError::Failed)) => {
                session.lengths.extended = Some(false);
            }
            Err(error) => return Err(error),
        }
    }
    let response = session.send(&command)?;
    if !response.status.is_ok() {
        return Err(ReadError::NotSupported(format!(
            "BAC: GET CHALLENGE: SW {}",
            response.status
        )));
    }
    whole(&response).ok_or_else(|| broken("GET CHALLENGE", "not eight bytes"))
}

/// What EXTERNAL AUTHENTICATE failed for. Chips say that the key is wrong in many ways.
fn refusal(status: StatusWord) -> ReadError {
    match status {
        StatusWord::AUTHENTICATION_BLOCKED => ReadError::Blocked,
        StatusWord::VERIFICATION_FAILED
        | StatusWord::SECURITY_STATUS_NOT_SATISFIED
        | StatusWord::CONDITIONS_NOT_SATISFIED
        | StatusWord::SECURE_MESSAGING_INCORRECT
        | StatusWord::WRONG_DATA => ReadError::WrongAccessKey { tries_left: None },
        status => match status.tries_left() {
            Some(left) => ReadError::WrongAccessKey {
                tries_left: Some(left),
            },
            None => ReadError::NotSupported(format!("BAC: EXTERNAL AUTHENTICATE: SW {status}")),
        },
    }
}

/// Document basic access keys, K.Enc and K.MAC (9.7.2). No `Debug`.
pub struct AccessKeys {
    encryption: Zeroizing<Vec<u8>>,
    mac: Zeroizing<Vec<u8>>,
}

impl AccessKeys {
    pub fn of(key: &MrzKey) -> AccessKeys {
        let mut digest = Sha1::digest(key.information());
        let seed = Zeroizing::new(digest.iter().copied().take(KEYING).collect::<Vec<u8>>());
        zeroize::Zeroize::zeroize(digest.as_mut_slice());
        AccessKeys {
            encryption: derive_key(&seed, ENCRYPTION, Cipher::TripleDes),
            mac: derive_key(&seed, MESSAGE_AUTHENTICATION, Cipher::TripleDes),
        }
    }

    /// E || M of one side: its nonce and the other's, then its keying material. A chip's
    /// answer is made alike.
    ///
    /// # Errors
    /// None with keys of [`AccessKeys::of`].
    pub fn token(
        &self,
        own: &[u8; NONCE + KEYING],
        other_nonce: &[u8; NONCE],
    ) -> Result<Vec<u8>, CipherError> {
        let (nonce, keying) = own.split_at(NONCE);
        let plain = Zeroizing::new([nonce, other_nonce, keying].concat());
        let mut token = Cipher::TripleDes
            .encrypt_cbc(&self.encryption, &[0; 8], &plain)?
            .to_vec();
        let mac = Cipher::TripleDes.mac(&self.mac, &token)?;
        token.extend(mac);
        Ok(token)
    }

    /// Nonce, the other side's nonce and keying material of a token. None: not made with
    /// these keys.
    pub fn open(&self, token: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (cryptogram, mac) = token.split_last_chunk::<8>()?;
        let expected = Cipher::TripleDes.mac(&self.mac, cryptogram).ok()?;
        if token.len() != TOKEN || !bool::from(expected.ct_eq(mac)) {
            return None;
        }
        Cipher::TripleDes
            .decrypt_cbc(&self.encryption, &[0; 8], cryptogram)
            .ok()
    }

    /// Checks the chip's answer; the session keys are made of both sides' keying
    /// material, the counter of the ends of both nonces.
    fn agree(
        &self,
        own: &[u8; NONCE + KEYING],
        challenge: &[u8; NONCE],
        token: &[u8],
    ) -> Result<SecureMessaging, ReadError> {
        let (own_nonce, own_keying) = own.split_at(NONCE);
        let plain = self
            .open(token)
            .ok_or_else(|| broken("BAC", "the chip's answer is not made with the key"))?;
        let (nonces, keying) = plain.split_at(2 * NONCE);
        let answers = [&challenge[..], own_nonce].concat();
        if !bool::from(answers.ct_eq(nonces)) {
            return Err(broken("BAC", "the chip answers to another challenge"));
        }
        session_keys(own_keying, keying, challenge, own_nonce)
            .map_err(|error| broken("BAC", error.to_string()))
    }
}

/// 9303-11, 4.3.1 and 9.8.6.3. The chip's side makes the same.
///
/// # Errors
/// Nonces longer than eight bytes together need.
pub fn session_keys(
    reader_keying: &[u8],
    chip_keying: &[u8],
    chip_nonce: &[u8],
    reader_nonce: &[u8],
) -> Result<SecureMessaging, CipherError> {
    let seed: Zeroizing<Vec<u8>> = Zeroizing::new(
        reader_keying
            .iter()
            .zip(chip_keying)
            .map(|(reader, chip)| reader ^ chip)
            .collect(),
    );
    let counter: Vec<u8> = [chip_nonce, reader_nonce]
        .into_iter()
        .flat_map(|nonce| nonce.iter().skip(4))
        .copied()
        .collect();
    SecureMessaging::new(
        Cipher::TripleDes,
        &derive_key(&seed, ENCRYPTION, Cipher::TripleDes),
        &derive_key(&seed, MESSAGE_AUTHENTICATION, Cipher::TripleDes),
        &counter,
    )
}

#[cfg(test)]
#[path = "bac_tests.rs"]
mod tests;
