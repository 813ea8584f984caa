//! `cargo xtask screens`: docs/screens renewed, to be looked at with the change.

use std::process::ExitCode;

use crate::cargo::{self, cargo};
use crate::flags::Flags;
use crate::packages::{self, Need};

/// Of tests/screens.rs; writing is ignored unless asked for.
const SCREENS: &str = "screens";

pub fn run(words: &[String]) -> anyhow::Result<ExitCode> {
    Flags::parse(words, &[], &[])?;
    if !cargo::root().join(format!("tests/{SCREENS}.rs")).exists() {
        eprintln!("`cargo xtask screens` cannot run: tests/{SCREENS}.rs is not there yet.");
        return Ok(ExitCode::from(2));
    }
    packages::install(&[Need::Build])?;
    let folder = cargo::root().join("docs/screens");
    std::fs::create_dir_all(&folder)?;
    cargo::run(
        cargo()
            .args(["test", "--features", "headless", "--test", SCREENS, "--"])
            .args(["--ignored", "--nocapture", "--test-threads=1"])
            .env("QOLTANBA_SCREENS", &folder),
    )?;
    println!("Look at {}", folder.display());
    Ok(ExitCode::SUCCESS)
}
