//! Cards through a real worker process and a real pcscd.

mod virtual_reader;

use std::time::{Duration, Instant};

use faults::Fault;
use tokio::sync::mpsc::UnboundedReceiver;
use virtual_reader::{ATR, Card, Pcscd, Reaction, VirtualChip, apart};
use worker::{CallError, CardEvent, Refusal, Role, WatchEvent, WorkerClient, WorkerConfig};

/// How a card behaves when asked to select an application.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chip {
    /// Selects the eMRTD application.
    Emrtd,
    /// Knows no such file.
    Other,
    /// Never answers.
    Silent,
    /// Is pulled out instead of answering.
    Pulled,
}

impl VirtualChip for Chip {
    fn react(&mut self, command: &[u8]) -> Reaction {
        match (*self, command) {
            (Chip::Silent, _) => Reaction::Answer(vec![]),
            (Chip::Pulled, _) => Reaction::Pulled,
            (Chip::Emrtd, [0x00, 0xA4, 0x04, ..]) => Reaction::Answer(vec![0x90, 0x00]),
            _ => Reaction::Answer(vec![0x6A, 0x82]),
        }
    }
}

const SOON: Duration = Duration::from_secs(30);

fn client() -> WorkerClient {
    WorkerClient::new(WorkerConfig {
        program: Some(env!("CARGO_BIN_EXE_kiosk-worker").into()),
        ..WorkerConfig::new(Role::Cards)
    })
}

fn atr() -> String {
    ATR.iter().map(|b| format!("{b:02X}")).collect()
}

/// Waits until this is told; what is told before is passed over.
async fn told(events: &mut UnboundedReceiver<WatchEvent>, wanted: WatchEvent) {
    let begun = Instant::now();
    let mut before = Vec::new();
    loop {
        match tokio::time::timeout(SOON, events.recv()).await {
            Ok(Some(event)) if event == wanted => return,
            Ok(Some(event)) => before.push(event),
            _ => panic!(
                "{wanted:?} not told in {:?}, only {before:?}",
                begun.elapsed()
            ),
        }
    }
}

async fn card(events: &mut UnboundedReceiver<WatchEvent>, wanted: CardEvent) {
    told(events, WatchEvent::Card(wanted)).await;
}

