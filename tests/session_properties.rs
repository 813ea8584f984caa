//! What holds of station and session whatever happens: any state, any list of
//! events.

#[path = "session_properties/journeys.rs"]
mod journeys;
#[path = "session_properties/steps.rs"]
mod steps;
#[path = "session_properties/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use exchange::{DocumentKind, Language, StorageType, UnixMillis};
use faults::Fault;
use kiosk::session::command::{Action, Command};
use kiosk::session::event::*;
use kiosk::station::{Station, StationConfig};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use world::*;

/// Something that happens to a kiosk.
#[derive(Debug, Clone)]
enum Happening {
    Touch(Touch),
    /// Text into a field, all at once.
    Types(Field, &'static str),
    /// The next act of a citizen who makes no mistake.
    Act(usize),
    Device(DeviceEvent),
    /// The right reply to what waits longest.
    Right,
    /// Any reply to what waits longest.
    Any(Index),
    /// Any reply to any request of any session.
    Stray(u64, u64, Index),
    Progress(Progress),
    Time(u64),
    Link(bool),
    Pause(bool),
}

fn replies() -> Vec<Reply> {
    let failed = Fault::ALL.iter().map(|&fault| {
        Reply::Failed(Failure {
            fault,
            detail: String::new(),
        })
    });
    let storage = |unusable| StorageFound {
        storage: StorageType::Pkcs12,
        unusable,
        drive: Some(DriveId(2)),
        label: "OTHER".into(),
        free_bytes: Some(3),
    };
    let listing = |path: &[&str]| FolderListing {
        drive: DRIVE,
        path: path.iter().map(|&p| p.to_owned()).collect(),
        folders: vec!["..".into(), "/etc".into(), "Keys".into()],
        files: Vec::new(),
        free_bytes: 0,
        writable: false,
    };
    let ski = SKI.to_owned();
    failed
        .chain([
            Reply::Begun {
                submission: submission(),
                randomness: [0; 32],
            },
            Reply::PhoneFound {
                registered_masked: None,
            },
            Reply::CodeSent {
                digits: 255,
                lifetime_seconds: u32::MAX,
                resend_after_seconds: 0,
                sent_to_masked: String::new(),
            },
            Reply::CodeSent {
                digits: 0,
                lifetime_seconds: 0,
                resend_after_seconds: u32::MAX,
                sent_to_masked: String::new(),
            },
            Reply::CodeRight { proof: "p".into() },
            Reply::CodeWrong { tries_left: 0 },
            Reply::CodeExpired,
            Reply::CodesFrozen { seconds: 1800 },
            Reply::CardWithoutApplication { atr: "3b".into() },
            Reply::Picture {
                media: MediaHandle(77),
            },
            Reply::Recorded {
                media: MediaHandle(78),
                seconds: 9,
            },
            Reply::RecordingFailed,
            Reply::Sealed,
            Reply::Storages(Vec::new()),
            Reply::Storages(vec![storage(None)]),
            Reply::Storages(vec![storage(Some(StorageUnusable::Full))]),
            Reply::Folder(listing(&[])),
            Reply::Folder(listing(&["..", "etc"])),
            Reply::PendingKey(None),
            Reply::Saved,
            Reply::Installed(Installed {
                file_name: "x".into(),
                location: "y".into(),
                valid_until: UnixMillis(0),
            }),
            Reply::ComeBack(ComeBackReason::Undecided),
            Reply::CollectOpened(CollectState::PhoneCodeNeeded {
                submission: submission(),
            }),
            Reply::CollectOpened(CollectState::Undecided),
            Reply::CollectOpened(CollectState::Rejected {
                reason: "photo".into(),
            }),
            Reply::CollectOpened(CollectState::Ready {
                submission: submission(),
                subject_key_identifier: ski,
            }),
        ])
        .collect()
}

fn touches() -> impl Strategy<Value = Touch> {
    let choices = vec![
        Choice::Consent(true),
        Choice::Consent(false),
        Choice::RegisterNewPhone,
        Choice::UseRegisteredPhone,
        Choice::ResendCode,
        Choice::CodeDoesNotCome,
        Choice::Document(DocumentKind::IdCard),
        Choice::Document(DocumentKind::Passport),
        Choice::EnterDocumentAs(DocumentEntry::Mrz),
        Choice::EnterDocumentAs(DocumentEntry::Typed),
        Choice::TakePicture,
        Choice::RetakePicture,
        Choice::StartRecording,
        Choice::DocumentPhotoFrom(PhotoSource::Camera),
        Choice::DocumentPhotoFrom(PhotoSource::UsbDrive),
        Choice::OpenFolder(0),
        Choice::OpenFolder(1),
        Choice::OpenFolder(99),
        Choice::FolderUp,
        Choice::PickFile(0),
        Choice::PickFile(99),
        Choice::AcceptSuggestion,
        Choice::KeepAsTyped,
        Choice::Storage(StorageType::Pkcs12),
        Choice::Storage(StorageType::AKKaztokenStore),
        Choice::RefreshStorage,
        Choice::Edit(StepName::IdentityNumber),
        Choice::Edit(StepName::Phone),
        Choice::Edit(StepName::AccountPin),
        Choice::Edit(StepName::Storage),
        Choice::Edit(StepName::Receipt),
        Choice::WaitHere(true),
        Choice::WaitHere(false),
        Choice::Retry,
    ];
    prop_oneof![
        4 => Just(Touch::Next),
        2 => Just(Touch::Back),
        4 => select(choices).prop_map(Touch::Choose),
        3 => select(vec!['7', '0', 'a', 'Q', 'ұ', 'ß', '<', '@', ' ', '\0'])
            .prop_map(|c| Touch::Key(Key::Char(c))),
        2 => select(vec![Key::Backspace, Key::Left, Key::Right, Key::Enter]).prop_map(Touch::Key),
        1 => select(vec![
            Touch::Start,
            Touch::StartCollect,
            Touch::Cancel,
            Touch::ConfirmCancel,
            Touch::DismissDialog,
            Touch::Help,
            Touch::StillHere,
            Touch::ChooseLanguage(Language::Ru),
            Touch::SetTextSize(TextSize::Percent200),
            Touch::SetHighContrast(true),
            Touch::CapsLock(true),
            Touch::Layout(KeyboardLayout::Symbols),
            Touch::RevealCharacter { position: 3 },
            Touch::Focus(Field::MrzLine2),
            Touch::Focus(Field::KeyPasswordAgain),
        ]),
    ]
}

fn device_events() -> impl Strategy<Value = DeviceEvent> {
    prop_oneof![
        select(vec![
            DeviceEvent::Face(FaceFinding::Good),
            DeviceEvent::Face(FaceFinding::NoFace),
            DeviceEvent::CardInserted { atr: "3b00".into() },
            DeviceEvent::CardRemoved,
            DeviceEvent::DriveInserted {
                drive: DRIVE,
                label: LABEL.into()
            },
            DeviceEvent::DriveInserted {
                drive: DriveId(2),
                label: LABEL.into()
            },
            DeviceEvent::DriveRemoved { drive: DRIVE },
            DeviceEvent::DriveRemoved { drive: DriveId(2) },
            DeviceEvent::TokenInserted {
                kind: StorageType::AKKaztokenStore
            },
            DeviceEvent::TokenRemoved,
        ]),
        select(Fault::ALL).prop_map(DeviceEvent::Raised),
        select(Fault::ALL).prop_map(DeviceEvent::Cleared),
    ]
}

fn happenings() -> impl Strategy<Value = Happening> {
    let fields = select(vec![
        (Field::IdentityNumber, IIN),
        (Field::Phone, PHONE),
        (Field::PhoneCode, CODE),
        (Field::Surname, "Әлімқұлова"),
        (Field::DocumentNumber, "041236587"),
        (Field::AccountPin, "111111"),
        (Field::CabinetPin, PIN),
        (Field::Email, "x@gmial.com"),
        (Field::KeyPassword, PASSWORD),
        (Field::KeyPasswordAgain, PASSWORD),
        (Field::ReceiptCode, "00000000000009"),
    ]);
    let progress = select(vec![
        Progress::Prompt { index: 0 },
        Progress::Prompt { index: usize::MAX },
        Progress::FaceLost(true),
        Progress::Phase(IssuingPhase::AwaitingDecision),
        Progress::Phase(IssuingPhase::Installing),
        Progress::Upload { sent: 9, total: 0 },
        Progress::Upload { sent: 1, total: 3 },
    ]);
    prop_oneof![
        6 => touches().prop_map(Happening::Touch),
        2 => fields.prop_map(|(field, text)| Happening::Types(field, text)),
        4 => (0..ACTS).prop_map(Happening::Act),
        2 => device_events().prop_map(Happening::Device),
        5 => Just(Happening::Right),
        3 => any::<Index>().prop_map(Happening::Any),
        1 => (0..4u64, 0..40u64, any::<Index>())
            .prop_map(|(session, request, reply)| Happening::Stray(session, request, reply)),
        1 => progress.prop_map(Happening::Progress),
        2 => select(vec![0, 1, 20, 100, 200, 1000, 100_000]).prop_map(Happening::Time),
        1 => any::<bool>().prop_map(Happening::Link),
        1 => prop::bool::weighted(0.2).prop_map(Happening::Pause),
    ]
}

/// Somewhere on the way, then whatever happens, with or without a world that answers.
fn stories() -> impl Strategy<Value = (bool, bool, usize, bool, Vec<Happening>)> {
    (
        any::<bool>(),
        prop::bool::weighted(0.8),
        // The end of the way is where leaving must be thought about most.
        prop_oneof![3 => 0..=ACTS, 1 => ACTS - 3..=ACTS],
        any::<bool>(),
        prop::collection::vec(happenings(), 0..60),
    )
}

/// A world together with a station that only hears what is nobody's: faults,
/// drives, the link.
struct Told {
    world: World,
    surroundings: Station,
}

impl Told {
    fn new(link_up: bool, registered: bool, acts: usize, answers: bool) -> Self {
        let mut world = World::new(link_up);
        if !registered {
            world.registered = None;
        }
        let mut surroundings = Station::new(StationConfig::default());
        for event in world::surroundings(link_up) {
            surroundings.handle(event, world.now());
        }
        for n in 0..acts {
            world.act(n);
        }
        world.answers = answers;
        Self {
            world,
            surroundings,
        }
    }

