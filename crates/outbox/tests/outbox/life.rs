//! The life of submissions in the queue, without crashes.

use std::io::Write;
use std::time::Duration;

use crate::queue::*;
use exchange::api::{Decision, DurableReceipt, SubmissionResult};
use exchange::{Digest, PartName, Signed, UnixMillis};
use outbox::{Outbox, OutboxError, Postponement, State, Task};

fn part_of(task: &Task) -> Option<PartName> {
    match task {
        Task::Part { part, .. } => Some(part.name),
        Task::Manifest(_) => None,
    }
}

#[test]
fn from_capture_to_deletion() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(dir.path(), small()).unwrap();
    commit(&outbox, id(1));
    let mut order = Vec::new();
    loop {
        let job = outbox.next_upload(DAY, None).unwrap().unwrap();
        assert_eq!(job.submission, id(1));
        order.push(part_of(&job.task));
        match job.task {
            Task::Part {
                part,
                file,
                upload_url,
                ..
            } => {
                assert_eq!(std::fs::read(file).unwrap(), bytes_of(id(1), part.name));
                assert_eq!(upload_url, None);
                outbox
                    .record_upload_url(id(1), part.name, Some("/v1/uploads/1"))
                    .unwrap();
                outbox.record_part_done(id(1), part.name).unwrap();
            }
            Task::Manifest(signed) => {
                assert!(signed.verify(device_key().verifying_key()).is_ok());
                break;
            }
        }
    }
    let expected = [
        Some(PartName::Form),
        Some(PartName::Selfie),
        Some(PartName::Video),
        None,
    ];
    assert_eq!(order, expected);

    let receipt = receipt(&outbox, id(1));
    outbox
        .record_receipt(&receipt, office_key().verifying_key())
        .unwrap();
    assert!(media(dir.path()).is_empty(), "{:?}", media(dir.path()));
    assert!(outbox.next_upload(DAY, None).unwrap().is_none());
    let shown = outbox.show(id(1)).unwrap();
    assert_eq!(shown.listed.state, State::Done);
    assert_eq!(shown.receipt.unwrap().submission, id(1));
    assert!(outbox.list(false).unwrap().is_empty());
    // The same receipt again, as after a lost answer.
    outbox
        .record_receipt(&receipt, office_key().verifying_key())
        .unwrap();

    assert_eq!(outbox.awaiting_result(DAY, 10).unwrap(), [id(1)]);
    let result = |decision| SubmissionResult {
        submission: id(1),
        decision,
        decided_at: Some(DAY),
    };
    let desk = office_key();
    let pending = Signed::new(&result(Decision::Pending), &desk);
    outbox
        .record_result(&pending, desk.verifying_key(), DAY)
        .unwrap();
    assert_eq!(outbox.awaiting_result(DAY, 10).unwrap(), [id(1)]);
    let approved = Signed::new(&result(Decision::Approved), &desk);
    assert!(
        outbox
            .record_result(&approved, device_key().verifying_key(), DAY)
            .is_err()
    );
    outbox
        .record_result(&approved, desk.verifying_key(), DAY)
        .unwrap();
    assert!(outbox.awaiting_result(DAY, 10).unwrap().is_empty());
    assert_eq!(outbox.result(id(1)).unwrap(), Some(approved));
    let code = Digest::of(id(1).to_string().as_bytes());
    assert_eq!(outbox.by_receipt_code(code).unwrap(), Some(id(1)));
}

#[test]
fn only_the_offices_word_about_this_content_deletes() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(dir.path(), small()).unwrap();
    commit(&outbox, id(1));
    let before = media(dir.path());
    let office = office_key();
    let right = receipt(&outbox, id(1))
        .verify(office.verifying_key())
        .unwrap();

    let forged = Signed::new(&right, &device_key());
    let refused = outbox.record_receipt(&forged, office.verifying_key());
    assert!(
        matches!(refused, Err(OutboxError::Statement(_))),
        "{refused:?}"
    );
    let other = DurableReceipt {
        manifest: Digest([3; 32]),
        ..right.clone()
    };
    let refused = outbox.record_receipt(&Signed::new(&other, &office), office.verifying_key());
    assert!(matches!(refused, Err(OutboxError::Mismatch)), "{refused:?}");
    let unknown = DurableReceipt {
        submission: id(2),
        ..right
    };
    let refused = outbox.record_receipt(&Signed::new(&unknown, &office), office.verifying_key());
    assert!(
        matches!(refused, Err(OutboxError::Unknown(_))),
        "{refused:?}"
    );
    assert_eq!(media(dir.path()), before);
}

