//! The key that permits changes: mutual authentication (SP 800-73-4, part 2, appendix
//! A.1) and Yubico's command that replaces it.

use aes::{
    Aes128, Aes192, Aes256,
    cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockSizeUser, KeyInit},
};
use apdu::{CardChannel, Command};
use des::TdesEde3;
use zeroize::Zeroizing;

use super::{
    application::Application,
    general_authenticate::{CHALLENGE, RESPONSE, WITNESS},
    tlv,
};
use crate::{PrivateKeyError, StorageError};

pub const REFERENCE: u8 = 0x9B;

const SET_MANAGEMENT_KEY: u8 = 0xFF;

/// SP 800-78-4, table 6-2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    TripleDes,
    Aes128,
    Aes192,
    Aes256,
}

impl Algorithm {
    const ALL: [Algorithm; 4] = [
        Algorithm::TripleDes,
        Algorithm::Aes128,
        Algorithm::Aes192,
        Algorithm::Aes256,
    ];

    pub fn identifier(self) -> u8 {
        match self {
            Algorithm::TripleDes => 0x03,
            Algorithm::Aes128 => 0x08,
            Algorithm::Aes192 => 0x0A,
            Algorithm::Aes256 => 0x0C,
        }
    }

    /// Bytes.
    pub fn key_length(self) -> usize {
        match self {
            Algorithm::Aes128 => 16,
            Algorithm::TripleDes | Algorithm::Aes192 => 24,
            Algorithm::Aes256 => 32,
        }
    }

    fn block_length(self) -> usize {
        match self {
            Algorithm::TripleDes => 8,
            _ => 16,
        }
    }

    fn encrypt(self, key: &[u8], block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Algorithm::TripleDes => encrypt::<TdesEde3>(key, block),
            Algorithm::Aes128 => encrypt::<Aes128>(key, block),
            Algorithm::Aes192 => encrypt::<Aes192>(key, block),
            Algorithm::Aes256 => encrypt::<Aes256>(key, block),
        }
    }

    fn decrypt(self, key: &[u8], block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Algorithm::TripleDes => decrypt::<TdesEde3>(key, block),
            Algorithm::Aes128 => decrypt::<Aes128>(key, block),
            Algorithm::Aes192 => decrypt::<Aes192>(key, block),
            Algorithm::Aes256 => decrypt::<Aes256>(key, block),
        }
    }
}

/// One block. None: a length that does not fit.
fn encrypt<C: KeyInit + BlockCipherEncrypt>(
    key: &[u8],
    block: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = C::new_from_slice(key).ok()?;
    let mut block = whole::<C>(block)?;
    cipher.encrypt_block(&mut block);
    Some(Zeroizing::new(block.to_vec()))
}

fn decrypt<C: KeyInit + BlockCipherDecrypt>(
    key: &[u8],
    block: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = C::new_from_slice(key).ok()?;
    let mut block = whole::<C>(block)?;
    cipher.decrypt_block(&mut block);
    Some(Zeroizing::new(block.to_vec()))
}

fn whole<C: BlockSizeUser>(block: &[u8]) -> Option<Array<u8, C::BlockSize>> {
    Array::try_from(block).ok()
}

/// The bytes of a key, 16 to 32.
#[derive(Clone, PartialEq, Eq)]
pub struct ManagementKey(Zeroizing<Vec<u8>>);

impl ManagementKey {
    /// With which every token comes: 3DES, on newer ones AES-192.
    pub fn default_key() -> ManagementKey {
        ManagementKey(Zeroizing::new([1, 2, 3, 4, 5, 6, 7, 8].repeat(3)))
    }

    /// None: a length that no algorithm has.
    pub fn from_bytes(bytes: &[u8]) -> Option<ManagementKey> {
        let fits = Algorithm::ALL.iter().any(|a| a.key_length() == bytes.len());
        fits.then(|| ManagementKey(Zeroizing::new(bytes.to_vec())))
    }

    pub fn random(algorithm: Algorithm) -> Result<ManagementKey, StorageError> {
        Ok(ManagementKey(random(algorithm.key_length())?))
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Without the bytes.
impl std::fmt::Debug for ManagementKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ManagementKey({} bytes)", self.0.len())
    }
}

fn random(length: usize) -> Result<Zeroizing<Vec<u8>>, StorageError> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    getrandom::fill(&mut bytes).map_err(|_| StorageError::Key(PrivateKeyError::Generation))?;
    Ok(bytes)
}

