//! The chip: what opens it, its refusals, a card that comes and goes.

use faults::Fault;

use super::{Document, OF_CARD, OF_READER, Phase, ReadingProgress, raised};
use crate::session::command::Request;
use crate::session::event::{DocumentEntry, DocumentRefusal, Field};
use crate::session::view::FieldError;
use crate::session::visit::Visit;

impl Document {
    pub(super) fn chip_possible(&self) -> bool {
        !self.given_up && !self.chipless
    }

    pub(super) fn can_possible(&self) -> bool {
        self.chip_possible() && !self.can_refused
    }

    pub(super) fn open_chip(&mut self, visit: &mut Visit) {
        self.trouble = None;
        if self.in_reader {
            self.read(visit);
        } else {
            self.place(visit);
        }
    }

    pub(super) fn place(&mut self, visit: &mut Visit) {
        let since = visit.now.boottime;
        self.go(Phase::Place { since }, visit);
    }

    pub(super) fn read(&mut self, visit: &mut Visit) {
        let (Some(key), Some(submission)) = (&self.key, visit.answers.submission()) else {
            return;
        };
        let key = key.access.clone();
        self.trouble = None;
        self.progress = ReadingProgress::default();
        self.forget_reading(visit);
        visit.ask(Request::ReadDocument { submission, key });
        self.go(Phase::Reading, visit);
    }

    pub(super) fn give_up(&mut self, visit: &mut Visit) {
        self.given_up = true;
        self.without_chip(visit);
    }

    pub(super) fn tries_left(&self, visit: &Visit) -> u8 {
        visit.config.chip_tries.saturating_sub(self.tries)
    }

    pub(super) fn refused(&mut self, refusal: DocumentRefusal, visit: &mut Visit) {
        match refusal {
            DocumentRefusal::NoApplication => {
                self.chipless = true;
                self.trouble = Some(Fault::DocumentWithoutChip);
                self.without_chip(visit);
            }
            DocumentRefusal::CanNotTaken => {
                self.can_refused = true;
                self.trouble = Some(Fault::DocumentCanNotTaken);
                self.without_chip(visit);
            }
            DocumentRefusal::WrongKey { tries_left } => {
                self.tries = self.tries.saturating_add(1);
                let left = self.tries_left(visit).min(tries_left.unwrap_or(u8::MAX));
                self.wrong_key(left, visit);
            }
        }
    }

    fn wrong_key(&mut self, tries_left: u8, visit: &mut Visit) {
        let entry = self.key.as_ref().map(|key| key.entry);
        if tries_left == 0 {
            self.trouble = Some(Fault::DocumentKeyWrong);
            self.give_up(visit);
            return;
        }
        self.key = None;
        match (entry, self.kind) {
            (Some(DocumentEntry::Can), _) => {
                let error = FieldError::CanRefused { tries_left };
                self.typed.can.refuse(Field::Can, error);
                self.go(Phase::Can, visit);
            }
            (Some(DocumentEntry::Mrz), Some(kind)) => {
                let error = FieldError::MrzRefused { tries_left };
                self.typed.refuse_mrz(kind, error);
                self.go(Phase::Mrz, visit);
            }
            _ => {
                self.trouble = Some(Fault::DocumentKeyWrong);
                self.show_to_camera(visit);
            }
        }
    }

    pub(super) fn may_go_without(&self, visit: &Visit) -> bool {
        let Phase::Place { since } = self.phase else {
            return false;
        };
        let waited = visit.now.boottime.saturating_sub(since);
        self.tries_left(visit) == 0
            || waited >= visit.config.chip_patience
            || raised(&OF_READER, visit).is_some()
    }

    pub(super) fn inserted(&mut self, atr: &str, visit: &mut Visit) {
        self.in_reader = true;
        self.chipless = false;
        self.atr = Some(atr.to_owned());
        match self.phase {
            Phase::Place { .. } => self.read(visit),
            Phase::Reading | Phase::Confirm => {}
            // So that nobody is asked for what opens a chip that is not there.
            _ if !self.given_up => visit.ask(Request::ReadCard),
            _ => {}
        }
    }

    pub(super) fn removed(&mut self, visit: &mut Visit) {
        self.in_reader = false;
        match self.phase {
            Phase::Reading => {
                // The read may never come back from a card that is gone.
                visit.abandon();
                self.trouble = Some(Fault::CardPulled);
                self.place(visit);
            }
            Phase::Place { .. } if self.trouble == Some(Fault::CardPulled) => {}
            Phase::Confirm => {}
            _ => {
                visit.abandon();
                self.trouble = self.trouble.filter(|fault| !OF_CARD.contains(fault));
            }
        }
    }
}
