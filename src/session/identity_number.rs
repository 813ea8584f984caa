//! The IIN, checked with both passes of its check digit.

use exchange::{Iin, IinError};

use super::event::{Field, Now, Touch};
use super::fields::{Fields, Typed};
use super::step::{Shown, Step, Turn};
use super::view::{FieldError, KeyboardKind, PrimaryLabel, Screen};
use super::visit::Visit;

pub(super) struct IdentityNumber {
    fields: Fields,
}

impl Default for IdentityNumber {
    fn default() -> Self {
        Self {
            fields: Fields::of(&[Field::IdentityNumber]),
        }
    }
}

impl IdentityNumber {
    fn submit(&mut self, visit: &mut Visit) -> Turn {
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

    fn show(&self, _visit: &Visit, now: Now) -> Shown {
        let screen = Screen::IdentityNumber {
            number: self.fields.view(Field::IdentityNumber, now.boottime),
        };
        Shown::new(screen, PrimaryLabel::Continue, self.fields.all_full())
            .keyboard(KeyboardKind::Digits)
    }
}
