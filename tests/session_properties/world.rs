//! A world that answers a station as devices and office would, without either.

use std::collections::VecDeque;
use std::time::Duration;

use chip::mrz::Mrz;
use exchange::certificates::{HeldCertificate, RevocationStanding};
use exchange::{
    Digest, HolderName, Iin, IinPolicy, StorageType, SubmissionId, TimeTrust, UnixMillis,
};
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
pub const TOKEN_LABEL: &str = "PIV 4711";
pub const TOKEN_PIN: &str = "730519";
pub const NEW_TOKEN_PIN: &str = "615283";
pub const FACTORY_PIN: &str = "123456";
pub const PUK: &str = "48210937";
pub const SIGNER: &str = "АХМЕТОВА ӘЙГЕРІМ";

/// A PIV token that counts wrong entries as SP 800-73-4 has it.
pub struct Token {
    pub pin: String,
    pub pin_tries: u8,
    pub puk_tries: u8,
    pub has_room: bool,
    /// While there is no room.
    pub taken: Vec<TakenSlot>,
    pub inserted: bool,
}

impl Default for Token {
    fn default() -> Self {
        Self {
            pin: TOKEN_PIN.to_owned(),
            pin_tries: 3,
            puk_tries: 3,
            has_room: true,
            taken: ["9A", "9C"]
                .map(|name| TakenSlot {
                    name: name.to_owned(),
                    holds: SlotHolds::Certified,
                })
                .into(),
            inserted: true,
        }
    }
}

impl Token {
    pub fn seen(&self) -> TokenSeen {
        TokenSeen {
            kind: StorageType::Piv,
            label: TOKEN_LABEL.to_owned(),
            pin_tries: Some(self.pin_tries),
            pin_is_default: Some(self.pin == FACTORY_PIN),
            puk: Some(PukSeen {
                tries: Some(self.puk_tries),
            }),
            has_room: self.has_room,
            taken: match self.has_room {
                true => Vec::new(),
                false => self.taken.clone(),
            },
            generation_erases: false,
        }
    }

    fn verify(&mut self, pin: &str) -> Result<(), Fault> {
        match self.pin_tries {
            0 => Err(Fault::TokenPinBlocked),
            _ if self.pin == pin => {
                self.pin_tries = 3;
                Ok(())
            }
            _ => {
                self.pin_tries -= 1;
                Err(Fault::TokenPinWrong)
            }
        }
    }

    fn answer(&mut self, what: &Request) -> Result<Reply, Fault> {
        if !self.inserted {
            return Err(Fault::TokenMissing);
        }
        match what {
            Request::LookAtToken { .. } => Ok(Reply::TokenSeen(self.seen())),
            Request::TryTokenPin { pin, .. } => {
                self.verify(pin.expose())?;
                Ok(Reply::PinRight)
            }
            Request::ChangeTokenPin { old, new, .. } => {
                self.verify(old.expose())?;
                self.pin = new.expose().to_owned();
                Ok(Reply::PinSet { new_puk: None })
            }
            Request::UnblockToken { puk, new_pin, .. } => match self.puk_tries {
                0 => Err(Fault::TokenPukBlocked),
                _ if puk.expose() == PUK => {
                    (self.pin_tries, self.puk_tries) = (3, 3);
                    self.pin = new_pin.expose().to_owned();
                    Ok(Reply::PinSet { new_puk: None })
                }
                _ => {
                    self.puk_tries -= 1;
                    Err(Fault::TokenPukWrong)
                }
            },
            Request::ClearToken { slot, pin, .. } => {
                self.verify(pin.expose())?;
                assert!(self.taken.iter().any(|taken| taken.name == *slot));
                self.taken.retain(|taken| taken.name != *slot);
                self.has_room = true;
                Ok(Reply::TokenCleared)
            }
            other => panic!("not for a token: {other:?}"),
        }
    }
}

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
    /// What the citizen chooses.
    pub storage: StorageType,
    pub token: Token,
    /// Of the old certificate, milliseconds since the epoch.
    pub valid_until: i64,
    media: u64,
}

/// The person's old key, in a file on their drive.
pub fn certified_key() -> CertifiedKey {
    CertifiedKey {
        location: KeyLocation {
            storage: StorageType::Pkcs12,
            drive: Some(DRIVE),
            path: vec!["EDS".to_owned()],
        },
        subject_key_identifier: SKI.to_owned(),
        label: LABEL.to_owned(),
    }
}

