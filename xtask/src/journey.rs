//! A citizen's visit in the virtual machine: recorded on a window of the same program, done
//! again on the machine's glass (image-build/vmtest/journey.py).

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo;
use crate::packages::{self, Need};

/// What is recorded: the walk's name, and the words for it.
const WALKS: [(&str, &[&str]); 2] = [("set-up", &["--maintain"]), ("enrol", &[])];
/// How many times faster the recorded citizen is prompted: nobody looks at it.
const PACE: &str = "5";

/// Was all of it done? `image` is of the flavour `test`, `bundles` were made of it; what is
/// seen goes to `work`.
pub fn run(image: &Path, bundles: &Path, work: &Path) -> anyhow::Result<bool> {
    packages::install(&[Need::Build, Need::Test])?;
    cargo::build_programs()?;
    let binaries = cargo::binaries()?;
    let walks = record(&binaries, work)?;
    let status = cargo::status(
        Command::new(python()?)
            .arg(cargo::root().join("image-build/vmtest/journey.py"))
            .args([image, bundles, &walks])
            .arg(binaries.join("office"))
            .arg("--work")
            .arg(work.join("machine")),
    )?;
    Ok(status.success())
}

fn record(binaries: &Path, work: &Path) -> anyhow::Result<PathBuf> {
    let walks = work.join("walks");
    for (name, words) in WALKS {
        cargo::run(
            Command::new(binaries.join("walkthrough"))
                .args(words)
                .args(["--lang", "kk", "--size", "1080x1920", "--pace", PACE])
                .arg("--out")
                .arg(work.join("recorded").join(name))
                .arg("--record")
                .arg(walks.join(name))
                .current_dir(cargo::root()),
        )?;
    }
    Ok(walks)
}

/// A Python with what the card of tests/virtual_card needs.
fn python() -> anyhow::Result<PathBuf> {
    let environment = cargo::target()?.join("vmtest_python");
    cargo::run(
        Command::new("python3")
            .args(["-m", "venv"])
            .arg(&environment),
    )?;
    let python = environment.join("bin/python");
    cargo::run(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--requirement"])
            .arg(cargo::root().join("tests/virtual_card/requirements.txt")),
    )?;
    Ok(python)
}
