//! One field a person types into: text with a cursor, shown grouped as people
//! read it, or as dots.

use std::time::Duration;

use exchange::Secret;

use super::event::{Field, Key};
use super::view::{FieldError, FieldView};

/// How long a revealed character stays visible.
pub(super) const REVEAL: Duration = Duration::from_secs(1);
const DOT: char = '•';

/// The text of one field. Always held as a [`Secret`], so that whatever was
/// typed is wiped when it goes; `Debug` shows the field's name only.
#[derive(Clone)]
pub(crate) struct Entry {
    field: Field,
    text: Secret,
    /// Characters before the cursor.
    cursor: usize,
    /// Greatest number of characters.
    max: usize,
    /// Digits alone, though the field could hold more.
    digits: bool,
    /// Position of the character shown in the clear, and until when (boottime).
    revealed: Option<(usize, Duration)>,
    pub error: Option<FieldError>,
}

impl Entry {
    pub fn new(field: Field) -> Self {
        Self {
            field,
            text: Secret::new(),
            cursor: 0,
            max: longest(field),
            digits: false,
            revealed: None,
            error: None,
        }
    }

    /// With another length than the field usually has, such as the code's.
    pub fn with_length(field: Field, max: usize) -> Self {
        Self {
            max,
            ..Self::new(field)
        }
    }

    /// Of digits alone.
    pub fn of_digits(self) -> Self {
        Self {
            digits: true,
            ..self
        }
    }

    pub fn field(&self) -> Field {
        self.field
    }

    pub fn text(&self) -> &str {
        self.text.expose()
    }

    pub fn secret(&self) -> &Secret {
        &self.text
    }

    pub fn len(&self) -> usize {
        self.text.len()
    }

    pub fn is_full(&self) -> bool {
        self.len() >= self.max
    }

    pub fn set(&mut self, text: &str) {
        self.clear();
        for c in text.chars() {
            self.insert(c);
        }
    }

    /// Empties the field and wipes what was in it.
    pub fn clear(&mut self) {
        self.text.clear();
        self.cursor = 0;
        self.revealed = None;
        self.error = None;
    }

    /// Takes a key; true when the text changed.
    pub fn key(&mut self, key: Key) -> bool {
        match key {
            Key::Char(c) => self.insert(c),
            Key::Backspace => self.backspace(),
            Key::Left => {
                self.cursor = self.cursor.saturating_sub(1);
                false
            }
            Key::Right => {
                self.cursor = (self.cursor + 1).min(self.len());
                false
            }
            Key::Enter => false,
        }
    }

    /// Shows one character of a secret until [`REVEAL`] has passed.
    pub fn reveal(&mut self, position: usize, now: Duration) {
        if is_secret(self.field) && position < self.len() {
            self.revealed = Some((position, now.saturating_add(REVEAL)));
        }
    }

    pub fn view(&self, focused: bool, now: Duration) -> FieldView {
        let (text, cursor) = if is_secret(self.field) {
            (self.dots(now), self.cursor)
        } else {
            grouped(self.field, self.text(), self.cursor)
        };
        FieldView {
            field: Some(self.field),
            text,
            cursor,
            focused,
            error: self.error,
        }
    }

    fn insert(&mut self, c: char) -> bool {
        let Some(c) = accepted(self.field, c) else {
            return false;
        };
        if self.is_full() || (self.digits && !c.is_ascii_digit()) {
            return false;
        }
        let at = self.cursor;
        let before = self.text.expose().chars().take(at);
        let after = self.text.expose().chars().skip(at);
        let mut text = Secret::new();
        for c in before.chain([c]).chain(after) {
            if !text.push(c) {
                return false;
            }
        }
        self.text = text;
        self.cursor += 1;
        self.changed();
        true
    }

    fn backspace(&mut self) -> bool {
        let Some(gone) = self.cursor.checked_sub(1) else {
            return false;
        };
        let mut text = Secret::new();
        for (i, c) in self.text.expose().chars().enumerate() {
            if i != gone {
                text.push(c);
            }
        }
        self.text = text;
        self.cursor = gone;
        self.changed();
        true
    }

    fn changed(&mut self) {
        self.error = None;
        self.revealed = None;
    }