/// A person's, in a file and on a token.
pub fn certificates() -> Vec<HeldCertificate> {
    [(1, StorageType::Pkcs12), (2, StorageType::Piv)]
        .into_iter()
        .map(|(byte, storage)| HeldCertificate {
            sha256: Digest::of(&[byte]),
            serial_tail: format!("{byte:08X}"),
            not_before: UnixMillis(1_790_000_000_000),
            not_after: UnixMillis(1_790_000_000_000).plus_millis(31_536_000_000),
            storage,
        })
        .collect()
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
            storage: StorageType::Pkcs12,
            token: Token::default(),
            valid_until: 1_900_000_000_000,
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
            Request::SendHolderCode { .. } => Reply::CodeSent {
                digits: 6,
                lifetime_seconds: 180,
                resend_after_seconds: 60,
                sent_to_masked: String::new(),
            },
            Request::ListCertificates { code, .. } if code.expose() == CODE => {
                Reply::Certificates(certificates())
            }
            Request::ListCertificates { .. } => Reply::HolderRefused,
            Request::Revoke { .. } => Reply::Revocation(RevocationStanding::Revoked {
                at: UnixMillis(1_790_000_000_000),
            }),
            Request::FindCertifiedKeys => Reply::CertifiedKeys(vec![certified_key()]),
            Request::OpenCertifiedKey { password, .. } if password.expose() == PASSWORD => {
                Reply::KeyOpened(Box::new(KeyHolder {
                    holder: HolderName::new(NATIONAL[0], NATIONAL[1], NATIONAL[2]).unwrap(),
                    iin: Iin::parse(IIN, IinPolicy::Strict).unwrap(),
                    valid_until: UnixMillis(self.valid_until),
                }))
            }
            Request::OpenCertifiedKey { .. } => Reply::Failed(Failure {
                fault: Fault::KeyPasswordWrong,
                detail: String::new(),
            }),
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
                    generation_erases: false,
                },
                StorageFound {
                    storage: StorageType::AKKaztokenStore,
                    unusable: Some(StorageUnusable::NotInserted),
                    drive: None,
                    label: String::new(),
                    free_bytes: None,
                    generation_erases: false,
                },
                StorageFound {
                    storage: StorageType::Piv,
                    unusable: (!self.token.inserted).then_some(StorageUnusable::NotInserted),
                    drive: None,
                    label: TOKEN_LABEL.to_owned(),
                    free_bytes: None,
                    generation_erases: false,
                },
            ]),
            Request::LookAtToken { .. }
            | Request::TryTokenPin { .. }
            | Request::ChangeTokenPin { .. }
            | Request::UnblockToken { .. }
            | Request::ClearToken { .. } => match self.token.answer(what) {
                Ok(reply) => reply,
                Err(fault) => Reply::Failed(Failure {
                    fault,
                    detail: String::new(),
                }),
            },
            Request::Maintain(_) => unreachable!("of no citizen"),
            Request::TrySignature { .. } => Reply::SignatureTried {
                signer: SIGNER.to_owned(),
                valid_until: UnixMillis(1_821_536_000_000),
                ok: true,
            },
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
            Request::FindPendingKey { .. } if self.storage == StorageType::Piv => {
                Reply::PendingKey(self.token.inserted.then(|| PendingKey {
                    location: KeyLocation {
                        storage: StorageType::Piv,
                        drive: None,
                        path: Vec::new(),
                    },
                    label: TOKEN_LABEL.to_owned(),
                }))
            }
            Request::FindPendingKey { .. } => Reply::PendingKey(Some(PendingKey {
                location: KeyLocation {
                    storage: StorageType::Pkcs12,
                    drive: Some(DRIVE),
                    path: vec!["Keys".to_owned()],
                },
                label: LABEL.to_owned(),
            })),
            Request::Submit { .. }
            | Request::SubmitKeyless { .. }
            | Request::SubmitRenewal { .. } => Reply::Saved,
            Request::Obtain { wait: false, .. } => Reply::ComeBack(ComeBackReason::Undecided),
            Request::Obtain { location, .. }
            | Request::InstallCollected { location, .. }
            | Request::MakeCollected { location, .. } => {
                let in_file = location.storage == StorageType::Pkcs12;
                Reply::Installed(Installed {
                    file_name: in_file.then(|| format!("RSA256_{SKI}.p12")),
                    location: match in_file {
                        true => format!("{LABEL} / Keys"),
                        false => TOKEN_LABEL.to_owned(),
                    },
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
            25 => self.choose(Choice::Storage(self.storage)),
            26 => self.next(),
            27 | 28 if self.storage != StorageType::Pkcs12 => {}
            27 => self.choose(Choice::OpenFolder(0)),
            28 | 29 => self.next(),
            30 if self.storage != StorageType::Pkcs12 => {
                self.type_into(Field::TokenPin, TOKEN_PIN);
            }
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
