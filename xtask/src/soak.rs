//! `cargo xtask soak kill | chip`: too long for every change, so apart from `test`.

use std::process::ExitCode;

use crate::cargo::{self, cargo};
use crate::flags::wrong;
use crate::packages::{self, Need};

/// Of tests/soak_kill.rs, which plain `cargo test` leaves out.
const KILL: &str = "soak_kill";
/// Of crates/worker/tests/soak_chip.rs, likewise.
const CHIP: &str = "soak_chip";

/// `kill` or `chip`, then what the soak itself understands: `--moments N`,
/// `--only NAME`; `--rounds N`, `--seed N`.
pub fn run(words: &[String]) -> anyhow::Result<ExitCode> {
    match &words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["kill", rest @ ..] => kill(rest),
        ["chip", rest @ ..] => chip(rest),
        _ => Err(wrong(
            "there are two soaks: `cargo xtask soak kill [--moments N] [--only NAME]` and \
             `cargo xtask soak chip [--rounds N] [--seed N]`",
        )),
    }
}

fn kill(rest: &[&str]) -> anyhow::Result<ExitCode> {
    packages::install(&[Need::Build, Need::Walk])?;
    cargo::run(cargo().args(["build", "-p", "office", "-p", "worker", "--bins"]))?;
    cargo::run(
        cargo()
            .args(["test", "--features", "headless", "--test", KILL, "--"])
            .args(rest),
    )?;
    Ok(ExitCode::SUCCESS)
}

fn chip(rest: &[&str]) -> anyhow::Result<ExitCode> {
    packages::install(&[Need::Build, Need::Test])?;
    cargo::run(
        cargo()
            .args(["test", "-p", "worker", "--test", CHIP, "--"])
            .args(rest),
    )?;
    Ok(ExitCode::SUCCESS)
}