#[test]
fn a_second_stage_replaces_the_first_and_a_dropped_one_cannot_finish() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(dir.path(), small()).unwrap();
    let mut first = outbox.stage(id(1), PartName::Selfie).unwrap();
    first.write_all(b"first").unwrap();
    let mut second = outbox.stage(id(1), PartName::Selfie).unwrap();
    second.write_all(b"second").unwrap();
    let sealed = second.finish().unwrap();
    assert_eq!(sealed.sha256, Digest::of(b"second"));
    assert!(matches!(
        first.finish(),
        Err(OutboxError::Superseded { .. })
    ));
    assert_eq!(outbox.staged_parts(id(1)), [sealed]);

    let mut late = outbox.stage(id(1), PartName::Video).unwrap();
    late.write_all(b"late").unwrap();
    outbox.drop_staged(id(1)).unwrap();
    assert!(late.finish().is_err());
    assert!(outbox.staged_parts(id(1)).is_empty());
    assert!(media(dir.path()).is_empty(), "{:?}", media(dir.path()));
}

#[test]
fn a_commit_names_exactly_what_is_staged_and_continues_the_chain() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(dir.path(), small()).unwrap();
    stage(&outbox, id(1), PartName::Form);
    let without_selfie = manifest(&outbox, id(1));
    stage(&outbox, id(1), PartName::Selfie);
    assert!(matches!(
        outbox.commit(&without_selfie),
        Err(OutboxError::PartsDiffer)
    ));

    let first = manifest(&outbox, id(1));
    stage(&outbox, id(2), PartName::Form);
    let also_first = manifest(&outbox, id(2));
    outbox.commit(&first).unwrap();
    outbox.commit(&first).unwrap();
    assert!(matches!(
        outbox.commit(&also_first),
        Err(OutboxError::ChainBroken { expected: 2 })
    ));
    let head = outbox.next_sequence_and_previous().unwrap();
    assert_eq!((head.next_sequence, head.previous), (2, first.digest()));
    outbox.commit(&manifest(&outbox, id(2))).unwrap();

    assert!(matches!(
        outbox.stage(id(1), PartName::Csr),
        Err(OutboxError::AlreadyCommitted(_))
    ));
    assert!(matches!(
        outbox.drop_staged(id(1)),
        Err(OutboxError::AlreadyCommitted(_))
    ));
    assert_eq!(outbox.list(false).unwrap().len(), 2);
}

#[test]
fn a_quarantined_submission_is_out_of_the_way_and_comes_back_by_retry() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(dir.path(), small()).unwrap();
    commit(&outbox, id(1));
    commit(&outbox, id(2));
    outbox.quarantine(id(1), "refused: malformed").unwrap();
    assert_eq!(
        outbox
            .next_upload(DAY, Some(id(1)))
            .unwrap()
            .unwrap()
            .submission,
        id(2)
    );
    assert!(
        media(dir.path())
            .iter()
            .any(|f| f.contains(&id(1).to_string()))
    );
    let listed = &outbox.list(false).unwrap()[0];
    assert_eq!(listed.reason.as_deref(), Some("refused: malformed"));
    assert!(matches!(
        outbox.quarantine(id(1), "again"),
        Err(OutboxError::WrongState(_))
    ));
    outbox.retry(id(1)).unwrap();
    assert_eq!(
        outbox.next_upload(DAY, None).unwrap().unwrap().submission,
        id(1)
    );
    assert!(matches!(outbox.retry(id(9)), Err(OutboxError::Unknown(_))));
}

