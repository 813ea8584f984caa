//! `cargo xtask screens`: docs/screens renewed, to be looked at with the change.

use std::process::ExitCode;

use crate::cargo::{self, cargo};
use crate::flags::Flags;
use crate::packages::{self, Need};

pub fn run(words: &[String]) -> anyhow::Result<ExitCode> {
    Flags::parse(words, &[], &[])?;
    packages::install(&[Need::Build])?;
    let folder = cargo::root().join("docs/screens");
    std::fs::create_dir_all(&folder)?;
    cargo::run(
        cargo()
            .args([
                "run",
                "--features",
                "headless",
                "--example",
                "screens",
                "--",
            ])
            .arg(&folder),
    )?;
    println!("Look at {}", folder.display());
    Ok(ExitCode::SUCCESS)
}
