//! Basic access control, the chip's side (ICAO 9303-11, 4.3).

use chip::AccessKey;
use chip::cipher::Cipher;
use chip::key_derivation::{ENCRYPTION, MESSAGE_AUTHENTICATION, derive_key};
use chip::secure_messaging::SecureMessaging;
use chip::{Command, StatusWord};

use super::{NO_DIAGNOSIS, SpecimenChip};
use crate::Digest;

const CIPHER: Cipher = Cipher::TripleDes;

impl SpecimenChip {
    pub(super) fn get_challenge(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
        self.bac_is_possible()?;
        if command.le.is_none_or(|le| le < 8) {
            return Err(StatusWord::WRONG_LENGTH);
        }
        let challenge = self.random_bytes()?;
        self.session.challenge = Some(challenge);
        Ok(challenge.to_vec())
    }

    /// E_IFD and M_IFD against E_IC and M_IC.
    pub(super) fn external_authenticate(&mut self, data: &[u8]) -> Result<Vec<u8>, StatusWord> {
        self.bac_is_possible()?;
        self.tries.check()?;
        let challenge = self.session.challenge.take();
        let challenge = challenge.ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)?;
        let Ok((encrypted, mac)) = split(data) else {
            return Err(StatusWord::WRONG_LENGTH);
        };
        let seed = self.mrz_seed()?;
        let broken = |_| NO_DIAGNOSIS;
        let key = |counter| derive_key(&seed, counter, CIPHER);
        let (encryption, authentication) = (key(ENCRYPTION), key(MESSAGE_AUTHENTICATION));
        let zero = [0; 8];
        let expected = CIPHER.mac(&authentication, encrypted).map_err(broken)?;
        let token = CIPHER
            .decrypt_cbc(&encryption, &zero, encrypted)
            .map_err(broken)?;
        let (reader_nonce, rest) = token.split_at(8);
        let (returned, reader_key) = rest.split_at(8);
        if *mac != expected || returned != challenge {
            return Err(self.tries.failed());
        }
        self.tries.passed();

        let chip_key: [u8; 16] = self.random_bytes()?;
        let answer = [&challenge, reader_nonce, &chip_key].concat();
        let mut answer = CIPHER
            .encrypt_cbc(&encryption, &zero, &answer)
            .map_err(broken)?
            .to_vec();
        answer.extend(CIPHER.mac(&authentication, &answer).map_err(broken)?);

        let shared: Vec<u8> = reader_key
            .iter()
            .zip(chip_key)
            .map(|(a, b)| a ^ b)
            .collect();
        let key = |counter| derive_key(&shared, counter, CIPHER);
        let counter = [&challenge[4..], &reader_nonce[4..]].concat();
        let messaging = SecureMessaging::new(
            CIPHER,
            &key(ENCRYPTION),
            &key(MESSAGE_AUTHENTICATION),
            &counter,
        );
        self.session.next_messaging = Some(messaging.map_err(broken)?);
        self.session.access = true;
        Ok(answer)
    }

    fn bac_is_possible(&self) -> Result<(), StatusWord> {
        if !self.specimen.config.bac {
            return Err(StatusWord::INSTRUCTION_NOT_SUPPORTED);
        }
        match self.session.selection.in_application() {
            true => Ok(()),
            false => Err(StatusWord::CONDITIONS_NOT_SATISFIED),
        }
    }

    /// The first 16 bytes of the digest of the MRZ information.
    fn mrz_seed(&self) -> Result<Vec<u8>, StatusWord> {
        let mut seed = self.mrz_digest()?;
        seed.truncate(16);
        Ok(seed)
    }

    /// SHA-1 of number, birth and expiry with their check digits.
    pub(super) fn mrz_digest(&self) -> Result<Vec<u8>, StatusWord> {
        match self.specimen.mrz_key() {
            Ok(AccessKey::Mrz(key)) => Digest::Sha1
                .of(key.information().as_bytes())
                .map_err(|_| NO_DIAGNOSIS),
            _ => Err(NO_DIAGNOSIS),
        }
    }
}

fn split(data: &[u8]) -> Result<(&[u8; 32], &[u8; 8]), StatusWord> {
    match data.split_first_chunk::<32>() {
        Some((encrypted, mac)) => Ok((
            encrypted,
            mac.try_into().map_err(|_| StatusWord::WRONG_LENGTH)?,
        )),
        None => Err(StatusWord::WRONG_LENGTH),
    }
}
