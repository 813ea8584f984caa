//! `cargo xtask bench`: the numbers that bind, in a release build.

use std::process::ExitCode;

use crate::cargo::{self, cargo};
use crate::flags::Flags;
use crate::packages::{self, Need};

pub fn run(words: &[String]) -> anyhow::Result<ExitCode> {
    Flags::parse(words, &[], &[])?;
    packages::install(&[Need::Build, Need::Window, Need::Bench, Need::Test])?;
    // The measured programs, as they ship to a desktop.
    cargo::run(cargo().args(["build", "--release", "--bins"]).args([
        "--workspace",
        "--exclude",
        "xtask",
    ]))?;
    // The whole workspace is asked for each time, so that its libraries are compiled
    // once. `headless` last: it builds the kiosk once more, with Slint's testing
    // backend in it.
    for (bench, features) in [
        ("first_frame", None),
        ("commit", None),
        ("read", None),
        ("frame", None),
        ("card_model", None),
        ("write", None),
        ("piv", None),
        ("issue", None),
        ("collecting", None),
        ("maintenance", None),
        ("camera", Some("headless")),
        ("headless", Some("headless")),
    ] {
        println!();
        let mut command = cargo();
        command.args(["bench", "--workspace", "--bench", bench]);
        if let Some(features) = features {
            command.args(["--features", features]);
        }
        cargo::run(&mut command)?;
    }
    Ok(ExitCode::SUCCESS)
}
