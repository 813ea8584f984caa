//! What holds of station and session whatever happens: any state, any list of
//! events.

#[path = "session_properties/document.rs"]
mod document;
#[path = "session_properties/happenings.rs"]
mod happenings;
#[path = "session_properties/journeys.rs"]
mod journeys;
#[path = "session_properties/late_key.rs"]
mod late_key;
#[path = "session_properties/renewal.rs"]
mod renewal;
#[path = "session_properties/revocation.rs"]
mod revocation;
#[path = "session_properties/steps.rs"]
mod steps;
#[path = "session_properties/tokens.rs"]
mod tokens;
#[path = "session_properties/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use exchange::StorageType;
use happenings::*;
use kiosk::session::command::{Action, Command};
use kiosk::session::event::*;
use kiosk::station::{Station, StationConfig};
use proptest::prelude::*;
use proptest::sample::Index;
use world::*;

/// Link, registered phone, a token instead of a file, acts done, answers.
type Story = (bool, bool, bool, usize, bool, Vec<Happening>);

/// Somewhere on the way, then whatever happens, with or without a world that answers.
fn stories() -> impl Strategy<Value = Story> {
    (
        any::<bool>(),
        prop::bool::weighted(0.8),
        any::<bool>(),
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
    fn new(link_up: bool, registered: bool, token: bool, acts: usize, answers: bool) -> Self {
        let mut world = World::new(link_up);
        if !registered {
            world.registered = None;
        }
        if token {
            world.storage = StorageType::Piv;
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
            Happening::Token(pin_tries, puk_tries, factory, has_room) => {
                let pin = if factory { FACTORY_PIN } else { TOKEN_PIN };
                world.token = Token {
                    pin: pin.to_owned(),
                    pin_tries,
                    puk_tries,
                    has_room,
                    inserted: world.token.inserted,
                    ..Token::default()
                };
            }
            Happening::Device(event) => {
                match event {
                    DeviceEvent::TokenInserted { .. } => world.token.inserted = true,
                    DeviceEvent::TokenRemoved => world.token.inserted = false,
                    _ => {}
                }
                self.everywhere(Event::Device(event));
            }
            Happening::Link(up) => self.everywhere(Event::Link { up }),
            Happening::Pause(why, begins) => self.everywhere(Event::Pause { why, begins }),
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

    fn tell((link_up, registered, token, acts, answers, happenings): Story) -> Self {
        let mut told = Self::new(link_up, registered, token, acts, answers);
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
            // Where an application is saved nothing is cancelled, and a help that was opened must be closed to go on.
            for touch in [
                Touch::Cancel,
                Touch::ConfirmCancel,
                Touch::DismissDialog,
                Touch::Next,
            ] {
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
        TOKEN_PIN,
        NEW_TOKEN_PIN,
        PUK,
        "AKHMETOVA",
        NATIONAL[0],
        CAN,
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

    /// The office's pause and an update's know nothing of each other.
    #[test]
    fn a_pause_ends_with_its_own_reason(
        story in prop::collection::vec((pause_reason(), any::<bool>()), 0..12)
    ) {
        let mut world = World::new(true);
        let mut standing = BTreeSet::new();
        for (why, begins) in story {
            world.send(Event::Pause { why, begins });
            if begins {
                standing.insert(why);
            } else {
                standing.remove(&why);
            }
            prop_assert_eq!(world.screen() == "out_of_service", !standing.is_empty());
        }
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
                Event::Progress { session, request, progress: Progress::DocumentRead(chip::Stage::ActiveAuthentication) },
                Event::Reply { session, request, reply },
            ] {
                let commands = told.world.station.handle(late, now);
                prop_assert!(commands.is_empty());
            }
            prop_assert_eq!(before, told.world.view());
        }
    }
}
