//! The walk without a window.

use std::path::Path;
use std::process::{Command, ExitCode};

use super::Wanted;
use crate::cargo;

pub fn run(wanted: &Wanted, binaries: &Path) -> anyhow::Result<ExitCode> {
    println!(
        "Everything of this walk goes to {}: pictures, summary.json, data.",
        wanted.out.display()
    );
    let mut walk = Command::new(binaries.join("walkthrough"));
    walk.arg("--out")
        .arg(&wanted.out)
        .args(["--lang", &wanted.language, "--size", &wanted.size])
        .arg("--office-bin")
        .arg(binaries.join("office"))
        .arg("--worker-bin")
        .arg(binaries.join("kiosk-worker"))
        .current_dir(cargo::root());
    if let Some(pace) = &wanted.pace {
        walk.args(["--pace", pace]);
    }
    if wanted.offline {
        walk.arg("--offline");
    }
    if wanted.token {
        walk.arg("--token");
    }
    if wanted.card {
        walk.arg("--card");
    }
    if wanted.renew {
        walk.arg("--renew");
    }
    if wanted.revoke {
        walk.arg("--revoke");
    }
    if wanted.maintain {
        walk.arg("--maintain");
    }
    if wanted.keyboard {
        walk.arg("--keyboard");
    }
    let status = cargo::status(&mut walk)?;
    println!(
        "{} See {}",
        if status.success() {
            "Every step worked."
        } else {
            "A step did not work."
        },
        wanted.out.join("summary.json").display()
    );
    Ok(match status.code() {
        Some(0) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}
