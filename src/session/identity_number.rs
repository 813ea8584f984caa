//! The IIN, checked with both passes of its check digit.

use exchange::{Iin, IinError};

use super::answers::Begun;
use super::command::Request;
use super::event::{Field, Now, Reply, Touch};
use super::fields::{Fields, Typed};
use super::step::{Shown, Step, Turn};
use super::view::{FieldError, KeyboardKind, PrimaryLabel, Screen};
use super::visit::Visit;

pub(super) struct IdentityNumber {
    /// Of who wants to end a certificate.
    holder: bool,
    fields: Fields,
}

impl IdentityNumber {
    pub fn of_applicant() -> Self {
        Self::new(false)
    }

    pub fn of_holder() -> Self {
        Self::new(true)
    }

    fn new(holder: bool) -> Self {
        Self {
            holder,
            fields: Fields::of(&[Field::IdentityNumber]),
        }
    }

    fn submit(&mut self, visit: &mut Visit) -> Turn {
        if visit.answers.begun.is_none() {
            return Turn::Stay;
        }
        match Iin::parse(
            self.fields.text(Field::IdentityNumber),
            visit.config.iin_policy,
        ) {
            Ok(iin) => {
                visit.answers.set_iin(iin);
                Turn::Forward
            }
            Err(error) => {
                let error = match error {
                    IinError::Length(_) | IinError::NotDigits => FieldError::Incomplete,
                    IinError::CheckDigit => FieldError::IinCheckDigit,
                };
                self.fields.refuse(Field::IdentityNumber, error);
                Turn::Stay
            }
        }
    }
}

impl Step for IdentityNumber {
    fn enter(&mut self, visit: &mut Visit) {
        // Who applies has begun with their consent.
        if self.holder && visit.answers.begun.is_none() {
            visit.ask(Request::Begin);
        }
    }

    fn reply(&mut self, reply: &Reply, visit: &mut Visit) -> Turn {
        if let Reply::Begun {
            submission,
            randomness,
        } = reply
        {
            visit.answers.begun = Some(Begun::new(*submission, *randomness));
        }
        Turn::Stay
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        match self.fields.touch(touch, visit.now.boottime) {
            Typed::Done => self.submit(visit),
            Typed::No if *touch == Touch::Next => self.submit(visit),
            _ => Turn::Stay,
        }
    }

    fn complete(&self, visit: &Visit) -> bool {
        visit.answers.iin.is_some()
    }

    fn show(&self, visit: &Visit, now: Now) -> Shown {
        let number = self.fields.view(Field::IdentityNumber, now.boottime);
        let screen = match self.holder {
            true => Screen::RevokeIdentity { number },
            false => Screen::IdentityNumber { number },
        };
        let ready = self.fields.all_full() && visit.answers.begun.is_some();
        let shown = Shown::new(screen, PrimaryLabel::Continue, ready);
        let shown = shown.keyboard(KeyboardKind::Digits);
        match self.holder {
            true => shown.without_back(),
            false => shown,
        }
    }
}
