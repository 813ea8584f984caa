//! The symmetric ciphers of eMRTD chips with their message authentication codes
//! (ICAO 9303-11, 9.8; ISO 9797-1): what BAC, PACE and secure messaging share.

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::array::Array;
use cbc::cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, BlockSizeUser,
    KeyInit, KeyIvInit,
};
use cmac::{Cmac, Mac};
use des::{Des, TdesEde2};
use zeroize::Zeroizing;

/// CBC with a MAC of eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    /// Two-key 3DES and the retail MAC (ISO 9797-1, MAC algorithm 3 with DES).
    TripleDes,
    /// AES and CMAC (NIST SP 800-38B), cut to eight bytes.
    Aes128,
    Aes192,
    Aes256,
}

/// Key or data do not fit the cipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    #[error("a key of the wrong length")]
    KeyLength,
    #[error("an initialization vector of the wrong length")]
    VectorLength,
    #[error("not a whole number of blocks")]
    PartialBlock,
}

impl Cipher {
    /// Bytes of a block.
    pub fn block_length(self) -> usize {
        match self {
            Cipher::TripleDes => 8,
            Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => 16,
        }
    }

    /// Bytes of a key, for encryption as for the MAC.
    pub fn key_length(self) -> usize {
        match self {
            Cipher::TripleDes | Cipher::Aes128 => 16,
            Cipher::Aes192 => 24,
            Cipher::Aes256 => 32,
        }
    }

