//! Certificates and requests with GOST keys, made by OpenSSL's GOST engine and then
//! given the Kazakh identifiers and byte order.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use const_oid::ObjectIdentifier;
use der::{Decode, Encode};
use keystore::{KeyId, PublicKeyError, VerifyingKey, certificate, csr::RequestError, gost};
use proptest::prelude::*;
use x509_cert::{Certificate, ext::pkix::SubjectKeyIdentifier};

/// Russian identifiers (RFC 9215), and what stands for them in Kazakhstan.
const IDENTIFIERS: [(&str, ObjectIdentifier); 4] = [
    ("1.2.643.7.1.1.1.2", gost::KEY),
    ("1.2.643.7.1.2.1.2.1", gost::PARAM_SET_A),
    ("1.2.643.7.1.1.3.3", gost::SIGNATURE),
    ("1.2.643.7.1.1.2.3", gost::DIGEST),
];

struct Made {
    certificate: Vec<u8>,
    request: Vec<u8>,
    /// As the engine made it, under Russian identifiers.
    russian: Vec<u8>,
    message: Vec<u8>,
    /// Of the engine, over the message.
    signature: Vec<u8>,
}

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let key = "-newkey gost2012_512 -pkeyopt paramset:A -engine gost -nodes -keyout key";
    let subject = "-subj /CN=TEST/serialNumber=IIN061211600012/C=KZ";
    openssl(
        at,
        &format!("req -new -x509 {key} {subject} -days 10 -outform DER -out certificate"),
    );
    openssl(
        at,
        &format!("req -new -key key -engine gost {subject} -outform DER -out request"),
    );
    let read = |name: &str| std::fs::read(at.join(name)).unwrap();
    let message = b"Qoltanba".to_vec();
    Made {
        certificate: kazakh(at, &read("certificate")),
        request: kazakh(at, &read("request")),
        russian: read("certificate"),
        signature: signed(at, &message),
        message,
    }
});

fn openssl(folder: &Path, arguments: &str) {
    let done = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{arguments}\n{said}");
}

/// The engine's signature: s and r, big endian.
fn signed(folder: &Path, message: &[u8]) -> Vec<u8> {
    std::fs::write(folder.join("message"), message).unwrap();
    openssl(
        folder,
        "dgst -engine gost -md_gost12_512 -sign key -out signature message",
    );
    let mut signature = std::fs::read(folder.join("signature")).unwrap();
    assert_eq!(signature.len(), 128);
    signature.reverse();
    signature
}

/// The same certificate or request with the Kazakh identifiers, signed anew by the
/// same key, the signature turned round.
fn kazakh(folder: &Path, russian: &[u8]) -> Vec<u8> {
    let renamed = renamed(russian);
    let content = &elements(&renamed)[0].1;
    let mut parts = elements(content);
    let to_be_signed = element(parts[0].0, &parts[0].1);
    parts[2].1 = [&[0], signed(folder, &to_be_signed).as_slice()].concat();
    let parts: Vec<u8> = parts.iter().flat_map(|(t, c)| element(*t, c)).collect();
    element(0x30, &parts)
}

/// Tags and contents, one after the other.
fn elements(mut der: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut all = Vec::new();
    while let [tag, first, rest @ ..] = der {
        let (length, rest) = match first {
            0x81 => (usize::from(rest[0]), &rest[1..]),
            0x82 => (usize::from(rest[0]) << 8 | usize::from(rest[1]), &rest[2..]),
            short => (usize::from(*short), rest),
        };
        all.push((*tag, rest[..length].to_vec()));
        der = &rest[length..];
    }
    all
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let [high, low] = length.to_be_bytes();
    let length: &[u8] = match length {
        0..0x80 => &[low],
        0x80..0x100 => &[0x81, low],
        _ => &[0x82, high, low],
    };
    [&[tag], length, content].concat()
}