#[test]
fn a_link_that_comes_back_ends_our_wait_but_not_the_offices() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(dir.path(), small()).unwrap();
    commit(&outbox, id(1));
    commit(&outbox, id(2));
    let minute = Duration::from_secs(60);
    outbox
        .postpone(id(1), DAY, minute, Postponement::Asked, "busy")
        .unwrap();
    outbox
        .postpone(id(2), DAY, minute, Postponement::Backoff, "unreachable")
        .unwrap();
    let reasons = outbox.list(false).unwrap().into_iter().map(|l| l.reason);
    let told = ["busy", "unreachable"].map(|reason| Some(reason.to_owned()));
    assert_eq!(reasons.collect::<Vec<_>>(), told);
    assert!(outbox.next_upload(DAY, None).unwrap().is_none());
    assert_eq!(
        outbox.next_attempt_at().unwrap(),
        Some(DAY.plus_millis(60_000))
    );
    outbox.wake().unwrap();
    let job = outbox.next_upload(DAY, None).unwrap().unwrap();
    assert_eq!((job.submission, job.failures), (id(2), 1));
    let later = DAY.plus_millis(60_000);
    assert_eq!(
        outbox.next_upload(later, None).unwrap().unwrap().submission,
        id(1)
    );
    // A clock that went back by a year does not hold the queue for a year.
    outbox
        .postpone(id(1), DAY, minute, Postponement::Backoff, "unreachable")
        .unwrap();
    outbox
        .postpone(id(2), DAY, minute, Postponement::Backoff, "unreachable")
        .unwrap();
    let a_year_ago = UnixMillis(DAY.0 - 365 * 86_400_000);
    assert!(outbox.next_upload(a_year_ago, None).unwrap().is_some());
}

#[test]
fn parts_the_office_lacks_are_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(dir.path(), small()).unwrap();
    commit(&outbox, id(1));
    for part in PARTS {
        outbox
            .record_upload_url(id(1), part, Some("/v1/uploads/7"))
            .unwrap();
        outbox.record_part_done(id(1), part).unwrap();
    }
    outbox
        .record_parts_missing(id(1), &[PartName::Video])
        .unwrap();
    let job = outbox.next_upload(DAY, None).unwrap().unwrap();
    assert!(
        matches!(&job.task, Task::Part { part, upload_url: None, offset: 0, .. }
        if part.name == PartName::Video)
    );
    assert!(
        outbox
            .record_parts_missing(id(1), &[PartName::Csr])
            .is_err()
    );
}

#[test]
fn one_process_owns_the_queue_and_another_may_look() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(
        Outbox::open_beside(dir.path()),
        Err(OutboxError::DatabaseMissing)
    ));
    let outbox = Outbox::open(dir.path(), small()).unwrap();
    commit(&outbox, id(1));
    assert!(matches!(
        Outbox::open(dir.path(), small()),
        Err(OutboxError::InUse)
    ));
    let beside = Outbox::open_beside(dir.path()).unwrap();
    assert_eq!(beside.list(false).unwrap().len(), 1);
    assert!(matches!(
        beside.stage(id(2), PartName::Form),
        Err(OutboxError::InUse)
    ));
    beside.quarantine(id(1), "looked at").unwrap();
    beside.retry(id(1)).unwrap();
    let into = tempfile::tempdir().unwrap();
    beside.export(id(1), into.path()).unwrap();
    for part in PARTS {
        let exported = std::fs::read(into.path().join(format!("{part}.age"))).unwrap();
        assert_eq!(exported, bytes_of(id(1), part));
    }
}

#[test]
fn capacity_counts_what_waits() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(dir.path(), small()).unwrap();
    commit(&outbox, id(1));
    commit(&outbox, id(2));
    outbox.quarantine(id(2), "test").unwrap();
    let capacity = outbox.capacity().unwrap();
    assert_eq!((capacity.waiting, capacity.quarantined), (1, 1));
    assert_eq!(capacity.oldest_waiting, Some(DAY));
    assert!(capacity.ballast_whole && capacity.last_commit_millis.is_some());
    assert_eq!(capacity.refusal(outbox.limits(), DAY), None);
}
