//! `cargo xtask soak kill | chip | token | update`: too long for every change, so apart from `test`.

use std::process::ExitCode;

use crate::cargo::{self, cargo};
use crate::flags::wrong;
use crate::image;
use crate::packages::{self, Need};

/// Of tests/soak_kill.rs, which plain `cargo test` leaves out.
const KILL: &str = "soak_kill";
/// Of crates/worker/tests/soak_chip.rs, likewise.
const CHIP: &str = "soak_chip";
const TOKEN: &str = "soak_token";

/// `kill`, `chip`, `token` or `update`, then what the soak itself understands: `--moments N`,
/// `--only NAME`; `--rounds N`, `--seed N`; `--points N`.
pub fn run(words: &[String]) -> anyhow::Result<ExitCode> {
    match &words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["kill", rest @ ..] => kill(rest),
        ["chip", rest @ ..] => of_the_worker(CHIP, rest),
        ["token", rest @ ..] => of_the_worker(TOKEN, rest),
        ["update", rest @ ..] => image::cut_power(rest),
        _ => Err(wrong(
            "there are four soaks: `cargo xtask soak kill [--moments N] [--only NAME]`, \
             `cargo xtask soak chip [--rounds N] [--seed N]`, \
             `cargo xtask soak token [--rounds N] [--seed N]` and \
             `cargo xtask soak update [--points N]`",
        )),
    }
}

fn kill(rest: &[&str]) -> anyhow::Result<ExitCode> {
    packages::install(&[Need::Build, Need::Walk])?;
    cargo::build_programs()?;
    run_test(KILL, rest)
}

fn of_the_worker(name: &str, rest: &[&str]) -> anyhow::Result<ExitCode> {
    packages::install(&[Need::Build, Need::Test])?;
    run_test(name, rest)
}

/// Built as all tests are (docs/decisions/0002).
fn run_test(name: &str, rest: &[&str]) -> anyhow::Result<ExitCode> {
    cargo::run(
        cargo()
            .args(["test", "--workspace", "--features", "headless"])
            .args(["--test", name, "--"])
            .args(rest),
    )?;
    Ok(ExitCode::SUCCESS)
}
