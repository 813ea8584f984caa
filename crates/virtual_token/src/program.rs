//! The program `virtual_piv`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where it is, built if need be.
///
/// # Panics
/// It cannot be built.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(build)
}

fn build() -> PathBuf {
    let running = std::env::current_exe().expect("the running program");
    // TARGET/PROFILE/deps/PROGRAM
    let target = running
        .ancestors()
        .find(|directory| directory.ends_with("deps"))
        .and_then(|deps| deps.ancestors().nth(2))
        .expect("cargo runs tests from its target directory")
        .join("virtual_piv");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/virtual_piv/Cargo.toml");
    let built = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["build", "--quiet", "--locked", "--manifest-path"])
        .arg(manifest)
        .arg("--target-dir")
        .arg(&target)
        .output()
        .expect("cargo");
    assert!(
        built.status.success(),
        "tests/virtual_piv cannot be built:\n{}",
        String::from_utf8_lossy(&built.stderr)
    );
    target.join("debug/virtual_piv")
}
