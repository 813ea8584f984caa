//! The PIN for later account entry, chosen twice. What others would try first
//! is refused.

use exchange::{Iin, PhoneNumber, PhoneStanding};

use super::command::Request;
use super::entry::Entry;
use super::event::{Field, Now, Reply, Touch};
use super::fields::{Fields, Typed};
use super::step::{Shown, Step, Turn};
use super::view::{FieldError, KeyboardKind, PrimaryLabel, Screen};
use super::visit::Visit;

#[derive(Default)]
pub(super) struct AccountPin {
    /// Made on arriving, when the length is known.
    fields: Option<Fields>,
}

/// Whether the PIN is among the first that someone else would try: a repeated
/// block (000000, 121212, 123123), a run up or down, or digits of the person's
/// IIN, birth date or phone number.
pub(super) fn is_obvious(pin: &str, iin: Option<&Iin>, phone: Option<&PhoneNumber>) -> bool {
    let digits = pin.as_bytes();
    let repeats = (1..=digits.len() / 2).any(|block| {
        digits.len().is_multiple_of(block) && digits.chunks(block).all(|c| c == &digits[..block])
    });
    let runs = |step: u8| {
        digits
            .windows(2)
            .all(|w| (w[0] - b'0' + step) % 10 == (w[1] - b'0') % 10)
    };
    // The date of birth is in the IIN as year, month, day; people write it otherwise.
    let dates = iin.is_some_and(|i| {
        let (year, month, day) = (&i.expose()[..2], &i.expose()[2..4], &i.expose()[4..6]);
        let orders = [
            [day, month, "", year],
            [month, day, "", year],
            [year, day, "", month],
            [day, month, "19", year],
            [day, month, "20", year],
        ];
        orders
            .iter()
            .any(|o| zeroize::Zeroizing::new(o.concat()).contains(pin))
    });
    repeats
        || runs(1)
        || runs(9)
        || dates
        || iin.is_some_and(|i| i.expose().contains(pin))
        || phone.is_some_and(|p| {
            let number = zeroize::Zeroizing::new(p.expose());
            number.contains(pin)
        })
}

impl AccountPin {
    fn submit(&mut self, visit: &mut Visit) -> Turn {
        let Some(fields) = &mut self.fields else {
            return Turn::Stay;
        };
        let (pin, again) = (Field::AccountPin, Field::AccountPinAgain);
        for field in [pin, again] {
            if !fields.get(field).is_some_and(Entry::is_full) {
                fields.refuse(field, FieldError::Incomplete);
                return Turn::Stay;
            }
        }
        let phone = match &visit.answers.phone.standing {
            Some(PhoneStanding::Requested { number } | PhoneStanding::Unproven { number }) => {
                Some(number)
            }
            _ => None,
        };
        if is_obvious(fields.text(pin), visit.answers.iin.as_ref(), phone) {
            fields.clear();
            fields.refuse(pin, FieldError::PinObvious);
            return Turn::Stay;
        }
        let secret = |field| fields.get(field).map(Entry::secret);
        if secret(pin) != secret(again) {
            if let Some(entry) = fields.get_mut(again) {
                entry.clear();
            }
            fields.refuse(again, FieldError::PinsDiffer);
            return Turn::Stay;
        }
        if secret(pin) == visit.answers.account_pin.as_ref() {
            return Turn::Forward;
        }
        if let (Some(submission), Some(pin)) = (visit.answers.submission(), secret(pin)) {
            let pin = pin.clone();
            visit.ask(Request::SealAccountPin { submission, pin });
        }
        Turn::Stay
    }
}

impl Step for AccountPin {
    fn enter(&mut self, visit: &mut Visit) {
        let digits = visit.config.account_pin_digits.clamp(4, 12);
        let fields = self.fields.get_or_insert_with(|| {
            let both = [Field::AccountPin, Field::AccountPinAgain];
            Fields::from_entries(both.map(|f| Entry::with_length(f, digits)).into())
        });
        if std::mem::take(&mut visit.answers.pin_forgotten) {
            // Not known any more at the cabinet: chosen anew.
            fields.clear();
        }
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        let now = visit.now.boottime;
        let typed = self.fields.as_mut().map(|f| f.touch(touch, now));
        if typed == Some(Typed::Done) || *touch == Touch::Next {
            return self.submit(visit);
        }
        Turn::Stay
    }

    fn reply(&mut self, reply: &Reply, visit: &mut Visit) -> Turn {
        if let (Reply::Sealed, Some(fields)) = (reply, &self.fields) {
            visit.answers.account_pin = fields.get(Field::AccountPin).map(|e| e.secret().clone());
            visit.answers.cabinet_open = false;
            return Turn::Forward;
        }
        Turn::Stay
    }

    fn complete(&self, visit: &Visit) -> bool {
        visit.answers.account_pin.is_some()
    }

    fn show(&self, _visit: &Visit, now: Now) -> Shown {
        let view = |field| {
            let fields = self.fields.as_ref();
            fields
                .map(|f| f.view(field, now.boottime))
                .unwrap_or_default()
        };
        let screen = Screen::AccountPin {
            pin: view(Field::AccountPin),
            again: view(Field::AccountPinAgain),
        };
        let full = self.fields.as_ref().is_some_and(Fields::all_full);
        Shown::new(screen, PrimaryLabel::SetPin, full)
            .keyboard(KeyboardKind::Digits)
            .discreet()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use exchange::IinPolicy;

    #[test]
    fn what_others_try_first_is_refused() {
        let iin = Iin::parse("880412401006", IinPolicy::Strict).unwrap();
        let phone = PhoneNumber::parse("+77011234567").unwrap();
        let obvious = |pin| is_obvious(pin, Some(&iin), Some(&phone));
        for pin in [
            "000000", "121212", "123123", "123456", "654321", "890123", "109876", "880412",
            "401006", "120488", "041288", "041988", "701123", "234567",
        ] {
            assert!(obvious(pin), "{pin}");
        }
        for pin in ["274951", "730284", "112358"] {
            assert!(!obvious(pin), "{pin}");
        }
    }
}
