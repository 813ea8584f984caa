//! From the nonce to the generator of the session (ICAO 9303-11, 4.4.3.3).

use openssl::bn::{BigNum, BigNumContext};

use crate::cipher::Cipher;
use crate::group::{Element, Group, GroupError, Scalar};

/// Generic mapping: s x G + H, or g^s x h, where H is the secret that both agreed on.
///
/// # Errors
/// The result would be the neutral element.
pub fn generic(group: &Group, nonce: &[u8], agreed: &Element) -> Result<Element, GroupError> {
    let part = group.multiply(&group.generator()?, &Scalar::from_bytes(nonce)?)?;
    group.combine(&part, agreed)
}

/// Integrated mapping of the chip's nonce `s` with the reader's `t`.
///
/// # Errors
/// Nonces of the wrong length, or a group it does not exist for.
pub fn integrated(
    group: &Group,
    cipher: Cipher,
    s: &[u8],
    t: &[u8],
) -> Result<Element, GroupError> {
    let number = pseudo_random_number(group, cipher, s, t)?;
    group.map(&number)
}

/// Bytes of the nonce s in the integrated mapping: whole blocks, no fewer than a key.
/// The nonce t is as long as a key.
pub fn chip_nonce_bytes(cipher: Cipher) -> usize {
    cipher.key_length().next_multiple_of(cipher.block_length())
}

const C0_128: [u8; 16] = 0xa668892a7c41e3ca739f40b057d85904_u128.to_be_bytes();
const C1_128: [u8; 16] = 0xa4e136ac725f738b01c1f60217c188ad_u128.to_be_bytes();
const C0_256: [[u8; 16]; 2] = [
    0xd463d65234124ef7897054986dca0a17_u128.to_be_bytes(),
    0x4e28df758cbaa03f240616414d5a1676_u128.to_be_bytes(),
];
const C1_256: [[u8; 16]; 2] = [
    0x54bd7255f0aaf831bec3423fcf39d69b_u128.to_be_bytes(),
    0x6cbf066677d0faae5aadd99df8e53517_u128.to_be_bytes(),
];

/// R_p(s, t) of figure 2: int(x1 || x2 || ...) mod p.
fn pseudo_random_number(
    group: &Group,
    cipher: Cipher,
    s: &[u8],
    t: &[u8],
) -> Result<BigNum, GroupError> {
    if s.len() != chip_nonce_bytes(cipher) || t.len() != cipher.key_length() {
        return Err(GroupError::Parameters);
    }
    let (c0, c1): (&[u8], &[u8]) = match s.len() {
        16 => (&C0_128, &C1_128),
        _ => (C0_256.as_flattened(), C1_256.as_flattened()),
    };
    let encrypt = |key: &[u8], data: &[u8]| {
        // The output is longer than the key with AES-192: its first bytes are the key.
        let key = key.get(..t.len()).ok_or(GroupError::Parameters)?;
        Ok::<_, GroupError>(cipher.encrypt_cbc(key, &vec![0; cipher.block_length()], data)?)
    };
    let p = group.prime()?;
    let bits = usize::try_from(p.num_bits()).unwrap_or(0) + 64;
    let mut key = encrypt(t, s)?;
    let mut x = Vec::new();
    while x.len() * 8 < bits {
        x.extend_from_slice(&encrypt(&key, c1)?);
        key = encrypt(&key, c0)?;
    }
    let mut number = BigNum::new()?;
    let x = BigNum::from_slice(&x)?;
    number.nnmod(&x, &p, &mut *BigNumContext::new()?)?;
    Ok(number)
}
