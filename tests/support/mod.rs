//! What the trials of a whole enrolment have in common: programs, canaries, and the
//! places where they are looked for.
#![allow(dead_code, reason = "each test uses its part of it")]

pub mod canary;
pub mod memory;
pub mod watch;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Plays the citizen before a kiosk of its own.
pub const WALKTHROUGH: &str = env!("CARGO_BIN_EXE_walkthrough");

/// Built beside the walkthrough; built now if they are not.
pub fn build_office_and_worker() {
    if ["office", "kiosk-worker"]
        .iter()
        .all(|name| beside(name).exists())
    {
        return;
    }
    let built = Command::new(env!("CARGO"))
        .args(["build", "--workspace", "--exclude", "xtask", "--bins"])
        .args(["--features", "headless"])
        .status()
        .unwrap();
    assert!(built.success());
}

fn beside(name: &str) -> PathBuf {
    Path::new(WALKTHROUGH).with_file_name(name)
}

/// One of the office's own commands on the state of a walk.
pub fn office(walk: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(beside("office"))
        .arg("--dir")
        .arg(walk.join("office"))
        .args(arguments)
        .env("RUST_LOG", "error")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// What the office holds, one JSON value each.
pub fn submissions(walk: &Path) -> Vec<Value> {
    let listed = office(walk, &["submissions", "--json"]).unwrap();
    listed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A demo's walk by a keyboard alone; every step of it must work.
pub fn walk_by_keys(words: &[&str]) {
    build_office_and_worker();
    let folder = tempfile::tempdir().expect("a folder");
    let walked = Command::new(WALKTHROUGH)
        .args(["--keyboard", "--pace", "20", "--out"])
        .arg(folder.path())
        .args(words)
        .output()
        .expect("the walkthrough starts");
    assert!(
        walked.status.success(),
        "{}{}",
        String::from_utf8_lossy(&walked.stdout),
        String::from_utf8_lossy(&walked.stderr)
    );
}