/// Every Russian identifier replaced, wherever it stands.
fn renamed(der: &[u8]) -> Vec<u8> {
    let each = elements(der).into_iter().flat_map(|(tag, content)| {
        let content = match tag {
            0x06 => {
                let found = IDENTIFIERS.iter().find(|(russian, _)| {
                    ObjectIdentifier::new_unwrap(russian).as_bytes() == content
                });
                found.map_or(content, |(_, kazakh)| kazakh.as_bytes().to_vec())
            }
            // Constructed.
            tag if tag & 0x20 != 0 => renamed(&content),
            _ => content,
        };
        element(tag, &content)
    });
    each.collect()
}

#[test]
fn a_signature_of_the_engine_is_the_key_s() {
    let made = &*MADE;
    let certificate = Certificate::from_der(&made.certificate).unwrap();
    let Ok(VerifyingKey::Gost(key)) = VerifyingKey::of_certificate(&certificate) else {
        panic!("no GOST key");
    };
    assert!(key.verifies(&made.message, &made.signature));
    assert!(!key.verifies(b"qoltanba", &made.signature));
    let mut russian = made.signature.clone();
    russian.reverse();
    assert!(!key.verifies(&made.message, &russian));
    assert!(!key.verifies(&made.message, &made.signature[1..]));
    assert!(!key.verifies(&made.message, &[]));
}

#[test]
fn a_certificate_is_checked_like_any_other() {
    let made = &*MADE;
    let read = Certificate::from_der(&made.certificate).unwrap();
    assert!(certificate::is_issued_by(&read, &read));
    let key = VerifyingKey::of_certificate(&read).unwrap();
    assert!(key.signed(&made.certificate));
    // The engine computed the same identifier.
    let named: SubjectKeyIdentifier = certificate::extension_of(&read).unwrap();
    let id = KeyId::of(read.tbs_certificate().subject_public_key_info());
    assert_eq!(id.as_bytes().as_slice(), named.0.as_bytes());
}

#[test]
fn a_request_is_signed_by_its_own_key() {
    let made = &*MADE;
    let key = VerifyingKey::of_request(&made.request).unwrap();
    assert!(matches!(key, VerifyingKey::Gost(_)));
    let mut other = made.request.clone();
    *other.last_mut().unwrap() ^= 1;
    let refused = VerifyingKey::of_request(&other);
    assert!(matches!(refused, Err(RequestError::Signature)));
}

#[test]
fn every_flip_in_a_certificate_is_found() {
    let made = &*MADE;
    let read = Certificate::from_der(&made.certificate).unwrap();
    let key = VerifyingKey::of_certificate(&read).unwrap();
    for at in 0..made.certificate.len() {
        let mut changed = made.certificate.clone();
        changed[at] ^= 1;
        assert!(!key.signed(&changed), "byte {at}");
    }
}

#[test]
fn other_identifiers_are_not_taken_for_kazakh_ones() {
    let russian = Certificate::from_der(&MADE.russian).unwrap();
    assert!(VerifyingKey::of_certificate(&russian).is_err());

    let read = Certificate::from_der(&MADE.certificate).unwrap();
    let info = read.tbs_certificate().subject_public_key_info();
    let mut other = info.clone();
    other.algorithm.parameters = None;
    let refused = VerifyingKey::from_info(&other).unwrap_err();
    assert_eq!(refused, PublicKeyError::Malformed);
    // A curve of 256 bits.
    let der = info.to_der().unwrap();
    let set_a = gost::PARAM_SET_A.as_bytes();
    let at = der.windows(set_a.len()).position(|w| w == set_a).unwrap();
    let mut changed = der.clone();
    changed[at + set_a.len() - 1] ^= 3;
    let other = der::Decode::from_der(&changed).unwrap();
    let refused = VerifyingKey::from_info(&other).unwrap_err();
    assert_eq!(refused, PublicKeyError::Algorithm);
    // A point beside the curve.
    let mut changed = der;
    *changed.last_mut().unwrap() ^= 1;
    let other = der::Decode::from_der(&changed).unwrap();
    let refused = VerifyingKey::from_info(&other).unwrap_err();
    assert_eq!(refused, PublicKeyError::Malformed);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn nearly_a_request(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = MADE.request.clone();
        for (at, value) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *value;
        }
        prop_assert!(VerifyingKey::of_request(&bytes).is_err() || bytes == MADE.request);
    }
}
