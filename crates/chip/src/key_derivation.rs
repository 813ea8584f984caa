//! The key derivation function of ICAO 9303-11, 9.7.1.

use sha1::{Digest, Sha1};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::cipher::Cipher;

/// Counter of a key for encryption.
pub const ENCRYPTION: u32 = 1;
/// Counter of a key for message authentication.
pub const MESSAGE_AUTHENTICATION: u32 = 2;
/// Counter of the key that encrypts the nonce of PACE.
pub const PASSWORD: u32 = 3;

/// KDF(K, c): the digest of secret and counter, cut to the key's length. SHA-1 for
/// 3DES and AES-128, SHA-256 for AES-192 and AES-256. Keys of 3DES have odd parity.
pub fn derive_key(secret: &[u8], counter: u32, cipher: Cipher) -> Zeroizing<Vec<u8>> {
    let counter = counter.to_be_bytes();
    let mut key = match cipher {
        Cipher::TripleDes | Cipher::Aes128 => digest::<Sha1>(secret, &counter),
        Cipher::Aes192 | Cipher::Aes256 => digest::<Sha256>(secret, &counter),
    };
    key.truncate(cipher.key_length());
    if cipher == Cipher::TripleDes {
        key.iter_mut().for_each(|byte| {
            *byte ^= u8::from(byte.count_ones().is_multiple_of(2));
        });
    }
    key
}

fn digest<D: Digest>(secret: &[u8], counter: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut digest = D::new()
        .chain_update(secret)
        .chain_update(counter)
        .finalize();
    let key = Zeroizing::new(digest.to_vec());
    zeroize::Zeroize::zeroize(digest.as_mut_slice());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ICAO 9303-11, appendix D.1.
    #[test]
    fn keys_from_a_seed() {
        let seed = hex::decode("239AB9CB282DAF66231DC5A4DF6BFBAE").unwrap();
        let key = |counter| hex::encode_upper(derive_key(&seed, counter, Cipher::TripleDes));
        assert_eq!(key(ENCRYPTION), "AB94FDECF2674FDFB9B391F85D7F76F2");
        assert_eq!(
            key(MESSAGE_AUTHENTICATION),
            "7962D9ECE03D1ACD4C76089DCE131543"
        );
    }

    /// Cut as each cipher needs it; made with Python's hashlib.
    #[test]
    fn keys_of_every_length() {
        let secret: Vec<u8> = (0x10..0x30).collect();
        let key = |cipher| hex::encode(derive_key(&secret, PASSWORD, cipher));
        assert_eq!(key(Cipher::Aes128), "dd3abb90e7a33fe0328e58980c0d916c");
        let long = "77afa475f699201a71e9d76ac82051ab6c2ef3f93126a1a77b1a5dbcb801791e";
        assert_eq!(key(Cipher::Aes192), long[..48]);
        assert_eq!(key(Cipher::Aes256), long);
    }
}
