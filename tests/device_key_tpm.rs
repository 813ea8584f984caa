//! The kiosk's keys in a TPM: made there, used for statements and TLS, and what becomes of a kiosk
//! whose TPM is another one, hangs or is gone.
#![cfg(feature = "simulated")]

#[path = "support/real_office.rs"]
mod real_office;
#[path = "support/software_tpm.rs"]
mod software_tpm;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use exchange::{Digest, Manifest, Secret, SubmissionId, UnixMillis};
use kiosk::sync::{
    Credentials, DeviceKeyError, Identity, OfficeClient, Provisioning, SyncError, TimeFloor, Tpm,
    sign_manifest,
};
use p256::ecdsa::DerSignature;
use p256::ecdsa::signature::Verifier;
use real_office::Office;
use software_tpm::SoftwareTpm;

struct Place {
    folder: tempfile::TempDir,
    tpm: SoftwareTpm,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tpm = SoftwareTpm::start(&folder.path().join("tpm"));
        Self { folder, tpm }
    }

    fn identity_dir(&self) -> PathBuf {
        self.folder.path().join("identity")
    }

    fn tpm(&self) -> Tpm {
        Tpm::simulated(&self.tpm.tcti())
    }

    fn made(&self) -> Identity {
        Identity::to_provision(&self.identity_dir(), &self.tpm()).unwrap()
    }

    fn opened(&self) -> Identity {
        let opened = Identity::open(&self.identity_dir(), &self.tpm()).unwrap();
        opened.expect("keys were made")
    }
}

/// swtpm has one connection at a time, and a program that another test starts meanwhile could
/// keep it.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Both keys sign, and others verify it.
fn signs(identity: &Identity) {
    for key in [identity.device_key(), identity.tls_key()] {
        let signature = key.sign(b"a statement").unwrap();
        let signature = DerSignature::from_bytes(&signature).unwrap();
        key.public_key().verify(b"a statement", &signature).unwrap();
        assert!(key.public_key().verify(b"another", &signature).is_err());
    }
}

fn refusal(identity: &Identity) -> DeviceKeyError {
    identity.device_key().sign(b"a statement").unwrap_err()
}

#[test]
fn a_key_is_made_in_the_tpm_and_works_after_a_restart() {
    let _alone = ONE_AT_A_TIME.blocking_lock();
    let mut place = Place::new();
    assert!(
        Identity::open(&place.identity_dir(), &place.tpm())
            .unwrap()
            .is_none(),
        "made when it is provisioned"
    );
    let identity = place.made();
    assert!(!identity.device_key().is_degraded() && !identity.tls_key().is_degraded());
    signs(&identity);
    let words = identity.words().unwrap();

    // Nothing but what that TPM can open lies on the disk.
    for name in ["device-key", "tls-key"] {
        let file = place.identity_dir().join(name).with_extension("tss2.pem");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("-----BEGIN TSS2 PRIVATE KEY-----"));
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(
            !place
                .identity_dir()
                .join(name)
                .with_extension("pem")
                .exists()
        );
    }

    // The machine starts anew, the program with it or not.
    place.tpm.off();
    place.tpm.on();
    signs(&identity);
    drop(identity);
    let again = place.opened();
    signs(&again);
    assert_eq!(again.words().unwrap(), words);
    assert_eq!(
        place.made().words().unwrap(),
        words,
        "not confirmed by any office yet"
    );
}

#[test]
fn another_tpm_says_that_it_did_not_make_the_key() {
    let _alone = ONE_AT_A_TIME.blocking_lock();
    let mut place = Place::new();
    let words = place.made().words().unwrap();
    let other = SoftwareTpm::start(&place.folder.path().join("other"));
    let there = Tpm::simulated(&other.tcti());
    let identity = Identity::open(&place.identity_dir(), &there)
        .unwrap()
        .unwrap();
    assert_eq!(identity.words().unwrap(), words);
    let refused = refusal(&identity);
    assert_eq!(refused, DeviceKeyError::OfAnotherTpm);
    assert!(
        refused.to_string().contains("provision the kiosk anew"),
        "{refused}"
    );
    // Its own makes all well again.
    signs(&place.opened());

    // Cleared: swtpm with a new state at the old place.
    place.tpm = SoftwareTpm::start(&place.folder.path().join("cleared"));
    assert_eq!(refusal(&place.opened()), DeviceKeyError::OfAnotherTpm);

    // The remedy that it names.
    let anew = place.made();
    assert_ne!(anew.words().unwrap(), words);
    signs(&anew);
}

