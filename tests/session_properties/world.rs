//! A world that answers a station as devices and office would, without either.

use std::collections::VecDeque;
use std::time::Duration;

use chip::mrz::Mrz;
use exchange::{StorageType, SubmissionId, TimeTrust, UnixMillis};
use faults::Fault;
use kiosk::session::command::{Action, Command, KeyLocation, PreviewFor, Request};
use kiosk::session::event::*;
use kiosk::session::view::{Screen, View};
use kiosk::station::{Mode, Station, StationConfig};

/// Synthetic; first pass of the check digit.
pub const IIN: &str = "880412401006";
/// Published example with the same IIN, and a made-up name.
pub const MRZ: [&str; 3] = [
    "IDKAZ0412365878880412401006<<<",
    "8804123F3104116KAZ<<<<<<<<<<<2",
    "AKHMETOVA<<AIGERIM<<<<<<<<<<<<",
];
/// What DG11 says of the same person.
pub const NATIONAL: [&str; 3] = ["АХМЕТОВА", "ӘЙГЕРІМ", "ҚАНАТҚЫЗЫ"];
pub const ATR: &str = "3b00";
pub const CAN: &str = "318742";
pub const PHONE: &str = "7015551234";
pub const CODE: &str = "604182";
pub const PIN: &str = "274951";
pub const EMAIL: &str = "a.akhmetova@gmail.com";
pub const PASSWORD: &str = "Dala2026";
pub const SKI: &str = "00112233445566778899aabbccddeeff00112233";
pub const DRIVE: DriveId = DriveId(1);
pub const LABEL: &str = "ALATAU";

pub struct World {
    pub station: Station,
    pub boottime: Duration,
    /// What the MCDB knows.
    pub registered: Option<&'static str>,
    /// Everything commanded so far.
    pub commands: Vec<Command>,
    /// Requests that nobody has answered yet.
    pub waiting: VecDeque<(SessionId, RequestId, Request)>,
    /// Whether requests are answered at once.
    pub answers: bool,
    media: u64,
}

pub fn submission() -> SubmissionId {
    SubmissionId::from_parts(UnixMillis(1_790_000_000_000), &[9; 10])
}

pub fn mrz() -> Mrz {
    Mrz::parse(&MRZ).expect("a right zone")
}

/// The card with this zone, genuine.
pub fn chip(portrait: MediaHandle) -> ChipDocument {
    let [surname, given, patronymic] = NATIONAL;
    ChipDocument {
        mrz: mrz(),
        holder: exchange::HolderName::new(surname, given, patronymic).ok(),
        personal_number: None,
        genuine: Genuine::Proven,
        portrait: Some(portrait),
    }
}

pub fn card_inserted() -> Event {
    Event::Device(DeviceEvent::CardInserted {
        atr: ATR.to_owned(),
    })
}

pub fn card_removed() -> Event {
    Event::Device(DeviceEvent::CardRemoved)
}

pub fn surroundings(link_up: bool) -> Vec<Event> {
    vec![
        Event::Device(DeviceEvent::Cleared(Fault::CameraMissing)),
        Event::Device(DeviceEvent::Cleared(Fault::SealingImpossible)),
        Event::Device(DeviceEvent::DriveInserted {
            drive: DRIVE,
            label: LABEL.to_owned(),
        }),
        Event::Link { up: link_up },
    ]
}

impl World {
    pub fn new(link_up: bool) -> Self {
        let mut world = Self {
            station: Station::new(StationConfig::default()),
            boottime: Duration::from_secs(100),
            registered: Some("+7 7•• ••• •• 34"),
            commands: Vec::new(),
            waiting: VecDeque::new(),
            answers: true,
            media: 0,
        };
        for event in surroundings(link_up) {
            world.send(event);
        }
        world
    }

    pub fn now(&self) -> Now {
        Now {
            boottime: self.boottime,
            wall: UnixMillis(1_790_000_000_000 + self.boottime.as_millis() as i64),
            trust: TimeTrust::OfficeConfirmed,
        }
    }

