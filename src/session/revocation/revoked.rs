//! That it is done, or that it is on its way.

use std::time::Duration;

use exchange::certificates::RevocationStanding;

use crate::session::event::{Key, Now, Touch};
use crate::session::step::{Shown, Step, Turn};
use crate::session::view::{PrimaryLabel, Screen};
use crate::session::visit::Visit;

#[derive(Default)]
pub(in crate::session) struct Revoked {
    /// Boottime at which the screen is wiped.
    closes_at: Duration,
}

impl Revoked {
    fn stay(&mut self, visit: &Visit) {
        let stays = visit.config.receipt_stays;
        self.closes_at = visit.now.boottime.saturating_add(stays);
    }
}

impl Step for Revoked {
    fn enter(&mut self, visit: &mut Visit) {
        self.stay(visit);
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        if matches!(touch, Touch::Next | Touch::Key(Key::Enter)) {
            return Turn::End;
        }
        self.stay(visit);
        Turn::Stay
    }

    fn tick(&mut self, visit: &mut Visit) -> Turn {
        match visit.now.boottime >= self.closes_at {
            true => Turn::End,
            false => Turn::Stay,
        }
    }

    fn closes_itself(&self) -> bool {
        true
    }

    fn complete(&self, _visit: &Visit) -> bool {
        true
    }

    fn show(&self, visit: &Visit, now: Now) -> Shown {
        let standing = visit.answers.revocation.standing.clone();
        let screen = Screen::Revoked {
            standing: standing.unwrap_or(RevocationStanding::Waiting),
            closes_in_seconds: Visit::seconds_until(self.closes_at, now),
        };
        let mut shown = Shown::new(screen, PrimaryLabel::Finish, true);
        shown.back = false;
        shown.cancel = false;
        shown
    }
}
