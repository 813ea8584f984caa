//! The password of the key file, by its rules.

use faults::Fault;

use super::entry::Entry;
use super::event::{Field, KeyboardLayout, Now, Touch};
use super::fields::{Fields, Typed};
use super::step::{Shown, Step, Turn};
use super::view::{FieldError, KeyboardKind, PasswordRules, PasswordView, PrimaryLabel, Screen};
use super::visit::Visit;

/// Characters of a key file's password.
const LENGTH: std::ops::RangeInclusive<usize> = 6..=32;

pub(super) struct KeyPassword {
    fields: Fields,
}

impl Default for KeyPassword {
    fn default() -> Self {
        Self {
            fields: Fields::of(&[Field::KeyPassword, Field::KeyPasswordAgain]),
        }
    }
}

/// Which rules hold for what is typed so far. Nothing typed: none.
pub(super) fn rules(password: &str) -> PasswordRules {
    PasswordRules {
        length: LENGTH.contains(&password.chars().count()),
        latin_only: !password.is_empty() && password.chars().all(|c| c.is_ascii_graphic()),
        lower: password.chars().any(|c| c.is_ascii_lowercase()),
        upper: password.chars().any(|c| c.is_ascii_uppercase()),
        digit: password.chars().any(|c| c.is_ascii_digit()),
    }
}

pub(super) fn all_hold(rules: PasswordRules) -> bool {
    rules.length && rules.latin_only && rules.lower && rules.upper && rules.digit
}

impl KeyPassword {
    fn submit(&mut self, visit: &mut Visit) -> Turn {
        if visit.answers.storage.as_ref().is_none_or(|s| s.gone) {
            visit.fault = Some(Fault::UsbMissing);
            return Turn::Stay;
        }
        if !all_hold(rules(self.fields.text(Field::KeyPassword))) {
            self.fields
                .refuse(Field::KeyPassword, FieldError::PasswordRules);
            return Turn::Stay;
        }
        let secret = |field| self.fields.get(field).map(Entry::secret);
        if secret(Field::KeyPassword) != secret(Field::KeyPasswordAgain) {
            self.fields
                .refuse(Field::KeyPasswordAgain, FieldError::PasswordsDiffer);
            return Turn::Stay;
        }
        let entry = self.fields.get(Field::KeyPassword);
        visit.answers.key_password = entry.map(|e| e.secret().clone());
        Turn::Forward
    }
}

impl Step for KeyPassword {
    fn enter(&mut self, visit: &mut Visit) {
        visit.layout = KeyboardLayout::Latin;
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        if *touch == Touch::Next {
            return self.submit(visit);
        }
        match self.fields.touch(touch, visit.now.boottime) {
            Typed::Done => self.submit(visit),
            _ => Turn::Stay,
        }
    }

    fn complete(&self, visit: &Visit) -> bool {
        visit.answers.key_password.is_some()
    }

    fn show(&self, visit: &Visit, now: Now) -> Shown {
        let screen = Screen::KeyPassword(PasswordView {
            password: self.fields.view(Field::KeyPassword, now.boottime),
            again: self.fields.view(Field::KeyPasswordAgain, now.boottime),
            rules: rules(self.fields.text(Field::KeyPassword)),
            caps_lock: visit.caps_lock,
        });
        Shown::new(screen, PrimaryLabel::MakeKey, self.fields.all_filled())
            .keyboard(KeyboardKind::Full)
            .discreet()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_is_seen_while_typing() {
        assert_eq!(rules(""), PasswordRules::default());
        assert!(all_hold(rules("Qazaq1")));
        assert!(all_hold(rules("Aa1!Aa1!Aa1!Aa1!Aa1!Aa1!Aa1!Aa1!")));
        assert!(!rules("Qaza1").length);
        assert!(!rules("Qаzaq1").latin_only, "the second letter is Cyrillic");
        assert!(!rules("Qazaq 1").latin_only);
        assert!(!rules("QAZAQ1").lower);
        assert!(!rules("qazaq1").upper);
        assert!(!rules("Qazaqs").digit);
    }
}
