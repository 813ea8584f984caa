//! What the person now has, where it is, and what comes next; at the end of
//! enrolling and of collecting.

use std::time::Duration;

use super::event::{ComeBackReason, Key, Now, Touch};
use super::step::{Shown, Step, Turn};
use super::view::{Outcome, PrimaryLabel, ReceiptView, Screen};
use super::visit::Visit;

pub(super) struct Receipt {
    collected: bool,
    /// Boottime at which the screen is wiped.
    closes_at: Duration,
}

impl Receipt {
    pub fn after_issuing() -> Self {
        Self {
            collected: false,
            closes_at: Duration::ZERO,
        }
    }

    pub fn after_collecting() -> Self {
        Self {
            collected: true,
            closes_at: Duration::ZERO,
        }
    }

    fn stay(&mut self, visit: &Visit) {
        let until = visit
            .now
            .boottime
            .saturating_add(visit.config.receipt_stays);
        self.closes_at = until;
    }
}

impl Step for Receipt {
    fn enter(&mut self, visit: &mut Visit) {
        visit.answers.key_password = None;
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
        if visit.now.boottime >= self.closes_at {
            Turn::End
        } else {
            Turn::Stay
        }
    }

    fn closes_itself(&self) -> bool {
        true
    }

    fn complete(&self, _visit: &Visit) -> bool {
        true
    }

    fn show(&self, visit: &Visit, now: Now) -> Shown {
        let receipt_code = match self.collected {
            true => None,
            false => visit.answers.receipt_code.as_ref().map(|c| c.grouped()),
        };
        let view = ReceiptView {
            outcome: visit
                .answers
                .outcome
                .clone()
                .unwrap_or(Outcome::ComeBack(ComeBackReason::Undecided)),
            receipt_code,
            closes_in_seconds: Visit::seconds_until(self.closes_at, now),
        };
        let screen = match self.collected {
            true => Screen::Collected(view),
            false => Screen::Receipt(view),
        };
        let mut shown = Shown::new(screen, PrimaryLabel::Finish, true);
        shown.back = false;
        shown.cancel = false;
        shown
    }
}
