//! Documents read through a real worker process and a real pcscd.

mod virtual_reader;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chip::{Access, AccessKey, Can, ChannelError, ChipRead, FileId, ReadError, ReadRequest, Stage};
use faults::Fault;
use specimen::{
    Authority, ChipConfig, SeededRandom, Specimen, SpecimenChip, SpecimenConfig, SystemRandom,
};
use tokio::sync::mpsc;
use virtual_reader::{Card, Pcscd, Reaction, VirtualChip, apart};
use worker::{
    CallError, CardEvent, DocumentError, Patience, Refusal, Role, WatchEvent, WorkerClient,
    WorkerConfig,
};

const PATIENCE: Patience = Patience {
    whole: Duration::from_secs(60),
    silence: Duration::from_secs(20),
};

/// What goes wrong, from which command of a read on.
#[derive(Clone, Copy)]
enum Trouble {
    None,
    Pulled(u32),
    /// Answers only after this time.
    Late(u32, Duration),
    /// One bit of each protected answer is another.
    Altered,
}

/// A specimen's chip, and from outside what goes wrong with it.
struct Document {
    chip: SpecimenChip,
    trouble: Arc<Mutex<Trouble>>,
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
        let Ok(mut answer) = self.chip.transmit(command) else {
            return Reaction::Pulled;
        };
        match *self.trouble.lock().unwrap() {
            Trouble::Pulled(from) if self.commands > from => return Reaction::Pulled,
            Trouble::Late(from, late) if self.commands > from => std::thread::sleep(late),
            Trouble::Altered if command[0] & 0x0C != 0 && answer.len() > 2 => answer[2] ^= 1,
            _ => {}
        }
        Reaction::Answer(answer)
    }
}

/// A card that knows no application by this name.
struct OtherCard;

impl VirtualChip for OtherCard {
    fn react(&mut self, _command: &[u8]) -> Reaction {
        Reaction::Answer(vec![0x6A, 0x82])
    }
}

fn specimen() -> Specimen {
    let mut random = SeededRandom::new(3);
    let authority = Authority::new("KZ", &mut random).unwrap();
    let portrait = specimen::portrait::silhouette(19_000).unwrap();
    let config = SpecimenConfig::identity_card(portrait);
    Specimen::new(config, &authority, &mut random).unwrap()
}

/// The card, and where to say what goes wrong with it.
fn insert() -> (Card, Arc<Mutex<Trouble>>) {
    let trouble = Arc::new(Mutex::new(Trouble::None));
    let document = Document {
        chip: SpecimenChip::new(specimen(), ChipConfig::default(), Box::new(SystemRandom)),
        trouble: trouble.clone(),
        commands: 0,
    };
    (Card::insert(document), trouble)
}

fn client() -> WorkerClient {
    WorkerClient::new(WorkerConfig {
        program: Some(env!("CARGO_BIN_EXE_kiosk-worker").into()),
        ..WorkerConfig::new(Role::Cards)
    })
}

fn request(access: AccessKey) -> ReadRequest {
    ReadRequest {
        access,
        data_groups: ReadRequest::DATA_GROUPS.to_vec(),
        challenge: *b"challeng",
        short_only: false,
    }
}

fn by_mrz() -> ReadRequest {
    request(specimen().mrz_key().unwrap())
}

fn by_can(can: &str) -> ReadRequest {
    request(AccessKey::Can(Can::parse(can).unwrap()))
}

/// The virtual reader shows a new card only some moments later.
async fn read(client: &WorkerClient, request: ReadRequest) -> Result<ChipRead, DocumentError> {
    let (progress, _stages) = mpsc::unbounded_channel();
    read_with(client, request, progress, PATIENCE).await
}

