//! A key file through everything that can happen to it: cuts, wrong passwords,
//! damage, pulled drives.

mod test_authority;

use std::{os::unix::fs::symlink, path::Path};

use exchange::{KeyAlgorithm, Secret, SubmissionId, UnixMillis, api::proof_bytes};
use faults::Fault;
use keystore::{
    Chain, Folder, KeyFileKind, KeyStorage, Pkcs12Storage, PublicKey, Purpose, StorageError, pkcs12,
};
use test_authority::TestAuthority;

fn password() -> Secret {
    Secret::from("Qoltanba-2026")
}

const P256: KeyAlgorithm = KeyAlgorithm::EcdsaP256;

fn storage(folder: &Path) -> Pkcs12Storage {
    Pkcs12Storage::open::<&str>(folder, &[]).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A folder with a pending key, the key, and the certificate for it.
fn pending() -> (tempfile::TempDir, PublicKey, Chain) {
    let drive = tempfile::tempdir().unwrap();
    let key = storage(drive.path()).generate(P256, &password()).unwrap();
    let chain = TestAuthority::new().issue(&key);
    (drive, key, chain)
}

#[test]
fn the_key_proves_itself_and_gets_its_certificate() {
    let (drive, key, chain) = pending();
    let id = key.id();
    let mut storage = storage(drive.path());
    let seen = storage.contents().unwrap();
    assert_eq!(
        (seen.pending, seen.installed, seen.leftovers),
        (vec![id], vec![], 0)
    );
    assert_eq!(storage.read_back(&id, &password()).unwrap().chain, None);

    let submission = SubmissionId::from_parts(UnixMillis(1_790_000_000_000), &[7; 10]);
    let nonce = "ab".repeat(32);
    let signature = keystore::prove(&mut storage, &id, &password(), submission, &nonce).unwrap();
    assert!(key.verifies(&proof_bytes(submission, &nonce), &signature));
    assert!(!key.verifies(&proof_bytes(submission, &"cd".repeat(32)), &signature));

    for _ in 0..2 {
        // Repeated, it only tries again.
        let stored = storage.install(&id, &password(), &chain).unwrap();
        assert_eq!(stored.chain.as_ref(), Some(&chain));
        assert_eq!(names(drive.path()), [pkcs12::installed_name(&id, P256)]);
    }
    let seen = storage.contents().unwrap();
    assert_eq!((seen.pending, seen.installed), (vec![], vec![id]));
}

/// Every state that an interruption can leave: nothing, an empty, a torn or a
/// whole unfinished file, an empty, torn or whole finished file beside the
/// pending one, and the finished file alone.
#[test]
fn installing_again_after_a_cut_at_any_moment_ends_well() {
    let (drive, key, chain) = pending();
    let id = key.id();
    let (pending, installed) = (pkcs12::pending_name(&id), pkcs12::installed_name(&id, P256));
    let unfinished = format!("{installed}.part");
    let pending_bytes = std::fs::read(drive.path().join(&pending)).unwrap();
    storage(drive.path())
        .install(&id, &password(), &chain)
        .unwrap();
    let whole = std::fs::read(drive.path().join(&installed)).unwrap();
    let torn = &whole[..whole.len() / 2];

    type Left<'a> = (&'a str, &'a [(&'a str, &'a [u8])]);
    let left: [Left<'_>; 8] = [
        ("before the first byte", &[(&pending, &pending_bytes)]),
        (
            "empty unfinished file",
            &[(&pending, &pending_bytes), (&unfinished, b"")],
        ),
        (
            "torn unfinished file",
            &[(&pending, &pending_bytes), (&unfinished, torn)],
        ),
        (
            "before the rename",
            &[(&pending, &pending_bytes), (&unfinished, &whole)],
        ),
        (
            "after the rename",
            &[(&pending, &pending_bytes), (&installed, &whole)],
        ),
        (
            "renamed but lost",
            &[(&pending, &pending_bytes), (&installed, b"")],
        ),
        (
            "renamed but torn",
            &[(&pending, &pending_bytes), (&installed, torn)],
        ),
        ("pending file gone", &[(&installed, &whole)]),
    ];
    for (cut, files) in left {
        for name in names(drive.path()) {
            std::fs::remove_file(drive.path().join(name)).unwrap();
        }
        for (name, bytes) in files {
            std::fs::write(drive.path().join(name), bytes).unwrap();
        }
        let mut storage = storage(drive.path());
        let stored = storage
            .install(&id, &password(), &chain)
            .unwrap_or_else(|e| panic!("{cut}: {e}"));
        assert_eq!(stored.chain.as_ref(), Some(&chain), "{cut}");
        assert_eq!(
            names(drive.path()),
            std::slice::from_ref(&installed),
            "{cut}"
        );
        let back = storage.read_back(&id, &password()).unwrap();
        assert_eq!(back.chain.as_ref(), Some(&chain), "{cut}");
    }
}

/// Revoked before it was confirmed: the next certificate replaces the first.
#[test]
fn a_second_certificate_for_the_same_key_replaces_the_first() {
    let (drive, key, first) = pending();
    let mut storage = storage(drive.path());
    storage.install(&key.id(), &password(), &first).unwrap();
    let second = TestAuthority::new().issue(&key);
    let stored = storage.install(&key.id(), &password(), &second).unwrap();
    assert_eq!(stored.chain, Some(second));
    assert_eq!(names(drive.path()).len(), 1);
}

#[test]
fn nothing_changes_with_a_wrong_password_or_a_foreign_certificate() {
    let (drive, key, chain) = pending();
    let id = key.id();
    let before = std::fs::read(drive.path().join(pkcs12::pending_name(&id))).unwrap();
    let mut storage = storage(drive.path());

    let wrong = Secret::from("Qoltanba-2027");
    let error = storage.install(&id, &wrong, &chain).unwrap_err();
    assert_eq!(error.fault(), Fault::KeyPasswordWrong);
    assert_eq!(
        storage.sign(&id, &wrong, b"x").unwrap_err().fault(),
        Fault::KeyPasswordWrong
    );

    let other = keystore::PrivateKey::generate(P256).unwrap();
    let foreign = TestAuthority::new().issue(other.public());
    let error = storage.install(&id, &password(), &foreign).unwrap_err();
    assert!(matches!(error, StorageError::ForeignCertificate));

    assert_eq!(names(drive.path()), [pkcs12::pending_name(&id)]);
    assert_eq!(
        std::fs::read(drive.path().join(pkcs12::pending_name(&id))).unwrap(),
        before
    );

    let missing = other.public().id();
    let error = storage.sign(&missing, &password(), b"x").unwrap_err();
    assert_eq!(error.fault(), Fault::KeyPendingMissing);
}

#[test]
fn a_password_against_the_rules_makes_no_file() {
    let drive = tempfile::tempdir().unwrap();
    let error = storage(drive.path())
        .generate(P256, &Secret::from("abc123"))
        .unwrap_err();
    assert!(matches!(
        error,
        StorageError::Password(keystore::PasswordRule::UpperCase)
    ));
    assert!(names(drive.path()).is_empty());
}

#[test]
fn a_truncated_file_is_damaged_at_every_length() {
    let (drive, key, _) = pending();
    let name = pkcs12::pending_name(&key.id());
    let whole = std::fs::read(drive.path().join(&name)).unwrap();
    for length in (0..whole.len()).step_by(13).chain([whole.len() - 1]) {
        std::fs::write(drive.path().join(&name), &whole[..length]).unwrap();
        let error = storage(drive.path())
            .sign(&key.id(), &password(), b"x")
            .unwrap_err();
        assert_eq!(error.fault(), Fault::KeyFileDamaged, "{length} bytes");
    }
    // A file that is far too long is not read into memory.
    let long = std::fs::File::create(drive.path().join(&name)).unwrap();
    long.set_len(1 << 40).unwrap();
    let error = storage(drive.path())
        .sign(&key.id(), &password(), b"x")
        .unwrap_err();
    assert_eq!(error.fault(), Fault::KeyFileDamaged);
}

/// A changed byte is found: by the structure, by the MAC, or by the name of the key;
/// and it is the file that is blamed, not the password.
#[test]
fn a_changed_byte_is_noticed() {
    let (drive, key, _) = pending();
    let name = pkcs12::pending_name(&key.id());
    let whole = std::fs::read(drive.path().join(&name)).unwrap();
    for at in (40..whole.len()).step_by(whole.len() / 12) {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        std::fs::write(drive.path().join(&name), &changed).unwrap();
        let error = storage(drive.path())
            .sign(&key.id(), &password(), b"x")
            .unwrap_err();
        assert_eq!(error.fault(), Fault::KeyFileDamaged, "byte {at}: {error}");
    }
}

#[test]
fn no_path_leads_out_of_the_drive() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::create_dir(outside.path().join("keys")).unwrap();
    let drive = tempfile::tempdir().unwrap();
    symlink(outside.path(), drive.path().join("link")).unwrap();
    std::fs::create_dir(drive.path().join("real")).unwrap();
    for path in [
        &["link"][..],
        &["link", "keys"],
        &[".."],
        &["real", "..", ".."],
        &["a/b"],
        &[""],
    ] {
        let refused = Folder::open(drive.path(), path).err();
        assert!(
            matches!(refused, Some(StorageError::PathRefused)),
            "{path:?}"
        );
    }
    let missing = Folder::open(drive.path(), &["nowhere"]).err();
    assert!(matches!(missing, Some(StorageError::Missing)));

    // A link in place of a file is not followed, neither to read nor to write.
    let secret = outside.path().join("secret");
    std::fs::write(&secret, b"untouched").unwrap();
    let folder = Folder::open(drive.path(), &["real"]).unwrap();
    symlink(&secret, drive.path().join("real/file")).unwrap();
    symlink(&secret, drive.path().join("real/file.part")).unwrap();
    assert!(matches!(
        folder.read("file", 100),
        Err(StorageError::PathRefused)
    ));
    folder.write("file", b"new").unwrap();
    assert_eq!(std::fs::read(&secret).unwrap(), b"untouched");
    assert_eq!(folder.read("file", 100).unwrap().unwrap(), b"new");
}

