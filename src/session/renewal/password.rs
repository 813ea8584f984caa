//! The password of the old key's file.

use crate::session::event::{Field, KeyboardLayout, Now, Touch};
use crate::session::fields::{Fields, Typed};
use crate::session::step::{Shown, Step, Turn};
use crate::session::view::{KeyboardKind, PrimaryLabel, Screen};
use crate::session::visit::Visit;

pub(in crate::session) struct RenewPassword {
    fields: Fields,
}

impl Default for RenewPassword {
    fn default() -> Self {
        Self {
            fields: Fields::of(&[Field::KeyPassword]),
        }
    }
}

impl RenewPassword {
    fn submit(&mut self, visit: &mut Visit) -> Turn {
        let entry = self.fields.get(Field::KeyPassword);
        let typed = entry.filter(|e| e.len() > 0).map(|e| e.secret().clone());
        match (&mut visit.answers.renewal, typed) {
            (Some(renewal), Some(secret)) => {
                renewal.secret = Some(secret);
                Turn::Forward
            }
            _ => Turn::Stay,
        }
    }
}

impl Step for RenewPassword {
    fn enter(&mut self, visit: &mut Visit) {
        visit.layout = KeyboardLayout::Latin;
    }

    fn leave(&mut self, _visit: &mut Visit) {
        self.fields.clear();
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        let typed = self.fields.touch(touch, visit.now.boottime);
        if *touch == Touch::Next || typed == Typed::Done {
            return self.submit(visit);
        }
        Turn::Stay
    }

    fn complete(&self, visit: &Visit) -> bool {
        let renewal = visit.answers.renewal.as_ref();
        renewal.is_some_and(|renewal| renewal.secret.is_some())
    }

    fn show(&self, _visit: &Visit, now: Now) -> Shown {
        let screen = Screen::RenewPassword {
            password: self.fields.view(Field::KeyPassword, now.boottime),
        };
        Shown::new(screen, PrimaryLabel::Continue, self.fields.all_filled())
            .keyboard(KeyboardKind::Full)
            .discreet()
    }
}