    /// CBC of whole blocks, without padding.
    ///
    /// # Errors
    /// Lengths that do not fit.
    pub fn encrypt_cbc(
        self,
        key: &[u8],
        iv: &[u8],
        data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CipherError> {
        self.check(key, iv)?;
        match self {
            Cipher::TripleDes => encrypt_cbc::<TdesEde2>(key, iv, data),
            Cipher::Aes128 => encrypt_cbc::<Aes128>(key, iv, data),
            Cipher::Aes192 => encrypt_cbc::<Aes192>(key, iv, data),
            Cipher::Aes256 => encrypt_cbc::<Aes256>(key, iv, data),
        }
    }

    /// The reverse of [`Cipher::encrypt_cbc`]; padding stays.
    ///
    /// # Errors
    /// Lengths that do not fit.
    pub fn decrypt_cbc(
        self,
        key: &[u8],
        iv: &[u8],
        data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CipherError> {
        self.check(key, iv)?;
        match self {
            Cipher::TripleDes => decrypt_cbc::<TdesEde2>(key, iv, data),
            Cipher::Aes128 => decrypt_cbc::<Aes128>(key, iv, data),
            Cipher::Aes192 => decrypt_cbc::<Aes192>(key, iv, data),
            Cipher::Aes256 => decrypt_cbc::<Aes256>(key, iv, data),
        }
    }

    /// As BAC and the authentication tokens of PACE use it: 3DES pads by method 2 of
    /// ISO 9797-1, AES as CMAC does by itself.
    ///
    /// # Errors
    /// A key that does not fit.
    pub fn mac(self, key: &[u8], message: &[u8]) -> Result<[u8; 8], CipherError> {
        match self {
            Cipher::TripleDes => self.mac_of_blocks(key, &pad(message, 8)),
            Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => self.mac_of_blocks(key, message),
        }
    }

    /// As secure messaging uses it, of a message that is padded already.
    ///
    /// # Errors
    /// A key that does not fit; with 3DES, a message that is not whole blocks.
    pub fn mac_of_blocks(self, key: &[u8], message: &[u8]) -> Result<[u8; 8], CipherError> {
        match self {
            Cipher::TripleDes => retail_mac(key, message),
            Cipher::Aes128 => cmac::<Cmac<Aes128>>(key, message),
            Cipher::Aes192 => cmac::<Cmac<Aes192>>(key, message),
            Cipher::Aes256 => cmac::<Cmac<Aes256>>(key, message),
        }
    }

    fn check(self, key: &[u8], iv: &[u8]) -> Result<(), CipherError> {
        if key.len() != self.key_length() {
            return Err(CipherError::KeyLength);
        }
        if iv.len() != self.block_length() {
            return Err(CipherError::VectorLength);
        }
        Ok(())
    }
}

/// Method 2 of ISO 9797-1: one byte 80, then zeros to the end of the block.
pub fn pad(data: &[u8], block_length: usize) -> Zeroizing<Vec<u8>> {
    let mut padded = Zeroizing::new(Vec::with_capacity(data.len() + block_length));
    padded.extend_from_slice(data);
    padded.push(0x80);
    let whole = padded.len().next_multiple_of(block_length);
    padded.resize(whole, 0);
    padded
}

/// Takes the padding of [`pad`] off. None where there is none, or more than a block.
pub fn unpad(data: &[u8], block_length: usize) -> Option<&[u8]> {
    let end = data.iter().rposition(|&byte| byte != 0)?;
    let (before, marked) = data.split_at_checked(end)?;
    (marked.first() == Some(&0x80) && marked.len() <= block_length).then_some(before)
}

fn encrypt_cbc<C>(key: &[u8], iv: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, CipherError>
where
    C: BlockCipherEncrypt + KeyInit,
{
    let mut out = Zeroizing::new(data.to_vec());
    let (blocks, rest) = Array::<u8, C::BlockSize>::slice_as_chunks_mut(&mut out);
    if !rest.is_empty() {
        return Err(CipherError::PartialBlock);
    }
    cbc::Encryptor::<C>::new_from_slices(key, iv)
        .map_err(|_| CipherError::KeyLength)?
        .encrypt_blocks(blocks);
    Ok(out)
}

fn decrypt_cbc<C>(key: &[u8], iv: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, CipherError>
where
    C: BlockCipherDecrypt + KeyInit + BlockSizeUser,
{
    let mut out = Zeroizing::new(data.to_vec());
    let (blocks, rest) = Array::<u8, C::BlockSize>::slice_as_chunks_mut(&mut out);
    if !rest.is_empty() {
        return Err(CipherError::PartialBlock);
    }
    cbc::Decryptor::<C>::new_from_slices(key, iv)
        .map_err(|_| CipherError::KeyLength)?
        .decrypt_blocks(blocks);
    Ok(out)
}

/// MAC algorithm 3: DES-CBC with the first half of the key, the last block decrypted
/// with the second half and encrypted with the first.
fn retail_mac(key: &[u8], message: &[u8]) -> Result<[u8; 8], CipherError> {
    let (first, second) = key.split_at_checked(8).ok_or(CipherError::KeyLength)?;
    let first = Des::new_from_slice(first).map_err(|_| CipherError::KeyLength)?;
    let second = Des::new_from_slice(second).map_err(|_| CipherError::KeyLength)?;
    let (blocks, rest) = message.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(CipherError::PartialBlock);
    }
    let mut chain = Array::from([0; 8]);
    for block in blocks {
        chain
            .iter_mut()
            .zip(block)
            .for_each(|(chained, byte)| *chained ^= byte);
        first.encrypt_block(&mut chain);
    }
    second.decrypt_block(&mut chain);
    first.encrypt_block(&mut chain);
    Ok(chain.into())
}

fn cmac<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Result<[u8; 8], CipherError> {
    let mac = <M as KeyInit>::new_from_slice(key)
        .map_err(|_| CipherError::KeyLength)?
        .chain_update(message)
        .finalize()
        .into_bytes();
    let mut first = [0; 8];
    first
        .iter_mut()
        .zip(&mac)
        .for_each(|(to, from)| *to = *from);
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    /// NIST SP 800-38B, appendix D: the messages of 40 bytes.
    #[test]
    fn cmac_of_sp_800_38b() {
        let message = bytes(
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411",
        );
        for (cipher, key, mac) in [
            (
                Cipher::Aes128,
                "2b7e151628aed2a6abf7158809cf4f3c",
                "dfa66747de9ae630",
            ),
            (
                Cipher::Aes192,
                "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
                "8a1de5be2eb31aad",
            ),
            (
                Cipher::Aes256,
                "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
                "aaf3d8f1de5640c2",
            ),
        ] {
            assert_eq!(cipher.mac(&bytes(key), &message).unwrap()[..], bytes(mac));
        }
    }

    /// NIST SP 800-38A, F.2: the first two blocks.
    #[test]
    fn cbc_of_sp_800_38a() {
        let iv = bytes("000102030405060708090a0b0c0d0e0f");
        let plain = bytes("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
        for (cipher, key, secret) in [
            (
                Cipher::Aes128,
                "2b7e151628aed2a6abf7158809cf4f3c",
                "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2",
            ),
            (
                Cipher::Aes192,
                "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
                "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a",
            ),
            (
                Cipher::Aes256,
                "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
                "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d",
            ),
        ] {
            let key = bytes(key);
            let encrypted = cipher.encrypt_cbc(&key, &iv, &plain).unwrap();
            assert_eq!(encrypted[..], bytes(secret));
            let decrypted = cipher.decrypt_cbc(&key, &iv, &encrypted).unwrap();
            assert_eq!(decrypted[..], plain);
        }
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        let (key, iv) = ([1; 16], [0; 16]);
        assert_eq!(
            Cipher::Aes256.encrypt_cbc(&key, &iv, &[]),
            Err(CipherError::KeyLength)
        );
        assert_eq!(
            Cipher::TripleDes.decrypt_cbc(&key, &iv, &[]),
            Err(CipherError::VectorLength)
        );
        assert_eq!(
            Cipher::Aes128.decrypt_cbc(&key, &iv, &[0; 17]),
            Err(CipherError::PartialBlock)
        );
        assert_eq!(
            Cipher::TripleDes.mac(&[1; 15], &[]),
            Err(CipherError::KeyLength)
        );
        assert_eq!(
            Cipher::TripleDes.mac_of_blocks(&key, &[0; 9]),
            Err(CipherError::PartialBlock)
        );
    }

    #[test]
    fn padding_comes_off_as_it_went_on() {
        for length in 0..=32 {
            let data = vec![0x80; length];
            let padded = pad(&data, 16);
            assert_eq!(padded.len() % 16, 0);
            assert_eq!(unpad(&padded, 16), Some(&data[..]));
        }
        assert_eq!(unpad(&[], 8), None);
        assert_eq!(unpad(&[0; 8], 8), None);
        assert_eq!(unpad(&[0x81, 0, 0, 0, 0, 0, 0, 0], 8), None);
        assert_eq!(unpad(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0], 8), None);
    }
}
