//! Keeps the kiosk free of citizens while it is updated and started anew.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::run::world::Inner;
use crate::session::event::{Event, PauseReason};

/// The core takes notice of a pause within a tick.
const NOTICED_WITHIN: Duration = Duration::from_secs(5);

/// The kiosk is out of use by this one, or not; nobody else's doing is undone.
pub(super) struct Free<'a> {
    world: &'a Arc<Inner>,
    until: Option<Instant>,
}

impl<'a> Free<'a> {
    pub fn new(world: &'a Arc<Inner>) -> Self {
        Self { world, until: None }
    }

    /// Nobody begins from now on; who began is served to the end.
    pub fn keep(&mut self, at_most: Duration) {
        if self.until.is_none() {
            self.tell(true);
        }
        self.until = Some(Instant::now() + at_most);
    }

    /// [`Self::keep`], and whether it is certain that nobody is there.
    pub async fn make(&mut self, at_most: Duration) -> bool {
        self.keep(at_most);
        let end = Instant::now() + NOTICED_WITHIN;
        while Instant::now() < end {
            let told = self.world.standing();
            match told.mode {
                // Not for another reason, which may end while this one is on its way.
                "paused" if told.is_kept_free => return self.world.queue_is_safe(),
                "citizen" | "maintenance" => return false,
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        false
    }

    /// The time for which it was to be kept free is over, or it never was.
    pub fn is_over(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() >= until)
    }

    fn tell(&self, begins: bool) {
        let why = PauseReason::Update;
        self.world.events.send(Event::Pause { why, begins });
    }

    pub fn end(&mut self) {
        if self.until.take().is_some() {
            self.tell(false);
        }
    }
}
