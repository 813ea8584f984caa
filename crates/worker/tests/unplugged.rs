//! A document that stays in its reader while the reader is unplugged, or pcscd dies:
//! the read fails by its name, and the next one works without anybody touching the card.

mod virtual_reader;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chip::{ChipRead, Outcome, ReadRequest};
use faults::Fault;
use specimen::{
    Authority, ChipConfig, SeededRandom, Specimen, SpecimenChip, SpecimenConfig, SystemRandom,
};
use tokio::sync::mpsc;
use virtual_reader::{Pcscd, Reaction, VirtualChip, apart, usb};
use worker::{
    CallError, CardEvent, DocumentError, Patience, Refusal, Role, WatchEvent, WorkerClient,
    WorkerConfig,
};

const PATIENCE: Patience = Patience {
    whole: Duration::from_secs(60),
    silence: Duration::from_secs(20),
};
const SOON: Duration = Duration::from_secs(30);

/// What happens instead of an answer, once, and behind which command of a read.
type Trouble = Arc<Mutex<Option<(u32, Box<dyn FnOnce() + Send>)>>>;

struct Document {
    chip: SpecimenChip,
    trouble: Trouble,
    commands: u32,
}

impl VirtualChip for Document {
    fn power_up(&mut self) {
        self.chip.power_on();
        self.commands = 0;
    }

    fn react(&mut self, command: &[u8]) -> Reaction {
        use chip::CardChannel;
        self.commands += 1;
        let mut trouble = self.trouble.lock().unwrap();
        if let Some((_, happen)) = trouble.take_if(|(behind, _)| self.commands > *behind) {
            happen();
            return Reaction::Pulled;
        }
        match self.chip.transmit(command) {
            Ok(answer) => Reaction::Answer(answer),
            Err(_) => Reaction::Pulled,
        }
    }
}

fn specimen() -> Specimen {
    let mut random = SeededRandom::new(3);
    let authority = Authority::new("KZ", &mut random).unwrap();
    let portrait = specimen::portrait::silhouette(19_000).unwrap();
    let config = SpecimenConfig::identity_card(portrait);
    Specimen::new(config, &authority, &mut random).unwrap()
}

/// A reader with a document in it, for good.
fn install() -> Trouble {
    let trouble = Trouble::default();
    usb::install(Document {
        chip: SpecimenChip::new(specimen(), ChipConfig::default(), Box::new(SystemRandom)),
        trouble: trouble.clone(),
        commands: 0,
    });
    trouble
}

fn client() -> WorkerClient {
    WorkerClient::new(WorkerConfig {
        program: Some(env!("CARGO_BIN_EXE_kiosk-worker").into()),
        reader: Some(usb::SLOT.to_owned()),
        ..WorkerConfig::new(Role::Cards)
    })
}

async fn read_once(client: &WorkerClient) -> Result<ChipRead, DocumentError> {
    let request = ReadRequest {
        access: specimen().mrz_key().unwrap(),
        data_groups: ReadRequest::DATA_GROUPS.to_vec(),
        challenge: *b"challeng",
        short_only: false,
    };
    let (progress, _stages) = mpsc::unbounded_channel();
    client.read_document(request, progress, PATIENCE).await
}

/// pcscd needs some moments to see reader and card.
async fn read(client: &WorkerClient) -> Result<ChipRead, DocumentError> {
    let begun = Instant::now();
    loop {
        let answer = read_once(client).await;
        let not_yet = [
            Refusal::CardAbsent,
            Refusal::ReaderMissing,
            Refusal::CardUnreadable,
        ]
        .map(|refusal| DocumentError::Call(CallError::Refused(refusal)));
        if begun.elapsed() > SOON || !answer.as_ref().is_err_and(|e| not_yet.contains(e)) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn is_whole(read: &ChipRead) {
    for (id, content) in specimen().files.iter() {
        assert_eq!(read.files.get(id), Some(content), "{id}");
    }
    let passed = |check: &chip::Check| check.outcome == Outcome::Passed;
    assert!(read.checks.iter().all(passed), "{:?}", read.checks);
}

/// Waits until all of these are told, in any order; others are passed over.
async fn told(events: &mut mpsc::UnboundedReceiver<WatchEvent>, wanted: &[CardEvent]) {
    let mut missing = wanted.to_vec();
    let mut others = Vec::new();
    while !missing.is_empty() {
        match tokio::time::timeout(SOON, events.recv()).await {
            Ok(Some(WatchEvent::Card(event))) if missing.contains(&event) => {
                missing.retain(|other| *other != event);
            }
            Ok(Some(event)) => others.push(event),
            _ => panic!("{missing:?} not told, only {others:?}"),
        }
    }
}

#[test]
fn a_reader_unplugged_at_any_moment_of_a_read_is_named_and_works_when_it_is_back() {
    apart("unplugged");
}

#[tokio::test]
#[ignore = "run in its own name spaces by the test above"]
async fn unplugged() {
    let trouble = install();
    let _pcscd = Pcscd::start();
    let client = client();
    is_whole(&read(&client).await.unwrap());
    for command in [0, 5, 12, 18] {
        *trouble.lock().unwrap() = Some((command, Box::new(usb::unplug)));
        let error = read_once(&client).await.unwrap_err();
        assert_eq!(error.fault(), Fault::ReaderMissing, "{command}: {error:?}");
        let without = read_once(&client).await.unwrap_err();
        assert_eq!(without.fault(), Fault::ReaderMissing, "{without:?}");
        usb::plug();
        is_whole(&read(&client).await.unwrap());
    }
}

#[test]
fn whoever_watches_is_told_of_the_reader_and_of_the_card_in_it() {
    apart("watched");
}

#[tokio::test]
#[ignore = "run in its own name spaces by the test above"]
async fn watched() {
    let _trouble = install();
    let _pcscd = Pcscd::start();
    let client = client();
    let mut events = client.watch_cards().await;
    let atr: String = virtual_reader::ATR
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    let inserted = CardEvent::Inserted { atr };
    let there = [CardEvent::Reader { present: true }, inserted];
    let gone = [CardEvent::Reader { present: false }, CardEvent::Removed];
    told(&mut events, &there).await;
    for _ in 0..2 {
        usb::unplug();
        told(&mut events, &gone).await;
        usb::plug();
        told(&mut events, &there).await;
    }
}

#[test]
fn pcscd_dies_during_a_read_and_the_next_finds_the_card_where_it_lies() {
    apart("pcscd_dies");
}

#[tokio::test]
#[ignore = "run in its own name spaces by the test above"]
async fn pcscd_dies() {
    let trouble = install();
    let mut pcscd = Pcscd::start();
    let client = client();
    is_whole(&read(&client).await.unwrap());
    for command in [0, 9, 18] {
        *trouble.lock().unwrap() = Some((command, Box::new(move || drop(pcscd))));
        let error = read_once(&client).await.unwrap_err();
        assert_eq!(
            error.fault(),
            Fault::CardServiceDown,
            "{command}: {error:?}"
        );
        pcscd = Pcscd::start();
        is_whole(&read(&client).await.unwrap());
    }
}
