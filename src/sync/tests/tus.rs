//! One submission against an office that misbehaves in every way known.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use exchange::PartName;
use faults::Fault as Row;
use outbox::{Outbox, State, Task};

use super::office::{Fault, Office};
use super::*;
use crate::sync::{Sent, SyncError, Verdict, send_job, verdict};

struct Bench {
    office: Office,
    client: OfficeClient,
    outbox: Outbox,
    dir: tempfile::TempDir,
}

async fn bench(faults: &[Fault]) -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let office = Office::start(faults).await;
    let bench = Bench {
        client: client(office.address, dir.path()),
        outbox: queue(dir.path()),
        office,
        dir,
    };
    commit(&bench.outbox, submission(1));
    bench
}

impl Bench {
    /// Sends until received; failures are given back and tried again at once.
    async fn send(&self) -> Vec<SyncError> {
        let mut errors = Vec::new();
        while let Some(job) = self.outbox.next_upload(DAY, None).unwrap() {
            match send_job(&self.client, &self.outbox, job, Arc::new(|_| {})).await {
                Ok(Sent::Received(_)) => return errors,
                Ok(Sent::Part(_)) => {}
                Err(e) => {
                    errors.push(e);
                    assert!(errors.len() < 10, "{errors:?}");
                }
            }
        }
        panic!("the queue ran dry without a receipt: {errors:?}");
    }

    fn arrived(&self) {
        for part in [PartName::Form, PartName::Csr, PartName::Video] {
            assert_eq!(self.office.held(part).unwrap(), bytes_of(part), "{part}");
        }
        let shown = self.outbox.show(submission(1)).unwrap();
        assert_eq!(shown.listed.state, State::Done);
        assert!(shown.parts.iter().all(|p| !p.here));
        assert_eq!(self.office.state.lock().unwrap().manifests, [submission(1)]);
    }
}

#[tokio::test]
async fn a_good_line_needs_one_request_a_small_part_and_two_for_the_video() {
    let bench = bench(&[]).await;
    assert!(bench.send().await.is_empty());
    bench.arrived();
    let requests = bench.office.state.lock().unwrap().requests.clone();
    let methods: Vec<&str> = requests
        .iter()
        .map(|r| r.split(' ').next().unwrap())
        .collect();
    assert_eq!(methods, ["POST", "POST", "POST", "PATCH", "PUT"]);
}

#[tokio::test]
async fn a_cut_line_goes_on_from_where_the_office_is() {
    let bench = bench(&[Fault::CutAfter(1_000_000), Fault::CutAfter(700_000)]).await;
    assert!(bench.send().await.is_empty());
    bench.arrived();
    assert_eq!(
        (bench.office.count("PATCH"), bench.office.count("HEAD")),
        (3, 2)
    );
}

#[tokio::test]
async fn an_offset_that_goes_back_is_followed() {
    let bench = bench(&[Fault::CutAfter(2_000_000), Fault::CrashBackTo(500_000)]).await;
    assert!(bench.send().await.is_empty());
    bench.arrived();
}

#[tokio::test]
async fn a_conflict_as_a_closed_connection_is_asked_about() {
    let bench = bench(&[Fault::Conflict, Fault::Conflict]).await;
    assert!(bench.send().await.is_empty());
    bench.arrived();
}

#[tokio::test]
async fn an_upload_the_office_forgot_is_made_anew() {
    let bench = bench(&[Fault::CutAfter(1_000_000), Fault::ForgetUploads]).await;
    // The small parts were forgotten with it: the office says so, they are sent again.
    let posts = bench.office.count("POST");
    assert_eq!(posts, 0);
    let job = loop {
        let job = bench.outbox.next_upload(DAY, None).unwrap().unwrap();
        if matches!(&job.task, Task::Part { part, .. } if part.name == PartName::Video) {
            break job;
        }
        send_job(&bench.client, &bench.outbox, job, Arc::new(|_| {}))
            .await
            .unwrap();
    };
    send_job(&bench.client, &bench.outbox, job, Arc::new(|_| {}))
        .await
        .unwrap();
    assert_eq!(
        bench.office.held(PartName::Video).unwrap(),
        bytes_of(PartName::Video)
    );
}

#[tokio::test]
async fn a_lost_answer_to_a_creation_makes_no_second_upload() {
    let bench = bench(&[Fault::LoseCreation]).await;
    let errors = bench.send().await;
    assert!(
        matches!(errors[..], [SyncError::Unreachable(_)]),
        "{errors:?}"
    );
    bench.arrived();
}

#[tokio::test]
async fn an_office_that_keeps_nothing_is_given_up_for_now() {
    let bench = bench(&[Fault::TakeNothing; 6]).await;
    let errors = bench.send().await;
    assert!(
        matches!(errors[..], [SyncError::Unreachable(_)]),
        "{errors:?}"
    );
    bench.arrived();
}