#[test]
fn a_drive_that_vanished_is_called_that() {
    let (drive, key, chain) = pending();
    let mut storage = storage(drive.path());
    std::fs::remove_dir_all(drive.path()).unwrap();
    let error = storage.generate(P256, &password()).unwrap_err();
    assert_eq!(error.fault(), Fault::UsbPulled);
    let error = storage.install(&key.id(), &password(), &chain).unwrap_err();
    assert_eq!(error.fault(), Fault::KeyPendingMissing);
    let error = Pkcs12Storage::open::<&str>(drive.path(), &[])
        .err()
        .unwrap();
    assert_eq!(error.fault(), Fault::UsbMissing);
}

#[test]
fn operating_system_errors_have_their_faults() {
    use rustix::io::Errno;
    for (errno, fault) in [
        (Errno::IO, Fault::UsbPulled),
        (Errno::NODEV, Fault::UsbPulled),
        (Errno::NOSPC, Fault::UsbFull),
        (Errno::ROFS, Fault::UsbReadOnly),
        (Errno::LOOP, Fault::FileUnreadable),
        (Errno::INVAL, Fault::UsbFailed),
    ] {
        assert_eq!(StorageError::from(errno).fault(), fault, "{errno}");
        assert_eq!(
            StorageError::from(std::io::Error::from(errno)).fault(),
            fault
        );
    }
}

