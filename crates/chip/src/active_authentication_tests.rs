use openssl::bn::BigNumContext;
use openssl::ec::EcKey;
use openssl::ecdsa::EcdsaSig;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Padding;

use super::*;
use crate::check::Outcome;
use crate::curve::Curve;

const CHALLENGE: &[u8; 8] = b"\x01\x23\x45\x67\x89\xAB\xCD\xEF";

fn dg15(key: &PKey<Private>) -> Vec<u8> {
    let mut file = Vec::new();
    tlv::write(&mut file, 0x6F, &key.public_key_to_der().unwrap());
    file
}

/// DG14 with an ActiveAuthenticationInfo of this hash (the last arc below
/// `ecdsa-plain-signatures`).
fn dg14(hash: u8) -> Vec<u8> {
    let mut info = hex::decode("06066781080101050201010609").unwrap();
    info.extend(hex::decode("04007F000701010401").unwrap());
    info.push(hash);
    // The OID is one byte longer than was written above.
    info[12] = 0x0A;
    let (mut sequence, mut set, mut file) = (Vec::new(), Vec::new(), Vec::new());
    tlv::write(&mut sequence, 0x30, &info);
    tlv::write(&mut set, 0x31, &sequence);
    tlv::write(&mut file, 0x6E, &set);
    file
}

/// The message representative of ISO 9796-2, scheme 1.
fn representative(bytes: usize, digest: DigestAlgorithm, trailer: &[u8]) -> Vec<u8> {
    let m1 = vec![0xA5; bytes - 1 - digest.length() - trailer.len()];
    let message = [&m1[..], CHALLENGE].concat();
    [&[0x6A], &m1[..], &digest.digest(&message).unwrap(), trailer].concat()
}

fn signed(key: &Rsa<Private>, representative: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; key.size() as usize];
    key.private_encrypt(representative, &mut signature, Padding::NONE)
        .unwrap();
    signature
}

#[test]
fn rsa_with_every_hash_and_either_signature_function() {
    use DigestAlgorithm::{Sha1, Sha224, Sha256, Sha384, Sha512};
    for bits in [1024_u32, 1848, 2048] {
        let key = Rsa::generate(bits).unwrap();
        let file = dg15(&PKey::from_rsa(key.clone()).unwrap());
        for (digest, trailer) in [
            (Sha1, &[0xBC][..]),
            (Sha1, &[0x33, 0xCC]),
            (Sha224, &[0x38, 0xCC]),
            (Sha256, &[0x34, 0xCC]),
            (Sha384, &[0x36, 0xCC]),
            (Sha512, &[0x35, 0xCC]),
        ] {
            let representative = representative(bits as usize / 8, digest, trailer);
            let signature = signed(&key, &representative);
            // B.4 of the standard: n - s, where that is the lesser.
            let mut other = BigNum::new().unwrap();
            let s = BigNum::from_slice(&signature).unwrap();
            other.checked_sub(key.n(), &s).unwrap();
            let other = other.to_vec_padded(key.size() as i32).unwrap();
            for signature in [&signature, &other] {
                let check = verify(&file, None, CHALLENGE, signature);
                let expected = if digest == Sha1 {
                    Outcome::Warning
                } else {
                    Outcome::Passed
                };
                assert_eq!(check.outcome, expected, "{bits} {digest} {}", check.reason);
                // Of another challenge it is no signature.
                let other = verify(&file, None, b"\0\0\0\0\0\0\0\0", signature);
                assert_eq!(other.outcome, Outcome::Failed);
            }
        }
    }
}

#[test]
fn rsa_signatures_that_are_none() {
    let key = Rsa::generate(1024).unwrap();
    let file = dg15(&PKey::from_rsa(key.clone()).unwrap());
    let outcome = |signature: &[u8]| verify(&file, None, CHALLENGE, signature).outcome;
    let good = representative(128, DigestAlgorithm::Sha256, &[0x34, 0xCC]);
    assert_eq!(outcome(&signed(&key, &good)), Outcome::Passed);
    // Every byte of the representative counts.
    for at in 0..good.len() {
        let mut changed = good.clone();
        changed[at] ^= 0x04;
        assert_eq!(
            outcome(&signed(&key, &changed)),
            Outcome::Failed,
            "byte {at}"
        );
    }
    // A header of total recovery; a hash of another name.
    for (at, value) in [(0, 0x4A), (126, 0x38)] {
        let mut changed = good.clone();
        changed[at] = value;
        assert_eq!(outcome(&signed(&key, &changed)), Outcome::Failed);
    }
    let signature = signed(&key, &good);
    assert_eq!(outcome(&signature[1..]), Outcome::Failed);
    assert_eq!(outcome(&[&[0], &signature[..]].concat()), Outcome::Failed);
    assert_eq!(outcome(&[]), Outcome::Failed);
    assert_eq!(outcome(&[0; 128]), Outcome::Failed);
    assert_eq!(outcome(&[0xFF; 128]), Outcome::Failed);
}