#[tokio::test]
async fn an_upload_goes_on_after_a_restart_of_the_kiosk() {
    let mut bench = bench(&[Fault::CutAfter(1_500_000)]).await;
    bench
        .office
        .state
        .lock()
        .unwrap()
        .faults
        .push(Fault::Status(503, None));
    let errors = {
        let mut errors = Vec::new();
        while errors.is_empty() {
            let job = bench.outbox.next_upload(DAY, None).unwrap().unwrap();
            if let Err(e) = send_job(&bench.client, &bench.outbox, job, Arc::new(|_| {})).await {
                errors.push(e);
            }
        }
        errors
    };
    assert!(
        matches!(errors[..], [SyncError::Busy { status: 503, .. }]),
        "{errors:?}"
    );
    let Bench { outbox, dir, .. } = bench;
    drop(outbox);
    bench.outbox = queue(dir.path());
    bench.dir = dir;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let job = bench.outbox.next_upload(DAY, None).unwrap().unwrap();
    let progress = Arc::new(move |bytes| log.lock().unwrap().push(bytes));
    send_job(&bench.client, &bench.outbox, job, progress)
        .await
        .unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!((seen[0], *seen.last().unwrap()), (1_500_000, 3_000_000));
    assert!(seen.is_sorted());
    assert_eq!(bench.office.count("POST"), 3);
}

#[tokio::test]
async fn a_captive_portal_is_named_and_costs_nothing() {
    let bench = bench(&[Fault::Portal]).await;
    let errors = bench.send().await;
    assert_eq!(errors[0].fault(), Row::CaptivePortal);
    bench.arrived();
}

#[tokio::test]
async fn an_office_with_too_much_to_do_says_when_to_come_again() {
    let bench = bench(&[Fault::Status(503, Some(17)), Fault::Status(429, None)]).await;
    let errors = bench.send().await;
    assert_eq!(errors[0].wait(), Some(Duration::from_secs(17)));
    assert!(
        errors
            .iter()
            .all(|e| matches!(verdict(e, 1, 0), Verdict::Wait(..)))
    );
}

#[tokio::test]
async fn a_refusal_goes_into_quarantine_and_a_revoked_kiosk_does_not() {
    let refused = bench(&[Fault::Status(400, None)]).await;
    let errors = refused.send().await;
    assert!(matches!(verdict(&errors[0], 1, 0), Verdict::Quarantine(_)));
    let revoked = bench(&[Fault::Revoked]).await;
    let errors = revoked.send().await;
    assert_eq!(errors[0].fault(), Row::KioskRevoked);
    assert!(matches!(verdict(&errors[0], 1, 0), Verdict::Wait(..)));
}

#[tokio::test]
async fn missing_parts_are_sent_again() {
    let bench = bench(&[Fault::VideoMissing]).await;
    let errors = bench.send().await;
    assert!(
        matches!(errors[..], [SyncError::Busy { status: 409, .. }]),
        "{errors:?}"
    );
    bench.arrived();
    assert_eq!(bench.office.count("PATCH"), 2);
}

#[tokio::test]
async fn a_forged_receipt_deletes_nothing() {
    let bench = bench(&[Fault::ForgedReceipt]).await;
    let before = |b: &Bench| b.outbox.show(submission(1)).unwrap();
    let mut errors = Vec::new();
    while errors.is_empty() {
        let job = bench.outbox.next_upload(DAY, None).unwrap().unwrap();
        if let Err(e) = send_job(&bench.client, &bench.outbox, job, Arc::new(|_| {})).await {
            errors.push(e);
        }
    }
    assert_eq!(errors[0].fault(), Row::OfficeUntrusted);
    let shown = before(&bench);
    assert_eq!(shown.listed.state, State::Waiting);
    assert!(shown.parts.iter().all(|p| p.here));
    assert!(bench.send().await.is_empty());
}

#[tokio::test]
async fn damage_on_the_way_is_sent_again_and_damage_on_the_disk_is_quarantined() {
    let on_the_way = bench(&[Fault::WrongChecksum]).await;
    let errors = on_the_way.send().await;
    assert!(
        matches!(errors[..], [SyncError::Busy { status: 460, .. }]),
        "{errors:?}"
    );
    on_the_way.arrived();

    let on_disk = bench(&[Fault::WrongChecksum]).await;
    let video = on_disk
        .dir
        .path()
        .join(format!("outbox/media/{}/video.age", submission(1)));
    let mut bytes = std::fs::read(&video).unwrap();
    bytes[77] ^= 1;
    std::fs::write(&video, bytes).unwrap();
    let mut result = Ok(Sent::Part(PartName::Form));
    while result.is_ok() {
        let job = on_disk.outbox.next_upload(DAY, None).unwrap().unwrap();
        result = send_job(&on_disk.client, &on_disk.outbox, job, Arc::new(|_| {})).await;
    }
    let error = result.unwrap_err();
    assert!(matches!(verdict(&error, 1, 0), Verdict::Quarantine(why) if why.contains("video")));
}

#[tokio::test]
async fn an_office_that_is_not_there_is_unreachable() {
    let bench = bench(&[]).await;
    bench.office.state.lock().unwrap().down = true;
    let job = bench.outbox.next_upload(DAY, None).unwrap().unwrap();
    let error = send_job(&bench.client, &bench.outbox, job, Arc::new(|_| {}))
        .await
        .unwrap_err();
    assert_eq!(error.fault(), Row::OfficeUnreachable);
    assert!(error.concerns_the_link());
}
