//! What can happen to a kiosk, and in which odds.

use exchange::certificates::RevocationReason;
use exchange::{DocumentKind, Language, StorageType, UnixMillis};
use faults::Fault;
use kiosk::session::command::KeyLocation;
use kiosk::session::event::*;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::world::*;

/// Something that happens to a kiosk.
#[derive(Debug, Clone)]
pub enum Happening {
    Touch(Touch),
    /// Text into a field, all at once.
    Types(Field, &'static str),
    /// The next act of a citizen who makes no mistake.
    Act(usize),
    Device(DeviceEvent),
    /// The right reply to what waits longest.
    Right,
    /// The token, as it is from now on: blocked, as it came, without room.
    Token(u8, u8, bool, bool),
    /// Any reply to what waits longest.
    Any(Index),
    /// Any reply to any request of any session.
    Stray(u64, u64, Index),
    Progress(Progress),
    Time(u64),
    Link(bool),
    Pause(PauseReason, bool),
}

pub fn replies() -> Vec<Reply> {
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
        generation_erases: false,
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
    let seen = |pin_tries| TokenSeen {
        pin_tries,
        ..Token::default().seen()
    };
    failed
        .chain([
            Reply::TokenSeen(seen(Some(3))),
            Reply::TokenSeen(seen(Some(1))),
            Reply::TokenSeen(seen(Some(0))),
            Reply::TokenSeen(TokenSeen {
                pin_is_default: Some(true),
                ..seen(None)
            }),
            Reply::TokenSeen(TokenSeen {
                puk: None,
                ..seen(Some(0))
            }),
            Reply::TokenSeen(TokenSeen {
                puk: Some(PukSeen { tries: None }),
                ..seen(Some(0))
            }),
            Reply::TokenSeen(TokenSeen {
                puk: Some(PukSeen { tries: Some(0) }),
                ..seen(Some(0))
            }),
            Reply::TokenSeen(TokenSeen {
                has_room: false,
                ..seen(Some(255))
            }),
            Reply::TokenSeen(TokenSeen {
                kind: StorageType::AKKaztokenStore,
                generation_erases: true,
                ..seen(Some(2))
            }),
            Reply::PinRight,
            Reply::PinSet { new_puk: None },
            Reply::SignatureTried {
                signer: SIGNER.into(),
                valid_until: UnixMillis(0),
                ok: false,
            },
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
            Reply::CardSeen {
                atr: "3b".into(),
                emrtd: false,
            },
            Reply::DocumentRead(Box::new(chip(MediaHandle(79)))),
            Reply::DocumentRead(Box::new(ChipDocument {
                holder: None,
                personal_number: Some("900101300811".to_owned().into()),
                genuine: Genuine::NotExamined,
                portrait: None,
                ..chip(MediaHandle(80))
            })),
            Reply::DocumentRead(Box::new(ChipDocument {
                genuine: Genuine::Refuted,
                ..chip(MediaHandle(81))
            })),
            Reply::DocumentRefused(DocumentRefusal::NoApplication),
            Reply::DocumentRefused(DocumentRefusal::CanNotTaken),
            Reply::DocumentRefused(DocumentRefusal::WrongKey { tries_left: None }),
            Reply::DocumentRefused(DocumentRefusal::WrongKey {
                tries_left: Some(0),
            }),
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
            Reply::PendingKey(Some(PendingKey {
                location: KeyLocation {
                    storage: StorageType::AKKaztokenStore,
                    drive: None,
                    path: Vec::new(),
                },
                label: String::new(),
            })),
            Reply::Saved,
            Reply::Installed(Installed {
                file_name: None,
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
        Choice::EnterDocumentAs(DocumentEntry::Camera),
        Choice::EnterDocumentAs(DocumentEntry::Can),
        Choice::EnterDocumentAs(DocumentEntry::Mrz),
        Choice::EnterDocumentAs(DocumentEntry::Typed),
        Choice::OtherWays,
        Choice::WithoutChip,
        Choice::AnotherDocument,
        Choice::CorrectIdentityNumber,
        Choice::Edit(StepName::Document),
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
        Choice::Storage(StorageType::Piv),
        Choice::TrySignature,
        Choice::RefreshStorage,
        Choice::Edit(StepName::IdentityNumber),
        Choice::Edit(StepName::Phone),
        Choice::Edit(StepName::AccountPin),
        Choice::Edit(StepName::Storage),
        Choice::Edit(StepName::Receipt),
        Choice::CertifiedKey(0),
        Choice::CertifiedKey(5),
        Choice::Edit(StepName::RenewKey),
        Choice::EraseSlot(0),
        Choice::EraseSlot(3),
        Choice::Certificate(0),
        Choice::Certificate(7),
        Choice::RevokeBecause(RevocationReason::Superseded),
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
            Touch::StartRenew,
            Touch::StartRevoke,
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
            Touch::Focus(Field::NewTokenPinAgain),
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
            DeviceEvent::MrzHint(MrzHint::Glare),
            DeviceEvent::MrzSeen(Box::new(mrz())),
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
            DeviceEvent::TokenInserted {
                kind: StorageType::Piv
            },
            DeviceEvent::TokenRemoved,
        ]),
        select(Fault::ALL).prop_map(DeviceEvent::Raised),
        select(Fault::ALL).prop_map(DeviceEvent::Cleared),
    ]
}

pub fn happenings() -> impl Strategy<Value = Happening> {
    let fields = select(vec![
        (Field::IdentityNumber, IIN),
        (Field::Phone, PHONE),
        (Field::PhoneCode, CODE),
        (Field::Surname, "Әлімқұлова"),
        (Field::DocumentNumber, "041236587"),
        (Field::Can, CAN),
        (Field::AccountPin, "111111"),
        (Field::CabinetPin, PIN),
        (Field::Email, "x@gmial.com"),
        (Field::KeyPassword, PASSWORD),
        (Field::KeyPasswordAgain, PASSWORD),
        (Field::ReceiptCode, "00000000000009"),
        (Field::TokenPin, TOKEN_PIN),
        (Field::TokenPin, FACTORY_PIN),
        (Field::TokenPin, "000000"),
        (Field::NewTokenPin, NEW_TOKEN_PIN),
        (Field::NewTokenPin, "111111"),
        (Field::NewTokenPinAgain, NEW_TOKEN_PIN),
        (Field::Puk, PUK),
        (Field::Puk, "00000000"),
    ]);
    let progress = select(vec![
        Progress::Prompt { index: 0 },
        Progress::Prompt { index: usize::MAX },
        Progress::FaceLost(true),
        Progress::Phase(IssuingPhase::AwaitingDecision),
        Progress::Phase(IssuingPhase::Installing),
        Progress::DocumentRead(chip::Stage::Access),
        Progress::DocumentRead(chip::Stage::File {
            id: chip::FileId::Sod,
            done: 9,
            of: 0,
        }),
        Progress::Upload { sent: 9, total: 0 },
        Progress::Upload { sent: 1, total: 3 },
    ]);
    prop_oneof![
        6 => touches().prop_map(Happening::Touch),
        2 => fields.prop_map(|(field, text)| Happening::Types(field, text)),
        4 => (0..ACTS).prop_map(Happening::Act),
        2 => device_events().prop_map(Happening::Device),
        5 => Just(Happening::Right),
        1 => (0..4u8, 0..4u8, any::<bool>(), prop::bool::weighted(0.8))
            .prop_map(|(pin, puk, factory, room)| Happening::Token(pin, puk, factory, room)),
        3 => any::<Index>().prop_map(Happening::Any),
        1 => (0..4u64, 0..40u64, any::<Index>())
            .prop_map(|(session, request, reply)| Happening::Stray(session, request, reply)),
        1 => progress.prop_map(Happening::Progress),
        2 => select(vec![0, 1, 20, 100, 200, 1000, 100_000]).prop_map(Happening::Time),
        1 => any::<bool>().prop_map(Happening::Link),
        1 => (pause_reason(), prop::bool::weighted(0.2))
            .prop_map(|(why, begins)| Happening::Pause(why, begins)),
    ]
}

pub fn pause_reason() -> impl Strategy<Value = PauseReason> {
    select(vec![PauseReason::Office, PauseReason::Update])
}