    fn everywhere(&mut self, event: Event) {
        self.surroundings.handle(event.clone(), self.world.now());
        self.world.send(event);
    }

    fn happen(&mut self, happening: Happening) {
        let world = &mut self.world;
        match happening {
            Happening::Touch(touch) => world.touch(touch),
            Happening::Types(field, text) => world.type_into(field, text),
            Happening::Act(n) => {
                world.act(n);
            }
            Happening::Device(event) => self.everywhere(Event::Device(event)),
            Happening::Link(up) => self.everywhere(Event::Link { up }),
            Happening::Pause(paused) => self.everywhere(Event::Pause(paused)),
            Happening::Right => {
                if let Some((session, request, what)) = world.waiting.pop_front() {
                    let reply = world.right(&what);
                    world.send(Event::Reply {
                        session,
                        request,
                        reply,
                    });
                }
            }
            Happening::Any(index) => {
                if let Some((session, request, _)) = world.waiting.pop_front() {
                    let reply = index.get(&replies()).clone();
                    world.send(Event::Reply {
                        session,
                        request,
                        reply,
                    });
                }
            }
            Happening::Stray(session, request, index) => {
                let reply = index.get(&replies()).clone();
                let (session, request) = (SessionId(session), RequestId(request));
                world
                    .waiting
                    .retain(|(s, r, _)| (*s, *r) != (session, request));
                world.send(Event::Reply {
                    session,
                    request,
                    reply,
                });
            }
            Happening::Progress(progress) => {
                if let Some((session, request, _)) = world.waiting.front() {
                    let event = Event::Progress {
                        session: *session,
                        request: *request,
                        progress,
                    };
                    world.send(event);
                }
            }
            Happening::Time(seconds) => world.pass(Duration::from_secs(seconds)),
        }
    }

