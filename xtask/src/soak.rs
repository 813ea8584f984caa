//! `cargo xtask soak kill`: too long for every change, so apart from `test`.

use std::process::ExitCode;

use crate::cargo::{self, cargo};
use crate::flags::wrong;
use crate::packages::{self, Need};

/// Of tests/soak_kill.rs, which plain `cargo test` leaves out.
const KILL: &str = "soak_kill";

/// `kill`, then what the soak itself understands: `--moments N`, `--only NAME`.
pub fn run(words: &[String]) -> anyhow::Result<ExitCode> {
    let ["kill", rest @ ..] = &words.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        return Err(wrong(
            "there is one soak: `cargo xtask soak kill [--moments N] [--only NAME]`",
        ));
    };
    packages::install(&[Need::Build, Need::Walk])?;
    cargo::run(cargo().args(["build", "-p", "office", "-p", "worker", "--bins"]))?;
    cargo::run(
        cargo()
            .args(["test", "--features", "headless", "--test", KILL, "--"])
            .args(rest),
    )?;
    Ok(ExitCode::SUCCESS)
}
