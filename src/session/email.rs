//! The e-mail address; likely typing errors are questioned, never corrected
//! against the person's word.

use exchange::{EmailAddress, EmailError};

use super::event::{Choice, Field, KeyboardLayout, Now, Touch};
use super::fields::{Fields, Typed};
use super::step::{Shown, Step, Turn};
use super::view::{FieldError, KeyboardKind, PrimaryLabel, Screen};
use super::visit::Visit;

pub(super) struct Email {
    fields: Fields,
    suggestion: Option<EmailAddress>,
}

impl Default for Email {
    fn default() -> Self {
        Self {
            fields: Fields::of(&[Field::Email]),
            suggestion: None,
        }
    }
}

impl Email {
    fn parsed(&self) -> Result<EmailAddress, EmailError> {
        EmailAddress::parse(self.fields.text(Field::Email))
    }

    fn submit(&mut self, visit: &mut Visit) -> Turn {
        match self.parsed() {
            Ok(email) => {
                // What the person insisted on before is not asked again.
                let insisted = visit.answers.email.as_ref() == Some(&email);
                self.suggestion = email.likely_meant().filter(|_| !insisted);
                if self.suggestion.is_some() {
                    return Turn::Stay;
                }
                visit.answers.email = Some(email);
                Turn::Forward
            }
            Err(error) => {
                let error = match error {
                    EmailError::At => FieldError::EmailAt,
                    EmailError::Local => FieldError::EmailLocal,
                    EmailError::Domain | EmailError::Length => FieldError::EmailDomain,
                    EmailError::NotLatin => FieldError::EmailNotLatin,
                };
                self.fields.refuse(Field::Email, error);
                Turn::Stay
            }
        }
    }

    fn keep(&mut self, visit: &mut Visit) -> Turn {
        match (self.suggestion.take(), self.parsed()) {
            (Some(_), Ok(email)) => {
                visit.answers.email = Some(email);
                Turn::Forward
            }
            _ => Turn::Stay,
        }
    }

    fn accept(&mut self) {
        if let (Some(meant), Some(entry)) =
            (self.suggestion.take(), self.fields.get_mut(Field::Email))
        {
            entry.set(meant.expose());
        }
    }
}

impl Step for Email {
    fn enter(&mut self, visit: &mut Visit) {
        visit.layout = KeyboardLayout::Latin;
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        match touch {
            Touch::Next => return self.submit(visit),
            Touch::Choose(Choice::AcceptSuggestion) => self.accept(),
            Touch::Choose(Choice::KeepAsTyped) => return self.keep(visit),
            _ => match self.fields.touch(touch, visit.now.boottime) {
                Typed::Changed(_) => self.suggestion = None,
                Typed::Done => return self.submit(visit),
                _ => {}
            },
        }
        Turn::Stay
    }

    fn complete(&self, visit: &Visit) -> bool {
        visit.answers.email.is_some()
    }

    fn show(&self, _visit: &Visit, now: Now) -> Shown {
        let suggestion = self.suggestion.as_ref().map(|s| s.expose().to_owned());
        let ready = suggestion.is_none() && self.fields.all_filled();
        let screen = Screen::Email {
            email: self.fields.view(Field::Email, now.boottime),
            suggestion,
        };
        Shown::new(screen, PrimaryLabel::Continue, ready).keyboard(KeyboardKind::Full)
    }
}
