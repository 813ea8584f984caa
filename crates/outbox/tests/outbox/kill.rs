//! SIGKILL at every boundary, in a process of its own; then the queue is opened
//! again: what was saved is whole, what was not has left nothing.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::queue::*;
use exchange::{PartName, SubmissionId};
use outbox::{Boundary, Limits, Outbox, State, Task};

const QUEUE: &str = "OUTBOX_KILL_QUEUE";
const AT: &str = "OUTBOX_KILL_AT";
const TIMES: &str = "OUTBOX_KILL_TIMES";

/// Dies at the `times`-th passing of the boundary.
fn deadly(at: Boundary, times: u32) -> Limits {
    let passed = AtomicU32::new(0);
    Limits {
        at_boundary: Some(Arc::new(move |boundary| {
            if boundary == at && passed.fetch_add(1, Ordering::Relaxed) + 1 == times {
                rustix::process::kill_process(
                    rustix::process::getpid(),
                    rustix::process::Signal::KILL,
                )
                .unwrap();
            }
        })),
        ..small()
    }
}

/// Tells the parent what a citizen was told.
fn tell(dir: &Path, what: &str, id: SubmissionId) {
    std::fs::write(dir.join(format!("{what}-{id}")), "").unwrap();
}

fn told(dir: &Path, what: &str, id: SubmissionId) -> bool {
    dir.join(format!("{what}-{id}")).exists()
}

/// The child: nothing to do unless the parent says so.
#[test]
fn child() {
    let Ok(dir) = std::env::var(QUEUE) else {
        return;
    };
    let dir = Path::new(&dir);
    let at = std::env::var(AT).unwrap().parse().unwrap();
    let times = std::env::var(TIMES).unwrap().parse().unwrap();
    let outbox = Outbox::open(&dir.join("queue"), deadly(at, times)).unwrap();
    for number in [2, 3] {
        commit(&outbox, id(number));
        tell(dir, "saved", id(number));
    }
    for number in [1, 2, 3] {
        send(&outbox, id(number));
        tell(dir, "sent", id(number));
    }
}

fn send(outbox: &Outbox, submission: SubmissionId) {
    for part in PARTS {
        outbox.pass(Boundary::UploadCreated);
        outbox
            .record_upload_url(submission, part, Some("/v1/uploads/1"))
            .unwrap();
        outbox.pass(Boundary::UploadUrlRecorded);
        outbox.record_offset(submission, part, 1).unwrap();
        outbox.pass(Boundary::PartSent);
        outbox.record_part_done(submission, part).unwrap();
    }
    let receipt = receipt(outbox, submission);
    outbox
        .record_receipt(&receipt, office_key().verifying_key())
        .unwrap();
}

/// Either whole and waiting, or at the office by its recorded word, or nothing at all.
fn check(dir: &Path, outbox: &Outbox, submission: SubmissionId, what: &str) {
    let folder = dir.join("queue/media").join(submission.to_string());
    let saved = told(dir, "saved", submission);
    let Ok(shown) = outbox.show(submission) else {
        assert!(!saved, "{what}: a saved submission is lost");
        assert!(!folder.exists(), "{what}: half a submission is left");
        return;
    };
    match shown.listed.state {
        State::Waiting => {
            for part in PARTS {
                let bytes = std::fs::read(folder.join(format!("{part}.age"))).unwrap();
                assert_eq!(bytes, bytes_of(submission, part), "{what}");
            }
            assert_eq!(
                std::fs::read_dir(&folder).unwrap().count(),
                PARTS.len() + 1,
                "{what}"
            );
        }
        State::Done => {
            assert!(shown.receipt.is_some(), "{what}: deleted without a receipt");
            assert!(
                !folder.exists(),
                "{what}: files of a finished submission are left"
            );
        }
        other => panic!("{what}: {other:?} after recovery"),
    }
    if told(dir, "sent", submission) {
        assert_eq!(shown.listed.state, State::Done, "{what}");
    }
}

fn kill_at(boundary: Boundary, times: u32) -> bool {
    let what = format!("{boundary}, time {times}");
    let dir = tempfile::tempdir().unwrap();
    let queue = dir.path().join("queue");
    let before = Outbox::open(&queue, small()).unwrap();
    commit(&before, id(1));
    tell(dir.path(), "saved", id(1));
    // Left unfinished by an earlier citizen; the child's start clears it away.
    stage(&before, id(9), PartName::Selfie);
    drop(before);

    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::child", "--nocapture"])
        .env(QUEUE, dir.path())
        .env(AT, boundary.as_str())
        .env(TIMES, times.to_string())
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    let killed = status.signal() == Some(9);
    assert!(
        killed || status.success(),
        "{what}: the child failed by itself: {status}"
    );

    let outbox = Outbox::open(&queue, small()).unwrap();
    for number in [1, 2, 3, 9] {
        check(dir.path(), &outbox, id(number), &what);
    }
    // And it goes on: everything that waits can be sent, the next is numbered without a gap.
    let committed = outbox.list(true).unwrap();
    let sequences: Vec<u64> = committed.iter().map(|l| l.sequence).collect();
    let expected: Vec<u64> = (1..=committed.len() as u64).collect();
    assert_eq!(sequences, expected, "{what}");
    commit(&outbox, id(5));
    while let Some(job) = outbox.next_upload(DAY, None).unwrap() {
        match job.task {
            Task::Part { part, .. } => outbox.record_part_done(job.submission, part.name).unwrap(),
            Task::Manifest(_) => {
                let receipt = receipt(&outbox, job.submission);
                outbox
                    .record_receipt(&receipt, office_key().verifying_key())
                    .unwrap();
            }
        }
    }
    assert!(media(&queue).is_empty(), "{what}: {:?}", media(&queue));
    killed
}

#[test]
fn nothing_is_lost_and_nothing_is_half_at_any_boundary() {
    for boundary in Boundary::ALL {
        for times in [1, 2, 3] {
            let killed = kill_at(*boundary, times);
            // Two commits happen in the child; everything else at least three times.
            let passed_thrice = !matches!(boundary, Boundary::ManifestSynced | Boundary::Committed);
            assert_eq!(killed, times <= 2 || passed_thrice, "{boundary} {times}");
        }
    }
}
