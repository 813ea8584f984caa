//! `cargo xtask device`: the kiosk as the image ships it, and a look into it.
//!
//! A simulated camera in the field would be a hole: whoever can write the
//! configuration could enrol a photograph. So the program itself is searched, not
//! only its features trusted.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, ensure};

use crate::cargo::{self, cargo};
use crate::flags::Flags;
use crate::packages::{self, Need};

/// What a program holds that can simulate: the mark of `src/devices/mod.rs`, and
/// names of types as symbols and panics carry them.
const TRACES: [&[u8]; 6] = [
    b"qoltanba-simulated-device",
    b"SimulatedSource",
    b"SimulatedReader",
    b"SimulatedDrives",
    b"SpecimenChip",
    b"i_slint_backend_testing",
];

pub fn run(words: &[String]) -> anyhow::Result<ExitCode> {
    Flags::parse(words, &[], &[])?;
    packages::install(&[Need::Build, Need::Device])?;
    cargo::run(cargo().args(["build", "--release", "-p", "kiosk"]).args([
        "--no-default-features",
        "--features",
        "device",
        "--bin",
        "kiosk",
    ]))?;
    every_simulated_device_is_marked(cargo::root())?;
    let program = cargo::target()?.join("release/kiosk");
    let bytes = std::fs::read(&program).with_context(|| format!("{}", program.display()))?;
    let found = traces(&bytes);
    println!(
        "{}: {:.1} MB, {}",
        program.display(),
        bytes.len() as f64 / 1e6,
        if found.is_empty() {
            "no simulated device in it".to_owned()
        } else {
            format!("IT HOLDS SIMULATED DEVICES: {}", found.join(", "))
        }
    );
    Ok(if found.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn traces(program: &[u8]) -> Vec<String> {
    TRACES
        .iter()
        .filter(|trace| program.windows(trace.len()).any(|bytes| bytes == **trace))
        .map(|trace| String::from_utf8_lossy(trace).into_owned())
        .collect()
}

/// A device without the mark would pass unseen.
fn every_simulated_device_is_marked(root: &Path) -> anyhow::Result<()> {
    let devices = root.join("src/devices");
    let mut marked = 0;
    for device in std::fs::read_dir(&devices)? {
        let folder = device?.path();
        let places = [folder.join("simulated.rs"), folder.join("simulated/mod.rs")];
        let Some(place) = places.iter().find(|p| p.exists()) else {
            continue;
        };
        let source = std::fs::read_to_string(place)?;
        ensure!(
            source.contains("simulated_in_use("),
            "{} does not say when it is in use",
            place.display()
        );
        marked += 1;
    }
    ensure!(marked > 0, "no simulated device in {}", devices.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_with_a_simulated_device_is_found_out() {
        let clean = b"\x7fELF HardwareSource PcscReader".to_vec();
        assert!(traces(&clean).is_empty());
        for trace in TRACES {
            let mut program = clean.clone();
            program.extend(trace);
            assert_eq!(traces(&program).len(), 1);
        }
    }

    #[test]
    fn every_simulated_device_of_this_tree_is_marked() {
        every_simulated_device_is_marked(cargo::root()).unwrap();
    }
}