impl<C: CardChannel> Application<C> {
    /// Which algorithm the card's key has and that it is this key; None: it is not.
    /// No card counts wrong keys.
    pub fn authenticate(&mut self, key: &ManagementKey) -> Result<Option<Algorithm>, StorageError> {
        let told = self.metadata(REFERENCE)?.algorithm();
        for algorithm in Algorithm::ALL {
            let possible = algorithm.key_length() == key.0.len()
                && told.is_none_or(|told| told == algorithm.identifier());
            if possible && self.authenticate_with(algorithm, key)? {
                return Ok(Some(algorithm));
            }
        }
        Ok(None)
    }

    fn authenticate_with(
        &mut self,
        algorithm: Algorithm,
        key: &ManagementKey,
    ) -> Result<bool, StorageError> {
        let identifier = algorithm.identifier();
        let ask = tlv::Writer::default().object(WITNESS, &[]).done();
        let Some(witness) = self.general_authenticate(identifier, REFERENCE, &ask, WITNESS)? else {
            return Ok(false);
        };
        let Some(witness) = algorithm.decrypt(&key.0, &witness) else {
            return Ok(false);
        };
        let challenge = random(algorithm.block_length())?;
        let answer = tlv::Writer::default()
            .object(WITNESS, &witness)
            .object(CHALLENGE, &challenge)
            .done();
        let Some(response) = self.general_authenticate(identifier, REFERENCE, &answer, RESPONSE)?
        else {
            return Ok(false);
        };
        // A card that took our answer but does not know the key is none of ours.
        match algorithm.encrypt(&key.0, &challenge) {
            Some(expected) if *expected == *response => Ok(true),
            _ => Err(StorageError::TokenFailed),
        }
    }

    /// After [`Application::authenticate`].
    ///
    /// # Errors
    /// [`StorageError::TokenManagementKey`] on a card without the command.
    pub fn set_management_key(
        &mut self,
        algorithm: Algorithm,
        key: &ManagementKey,
    ) -> Result<(), StorageError> {
        let mut data = Zeroizing::new(Vec::with_capacity(key.0.len() + 3));
        data.extend([algorithm.identifier(), REFERENCE, key.0.len() as u8]);
        data.extend_from_slice(&key.0);
        // P2 FF: no touch is asked for.
        let answer = self.transmit(&Command::new(SET_MANAGEMENT_KEY, 0xFF, 0xFF, &data, None))?;
        match answer.status.is_ok() {
            true => Ok(()),
            false => Err(StorageError::TokenManagementKey),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 197, appendix C, and SP 800-67, appendix B.1 (a key of three parts).
    #[test]
    fn blocks_are_those_of_the_standards() {
        let plain = hex::decode("00112233445566778899aabbccddeeff").unwrap();
        let key: Vec<u8> = (0..32).collect();
        for (algorithm, length, cipher) in [
            (Algorithm::Aes128, 16, "69c4e0d86a7b0430d8cdb78070b4c55a"),
            (Algorithm::Aes192, 24, "dda97ca4864cdfe06eaf70a0ec0d7191"),
            (Algorithm::Aes256, 32, "8ea2b7ca516745bfeafc49904b496089"),
        ] {
            let key = &key[..length];
            let found = algorithm.encrypt(key, &plain).unwrap();
            assert_eq!(hex::encode(&*found), cipher);
            assert_eq!(*algorithm.decrypt(key, &found).unwrap(), plain);
            assert!(algorithm.encrypt(&key[1..], &plain).is_none());
            assert!(algorithm.decrypt(key, &plain[1..]).is_none());
        }
        let key = hex::decode("0123456789abcdef23456789abcdef01456789abcdef0123").unwrap();
        let found = Algorithm::TripleDes.encrypt(&key, b"The qufc").unwrap();
        assert_eq!(hex::encode(&*found), "a826fd8ce53b855f");
        assert_eq!(
            *Algorithm::TripleDes.decrypt(&key, &found).unwrap(),
            b"The qufc"
        );
    }

    #[test]
    fn debug_tells_no_key() {
        let shown = format!("{:?}", ManagementKey::default_key());
        assert_eq!(shown, "ManagementKey(24 bytes)");
        assert!(ManagementKey::from_bytes(&[0; 23]).is_none());
    }
}
