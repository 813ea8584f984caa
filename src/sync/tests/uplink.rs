//! The task that empties the queue.

use std::time::Duration;

use exchange::api::Decision;
use faults::Fault as Row;
use outbox::State;
use tokio::sync::broadcast::Receiver;

use super::office::{Fault, Office};
use super::*;
use crate::sync::{Uplink, UplinkEvent};

async fn next(
    events: &mut Receiver<UplinkEvent>,
    wanted: impl Fn(&UplinkEvent) -> bool,
) -> UplinkEvent {
    let found = async {
        loop {
            let event = events.recv().await.unwrap();
            if wanted(&event) {
                return event;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), found)
        .await
        .expect("no such event")
}

#[tokio::test]
async fn the_queue_empties_itself_and_decisions_come() {
    let dir = tempfile::tempdir().unwrap();
    let office = Office::start(&[]).await;
    let outbox = queue(dir.path());
    for number in [1, 2] {
        commit(&outbox, submission(number));
    }
    let uplink = Uplink::new(client(office.address, dir.path()), outbox.clone());
    let mut events = uplink.subscribe();
    let task = tokio::spawn(std::sync::Arc::clone(&uplink).run());
    let link = next(&mut events, |e| matches!(e, UplinkEvent::Link(_))).await;
    assert_eq!(link, UplinkEvent::Link(Ok(())));
    let received = UplinkEvent::Received {
        submission: submission(2),
    };
    next(&mut events, |e| *e == received).await;
    assert_eq!(
        office.state.lock().unwrap().manifests,
        [submission(1), submission(2)]
    );
    // The floor follows the office's clock; the committed time lies in its past.
    next(&mut events, |e| matches!(e, UplinkEvent::OfficeTime(_))).await;
    assert!(uplink.is_up());
    task.abort();
}

#[tokio::test]
async fn the_waiting_citizen_takes_the_line_from_another_upload() {
    let dir = tempfile::tempdir().unwrap();
    let office = Office::start(&[]).await;
    office.state.lock().unwrap().slow = Duration::from_secs(2);
    let outbox = queue(dir.path());
    for number in [1, 2] {
        commit(&outbox, submission(number));
    }
    let uplink = Uplink::new(client(office.address, dir.path()), outbox.clone());
    let mut events = uplink.subscribe();
    let task = tokio::spawn(std::sync::Arc::clone(&uplink).run());
    // The video of the first is on the line.
    let big =
        |e: &UplinkEvent| matches!(e, UplinkEvent::Progress { sent, .. } if *sent > 1_000_000);
    next(&mut events, big).await;
    uplink.send_first(submission(2)).await.unwrap();
    assert_eq!(office.state.lock().unwrap().manifests, [submission(2)]);
    let received = UplinkEvent::Received {
        submission: submission(1),
    };
    next(&mut events, |e| *e == received).await;
    assert_eq!(outbox.count(State::Done).unwrap(), 2);
    // Asked again, as after a lost answer: it is there.
    uplink.send_first(submission(2)).await.unwrap();
    task.abort();
}

#[tokio::test]
async fn a_lost_link_is_told_once_and_what_waited_is_sent_when_it_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let office = Office::start(&[]).await;
    office.state.lock().unwrap().down = true;
    let outbox = queue(dir.path());
    commit(&outbox, submission(1));
    let uplink = Uplink::new(client(office.address, dir.path()), outbox.clone());
    let mut events = uplink.subscribe();
    let task = tokio::spawn(std::sync::Arc::clone(&uplink).run());
    let link = next(&mut events, |e| matches!(e, UplinkEvent::Link(_))).await;
    assert!(matches!(link, UplinkEvent::Link(Err(held)) if held.fault == Row::OfficeUnreachable));
    // The citizen who asks for it now gets an answer, not silence.
    let held = uplink.send_first(submission(1)).await.unwrap_err();
    assert_eq!(held.fault, Row::OfficeUnreachable);
    assert!(!uplink.is_up());
    // What a technician sees of it.
    let reason = outbox.list(false).unwrap().remove(0).reason;
    assert!(reason.unwrap().contains("cannot be reached"));

    office.state.lock().unwrap().down = false;
    uplink.wake();
    let link = next(&mut events, |e| matches!(e, UplinkEvent::Link(_))).await;
    assert_eq!(link, UplinkEvent::Link(Ok(())));
    next(&mut events, |e| matches!(e, UplinkEvent::Received { .. })).await;
    task.abort();
}

#[tokio::test]
async fn a_refused_submission_does_not_stand_in_the_way() {
    let dir = tempfile::tempdir().unwrap();
    let office = Office::start(&[Fault::Status(422, None)]).await;
    let outbox = queue(dir.path());
    for number in [1, 2] {
        commit(&outbox, submission(number));
    }
    let uplink = Uplink::new(client(office.address, dir.path()), outbox.clone());
    let mut events = uplink.subscribe();
    let task = tokio::spawn(std::sync::Arc::clone(&uplink).run());
    let event = next(&mut events, |e| {
        matches!(e, UplinkEvent::Quarantined { .. })
    })
    .await;
    assert!(
        matches!(event, UplinkEvent::Quarantined { submission: s, held }
        if s == submission(1) && held.fault == Row::OfficeRefused)
    );
    next(&mut events, |e| matches!(e, UplinkEvent::Received { .. })).await;
    assert_eq!(office.state.lock().unwrap().manifests, [submission(2)]);
    assert_eq!(outbox.count(State::Quarantined).unwrap(), 1);
    task.abort();
}

#[tokio::test]
async fn the_citizen_who_waits_gets_the_signed_decision() {
    let dir = tempfile::tempdir().unwrap();
    let office = Office::start(&[Fault::Status(503, None)]).await;
    let outbox = queue(dir.path());
    commit(&outbox, submission(1));
    let client = client(office.address, dir.path());
    let (soon, later) = (Duration::from_millis(20), Duration::from_secs(5));
    let decision = client
        .wait_for_decision(&outbox, submission(1), soon, later)
        .await
        .unwrap();
    assert_eq!(decision, Some(Decision::Approved));
    let kept = outbox.result(submission(1)).unwrap().unwrap();
    let kept = kept.verify(office_key().verifying_key()).unwrap();
    assert_eq!(kept.decision, Decision::Approved);
}
