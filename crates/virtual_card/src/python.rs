//! The virtual card's Python: an environment in the target directory.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The directory that holds the package `virtual_card`.
pub fn package_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

/// The interpreter that has what the virtual card needs.
///
/// # Panics
/// See [`prepare`].
pub fn python() -> PathBuf {
    prepare();
    interpreter()
}

/// The same, once [`prepare`] has run.
pub fn interpreter() -> PathBuf {
    environment().join("bin/python")
}

/// Makes the environment, or brings it up to `requirements.txt`.
///
/// # Panics
/// With a sentence that says what to install.
pub fn prepare() {
    let environment = environment();
    let requirements = package_root().join("virtual_card/requirements.txt");
    let wanted = fs::read_to_string(&requirements).expect("tests/virtual_card/requirements.txt");
    fs::create_dir_all(&environment).expect("the target directory can be written to");
    // Test programs run side by side.
    let lock = File::create(environment.join("lock")).expect("a lock file");
    lock.lock().expect("the lock of the environment");
    let installed = environment.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return;
    }
    succeeded(
        Command::new("python3")
            .args(["-m", "venv"])
            .arg(&environment),
        "the virtual card needs Debian's packages python3 and python3-venv",
    );
    succeeded(
        Command::new(interpreter())
            .args(["-m", "pip", "install", "--quiet", "--requirement"])
            .arg(&requirements),
        "the packages of tests/virtual_card/requirements.txt cannot be installed",
    );
    succeeded(
        Command::new(interpreter()).args(["-c", "import ctypes; ctypes.CDLL('libeac.so.3')"]),
        "the virtual card needs OpenPACE: Debian's package libeac3",
    );
    fs::write(installed, wanted).expect("the target directory can be written to");
}

/// Beside what cargo builds.
fn environment() -> PathBuf {
    let program = std::env::current_exe().expect("the running program");
    // TARGET/PROFILE/deps/PROGRAM
    let target = program
        .ancestors()
        .find(|directory| directory.ends_with("deps"))
        .and_then(|deps| deps.ancestors().nth(2))
        .expect("cargo runs tests from its target directory");
    target.join("virtual_card_python")
}

fn succeeded(command: &mut Command, sentence: &str) {
    let Output { status, stderr, .. } = command
        .output()
        .unwrap_or_else(|error| panic!("{sentence} ({error})"));
    assert!(
        status.success(),
        "{sentence}:\n{}",
        String::from_utf8_lossy(&stderr)
    );
}