/// A nonce shorter than there is room for is padded (ISO 9796-2, 8.2.2).
#[test]
fn a_short_nonce_is_padded() {
    let key = Rsa::generate(1024).unwrap();
    let file = dg15(&PKey::from_rsa(key.clone()).unwrap());
    let digest = DigestAlgorithm::Sha256;
    let nonce = [0xBB, 0x17, 0x42];
    let hash = digest.digest(&[&nonce[..], CHALLENGE].concat()).unwrap();
    let padding = [vec![0x6B], vec![0xBB; 128 - 2 - 3 - 32 - 2], vec![0xBA]].concat();
    let representative = [&padding[..], &nonce, &hash, &[0x34, 0xCC]].concat();
    let check = verify(&file, None, CHALLENGE, &signed(&key, &representative));
    assert_eq!(check.outcome, Outcome::Passed, "{}", check.reason);
}

fn plain(key: &EcKey<Private>, digest: DigestAlgorithm) -> Vec<u8> {
    let signature = EcdsaSig::sign(&digest.digest(CHALLENGE).unwrap(), key).unwrap();
    let mut order = BigNum::new().unwrap();
    let mut context = BigNumContext::new().unwrap();
    key.group().order(&mut order, &mut context).unwrap();
    let length = order.num_bytes();
    let r = signature.r().to_vec_padded(length).unwrap();
    [r, signature.s().to_vec_padded(length).unwrap()].concat()
}

#[test]
fn ecdsa_by_the_hash_that_dg14_names() {
    use DigestAlgorithm::{Sha1, Sha224, Sha256, Sha384, Sha512};
    for curve in Curve::all() {
        let key = EcKey::generate(&curve.group().unwrap()).unwrap();
        let file = dg15(&PKey::from_ec_key(key.clone()).unwrap());
        let order_bytes = key.group().order_bits().div_ceil(8) as usize;
        for (arc, digest) in [
            (1, Sha1),
            (2, Sha224),
            (3, Sha256),
            (4, Sha384),
            (5, Sha512),
        ] {
            let signature = plain(&key, digest);
            let check = verify(&file, Some(&dg14(arc)), CHALLENGE, &signature);
            let expected = match digest {
                _ if digest.length() > order_bytes => Outcome::Failed,
                Sha1 => Outcome::Warning,
                _ => Outcome::Passed,
            };
            assert_eq!(check.outcome, expected, "{curve} {digest} {}", check.reason);

            let other = dg14(if arc == 3 { 2 } else { 3 });
            let check = verify(&file, Some(&other), CHALLENGE, &signature);
            assert_eq!(check.outcome, Outcome::Failed, "{curve} {digest}");
        }
    }
}

#[test]
fn ecdsa_without_a_named_hash_is_a_warning() {
    let key = EcKey::generate(&Curve::all().nth(2).unwrap().group().unwrap()).unwrap();
    let file = dg15(&PKey::from_ec_key(key.clone()).unwrap());
    let signature = plain(&key, DigestAlgorithm::Sha256);
    let check = verify(&file, None, CHALLENGE, &signature);
    assert_eq!(check.outcome, Outcome::Warning);
    assert!(check.reason.contains("SHA-256"), "{}", check.reason);

    let mut changed = signature.clone();
    changed[40] ^= 1;
    for signature in [
        &changed[..],
        &signature[..63],
        &[&signature[..], &[0]].concat(),
        &[],
    ] {
        assert_eq!(
            verify(&file, None, CHALLENGE, signature).outcome,
            Outcome::Failed
        );
    }
}

#[test]
fn a_dg15_without_a_key_is_named() {
    let check = verify(&[0x6F, 0x00], None, CHALLENGE, &[0; 64]);
    assert_eq!(check.outcome, Outcome::Failed);
    assert!(check.reason.starts_with("DG15: "), "{}", check.reason);
    assert!(
        verify(&[], None, CHALLENGE, &[])
            .reason
            .starts_with("DG15: ")
    );
}
