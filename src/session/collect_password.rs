//! Coming back: the password of the key file.

use super::event::{Field, KeyboardLayout, Now, Touch};
use super::fields::{Fields, Typed};
use super::step::{Shown, Step, Turn};
use super::view::{KeyboardKind, PrimaryLabel, Screen};
use super::visit::Visit;

pub(super) struct CollectPassword {
    fields: Fields,
}

impl Default for CollectPassword {
    fn default() -> Self {
        Self {
            fields: Fields::of(&[Field::KeyPassword]),
        }
    }
}

impl CollectPassword {
    fn submit(&mut self, visit: &mut Visit) -> Turn {
        let entry = self.fields.get(Field::KeyPassword);
        let Some(entry) = entry.filter(|e| e.len() > 0) else {
            return Turn::Stay;
        };
        visit.answers.key_password = Some(entry.secret().clone());
        Turn::Forward
    }
}

impl Step for CollectPassword {
    fn enter(&mut self, visit: &mut Visit) {
        visit.layout = KeyboardLayout::Latin;
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        let typed = self.fields.touch(touch, visit.now.boottime);
        if *touch == Touch::Next || typed == Typed::Done {
            return self.submit(visit);
        }
        Turn::Stay
    }

    fn complete(&self, visit: &Visit) -> bool {
        visit.answers.key_password.is_some()
    }

    fn show(&self, _visit: &Visit, now: Now) -> Shown {
        let screen = Screen::CollectPassword {
            password: self.fields.view(Field::KeyPassword, now.boottime),
        };
        Shown::new(
            screen,
            PrimaryLabel::DownloadCertificates,
            self.fields.all_filled(),
        )
        .keyboard(KeyboardKind::Full)
        .discreet()
    }
}
