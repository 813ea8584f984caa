//! Consent to the processing of personal data. Behind it the enrolment begins.

use super::answers::Begun;
use super::command::Request;
use super::event::{Choice, Key, Now, Reply, Touch};
use super::step::{Shown, Step, Turn};
use super::view::{PrimaryLabel, Screen};
use super::visit::Visit;

#[derive(Default)]
pub(super) struct Consent {
    agreed: bool,
    /// "Agree" was touched before the enrolment had begun.
    waiting: bool,
}

impl Consent {
    fn agree(&mut self, visit: &mut Visit) -> Turn {
        if !self.agreed {
            return Turn::Stay;
        }
        if visit.answers.begun.is_none() {
            self.waiting = true;
            return Turn::Stay;
        }
        self.waiting = false;
        visit.answers.consented_at.get_or_insert(visit.now.wall);
        Turn::Forward
    }
}

impl Step for Consent {
    fn enter(&mut self, visit: &mut Visit) {
        self.waiting = false;
        if visit.answers.begun.is_none() {
            visit.ask(Request::Begin);
        }
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        match touch {
            Touch::Choose(Choice::Consent(agreed)) => {
                self.agreed = *agreed;
                self.waiting = false;
                if !agreed {
                    visit.answers.consented_at = None;
                }
                Turn::Stay
            }
            Touch::Next | Touch::Key(Key::Enter) => self.agree(visit),
            _ => Turn::Stay,
        }
    }

    fn reply(&mut self, reply: &Reply, visit: &mut Visit) -> Turn {
        if let Reply::Begun {
            submission,
            randomness,
        } = reply
        {
            visit.answers.begun = Some(Begun::new(*submission, *randomness));
            if self.waiting {
                return self.agree(visit);
            }
        }
        Turn::Stay
    }

    fn complete(&self, visit: &Visit) -> bool {
        visit.answers.consented_at.is_some() && visit.answers.begun.is_some()
    }

    fn show(&self, _visit: &Visit, _now: Now) -> Shown {
        let screen = Screen::Consent {
            agreed: self.agreed,
        };
        Shown::new(screen, PrimaryLabel::Agree, self.agreed && !self.waiting).without_back()
    }
}