    fn dots(&self, now: Duration) -> String {
        let open = self
            .revealed
            .filter(|&(_, until)| now < until)
            .map(|(position, _)| position);
        let show = |(i, c)| if open == Some(i) { c } else { DOT };
        self.text().chars().enumerate().map(show).collect()
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({:?})", self.field)
    }
}

/// Shown as dots.
fn is_secret(field: Field) -> bool {
    matches!(
        field,
        Field::AccountPin
            | Field::AccountPinAgain
            | Field::CabinetPin
            | Field::KeyPassword
            | Field::KeyPasswordAgain
            | Field::TokenPin
            | Field::NewTokenPin
            | Field::NewTokenPinAgain
            | Field::Puk
            | Field::TechnicianPin
            | Field::ProvisioningToken
    )
}

fn longest(field: Field) -> usize {
    match field {
        Field::IdentityNumber => 12,
        // A leading 8 or 7 and the ten digits.
        Field::Phone => 11,
        Field::PhoneCode
        | Field::AccountPin
        | Field::AccountPinAgain
        | Field::CabinetPin
        | Field::Can => 6,
        Field::DocumentNumber => 22,
        Field::Surname | Field::GivenName | Field::Patronymic => 64,
        // The longest line, TD3's; a slip must stay visible, so one more.
        Field::MrzLine1 | Field::MrzLine2 | Field::MrzLine3 => 45,
        Field::Email => 254,
        Field::KeyPassword
        | Field::KeyPasswordAgain
        | Field::TokenPin
        | Field::NewTokenPin
        | Field::NewTokenPinAgain
        | Field::Puk => 32,
        Field::ReceiptCode => 13,
        Field::TechnicianPin => 8,
        Field::ProvisioningToken => 64,
        Field::NetworkAddress | Field::NetworkGateway => 49,
        Field::NameServers => 128,
        Field::ClockDate => 10,
        Field::ClockTime => 5,
        Field::SettingValue => 200,
    }
}

/// What the key gives in this field, if it may stand there.
fn accepted(field: Field, c: char) -> Option<char> {
    match field {
        Field::IdentityNumber
        | Field::Phone
        | Field::PhoneCode
        | Field::Can
        | Field::AccountPin
        | Field::AccountPinAgain
        | Field::CabinetPin => c.is_ascii_digit().then_some(c),
        Field::DocumentNumber | Field::ReceiptCode => {
            c.is_ascii_alphanumeric().then(|| c.to_ascii_uppercase())
        }
        Field::Surname | Field::GivenName | Field::Patronymic => {
            let fits = c.is_alphabetic() || matches!(c, ' ' | '-' | '\'' | '’' | '.');
            // One key, one character: a letter whose capital is two stays small.
            let mut upper = c.to_uppercase();
            let capital = match (upper.next(), upper.next()) {
                (Some(u), None) => u,
                _ => c,
            };
            fits.then_some(capital)
        }
        Field::MrzLine1 | Field::MrzLine2 | Field::MrzLine3 => {
            (c.is_ascii_alphanumeric() || c == '<').then(|| c.to_ascii_uppercase())
        }
        Field::Email => (!c.is_control() && !c.is_whitespace()).then_some(c),
        Field::KeyPassword | Field::KeyPasswordAgain => (!c.is_control()).then_some(c),
        Field::TokenPin | Field::NewTokenPin | Field::NewTokenPinAgain | Field::Puk => {
            c.is_ascii_graphic().then_some(c)
        }
        Field::TechnicianPin | Field::ProvisioningToken => c.is_ascii_graphic().then_some(c),
        // IPv6 too.
        Field::NetworkAddress | Field::NetworkGateway => {
            (c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '/')).then_some(c)
        }
        Field::NameServers => {
            (c.is_ascii_hexdigit() || matches!(c, '.' | ':' | ' ' | ',')).then_some(c)
        }
        Field::ClockDate => (c.is_ascii_digit() || c == '-').then_some(c),
        Field::ClockTime => (c.is_ascii_digit() || c == ':').then_some(c),
        Field::SettingValue => (!c.is_control()).then_some(c),
    }
}

/// The text with spaces as people read it, and the cursor moved with them.
fn grouped(field: Field, text: &str, cursor: usize) -> (String, usize) {
    match field {
        Field::IdentityNumber => with_breaks(text, cursor, &[4, 8], ' '),
        Field::ReceiptCode => with_breaks(text, cursor, &[4, 8], '-'),
        Field::Phone => phone(text, cursor),
        _ => (text.to_owned(), cursor),
    }
}

