//! `cargo xtask bench`: the numbers that bind, in a release build.

use std::process::ExitCode;

use crate::cargo::{self, cargo};
use crate::flags::Flags;
use crate::packages::{self, Need};

pub fn run(words: &[String]) -> anyhow::Result<ExitCode> {
    Flags::parse(words, &[], &[])?;
    let benches = std::fs::read_dir(cargo::root().join("benches")).is_ok_and(|folder| {
        folder
            .flatten()
            .any(|f| f.path().extension().is_some_and(|e| e == "rs"))
    });
    if !benches {
        eprintln!("`cargo xtask bench` cannot run: benches/ holds no benchmark yet.");
        return Ok(ExitCode::from(2));
    }
    packages::install(&[Need::Build, Need::Window, Need::Bench])?;
    // The measured programs, as they ship to a desktop.
    cargo::run(cargo().args([
        "build",
        "--release",
        "-p",
        "kiosk",
        "-p",
        "worker",
        "-p",
        "office",
    ]))?;
    cargo::run(cargo().args(["bench", "-p", "kiosk", "--features", "headless"]))?;
    Ok(ExitCode::SUCCESS)
}
