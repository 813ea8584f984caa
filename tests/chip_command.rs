//! `kiosk chip verify` over files of a specimen, as a technician types it.
#![cfg(feature = "simulated")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn kiosk(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kiosk"))
        .arg("chip")
        .args(arguments)
        .output()
        .unwrap()
}

/// Exit status and report.
fn verify(folder: &Path, csca: &Path) -> (Option<i32>, Value) {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (sod, groups) = (path("EF.SOD.bin"), path(""));
    let csca = csca.to_str().unwrap();
    let output = kiosk(&[
        "verify", "--sod", &sod, "--dg", &groups, "--csca", csca, "--json",
    ]);
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("{}", String::from_utf8_lossy(&output.stderr));
    });
    (output.status.code(), report)
}

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["passive"]["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name);
    found.unwrap_or_else(|| panic!("no check {name} in {report}"))
}

#[test]
fn a_genuine_document_passes_an_altered_one_is_named_and_a_stranger_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("document");
    let made = kiosk(&["specimen", folder.to_str().unwrap()]);
    assert!(made.status.success(), "{made:?}");
    let csca = folder.join("csca.der");

    let (status, report) = verify(&folder, &csca);
    assert_eq!(status, Some(0), "{report}");
    assert_eq!(check(&report, "signer_chain")["outcome"], "passed");
    assert_eq!(check(&report, "signer_revocation")["outcome"], "not_done");
    assert_eq!(report["passive"]["verdict"], "passed");
    assert_eq!(report["digest_algorithm"], "SHA-256");
    let groups = report["data_groups"].as_array().unwrap();
    assert!(groups.len() >= 4, "{groups:?}");
    assert!(groups.iter().all(|group| group["state"] == "passed"));

    // Of somebody who calls himself the same state.
    let mut random = specimen::SeededRandom::new(1);
    let stranger = specimen::Authority::new("KZ", &mut random).unwrap();
    let other = scratch.path().join("other.der");
    std::fs::write(&other, stranger.csca_der()).unwrap();
    let (status, report) = verify(&folder, &other);
    assert_eq!(status, Some(3), "{report}");
    assert_eq!(check(&report, "signer_chain")["outcome"], "failed");

    let portrait = folder.join("DG2.bin");
    let mut content = std::fs::read(&portrait).unwrap();
    *content.last_mut().unwrap() ^= 1;
    std::fs::write(&portrait, content).unwrap();
    let (status, report) = verify(&folder, &csca);
    assert_eq!(status, Some(3), "{report}");
    let groups = report["data_groups"].as_array().unwrap();
    let failed: Vec<&Value> = groups
        .iter()
        .filter(|group| group["state"] == "failed")
        .map(|group| &group["data_group"])
        .collect();
    assert_eq!(failed, [2]);
}

#[test]
fn without_a_worker_or_a_key_nothing_is_read() {
    let no_key = kiosk(&["read", "--json"]);
    assert_eq!(no_key.status.code(), Some(2));
    let bad_can = kiosk(&["read", "--can", "12345", "--json"]);
    assert_eq!(bad_can.status.code(), Some(1));
    let said = String::from_utf8_lossy(&bad_can.stderr);
    assert!(said.contains("six digits"), "{said}");

    let no_worker = Command::new(env!("CARGO_BIN_EXE_kiosk"))
        .args(["chip", "read", "--can", "123456", "--json"])
        .env("KIOSK_WORKER", "/nothing/kiosk-worker")
        .output()
        .unwrap();
    assert_eq!(no_worker.status.code(), Some(6));
    let said: Value = serde_json::from_slice(&no_worker.stdout).unwrap();
    assert_eq!(said["fault"], "WRK-01");
}