fn with_breaks(text: &str, cursor: usize, breaks: &[usize], mark: char) -> (String, usize) {
    let mut shown = String::with_capacity(text.len() + breaks.len());
    for (i, c) in text.chars().enumerate() {
        if breaks.contains(&i) {
            shown.push(mark);
        }
        shown.push(c);
    }
    let count = text.chars().count();
    let passed = breaks.iter().filter(|&&b| b < count && b <= cursor).count();
    (shown, cursor + passed)
}

/// `+7 7XX XXX XX XX`. People also begin with 8 or with the 7 of +7: both are
/// part of what stands before the number, not of the number.
fn phone(text: &str, cursor: usize) -> (String, usize) {
    const PREFIX: &str = "+7 ";
    let trunk = text.starts_with('8') || (text.len() == 11 && text.starts_with('7'));
    let (national, cursor) = if trunk {
        (&text[1..], cursor.saturating_sub(1))
    } else {
        (text, cursor)
    };
    let (groups, cursor) = with_breaks(national, cursor, &[3, 6, 8], ' ');
    (format!("{PREFIX}{groups}"), cursor + PREFIX.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(field: Field, text: &str) -> Entry {
        let mut entry = Entry::new(field);
        for c in text.chars() {
            entry.key(Key::Char(c));
        }
        entry
    }

    fn shown(field: Field, text: &str) -> (String, usize) {
        let view = typed(field, text).view(true, Duration::ZERO);
        (view.text.clone(), view.cursor)
    }

    #[test]
    fn numbers_are_grouped_as_people_read_them() {
        assert_eq!(shown(Field::IdentityNumber, "8804"), ("8804".into(), 4));
        assert_eq!(shown(Field::IdentityNumber, "88041"), ("8804 1".into(), 6));
        assert_eq!(
            shown(Field::IdentityNumber, "880412401006999"),
            ("8804 1240 1006".into(), 14)
        );
        for typed in ["7011234567", "87011234567", "77011234567"] {
            assert_eq!(
                shown(Field::Phone, typed),
                ("+7 701 123 45 67".into(), 16),
                "{typed}"
            );
        }
        assert_eq!(shown(Field::Phone, ""), ("+7 ".into(), 3));
        assert_eq!(
            shown(Field::ReceiptCode, "abcdefgh12345"),
            ("ABCD-EFGH-12345".into(), 15)
        );
    }

    #[test]
    fn a_digit_is_mended_in_the_middle() {
        let mut entry = typed(Field::IdentityNumber, "88O4124");
        assert_eq!(entry.text(), "884124", "a letter is no digit");
        for _ in 0..4 {
            entry.key(Key::Left);
        }
        entry.key(Key::Char('0'));
        assert_eq!(entry.text(), "8804124");
        entry.key(Key::Backspace);
        assert_eq!(entry.text(), "884124");
        for _ in 0..9 {
            entry.key(Key::Left);
        }
        assert!(!entry.key(Key::Backspace), "nothing before the start");
        for _ in 0..99 {
            entry.key(Key::Right);
        }
        entry.key(Key::Char('5'));
        assert_eq!(entry.text(), "8841245");
    }

    #[test]
    fn kazakh_letters_become_capitals() {
        assert_eq!(typed(Field::Surname, "әлімқұлов").text(), "ӘЛІМҚҰЛОВ");
        assert_eq!(typed(Field::Surname, "a1b").text(), "AB");
    }

    #[test]
    fn a_secret_shows_one_character_for_a_second() {
        let mut entry = typed(Field::KeyPassword, "Qazaq1");
        let at = |s: f32| Duration::from_secs_f32(s);
        assert_eq!(entry.view(true, at(0.0)).text, "••••••");
        entry.reveal(2, at(5.0));
        assert_eq!(entry.view(true, at(5.9)).text, "••z•••");
        assert_eq!(entry.view(true, at(6.0)).text, "••••••");
        entry.reveal(99, at(7.0));
        assert_eq!(entry.view(true, at(7.1)).text, "••••••");
    }

    #[test]
    fn debug_shows_nothing_typed() {
        let text = format!("{:?}", typed(Field::IdentityNumber, "880412401006"));
        assert!(!text.contains("8804"));
    }
}
