//! `cargo xtask soak kill`: too long for every change, so apart from `test`.

use std::process::ExitCode;

use crate::cargo::{self, cargo};
use crate::flags::wrong;
use crate::packages::{self, Need};

/// Of tests/soak_kill.rs, whose tests are ignored unless asked for.
const KILL: &str = "soak_kill";

pub fn run(words: &[String]) -> anyhow::Result<ExitCode> {
    if words != ["kill"] {
        return Err(wrong("there is one soak: `cargo xtask soak kill`"));
    }
    if !cargo::root().join(format!("tests/{KILL}.rs")).exists() {
        eprintln!("`cargo xtask soak kill` cannot run: tests/{KILL}.rs is not there yet.");
        return Ok(ExitCode::from(2));
    }
    packages::install(&[Need::Build, Need::Walk])?;
    cargo::run(cargo().args(["build", "-p", "office", "-p", "worker", "--bins"]))?;
    cargo::run(
        cargo()
            .args(["test", "--features", "headless", "--test", KILL, "--"])
            .args(["--ignored", "--nocapture", "--test-threads=1"]),
    )?;
    Ok(ExitCode::SUCCESS)
}
