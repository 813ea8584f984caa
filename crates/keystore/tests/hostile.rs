//! Bytes that nobody made in good faith: an error, never a panic, never a key.

use std::{process::Command, sync::LazyLock};

use keystore::{Chain, OpenFile, PublicKey, StorageError, csr::Request};
use proptest::prelude::*;

/// Runs OpenSSL in a folder, which has to succeed.
fn openssl(folder: &std::path::Path, arguments: &str) {
    let done = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(done.status.success(), "{arguments}");
}

struct Originals {
    file: Vec<u8>,
    request: Vec<u8>,
    public_key: Vec<u8>,
    certificate: String,
}

/// Few rounds, so that many broken files can be tried.
static ORIGINALS: LazyLock<Originals> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -subj /CN=Test";
    openssl(at, &format!("req -x509 {key} -out c"));
    openssl(at, "req -new -key k -subj /CN=Test -outform DER -out r");
    openssl(at, "pkey -in k -pubout -outform DER -out p");
    openssl(
        at,
        "pkcs12 -export -inkey k -in c -iter 1 -passout pass:Abc123 -out f",
    );
    let read = |name: &str| std::fs::read(at.join(name)).unwrap();
    Originals {
        file: read("f"),
        request: read("r"),
        public_key: read("p"),
        certificate: String::from_utf8(read("c")).unwrap(),
    }
});

#[test]
fn the_originals_are_good() {
    let good = &*ORIGINALS;
    let file = OpenFile::decode(&good.file, "Abc123").unwrap();
    file.try_signature().unwrap();
    let key = PublicKey::from_der(&good.public_key).unwrap();
    assert_eq!(*file.key.public(), key);
    assert_eq!(*Request::verify(&good.request).unwrap().key(), key);
    assert_eq!(*Chain::from_pem(&good.certificate, "").unwrap().key(), key);
}

/// With the right password, whichever bit is changed and wherever the file is cut,
/// it is the file that is blamed, not the person.
#[test]
fn damage_is_told_from_a_wrong_password() {
    let good = &*ORIGINALS;
    let key = PublicKey::from_der(&good.public_key).unwrap();
    for at in 0..good.file.len() {
        let mut changed = good.file.clone();
        changed[at] ^= 1 << (at % 8);
        match OpenFile::decode(&changed, "Abc123") {
            Ok(file) => assert_eq!(*file.key.public(), key, "byte {at}"),
            Err(error) => assert!(matches!(error, StorageError::Damaged), "byte {at}"),
        }
        let cut = OpenFile::decode(&good.file[..at], "Abc123").err();
        assert!(matches!(cut, Some(StorageError::Damaged)), "cut at {at}");
    }
    for wrong in ["Abc124", "", "abc123", "Abc123 "] {
        let error = OpenFile::decode(&good.file, wrong).err();
        assert!(
            matches!(error, Some(StorageError::WrongSecret { .. })),
            "{wrong}"
        );
    }
}

/// A few bytes replaced, then cut somewhere.
fn broken(
    original: &[u8],
    changes: &[(prop::sample::Index, u8)],
    cut: prop::sample::Index,
) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for (at, value) in changes {
        let at = at.index(bytes.len());
        bytes[at] = *value;
    }
    // Half of them keep their length.
    let cut = cut.index(2 * bytes.len());
    bytes.truncate(cut.max(1));
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn noise(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(OpenFile::decode(&bytes, "Abc123").is_err());
        prop_assert!(Request::verify(&bytes).is_err());
        prop_assert!(PublicKey::from_der(&bytes).is_err());
        let text = String::from_utf8_lossy(&bytes);
        prop_assert!(Chain::from_pem(&text, &text).is_err());
    }

    #[test]
    fn nearly_right(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let good = &*ORIGINALS;
        let key = PublicKey::from_der(&good.public_key).unwrap();
        // Unchanged where it matters, or refused: another key never comes out.
        if let Ok(file) = OpenFile::decode(&broken(&good.file, &changes, cut), "Abc123") {
            prop_assert_eq!(file.key.public(), &key);
        }
        if let Ok(request) = Request::verify(&broken(&good.request, &changes, cut)) {
            prop_assert_eq!(request.key(), &key);
        }
        let _ = PublicKey::from_der(&broken(&good.public_key, &changes, cut));
        let pem = broken(good.certificate.as_bytes(), &changes, cut);
        let _ = Chain::from_pem(&String::from_utf8_lossy(&pem), "");
    }
}