async fn read_with(
    client: &WorkerClient,
    request: ReadRequest,
    progress: mpsc::UnboundedSender<Stage>,
    patience: Patience,
) -> Result<ChipRead, DocumentError> {
    let begun = Instant::now();
    loop {
        let answer = client
            .read_document(request.clone(), progress.clone(), patience)
            .await;
        let absent = [Refusal::CardAbsent, Refusal::ReaderMissing]
            .map(|refusal| DocumentError::Call(CallError::Refused(refusal)));
        let waited = begun.elapsed() > Duration::from_secs(30);
        if waited || !answer.as_ref().is_err_and(|e| absent.contains(e)) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Every file of the document came as it is on the chip, and the chip is genuine.
fn is_whole(read: &ChipRead) {
    let document = specimen();
    for (id, content) in document.files.iter() {
        assert_eq!(read.files.get(id), Some(content), "{id}");
    }
    assert!(
        read.checks
            .iter()
            .all(|check| check.outcome == chip::Outcome::Passed),
        "{:?}",
        read.checks
    );
    assert!(read.active.is_some());
}

#[test]
fn a_document_is_read_with_progress_and_stays_in_the_reader() {
    apart("with_progress");
}

#[tokio::test]
#[ignore = "run in its own name spaces by the test above"]
async fn with_progress() {
    let _pcscd = Pcscd::start();
    let client = client();
    let mut watched = client.watch_cards().await;
    let (_card, _) = insert();
    for (request, by_card_number) in [(by_mrz(), false), (by_can("123456"), true)] {
        let (progress, mut stages) = mpsc::unbounded_channel();
        let document = read_with(&client, request, progress, PATIENCE)
            .await
            .unwrap();
        is_whole(&document);
        assert!(
            matches!(document.access, Access::Pace { can, .. } if can == by_card_number),
            "{:?}",
            document.access
        );
        let mut told = Vec::new();
        while let Some(stage) = stages.recv().await {
            told.push(stage);
        }
        assert_eq!(told.first(), Some(&Stage::Access));
        let portrait = FileId::DataGroup(chip::DataGroup::DG2);
        let steps = told
            .iter()
            .filter(|stage| matches!(stage, Stage::File { id, .. } if *id == portrait))
            .count();
        assert!(steps > 1, "{steps} steps of DG2");
        let whole = told.iter().any(
            |stage| matches!(stage, Stage::File { id, done, of } if *id == portrait && done == of),
        );
        assert!(whole, "DG2 never was whole: {told:?}");
    }
    // To whoever watches, the card has not moved.
    let mut seen = Vec::new();
    while let Ok(event) = watched.try_recv() {
        seen.push(event);
    }
    let inserted = |e: &&WatchEvent| matches!(e, WatchEvent::Card(CardEvent::Inserted { .. }));
    assert_eq!(seen.iter().filter(inserted).count(), 1, "{seen:?}");
    assert!(!seen.contains(&WatchEvent::WorkerDied), "{seen:?}");
}

#[test]
fn a_wrong_key_is_named_and_the_right_one_opens_without_a_new_insertion() {
    apart("wrong_key");
}

#[tokio::test]
#[ignore = "run in its own name spaces by the test above"]
async fn wrong_key() {
    let _pcscd = Pcscd::start();
    let client = client();
    let (_card, _) = insert();
    let error = read(&client, by_can("654321")).await.unwrap_err();
    assert!(
        matches!(error, DocumentError::Read(ReadError::WrongAccessKey { .. })),
        "{error:?}"
    );
    assert_eq!(error.fault(), Fault::DocumentKeyWrong);
    is_whole(&read(&client, by_can("123456")).await.unwrap());
}

#[test]
fn a_card_pulled_at_any_moment_is_named_and_read_when_it_is_back() {
    apart("pulled");
}

#[tokio::test]
#[ignore = "run in its own name spaces by the test above"]
async fn pulled() {
    let _pcscd = Pcscd::start();
    let client = client();
    for command in [0, 5, 12, 18] {
        let (card, trouble) = insert();
        *trouble.lock().unwrap() = Trouble::Pulled(command);
        let error = read(&client, by_mrz()).await.unwrap_err();
        assert_eq!(
            error,
            DocumentError::Read(ReadError::Channel(ChannelError::Removed)),
            "command {command}"
        );
        assert_eq!(error.fault(), Fault::CardPulled);
        drop(card);
    }
    let (_card, _) = insert();
    is_whole(&read(&client, by_mrz()).await.unwrap());
}

#[test]
fn a_chip_that_falls_silent_is_given_up_and_read_where_it_lies() {
    apart("silent");
}

#[tokio::test]
#[ignore = "run in its own name spaces by the test above"]
async fn silent() {
    let _pcscd = Pcscd::start();
    let client = client();
    let (_card, trouble) = insert();
    is_whole(&read(&client, by_mrz()).await.unwrap());

    *trouble.lock().unwrap() = Trouble::Late(9, Duration::from_secs(5));
    let begun = Instant::now();
    let (progress, _stages) = mpsc::unbounded_channel();
    let patience = Patience {
        whole: Duration::from_secs(30),
        silence: Duration::from_secs(2),
    };
    let error = read_with(&client, by_mrz(), progress, patience)
        .await
        .unwrap_err();
    assert_eq!(
        error,
        DocumentError::Call(CallError::Silent(Fault::CardSilent))
    );
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );

    *trouble.lock().unwrap() = Trouble::None;
    is_whole(&read(&client, by_mrz()).await.unwrap());
}

#[test]
fn a_slow_chip_that_goes_on_is_read_only_until_the_deadline() {
    apart("slow");
}

#[tokio::test]
#[ignore = "run in its own name spaces by the test above"]
async fn slow() {
    let _pcscd = Pcscd::start();
    let client = client();
    let (_card, trouble) = insert();
    *trouble.lock().unwrap() = Trouble::Late(0, Duration::from_millis(700));
    let begun = Instant::now();
    let (progress, _stages) = mpsc::unbounded_channel();
    let patience = Patience {
        whole: Duration::from_secs(5),
        silence: Duration::from_secs(4),
    };
    let error = read_with(&client, by_mrz(), progress, patience)
        .await
        .unwrap_err();
    assert_eq!(error.fault(), Fault::CardSilent, "{error}");
    let waited = begun.elapsed();
    assert!(
        waited > Duration::from_secs(4) && waited < Duration::from_secs(12),
        "{waited:?}"
    );
    *trouble.lock().unwrap() = Trouble::None;
    is_whole(&read(&client, by_mrz()).await.unwrap());
}

#[test]
fn an_altered_answer_is_named_and_the_next_read_is_whole() {
    apart("altered");
}

#[tokio::test]
#[ignore = "run in its own name spaces by the test above"]
async fn altered() {
    let _pcscd = Pcscd::start();
    let client = client();
    let (_card, trouble) = insert();
    *trouble.lock().unwrap() = Trouble::Altered;
    let error = read(&client, by_mrz()).await.unwrap_err();
    assert!(
        matches!(error, DocumentError::Read(ReadError::SecureMessaging(_))),
        "{error:?}"
    );
    assert_eq!(error.fault(), Fault::CardTampered);
    *trouble.lock().unwrap() = Trouble::None;
    is_whole(&read(&client, by_mrz()).await.unwrap());
}

#[test]
fn pcscd_may_die_during_a_read_and_the_card_stays_where_it_is() {
    apart("pcscd_killed");
}

#[tokio::test]
#[ignore = "run in its own name spaces by the test above"]
async fn pcscd_killed() {
    let pcscd = Pcscd::start();
    let client = client();
    let (_card, trouble) = insert();
    *trouble.lock().unwrap() = Trouble::Late(9, Duration::from_secs(2));
    let killing = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(3)).await;
        drop(pcscd);
    });
    let error = read(&client, by_mrz()).await.unwrap_err();
    assert_eq!(error.fault(), Fault::CardServiceDown, "{error:?}");
    killing.await.unwrap();

    let _pcscd = Pcscd::start();
    // vpcd forgets its card with pcscd; a real reader would not.
    let (_card, _) = insert();
    is_whole(&read(&client, by_mrz()).await.unwrap());
}