    fn tell(
        (link_up, registered, acts, answers, happenings): (bool, bool, usize, bool, Vec<Happening>),
    ) -> Self {
        let mut told = Self::new(link_up, registered, acts, answers);
        for happening in happenings {
            told.happen(happening);
            assert_silent(&format!("{:?} {:?}", told.world.view(), told.world.station));
        }
        told
    }

    /// The shortest way out that a person has, without any help of the world.
    fn leave(&mut self) {
        self.world.answers = false;
        for _ in 0..40 {
            for touch in [Touch::Cancel, Touch::ConfirmCancel, Touch::Next] {
                if self.world.is_idle() {
                    return;
                }
                self.world.touch(touch);
            }
            // Time enough for whatever is still being worked on to be given up.
            self.world.pass(Duration::from_secs(60));
        }
        panic!("no way out of {}", self.world.screen());
    }
}

/// What must never stand in a log.
fn assert_silent(text: &str) {
    for canary in [
        IIN,
        PHONE,
        PIN,
        EMAIL,
        PASSWORD,
        "AKHMETOVA",
        "8804 1240",
        "gmial",
        "Әлімқұлова",
    ] {
        assert!(!text.contains(canary), "{canary} in {text}");
    }
}

/// Each request answered or abandoned before the next, each session ended once and
/// asking nothing before its turn or after its end.
fn assert_orderly(commands: &[Command]) {
    let mut ended = BTreeSet::new();
    let mut asked: BTreeMap<SessionId, RequestId> = BTreeMap::new();
    for command in commands {
        assert_silent(&format!("{command:?}"));
        match command {
            Command::Ask {
                session, request, ..
            } => {
                assert!(!ended.contains(session), "asks after its end");
                let before = asked.insert(*session, *request);
                assert!(before < Some(*request), "a number twice");
            }
            Command::Abandon { session, request } => {
                assert!(!ended.contains(session));
                assert_eq!(asked.get(session), Some(request));
            }
            Command::Do(Action::EndSession { session }) => {
                assert!(ended.insert(*session), "ended twice");
            }
            Command::Do(_) => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Never a panic, nothing personal in what could be logged, and requests in order.
    #[test]
    fn whatever_happens_is_borne(story in stories()) {
        let told = Told::tell(story);
        assert_orderly(&told.world.commands);
    }

    /// From any state the person can leave, though no device and no office answers;
    /// then the kiosk shows what it would show had nobody been there.
    #[test]
    fn there_is_always_a_way_out_and_nothing_stays(story in stories()) {
        let mut told = Told::tell(story);
        if told.world.is_idle() {
            // A welcome screen touched just now keeps its language for a minute.
            told.world.pass(Duration::from_secs(61));
        }
        told.leave();
        let now = told.world.now();
        told.surroundings.handle(Event::Tick, now);
        prop_assert_eq!(told.world.view(), told.surroundings.view(now));
        prop_assert!(told.world.station.session().is_none());
        assert_silent(&format!("{:?}", told.world.station));
        assert_orderly(&told.world.commands);
        prop_assert!(told.world.waiting.is_empty(), "asked for somebody who has gone");
    }

    /// A reply nobody waits for changes nothing, whoever it was for.
    #[test]
    fn late_replies_are_dropped(story in stories(), index in any::<Index>()) {
        let mut told = Told::tell(story);
        let asked: Vec<_> = told.world.commands.iter().filter_map(|c| match c {
            Command::Ask { session, request, .. } => Some((*session, *request)),
            _ => None,
        }).collect();
        let now = told.world.now();
        for (session, request) in asked {
            if told.world.waiting.iter().any(|(s, r, _)| (*s, *r) == (session, request)) {
                continue;
            }
            let before = told.world.view();
            let reply = index.get(&replies()).clone();
            for late in [
                Event::Progress { session, request, progress: Progress::FaceLost(true) },
                Event::Progress { session, request, progress: Progress::Upload { sent: 1, total: 2 } },
                Event::Progress { session, request, progress: Progress::Phase(IssuingPhase::Confirming) },
                Event::Reply { session, request, reply },
            ] {
                let commands = told.world.station.handle(late, now);
                prop_assert!(commands.is_empty());
            }
            prop_assert_eq!(before, told.world.view());
        }
    }
}
