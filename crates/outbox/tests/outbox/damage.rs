//! A damaged or lost database is told, kept, and never quietly replaced.

use std::fs;
use std::path::Path;

use crate::queue::*;
use outbox::{Outbox, OutboxError, State, Task};

fn two_waiting_one_done(dir: &Path) {
    let outbox = Outbox::open(dir, small()).unwrap();
    for number in 1..=3 {
        commit(&outbox, id(number));
    }
    let receipt = receipt(&outbox, id(3));
    outbox
        .record_receipt(&receipt, office_key().verifying_key())
        .unwrap();
}

fn damage(dir: &Path) {
    let path = dir.join("outbox.db");
    let mut bytes = fs::read(&path).unwrap();
    // Past the header page, so that only a check of the content finds it.
    for byte in &mut bytes[4096..] {
        *byte ^= 0x5a;
    }
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_damaged_database_is_set_aside_and_rebuilt_from_the_sealed_files() {
    let dir = tempfile::tempdir().unwrap();
    two_waiting_one_done(dir.path());
    let files_before = media(dir.path());
    damage(dir.path());
    let Err(OutboxError::Damaged { cause, moved_to }) = Outbox::open(dir.path(), small()) else {
        panic!("the damage went unseen");
    };
    assert!(!cause.is_empty());
    assert!(moved_to.join("outbox.db").exists());
    assert_eq!(media(dir.path()), files_before);
    // A second start does not begin an empty queue either.
    let again = Outbox::open(dir.path(), small());
    assert!(matches!(again, Err(OutboxError::DatabaseMissing)));

    let outbox = Outbox::rebuild(dir.path(), small()).unwrap();
    let listed = outbox.list(true).unwrap();
    let waiting: Vec<_> = listed.iter().map(|l| (l.submission, l.state)).collect();
    assert_eq!(waiting, [(id(1), State::Waiting), (id(2), State::Waiting)]);
    // The chain goes on after the one that is gone from here.
    assert_eq!(
        outbox.next_sequence_and_previous().unwrap().next_sequence,
        4
    );
    let set_aside = outbox.capacity().unwrap().set_aside;
    assert_eq!(set_aside, [moved_to]);
    drop(outbox);
    assert!(Outbox::open(dir.path(), small()).is_ok());
}

#[test]
fn a_text_file_in_place_of_the_database_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    two_waiting_one_done(dir.path());
    for name in ["outbox.db-wal", "outbox.db-shm"] {
        let _ = fs::remove_file(dir.path().join(name));
    }
    fs::write(
        dir.path().join("outbox.db"),
        "not a database at all, only text ".repeat(300),
    )
    .unwrap();
    let opened = Outbox::open(dir.path(), small());
    assert!(matches!(opened, Err(OutboxError::Damaged { .. })));
}

#[test]
fn a_deleted_database_beside_sealed_files_is_told() {
    let dir = tempfile::tempdir().unwrap();
    two_waiting_one_done(dir.path());
    for name in ["outbox.db", "outbox.db-wal", "outbox.db-shm"] {
        let _ = fs::remove_file(dir.path().join(name));
    }
    let opened = Outbox::open(dir.path(), small());
    assert!(matches!(opened, Err(OutboxError::DatabaseMissing)));
}

#[test]
fn an_older_copy_of_the_database_does_not_cost_a_submission() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(dir.path(), small()).unwrap();
    commit(&outbox, id(1));
    drop(outbox);
    let old = fs::read(dir.path().join("outbox.db")).unwrap();
    let outbox = Outbox::open(dir.path(), small()).unwrap();
    commit(&outbox, id(2));
    commit(&outbox, id(3));
    drop(outbox);
    fs::write(dir.path().join("outbox.db"), old).unwrap();
    let opened = Outbox::open(dir.path(), small());
    assert!(matches!(opened, Err(OutboxError::Content(_))));
    assert!(
        media(dir.path())
            .iter()
            .any(|f| f.contains(&id(3).to_string()))
    );
}

#[test]
fn an_altered_part_is_found_when_rebuilding() {
    let dir = tempfile::tempdir().unwrap();
    two_waiting_one_done(dir.path());
    let video = dir.path().join(format!("media/{}/video.age", id(1)));
    let mut bytes = fs::read(&video).unwrap();
    bytes[100_000] ^= 1;
    fs::write(&video, bytes).unwrap();
    damage(dir.path());
    assert!(Outbox::open(dir.path(), small()).is_err());
    let outbox = Outbox::rebuild(dir.path(), small()).unwrap();
    let shown = outbox.show(id(1)).unwrap();
    assert_eq!(shown.listed.state, State::Quarantined);
    assert!(shown.listed.reason.unwrap().contains("video"));
    assert_eq!(outbox.show(id(2)).unwrap().listed.state, State::Waiting);
}

#[test]
fn a_part_whose_file_is_gone_is_left_to_the_offices_answer() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(dir.path(), small()).unwrap();
    commit(&outbox, id(1));
    drop(outbox);
    for part in PARTS {
        fs::remove_file(dir.path().join(format!("media/{}/{part}.age", id(1)))).unwrap();
    }
    let outbox = Outbox::open(dir.path(), small()).unwrap();
    let job = outbox.next_upload(DAY, None).unwrap().unwrap();
    assert!(matches!(job.task, Task::Manifest(_)));
}
