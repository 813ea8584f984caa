//! One citizen's visit as a pure state machine: events in, commands and a view out.
//!
//! Here: everything known about the citizen, and every decision about what comes
//! next. Not here: I/O, clocks, randomness (they arrive as events), pixels, keys
//! and pictures (they are handles).

mod account_pin;
mod answers;
mod asked;
mod calendar;
mod collect_code;
mod collect_password;
mod collect_storage;
mod collecting;
pub mod command;
mod config;
mod consent;
mod course;
mod document;
mod document_photo;
mod email;
pub(crate) mod entry;
pub mod event;
pub(crate) mod fields;
mod folder;
mod identity_number;
mod issuing;
mod key_password;
mod key_secret;
mod liveness;
mod phone;
mod phone_code;
mod places;
mod receipt;
mod renewal;
mod reply;
mod review;
mod revocation;
mod selfie;
mod step;
mod steps;
mod storage;
mod storage_location;
mod token_pin;
pub mod view;
mod visit;

pub use config::SessionConfig;
pub use visit::{Settings, Surroundings};

use command::{Action, Command};
use course::Course;
use event::{Event, Now, SessionId, StepName};
use view::View;

/// For what the citizen came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Enrol,
    Collect,
    /// A new key, asked for with the key of a certificate that is in force.
    Renew,
    /// A certificate of theirs shall not be valid any more.
    Revoke,
}

/// One citizen at the kiosk.
pub struct Session {
    id: SessionId,
    /// Dropped, and with it everything of the citizen, when the visit ends.
    open: Option<Box<Course>>,
}

impl Session {
    /// Begins a visit; the commands are its first wishes.
    pub fn new(
        id: SessionId,
        purpose: Purpose,
        settings: Settings,
        config: SessionConfig,
        around: Surroundings,
        now: Now,
    ) -> (Self, Vec<Command>) {
        let (course, commands) = Course::begin(id, purpose, settings, config, around, now);
        let open = Some(Box::new(course));
        (Self { id, open }, commands)
    }

    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Nothing of the citizen is left in it.
    pub fn is_over(&self) -> bool {
        self.open.is_none()
    }

    /// The step at which the citizen is.
    pub fn step(&self) -> Option<StepName> {
        self.open.as_ref().map(|open| open.step())
    }

    /// What to do about an event. After the end, and to replies that nobody
    /// waits for: nothing.
    pub fn handle(&mut self, event: Event, now: Now) -> Vec<Command> {
        let Some(open) = &mut self.open else {
            return Vec::new();
        };
        open.handle(event, now);
        let mut commands = open.take_commands();
        if open.is_over() {
            self.open = None;
            commands.push(Command::Do(Action::EndSession { session: self.id }));
        }
        commands
    }

    /// What the citizen sees; `None` when the visit is over.
    pub fn view(&self, now: Now) -> Option<View> {
        self.open.as_ref().map(|open| open.view(now))
    }
}

/// Where the citizen is and nothing of who they are.
impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({}, {:?})", self.id.0, self.step())
    }
}