#[test]
fn a_pcscd_that_freezes_during_a_read_is_given_up() {
    apart("pcscd_frozen");
}

#[tokio::test]
#[ignore = "run in its own name spaces by the test above"]
async fn pcscd_frozen() {
    let pcscd = Pcscd::start();
    let client = client();
    let (card, trouble) = insert();
    is_whole(&read(&client, by_mrz()).await.unwrap());
    *trouble.lock().unwrap() = Trouble::Late(4, Duration::from_millis(500));
    let (progress, mut stages) = mpsc::unbounded_channel();
    let patience = Patience {
        whole: Duration::from_secs(20),
        silence: Duration::from_secs(3),
    };
    let (error, ()) = tokio::join!(client.read_document(by_mrz(), progress, patience), async {
        stages.recv().await.unwrap();
        pcscd.freeze();
    });
    let silent = DocumentError::Call(CallError::Silent(Fault::CardSilent));
    assert_eq!(error.unwrap_err(), silent);
    drop((card, pcscd));

    let _pcscd = Pcscd::start();
    let (_card, _) = insert();
    is_whole(&read(&client, by_mrz()).await.unwrap());
}

#[test]
fn a_read_that_nobody_waits_for_does_not_hold_up_the_next() {
    apart("given_up");
}

#[tokio::test]
#[ignore = "run in its own name spaces by the test above"]
async fn given_up() {
    let _pcscd = Pcscd::start();
    let client = client();
    let (_card, trouble) = insert();
    is_whole(&read(&client, by_mrz()).await.unwrap());
    *trouble.lock().unwrap() = Trouble::Late(4, Duration::from_secs(3));
    let (progress, _stages) = mpsc::unbounded_channel();
    let given_up = tokio::time::timeout(
        Duration::from_secs(1),
        client.read_document(by_mrz(), progress, PATIENCE),
    );
    assert!(given_up.await.is_err(), "it was not slow enough");
    *trouble.lock().unwrap() = Trouble::None;
    let begun = Instant::now();
    is_whole(&read(&client, by_mrz()).await.unwrap());
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn a_card_without_the_application_and_an_empty_reader_are_told_apart() {
    apart("other_cards");
}

#[tokio::test]
#[ignore = "run in its own name spaces by the test above"]
async fn other_cards() {
    let _pcscd = Pcscd::start();
    let client = client();
    let (progress, _stages) = mpsc::unbounded_channel();
    let error = client
        .read_document(by_mrz(), progress, PATIENCE)
        .await
        .unwrap_err();
    assert_eq!(
        error,
        DocumentError::Call(CallError::Refused(Refusal::CardAbsent))
    );
    let _card = Card::insert(OtherCard);
    let error = read(&client, by_mrz()).await.unwrap_err();
    assert_eq!(error, DocumentError::Read(ReadError::NoApplication));
    assert_eq!(error.fault(), Fault::DocumentWithoutChip);
}