#[test]
fn a_damaged_file_is_refused_and_kept() {
    let _alone = ONE_AT_A_TIME.blocking_lock();
    let place = Place::new();
    place.made();
    let file = place.identity_dir().join("device-key.tss2.pem");
    let whole = fs::read_to_string(&file).unwrap();
    let write = |text: &str| {
        fs::write(&file, text).unwrap();
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    };

    for text in ["", "damaged", &whole[..whole.len() / 2]] {
        write(text);
        let opened = Identity::open(&place.identity_dir(), &place.tpm());
        assert!(matches!(opened, Err(SyncError::File { .. })), "{text}");
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }

    signs(&place.made());
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        &whole[..whole.len() / 2],
        "until others are confirmed"
    );

    // One bit of what is encrypted: nobody but the TPM can tell.
    let lines: Vec<&str> = whole.lines().collect();
    let last = lines[lines.len() - 2];
    let turned = if last.starts_with('A') { "B" } else { "A" };
    let damaged = whole.replace(last, &format!("{turned}{}", &last[1..]));
    assert_ne!(damaged, whole);
    write(&damaged);
    assert_eq!(refusal(&place.opened()), DeviceKeyError::OfAnotherTpm);

    write(&whole);
    signs(&place.opened());
}

#[test]
fn a_tpm_that_hangs_or_is_gone_hangs_nobody_and_is_taken_back() {
    let _alone = ONE_AT_A_TIME.blocking_lock();
    let mut place = Place::new();
    let identity = Arc::new(place.made());
    signs(&identity);

    place.tpm.hang();
    let many: Vec<_> = (0..8)
        .map(|_| {
            let identity = identity.clone();
            std::thread::spawn(move || refusal(&identity))
        })
        .collect();
    for one in many {
        assert_eq!(one.join().unwrap(), DeviceKeyError::Silent);
    }
    assert_eq!(refusal(&identity), DeviceKeyError::Silent);
    place.tpm.go_on();
    while identity.device_key().sign(b"a statement") == Err(DeviceKeyError::Silent) {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    signs(&identity);

    place.tpm.off();
    let refused = refusal(&identity);
    assert!(matches!(refused, DeviceKeyError::Refused(_)), "{refused}");
    place.tpm.on();
    signs(&identity);

    let board_without = Tpm::device(&place.folder.path().join("tpmrm0"));
    let identity = Identity::open(&place.identity_dir(), &board_without);
    let refused = refusal(&identity.unwrap().unwrap());
    assert!(matches!(refused, DeviceKeyError::NoTpm(_)), "{refused}");
}

#[test]
fn no_file_takes_the_place_of_a_tpm_that_refuses() {
    let _alone = ONE_AT_A_TIME.blocking_lock();
    let mut place = Place::new();
    place.tpm.off();
    let made = Identity::to_provision(&place.identity_dir(), &place.tpm());
    assert!(matches!(made, Err(SyncError::Key(_))));
    let left = fs::read_dir(place.identity_dir()).unwrap().count();
    assert_eq!(left, 0);
    place.tpm.on();
    signs(&place.made());
}

fn client(office: &Office, dir: &Path, credentials: Option<Credentials>) -> OfficeClient {
    let key = credentials.as_ref().map(|c| c.receipt_key);
    let floor = Arc::new(TimeFloor::open(dir.join("time.json"), key.as_ref()).unwrap());
    match credentials {
        Some(known) => OfficeClient::new(&office.config(), known, floor).unwrap(),
        None => OfficeClient::unprovisioned(&office.config(), floor).unwrap(),
    }
}

/// Token in, words compared; `confirmed` runs before the office's answer comes.
async fn provision(
    office: &Office,
    dir: &Path,
    identity: &Identity,
    kiosk: &str,
    confirmed: impl FnOnce(),
) {
    let added = office.run(&["kiosk", "add", kiosk, "--json"]);
    let added: serde_json::Value = serde_json::from_str(&added).unwrap();
    let token = Secret::from(added["token"].as_str().unwrap());
    let new = client(office, dir, None);
    let Provisioning::Awaiting { words, .. } = new.provision(identity, &token).await.unwrap()
    else {
        panic!("confirmed by nobody");
    };
    let listed = office.run(&["kiosk", "list"]);
    assert!(words.iter().all(|w| listed.contains(w)), "{listed}");
    confirmed();
    office.run(&["kiosk", "confirm", kiosk]);
    for _ in ["once", "and where the answer was lost again"] {
        let done = new.provision(identity, &token).await.unwrap();
        assert_eq!(done, Provisioning::Done);
    }
}

fn manifest(credentials: &Credentials) -> Manifest {
    let now = UnixMillis::from_system_clock();
    Manifest {
        submission: SubmissionId::from_parts(now, &[1; 10]),
        kiosk: credentials.kiosk.clone(),
        sequence: 1,
        parts: Vec::new(),
        csr_sha256: None,
        previous: Digest([0; 32]),
        committed_at: now,
        time_trust: exchange::TimeTrust::OfficeConfirmed,
        receipt_code_sha256: Digest([1; 32]),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kiosk_with_a_key_in_a_file_gets_one_in_the_tpm_when_it_is_provisioned_anew() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let mut place = Place::new();
    let dir = place.folder.path().to_owned();
    let office = Office::start(&dir);
    let in_file = Identity::to_provision(&place.identity_dir(), &Tpm::none()).unwrap();
    provision(&office, &dir, &in_file, "kiosk-7", || {}).await;

    // A TPM is there now, and the kiosk goes on as it is.
    let before = place.opened();
    assert!(before.device_key().is_degraded());
    let known = before.credentials().unwrap();
    client(&office, &dir, Some(known))
        .office_time()
        .await
        .unwrap();

    let next = place.made();
    assert!(!next.device_key().is_degraded());
    assert_ne!(next.words().unwrap(), before.words().unwrap());
    assert_eq!(
        place.made().words().unwrap(),
        next.words().unwrap(),
        "the same are brought again"
    );
    provision(&office, &dir, &next, "kiosk-8", || {
        let still = place.opened();
        assert!(
            still.device_key().is_degraded(),
            "until the office has confirmed"
        );
        assert_eq!(still.credentials().unwrap().kiosk.as_str(), "kiosk-7");
    })
    .await;

    let after = place.opened();
    assert!(!after.device_key().is_degraded());
    assert_eq!(after.words().unwrap(), next.words().unwrap());
    let credentials = after.credentials().unwrap();
    assert_eq!(credentials.kiosk.as_str(), "kiosk-8");
    let folders: Vec<_> = fs::read_dir(&dir).unwrap().flatten().collect();
    let of_keys = |f: &&fs::DirEntry| f.file_name().to_string_lossy().starts_with("identity");
    assert_eq!(
        folders.iter().filter(of_keys).count(),
        1,
        "the old keys are gone"
    );

    // TLS by the key in the TPM, and a manifest.
    let link = client(&office, &dir, Some(credentials.clone()));
    link.office_time().await.unwrap();
    let signed = sign_manifest(after.device_key(), &manifest(&credentials)).unwrap();
    signed.verify(&after.device_key().public_key()).unwrap();

    // Without it nobody is let in, and it is not the office that is to blame.
    place.tpm.off();
    let again = client(&office, &dir, Some(credentials));
    let failed = again.office_time().await.unwrap_err();
    assert!(matches!(failed, SyncError::Key(_)), "{failed}");
    assert_eq!(failed.fault(), faults::Fault::DeviceKeyFailed);
    place.tpm.on();
    again.office_time().await.unwrap();
}

#[test]
fn keys_that_the_office_confirmed_are_the_kiosks_wherever_the_power_went() {
    let _alone = ONE_AT_A_TIME.blocking_lock();
    let place = Place::new();
    place.made();
    let next = place.folder.path().join("next");
    let words = Identity::to_provision(&next, &place.tpm()).unwrap().words();
    let (dir, confirmed) = (
        place.identity_dir(),
        place.identity_dir().with_extension("confirmed"),
    );
    let before = dir.with_extension("before");
    // Before the old folder was out of the way; and after.
    for cut in [false, true] {
        if cut {
            fs::rename(&dir, &before).unwrap();
        } else {
            fs::create_dir(&before).unwrap();
        }
        fs::create_dir_all(&confirmed).unwrap();
        for file in fs::read_dir(&next).unwrap().flatten() {
            fs::copy(file.path(), confirmed.join(file.file_name())).unwrap();
        }
        assert_eq!(place.opened().words().unwrap(), *words.as_ref().unwrap());
        assert!(!confirmed.exists() && !before.exists());
    }
}
