//! Where keys, serial numbers and nonces come from.

use openssl::bn::{BigNum, BigNumRef};
use openssl::hash::{MessageDigest, hash};

use crate::SpecimenError;

/// Random bytes. With [`SeededRandom`] the same document is made every time.
pub trait RandomSource: Send {
    /// # Errors
    /// The source has none.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), SpecimenError>;

    /// # Errors
    /// As [`RandomSource::fill`].
    fn bytes(&mut self, length: usize) -> Result<Vec<u8>, SpecimenError> {
        let mut bytes = vec![0; length];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// A number from 1 to `below` - 1. 64 bits more than needed are drawn, so that no
    /// value is likelier than another by more than 2^-64.
    ///
    /// # Errors
    /// As [`RandomSource::fill`].
    fn scalar(&mut self, below: &BigNumRef) -> Result<BigNum, SpecimenError> {
        let drawn = self.bytes(below.num_bytes() as usize + 8)?;
        let mut limit = below.to_owned()?;
        limit.sub_word(1)?;
        let mut scalar = &BigNum::from_slice(&drawn)? % &*limit;
        scalar.add_word(1)?;
        Ok(scalar)
    }
}

/// The operating system's.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl RandomSource for SystemRandom {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), SpecimenError> {
        Ok(getrandom::fill(bytes)?)
    }
}

/// SHA-256 over seed and counter: repeatable, and known to whoever knows the seed.
#[derive(Clone, Debug)]
pub struct SeededRandom {
    seed: u64,
    block: u64,
}

impl SeededRandom {
    pub fn new(seed: u64) -> SeededRandom {
        SeededRandom { seed, block: 0 }
    }
}

impl RandomSource for SeededRandom {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), SpecimenError> {
        for part in bytes.chunks_mut(32) {
            let input = [self.seed.to_be_bytes(), self.block.to_be_bytes()].concat();
            self.block = self.block.wrapping_add(1);
            let block = hash(MessageDigest::sha256(), &input)?;
            part.copy_from_slice(&block[..part.len()]);
        }
        Ok(())
    }
}