#[test]
fn leftovers_are_cleared_and_strangers_files_left_alone() {
    let (drive, key, _) = pending();
    let name = pkcs12::pending_name(&key.id());
    for stranger in ["photo.part", "RSA256_x.p12.part", "notes.txt", "my.p12"] {
        std::fs::write(drive.path().join(stranger), b"mine").unwrap();
    }
    std::fs::write(drive.path().join(format!("{name}.part")), b"torn").unwrap();
    let mut storage = storage(drive.path());
    assert_eq!(storage.contents().unwrap().leftovers, 1);
    assert_eq!(storage.remove_leftovers().unwrap(), 1);
    assert_eq!(names(drive.path()).len(), 5);
    storage.discard(&key.id(), &password()).unwrap();
    assert_eq!(names(drive.path()).len(), 4);
}

/// Keys of earlier years, other kinds, and what merely looks like one.
#[test]
fn older_keys_in_the_folder_are_listed_and_never_touched() {
    let drive = tempfile::tempdir().unwrap();
    let older = "0123456789abcdef0123456789abcdef01234567";
    let others = [
        "PENDING_",
        "RSA256_",
        "AUTH_RSA256_",
        "ECDSA256_",
        "GOST512_",
    ];
    let others = others.map(|prefix| format!("{prefix}{older}.p12"));
    for name in &others {
        std::fs::write(drive.path().join(name), name).unwrap();
    }
    let mut storage = storage(drive.path());
    let files = storage.key_files().unwrap();
    let listed: Vec<&str> = files.iter().map(|f| f.name.as_str()).collect();
    let mut expected: Vec<&str> = others.iter().map(String::as_str).collect();
    expected.sort();
    assert_eq!(listed, expected);
    assert!(files.iter().any(|f| f.kind == KeyFileKind::Gost));
    let seen = storage.contents().unwrap();
    assert_eq!((seen.pending.len(), seen.installed.len()), (1, 3));

    let key = storage.generate(P256, &password()).unwrap();
    let chain = TestAuthority::new().issue(&key);
    storage.install(&key.id(), &password(), &chain).unwrap();
    storage.remove_leftovers().unwrap();
    storage.discard(&key.id(), &password()).unwrap();
    for name in &others {
        let content = std::fs::read_to_string(drive.path().join(name)).unwrap();
        assert_eq!(content, *name);
    }
    assert_eq!(storage.key_files().unwrap().len(), others.len() + 1);
    // One whose key is of a kind that is not opened here counts as absent.
    let gost = drive
        .path()
        .join(format!("GOST512_{}.p12", "ab".repeat(20)));
    std::fs::write(gost, b"a key").unwrap();
    let id = "ab".repeat(20).parse().unwrap();
    let error = storage.sign(&id, &password(), b"x").unwrap_err();
    assert!(matches!(error, StorageError::NoKey));
}

