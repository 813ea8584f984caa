//! A SoftHSM2 token of a test's own, and a look at it without this project.

use std::{path::PathBuf, process::Command};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    session::{Session, UserType},
};
use exchange::Secret;
use keystore::pkcs11::Profile;

pub const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
pub const LABEL: &str = "Citizen";
pub const SO_PIN: &str = "87654321";

/// The configuration that SoftHSM reads, for the test's own process.
const CONFIGURATION: &str = "SOFTHSM2_CONF";
const FOLDER: &str = "KEYSTORE_TEST_TOKEN";

pub fn pin() -> Secret {
    Secret::from("24682468")
}

pub fn profile() -> Profile {
    Profile::by_id("softhsm2").unwrap()
}

pub struct SoftHsm {
    folder: PathBuf,
}

impl SoftHsm {
    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    /// One token more.
    pub fn add(&self, label: &str) {
        let pin = pin();
        let arguments = ["--init-token", "--free", "--label", label];
        let pins = ["--so-pin", SO_PIN, "--pin", pin.expose()];
        run("softhsm2-util", &[&arguments[..], &pins].concat());
    }
}

/// Runs a test of this name in a process of its own with a token of its own.
pub fn alone(name: &str, test: impl FnOnce(&SoftHsm)) {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let token = SoftHsm {
            folder: folder.into(),
        };
        token.add(LABEL);
        return test(&token);
    }
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let configuration = folder.path().join("softhsm2.conf");
    let text = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        tokens.display()
    );
    std::fs::write(&configuration, text).unwrap();
    let done = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(CONFIGURATION, configuration)
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    assert!(done.status.success(), "{said}");
    assert!(
        said.contains("1 passed"),
        "no test is called {name}: {said}"
    );
}

/// A session by the crate `cryptoki` alone.
pub fn session<T>(work: impl FnOnce(&Session) -> T) -> T {
    let context = Pkcs11::new(MODULE).unwrap();
    let flags = CInitializeFlags::OS_LOCKING_OK;
    context.initialize(CInitializeArgs::new(flags)).unwrap();
    let slot = context.get_slots_with_initialized_token().unwrap()[0];
    let session = context.open_rw_session(slot).unwrap();
    let done = work(&session);
    session.close().unwrap();
    context.finalize().unwrap();
    done
}

/// The same with the owner logged in.
pub fn raw<T>(work: impl FnOnce(&Session) -> T) -> T {
    session(|session| {
        let pin = pin().expose().into();
        session.login(UserType::User, Some(&pin)).unwrap();
        work(session)
    })
}

/// How many objects lie on the token: a key pair and its certificate are three.
pub fn objects() -> usize {
    raw(|session| session.find_objects(&[]).unwrap().len())
}

/// Output of a program that has to succeed, both streams.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let done = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap_or_else(|e| panic!("{program}: {e}"));
    let text = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    assert!(done.status.success(), "{program} {arguments:?}\n{text}");
    text
}
