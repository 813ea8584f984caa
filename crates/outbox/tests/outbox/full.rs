//! A full disk: a small tmpfs in a mount namespace of a child process.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::queue::*;
use exchange::PartName;
use faults::Fault;
use outbox::{Limits, Outbox, OutboxError, State};

const MOUNTED: &str = "OUTBOX_FULL_DISK";

fn limits() -> Limits {
    Limits {
        media_floor_bytes: 300_000,
        ballast_bytes: 1 << 20,
        ..Limits::default()
    }
}

/// Takes every free block.
fn fill(dir: &Path) {
    let mut file = fs::File::create(dir.join("filler")).unwrap();
    for size in [1 << 16, 1 << 12, 1] {
        while file.write_all(&vec![1; size]).is_ok() {}
    }
}

#[test]
fn child() {
    let Ok(disk) = std::env::var(MOUNTED) else {
        return;
    };
    let disk = Path::new(&disk);
    let queue = disk.join("queue");
    let outbox = Outbox::open(&queue, limits()).unwrap();
    for number in 1..=3 {
        commit(&outbox, id(number));
    }
    let receipts: Vec<_> = (1..=3).map(|n| receipt(&outbox, id(n))).collect();
    let mut begun = outbox.stage(id(7), PartName::Video).unwrap();
    stage(&outbox, id(8), PartName::Form);
    let unsaved = manifest(&outbox, id(8));
    fill(disk);

    // Nothing new is begun, what is begun fails by name, and no "saved" is given.
    let refused = outbox.stage(id(4), PartName::Form).err().unwrap();
    assert_eq!(refused.fault(), Fault::DiskFull);
    let failed = begun.write_all(&vec![1; 1 << 20]).is_err();
    assert!(begun.finish().is_err() || failed);
    let refused = outbox.commit(&unsaved).err().unwrap();
    assert!(
        matches!(refused, OutboxError::DiskFull | OutboxError::Database(_)),
        "{refused}"
    );
    assert_eq!(outbox.list(true).unwrap().len(), 3);

    // Receipts still empty the disk.
    let office = office_key();
    for (number, receipt) in (1..=3).zip(&receipts) {
        outbox
            .record_receipt(receipt, office.verifying_key())
            .unwrap();
        assert_eq!(outbox.show(id(number)).unwrap().listed.state, State::Done);
        assert!(!queue.join("media").join(id(number).to_string()).exists());
    }
    outbox.drop_staged(id(7)).unwrap();
    outbox.drop_staged(id(8)).unwrap();

    // With room again the reserve is whole again and the gate opens.
    fs::remove_file(disk.join("filler")).unwrap();
    let capacity = outbox.capacity().unwrap();
    assert!(capacity.ballast_whole);
    assert_eq!(capacity.refusal(outbox.limits(), DAY), None);
    drop(outbox);

    // A disk that was full at the moment of a crash: opening still works.
    let outbox = Outbox::open(&queue, limits()).unwrap();
    commit(&outbox, id(5));
    fill(disk);
    drop(outbox);
    let outbox = Outbox::open(&queue, limits()).unwrap();
    let receipt = receipt_on_elsewhere(&queue);
    outbox
        .record_receipt(&receipt, office.verifying_key())
        .unwrap();
    fs::write(std::env::var("OUTBOX_FULL_DONE").unwrap(), "done").unwrap();
}

fn receipt_on_elsewhere(queue: &Path) -> exchange::Signed<exchange::api::DurableReceipt> {
    receipt_for(
        &queue
            .join("media")
            .join(id(5).to_string())
            .join("manifest.json"),
    )
}

/// In a mount name space of its own. Root needs no user name space for that, and in a
/// chroot the kernel gives none.
fn unshare() -> Command {
    let mut unshare = Command::new("unshare");
    unshare.arg("--mount");
    if !rustix::process::geteuid().is_root() {
        unshare.arg("--map-root-user");
    }
    unshare
}

#[test]
fn a_full_disk_refuses_the_new_and_can_still_delete_the_old() {
    let dir = tempfile::tempdir().unwrap();
    let disk = dir.path().join("disk");
    let done = dir.path().join("done");
    fs::create_dir(&disk).unwrap();
    let script = r#"mount -t tmpfs -o size=4m,mode=0700 tmpfs "$1" && exec "$2" --exact full::child --nocapture"#;
    let allowed = unshare().arg("true").output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        eprintln!("NOT TESTED: this environment does not permit unshare --mount");
        return;
    }
    let output = unshare()
        .args(["sh", "-c", script, "sh"])
        .arg(&disk)
        .arg(std::env::current_exe().unwrap())
        .env(MOUNTED, &disk)
        .env("OUTBOX_FULL_DONE", &done)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && done.exists(), "{told}");
}
