//! What every step of the journey can do.

use faults::Fault;

use super::asked::Asked;
use super::event::{DeviceEvent, Now, Progress, Reply, StepName, Touch};
use super::view::{KeyboardKind, Primary, PrimaryLabel, Screen};
use super::visit::Visit;

/// Where the citizen goes after an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Stay,
    /// This step is answered.
    Forward,
    Back,
    To(StepName),
    /// The visit is over.
    End,
}

/// One step. Everything of it that is not an answer yet lives in the value, so
/// that going away and coming back loses nothing.
pub(super) trait Step {
    /// On arriving, from either side.
    fn enter(&mut self, _visit: &mut Visit) {}

    /// On leaving, to either side.
    fn leave(&mut self, _visit: &mut Visit) {}

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn;

    /// The person wants back: within the step where it has more than one screen.
    fn back(&mut self, _visit: &mut Visit) -> Turn {
        Turn::Back
    }

    /// Whether this touch counts although a request is being worked on.
    fn heeds_while_busy(&self, _touch: &Touch, _visit: &Visit) -> bool {
        false
    }

    fn device(&mut self, _event: &DeviceEvent, _visit: &mut Visit) -> Turn {
        Turn::Stay
    }

    fn progress(&mut self, _progress: &Progress, _visit: &mut Visit) {}

    /// A reply of the right kind; failures come to [`Step::failed`].
    fn reply(&mut self, _reply: &Reply, _visit: &mut Visit) -> Turn {
        Turn::Stay
    }

    /// The fault is shown already.
    fn failed(&mut self, _asked: Asked, _fault: Fault, _visit: &mut Visit) -> Turn {
        Turn::Stay
    }

    /// Time has passed.
    fn tick(&mut self, _visit: &mut Visit) -> Turn {
        Turn::Stay
    }

    /// Nobody has answered the warning.
    fn idle(&mut self, _visit: &mut Visit) -> Turn {
        Turn::End
    }

    /// Whether the screen closes by itself, without the idle warning.
    fn closes_itself(&self) -> bool {
        false
    }

    /// Whether the answers of this step are there.
    fn complete(&self, visit: &Visit) -> bool;

    fn show(&self, visit: &Visit, now: Now) -> Shown;
}

/// A step as it stands on the screen.
pub(super) struct Shown {
    pub screen: Screen,
    pub primary: Option<Primary>,
    pub keyboard: KeyboardKind,
    pub discreet: bool,
    pub back: bool,
    pub cancel: bool,
}

impl Shown {
    /// With Back and Cancel, without a keyboard.
    pub fn new(screen: Screen, label: PrimaryLabel, enabled: bool) -> Self {
        Self {
            screen,
            primary: Some(Primary { label, enabled }),
            keyboard: KeyboardKind::None,
            discreet: false,
            back: true,
            cancel: true,
        }
    }

    pub fn keyboard(self, keyboard: KeyboardKind) -> Self {
        Self { keyboard, ..self }
    }

    pub fn discreet(self) -> Self {
        Self {
            discreet: true,
            ..self
        }
    }

    pub fn without_primary(self) -> Self {
        Self {
            primary: None,
            ..self
        }
    }

    pub fn without_back(self) -> Self {
        Self {
            back: false,
            ..self
        }
    }
}