    pub fn view(&self) -> View {
        self.station.view(self.now())
    }

    pub fn screen(&self) -> &'static str {
        self.view().screen.name()
    }

    pub fn is_idle(&self) -> bool {
        self.station.mode() != Mode::Citizen
    }

    /// Handles an event and, where this world answers, all that follows of it.
    pub fn send(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let now = self.now();
            for command in self.station.handle(event, now) {
                self.obey(&command, &mut events);
                self.commands.push(command);
            }
        }
    }

    fn obey(&mut self, command: &Command, events: &mut VecDeque<Event>) {
        match command {
            Command::Ask {
                session,
                request,
                what,
            } if self.answers => {
                let reply = self.right(what);
                events.push_back(Event::Reply {
                    session: *session,
                    request: *request,
                    reply,
                });
            }
            Command::Ask {
                session,
                request,
                what,
            } => self.waiting.push_back((*session, *request, what.clone())),
            Command::Abandon { session, request } => {
                self.waiting
                    .retain(|(s, r, _)| (s, r) != (session, request));
            }
            Command::Do(Action::StartPreview(PreviewFor::Face)) if self.answers => {
                events.push_back(Event::Device(DeviceEvent::Face(FaceFinding::Good)));
            }
            Command::Do(Action::StartPreview(PreviewFor::Mrz)) if self.answers => {
                events.push_back(Event::Device(DeviceEvent::MrzHint(MrzHint::Nothing)));
            }
            Command::Do(_) => {}
        }
    }

    /// The reply of a day on which everything works.
    pub fn right(&mut self, what: &Request) -> Reply {
        match what {
            Request::Begin => Reply::Begun {
                submission: submission(),
                randomness: [42; 32],
            },
            Request::LookUpPhone { .. } => Reply::PhoneFound {
                registered_masked: self.registered.map(str::to_owned),
            },
            Request::SendCode { .. } => Reply::CodeSent {
                digits: 6,
                lifetime_seconds: 180,
                resend_after_seconds: 60,
                sent_to_masked: "+7 7•• ••• •• 34".to_owned(),
            },
            Request::CheckCode { code, .. } if code.expose() == CODE => Reply::CodeRight {
                proof: "office proof".to_owned(),
            },
            Request::CheckCode { .. } => Reply::CodeWrong { tries_left: 9 },
            Request::ReadCard => Reply::CardSeen {
                atr: ATR.to_owned(),
                emrtd: true,
            },
            Request::ReadDocument { .. } => {
                self.media += 1;
                Reply::DocumentRead(Box::new(chip(MediaHandle(self.media))))
            }
            Request::CaptureSelfie
            | Request::CaptureDocument
            | Request::LoadDocumentFile { .. } => {
                self.media += 1;
                Reply::Picture {
                    media: MediaHandle(self.media),
                }
            }
            Request::Record { .. } => {
                self.media += 1;
                Reply::Recorded {
                    media: MediaHandle(self.media),
                    seconds: 12,
                }
            }
            Request::SealSelfie { .. }
            | Request::SealDocumentPhoto { .. }
            | Request::SealAccountPin { .. } => Reply::Sealed,
            Request::FindStorages => Reply::Storages(vec![
                StorageFound {
                    storage: StorageType::Pkcs12,
                    unusable: None,
                    drive: Some(DRIVE),
                    label: LABEL.to_owned(),
                    free_bytes: Some(1 << 30),
                },
                StorageFound {
                    storage: StorageType::AKKaztokenStore,
                    unusable: Some(StorageUnusable::NotInserted),
                    drive: None,
                    label: String::new(),
                    free_bytes: None,
                },
            ]),
            Request::ListFolder {
                drive,
                path,
                pictures,
            } => Reply::Folder(FolderListing {
                drive: *drive,
                path: path.clone(),
                folders: vec!["Keys".to_owned(), "..".to_owned()],
                files: match pictures {
                    true => vec![FileEntry {
                        name: "card.jpg".to_owned(),
                        bytes: 200_000,
                    }],
                    false => Vec::new(),
                },
                free_bytes: 1 << 30,
                writable: true,
            }),
            Request::FindPendingKey { .. } => Reply::PendingKey(Some(PendingKey {
                location: KeyLocation {
                    storage: StorageType::Pkcs12,
                    drive: Some(DRIVE),
                    path: vec!["Keys".to_owned()],
                },
                label: LABEL.to_owned(),
            })),
            Request::Submit { .. } => Reply::Saved,
            Request::Obtain { wait: false, .. } => Reply::ComeBack(ComeBackReason::Undecided),
            Request::Obtain { .. } | Request::InstallCollected { .. } => {
                Reply::Installed(Installed {
                    file_name: format!("RSA256_{SKI}.p12"),
                    location: format!("{LABEL} / Keys"),
                    valid_until: UnixMillis(1_821_536_000_000),
                })
            }
            Request::OpenCollect { .. } => {
                let proven = |c: &Command| {
                    matches!(
                        c,
                        Command::Ask {
                            what: Request::CheckCode { .. },
                            ..
                        }
                    )
                };
                Reply::CollectOpened(match self.commands.iter().any(proven) {
                    false => CollectState::PhoneCodeNeeded {
                        submission: submission(),
                    },
                    true => CollectState::Ready {
                        submission: submission(),
                        subject_key_identifier: SKI.to_owned(),
                    },
                })
            }
        }
    }

    pub fn touch(&mut self, touch: Touch) {
        self.send(Event::Touch(touch));
    }

    pub fn next(&mut self) {
        self.touch(Touch::Next);
    }

    pub fn choose(&mut self, choice: Choice) {
        self.touch(Touch::Choose(choice));
    }

    pub fn type_into(&mut self, field: Field, text: &str) {
        self.touch(Touch::Focus(field));
        for c in text.chars() {
            self.touch(Touch::Key(Key::Char(c)));
        }
    }

    pub fn pass(&mut self, time: Duration) {
        self.boottime += time;
        self.send(Event::Tick);
    }

    /// The `n`th act of a citizen who makes no mistake; false after the last.
    pub fn act(&mut self, n: usize) -> bool {
        match n {
            0 => self.touch(Touch::Start),
            1 => self.choose(Choice::Consent(true)),
            2 => self.next(),
            3 => self.type_into(Field::IdentityNumber, IIN),
            4 => self.next(),
            5 => {
                if let Screen::Phone(phone) = self.view().screen
                    && phone.registering
                {
                    self.type_into(Field::Phone, PHONE);
                }
            }
            6 => self.next(),
            7 if self.screen() == "phone_code" => self.type_into(Field::PhoneCode, CODE),
            8 if self.screen() == "phone_code" => self.next(),
            9 => self.choose(Choice::Document(exchange::DocumentKind::IdCard)),
            10 => self.choose(Choice::EnterDocumentAs(DocumentEntry::Mrz)),
            11 => {
                let lines = [Field::MrzLine1, Field::MrzLine2, Field::MrzLine3];
                for (field, line) in lines.into_iter().zip(MRZ) {
                    self.type_into(field, line);
                }
                self.next();
                self.send(card_inserted());
            }
            12..=14 => self.next(),
            // The prompts, then the video's end.
            15 | 16 => self.next(),
            17 => {
                self.type_into(Field::AccountPin, PIN);
                self.type_into(Field::AccountPinAgain, PIN);
            }
            18 => self.next(),
            19 => self.type_into(Field::CabinetPin, PIN),
            20..=22 => self.next(),
            23 => self.type_into(Field::Email, EMAIL),
            24 => self.next(),
            25 => self.choose(Choice::Storage(StorageType::Pkcs12)),
            26 => self.next(),
            27 => self.choose(Choice::OpenFolder(0)),
            28 | 29 => self.next(),
            30 => {
                self.type_into(Field::KeyPassword, PASSWORD);
                self.type_into(Field::KeyPasswordAgain, PASSWORD);
            }
            31 => self.next(),
            7 | 8 => {}
            _ => return false,
        }
        true
    }
}

/// How many acts lead to the receipt.
pub const ACTS: usize = 32;
