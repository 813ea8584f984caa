//! A station before which technicians and others stand, and a world that says what a test
//! wants.

use std::time::Duration;

use exchange::{TimeTrust, UnixMillis};
use faults::Fault;
use kiosk::maintenance::{
    Act, Answer, Ask, CardSeen, Deed, Device, Do, Light, MaintenanceView, Page, Refusal, Row,
    RowName, Word,
};
use kiosk::session::command::{Command, Request};
use kiosk::session::event::*;
use kiosk::session::view::{Screen, View};
use kiosk::station::{Station, StationConfig};

pub const PIN: &str = "730519";
pub const NAME: &str = "Серік Техник";

pub struct Kiosk {
    pub station: Station,
    pub now: Now,
    /// Asked and not answered.
    pub open: Vec<(SessionId, RequestId, Ask)>,
    /// Everything that was asked, in order.
    pub asked: Vec<Ask>,
    pub commands: Vec<Command>,
    /// What the card in the place is.
    pub card: CardSeen,
    pub tries: u8,
}

impl Kiosk {
    /// Provisioned and well.
    pub fn new() -> Self {
        let config = StationConfig {
            presumed: Default::default(),
            ..StationConfig::default()
        };
        Self {
            station: Station::new(config),
            now: Now {
                boottime: Duration::from_secs(100),
                wall: UnixMillis(1_795_000_000_000),
                trust: TimeTrust::OfficeConfirmed,
            },
            open: Vec::new(),
            asked: Vec::new(),
            commands: Vec::new(),
            card: technician(),
            tries: 3,
        }
    }

    pub fn tell(&mut self, event: Event) {
        let commands = self.station.handle(event, self.now);
        for command in &commands {
            match command {
                Command::Ask {
                    session,
                    request,
                    what: Request::Maintain(ask),
                } => {
                    self.open.push((*session, *request, (**ask).clone()));
                    self.asked.push((**ask).clone());
                }
                Command::Abandon { session, request } => {
                    self.open.retain(|(s, r, _)| (s, r) != (session, request));
                }
                _ => {}
            }
        }
        self.commands.extend(commands);
    }

    pub fn touch(&mut self, touch: Touch) {
        self.tell(Event::Touch(touch));
    }

    pub fn act(&mut self, what: Do) {
        self.touch(Touch::Maintain(what));
    }

    pub fn device(&mut self, event: DeviceEvent) {
        self.tell(Event::Device(event));
    }

    /// Time passes, in steps as short as the kiosk's own.
    pub fn wait(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now.boottime += Duration::from_secs(1);
            self.tell(Event::Tick);
        }
    }

    pub fn reply(&mut self, answer: Answer) {
        let (session, request, _) = self.open.remove(0);
        self.tell(Event::Reply {
            session,
            request,
            reply: Reply::Maintenance(answer),
        });
    }

    /// Everything that is asked is answered as a kiosk that is well would.
    pub fn settle(&mut self) {
        while let Some((_, _, ask)) = self.open.first().cloned() {
            let answer = self.answer(&ask);
            self.reply(answer);
        }
    }

    pub fn answer(&mut self, ask: &Ask) -> Answer {
        let well = |name| Answer::Rows(vec![Row::word(name, Light::Good, Word::Works)]);
        match ask {
            Ask::ReadCard => Answer::Card(self.card.clone()),
            Ask::Prove { .. } if self.tries == 0 => Answer::Refused(Refusal::PinBlocked),
            Ask::Prove { pin } if pin.expose() == PIN => Answer::Proven,
            Ask::Prove { .. } => {
                self.tries -= 1;
                match self.tries {
                    0 => Answer::Refused(Refusal::PinBlocked),
                    left => Answer::PinWrong {
                        tries_left: Some(left),
                    },
                }
            }
            Ask::Examine { page, .. } => well(match page {
                Page::Queue => RowName::Waiting,
                _ => RowName::Camera,
            }),
            Ask::Test(_) => well(RowName::Reader),
            Ask::Do(Deed::AskWipe) => well(RowName::Erased),
            Ask::Do(_) | Ask::Close { .. } => well(RowName::Done),
        }
    }

    pub fn view(&self) -> View {
        self.station.view(self.now)
    }

    pub fn maintenance(&self) -> Option<MaintenanceView> {
        match self.view().screen {
            Screen::Maintenance(view) => Some(*view),
            _ => None,
        }
    }

    pub fn page(&self) -> Option<Page> {
        self.maintenance().map(|view| view.page)
    }

    pub fn type_in(&mut self, text: &str) {
        for sign in text.chars() {
            self.touch(Touch::Key(Key::Char(sign)));
        }
    }

    pub fn insert_card(&mut self) {
        self.device(DeviceEvent::OfficeCardInserted);
        self.settle();
    }

    pub fn enter(&mut self) {
        self.insert_card();
        self.type_in(PIN);
        self.touch(Touch::Next);
        self.settle();
        assert_eq!(self.page(), Some(Page::Overview));
    }

    pub fn open(&mut self, page: Page) {
        self.act(Do::Open(page));
        self.settle();
    }

    pub fn is_entered(&self) -> bool {
        self.station.technician().is_some_and(|t| t.is_entered())
    }

    pub fn unprovisioned() -> Self {
        let mut kiosk = Self::new();
        kiosk.device(DeviceEvent::Raised(Fault::NotProvisioned));
        kiosk
    }
}

pub fn technician() -> CardSeen {
    CardSeen::Technician {
        name: NAME.into(),
        valid_until: UnixMillis(1_796_000_000_000),
        tries_left: Some(3),
        longest_pin: 8,
    }
}

/// Everything that maintenance mode's screens can send.
pub fn every_touch() -> Vec<Touch> {
    let mut all: Vec<Touch> = Page::ALL
        .iter()
        .map(|p| Touch::Maintain(Do::Open(*p)))
        .collect();
    all.extend(Act::ALL.iter().map(|a| Touch::Maintain(Do::Act(*a))));
    all.extend(Device::ALL.iter().map(|d| Touch::Maintain(Do::Test(*d))));
    all.extend((0..25).map(|n| Touch::Maintain(Do::Cell(n))));
    all.extend((0..3).map(|n| Touch::Maintain(Do::Row(n))));
    all.extend([true, false].map(|yes| Touch::Maintain(Do::Judge(yes))));
    all.extend([Do::SetUp, Do::SkipTest].map(Touch::Maintain));
    all.extend(exchange::work_order::Action::ALL.map(|a| Touch::Maintain(Do::Toggle(a))));
    all.extend([
        Touch::Start,
        Touch::StartCollect,
        Touch::Next,
        Touch::Back,
        Touch::Cancel,
        Touch::ConfirmCancel,
        Touch::DismissDialog,
        Touch::StillHere,
        Touch::Help,
        Touch::Key(Key::Enter),
        Touch::Key(Key::Backspace),
        Touch::Key(Key::Char('0')),
        Touch::Focus(Field::TechnicianPin),
        Touch::Focus(Field::SettingValue),
    ]);
    all
}