/// The virtual reader shows a new card only some moments later.
async fn read(client: &WorkerClient, deadline: Duration) -> Result<worker::CardRead, CallError> {
    let begun = Instant::now();
    loop {
        let answer = client.read_card(deadline).await;
        let absent = [Refusal::CardAbsent, Refusal::ReaderMissing].map(CallError::Refused);
        if begun.elapsed() > SOON || !answer.as_ref().is_err_and(|e| absent.contains(e)) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[test]
fn a_card_is_seen_coming_and_going() {
    apart("coming_and_going");
}

#[tokio::test]
#[ignore = "run in its own name spaces by the test above"]
async fn coming_and_going() {
    let _pcscd = Pcscd::start();
    let client = client();
    let mut events = client.watch_cards().await;
    card(&mut events, CardEvent::Service { up: true }).await;
    card(&mut events, CardEvent::Reader { present: true }).await;
    for _ in 0..2 {
        let inserted = Card::insert(Chip::Emrtd);
        card(&mut events, CardEvent::Inserted { atr: atr() }).await;
        drop(inserted);
        card(&mut events, CardEvent::Removed).await;
    }
}

#[test]
fn the_application_of_an_identity_document_is_found() {
    apart("emrtd_or_not");
}

#[tokio::test]
#[ignore = "run in its own name spaces by the test above"]
async fn emrtd_or_not() {
    let _pcscd = Pcscd::start();
    let client = client();
    assert_eq!(
        client.read_card(SOON).await.unwrap_err(),
        CallError::Refused(Refusal::CardAbsent)
    );
    for (chip, emrtd) in [(Chip::Emrtd, true), (Chip::Other, false)] {
        let _card = Card::insert(chip);
        let read = read(&client, SOON).await.unwrap();
        assert_eq!((read.atr, read.emrtd), (atr(), emrtd));
        drop(_card);
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

#[test]
fn a_silent_chip_costs_the_worker_its_life_and_the_next_card_is_read() {
    apart("silent_chip");
}

#[tokio::test]
#[ignore = "run in its own name spaces by the test above"]
async fn silent_chip() {
    let _pcscd = Pcscd::start();
    let client = client();
    let mut events = client.watch_cards().await;
    let silent = Card::insert(Chip::Silent);
    card(&mut events, CardEvent::Inserted { atr: atr() }).await;

    let begun = Instant::now();
    let error = client.read_card(Duration::from_secs(2)).await.unwrap_err();
    assert_eq!(error, CallError::Silent(Fault::CardSilent));
    assert!(begun.elapsed() < Duration::from_secs(8));
    told(&mut events, WatchEvent::WorkerDied).await;
    drop(silent);

    told(&mut events, WatchEvent::WorkerStarted).await;
    let _card = Card::insert(Chip::Emrtd);
    card(&mut events, CardEvent::Inserted { atr: atr() }).await;
    assert!(read(&client, SOON).await.unwrap().emrtd);
}

#[test]
fn a_card_pulled_while_it_is_read_is_named() {
    apart("pulled");
}

#[tokio::test]
#[ignore = "run in its own name spaces by the test above"]
async fn pulled() {
    let _pcscd = Pcscd::start();
    let client = client();
    let _card = Card::insert(Chip::Pulled);
    let error = read(&client, SOON).await.unwrap_err();
    assert_eq!(error, CallError::Refused(Refusal::CardPulled));
    assert_eq!(error.fault(), Fault::CardPulled);
}

#[test]
fn pcscd_may_die_and_come_back() {
    apart("pcscd_restarts");
}

#[tokio::test]
#[ignore = "run in its own name spaces by the test above"]
async fn pcscd_restarts() {
    let client = client();
    let mut events = client.watch_cards().await;
    card(&mut events, CardEvent::Service { up: false }).await;
    assert_eq!(
        client.read_card(SOON).await.unwrap_err().fault(),
        Fault::CardServiceDown
    );

    let pcscd = Pcscd::start();
    card(&mut events, CardEvent::Service { up: true }).await;
    let inserted = Card::insert(Chip::Emrtd);
    card(&mut events, CardEvent::Inserted { atr: atr() }).await;

    drop(pcscd);
    drop(inserted);
    card(&mut events, CardEvent::Removed).await;
    card(&mut events, CardEvent::Service { up: false }).await;

    let _pcscd = Pcscd::start();
    card(&mut events, CardEvent::Service { up: true }).await;
    let _card = Card::insert(Chip::Emrtd);
    card(&mut events, CardEvent::Inserted { atr: atr() }).await;
    assert!(read(&client, SOON).await.unwrap().emrtd);
}

#[test]
fn a_frozen_pcscd_does_not_freeze_the_kiosk() {
    apart("pcscd_frozen");
}

#[tokio::test]
#[ignore = "run in its own name spaces by the test above"]
async fn pcscd_frozen() {
    let pcscd = Pcscd::start();
    let client = client();
    let mut events = client.watch_cards().await;
    card(&mut events, CardEvent::Reader { present: true }).await;
    pcscd.freeze();
    card(&mut events, CardEvent::Service { up: false }).await;
    told(&mut events, WatchEvent::WorkerDied).await;
    // The next worker starts although pcscd is still frozen.
    told(&mut events, WatchEvent::WorkerStarted).await;
    let error = client.read_card(Duration::from_secs(2)).await.unwrap_err();
    assert_eq!(error, CallError::Silent(Fault::CardSilent));
    drop(pcscd);
    let _pcscd = Pcscd::start();
    card(&mut events, CardEvent::Service { up: true }).await;
}