#[test]
fn two_pairs_lie_side_by_side() {
    let drive = tempfile::tempdir().unwrap();
    let mut storage = storage(drive.path());
    let keys = Purpose::ALL.map(|purpose| {
        let key = storage.generate_for(purpose, P256, &password()).unwrap();
        (purpose, key)
    });
    let pending =
        |(purpose, key): &(Purpose, PublicKey)| pkcs12::pending_name_for(&key.id(), *purpose);
    let mut expected: Vec<String> = keys.iter().map(pending).collect();
    expected.sort();
    assert_eq!(names(drive.path()), expected);
    for (purpose, key) in &keys {
        let chain = TestAuthority::new().issue(key);
        for _ in 0..2 {
            let stored = storage.install(&key.id(), &password(), &chain).unwrap();
            assert_eq!(stored.chain.as_ref(), Some(&chain), "{purpose:?}");
        }
        let signature = storage.sign(&key.id(), &password(), b"x").unwrap();
        assert!(key.verifies(b"x", &signature));
    }
    let installed = |(purpose, key): &(Purpose, PublicKey)| {
        pkcs12::installed_name_for(&key.id(), P256, *purpose)
    };
    let mut expected: Vec<String> = keys.iter().map(installed).collect();
    expected.sort();
    assert_eq!(names(drive.path()), expected);
    assert!(expected[0].starts_with("AUTH_ECDSA256_"), "{expected:?}");
    assert_eq!(storage.contents().unwrap().installed.len(), 2);

    let spare = storage.generate_for(Purpose::Authenticate, P256, &password());
    storage.discard(&spare.unwrap().id(), &password()).unwrap();
    assert_eq!(names(drive.path()), expected);
}

#[test]
fn a_person_can_try_the_signature() {
    let (drive, key, chain) = pending();
    let mut storage = storage(drive.path());
    let root = chain.certificates()[1].clone();
    let id = key.id();
    let mut tried = |roots: &[x509_cert::Certificate], installed: bool| {
        if installed {
            storage.install(&id, &password(), &chain).unwrap();
        }
        keystore::try_signature(&mut storage, &id, &password(), "Сәлем!", roots)
    };
    let waiting = tried(std::slice::from_ref(&root), false).err();
    assert!(matches!(waiting, Some(StorageError::NoKey)));

    let seen = tried(&[root], true).unwrap();
    assert!(seen.ok);
    assert_eq!(*seen.subject, "СЕРІКҚЫЗЫ АЙГҮЛ");
    assert_eq!(seen.algorithm, P256);
    assert!(key.verifies("Сәлем!".as_bytes(), &seen.signature));
    let year = 365 * 24 * 3600 * 1000;
    let now = test_authority::NOW;
    for (at, valid) in [
        (0, true),
        (year - 1000, true),
        (-1000, false),
        (year + 1000, false),
    ] {
        assert_eq!(seen.is_valid_at(UnixMillis(now.0 + at)), valid, "{at}");
    }
    // Someone else's root is not believed.
    let strangers = TestAuthority::new().issue(&key).certificates()[1].clone();
    assert!(!tried(&[strangers], true).unwrap().ok);
    assert!(!tried(&[], true).unwrap().ok);
}
