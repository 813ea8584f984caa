//! Where each field of the three MRZ formats stands, and the check digit.

use crate::mrz::{MrzError, MrzField, MrzFormat};

/// A run of characters on one line; `from` counts from 0, `to` is not included.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub line: usize,
    pub from: usize,
    pub to: usize,
}

const fn span(line: usize, from: usize, to: usize) -> Span {
    Span { line, from, to }
}

pub(crate) struct Layout {
    pub width: usize,
    pub lines: usize,
    /// First letters that a document of this format may begin with.
    pub kinds: &'static [u8],
    pub number: Span,
    pub names: Span,
    pub nationality: Span,
    pub birth: Span,
    pub sex: Span,
    pub expiry: Span,
    /// Where a document number longer than 9 characters goes on.
    pub optional: Span,
    pub optional_second: Option<Span>,
    /// Only TD3 has a check digit of its own for the optional data.
    pub optional_checked: bool,
    pub composite: &'static [Span],
    pub composite_digit: Span,
}

/// ICAO 9303-5 section 4.2.
const TD1: Layout = Layout {
    width: 30,
    lines: 3,
    kinds: b"ACI",
    number: span(0, 5, 14),
    names: span(2, 0, 30),
    nationality: span(1, 15, 18),
    birth: span(1, 0, 6),
    sex: span(1, 7, 8),
    expiry: span(1, 8, 14),
    optional: span(0, 15, 30),
    optional_second: Some(span(1, 18, 29)),
    optional_checked: false,
    composite: &[
        span(0, 5, 30),
        span(1, 0, 7),
        span(1, 8, 15),
        span(1, 18, 29),
    ],
    composite_digit: span(1, 29, 30),
};

/// ICAO 9303-6 section 4.2.
const TD2: Layout = Layout {
    width: 36,
    lines: 2,
    kinds: b"ACI",
    number: span(1, 0, 9),
    names: span(0, 5, 36),
    nationality: span(1, 10, 13),
    birth: span(1, 13, 19),
    sex: span(1, 20, 21),
    expiry: span(1, 21, 27),
    optional: span(1, 28, 35),
    optional_second: None,
    optional_checked: false,
    composite: &[span(1, 0, 10), span(1, 13, 20), span(1, 21, 35)],
    composite_digit: span(1, 35, 36),
};

/// ICAO 9303-4 section 4.2.
const TD3: Layout = Layout {
    width: 44,
    lines: 2,
    kinds: b"P",
    number: span(1, 0, 9),
    names: span(0, 5, 44),
    nationality: span(1, 10, 13),
    birth: span(1, 13, 19),
    sex: span(1, 20, 21),
    expiry: span(1, 21, 27),
    optional: span(1, 28, 42),
    optional_second: None,
    optional_checked: true,
    composite: &[span(1, 0, 10), span(1, 13, 20), span(1, 21, 43)],
    composite_digit: span(1, 43, 44),
};

impl MrzFormat {
    pub(crate) fn layout(self) -> &'static Layout {
        match self {
            MrzFormat::Td1 => &TD1,
            MrzFormat::Td2 => &TD2,
            MrzFormat::Td3 => &TD3,
        }
    }
}

/// 0-9 count as themselves, A-Z as 10-35, the filler as 0 (ICAO 9303-3 section 4.9).
fn value(character: u8) -> u32 {
    match character {
        b'0'..=b'9' => u32::from(character - b'0'),
        b'A'..=b'Z' => u32::from(character - b'A') + 10,
        _ => 0,
    }
}

/// The check digit of the characters given, as an ASCII digit: weights 7, 3, 1
/// in turn, sum modulo 10 (ICAO 9303-3 section 4.9).
pub fn check_digit(characters: impl IntoIterator<Item = u8>) -> u8 {
    let weighted = characters.into_iter().zip([7, 3, 1].into_iter().cycle());
    let sum: u32 = weighted.map(|(c, w)| value(c) * w % 10).sum();
    b'0' + (sum % 10) as u8
}

/// Lines whose count, lengths and characters were checked.
pub(crate) struct Grid<'a> {
    pub lines: Vec<&'a [u8]>,
    pub layout: &'static Layout,
}

impl<'a> Grid<'a> {
    pub fn at(&self, s: Span) -> &'a [u8] {
        &self.lines[s.line][s.from..s.to]
    }

    /// The one character after a field, where its check digit stands.
    pub fn digit_after(&self, s: Span) -> u8 {
        self.lines[s.line][s.to]
    }

    /// Compares a field with the check digit right behind it.
    pub fn check(&self, field: MrzField, s: Span) -> Result<(), MrzError> {
        self.compare(
            field,
            check_digit(self.at(s).iter().copied()),
            self.digit_after(s),
            s.line,
            s.to,
        )
    }

    pub fn check_composite(&self) -> Result<(), MrzError> {
        let all = self
            .layout
            .composite
            .iter()
            .flat_map(|&s| self.at(s).iter().copied());
        let place = self.layout.composite_digit;
        self.compare(
            MrzField::Composite,
            check_digit(all),
            self.at(place)[0],
            place.line,
            place.from,
        )
    }

    pub fn compare(
        &self,
        field: MrzField,
        computed: u8,
        printed: u8,
        line: usize,
        column: usize,
    ) -> Result<(), MrzError> {
        if computed == printed {
            return Ok(());
        }
        Err(MrzError::CheckDigit {
            field,
            line: line + 1,
            column: column + 1,
        })
    }
}
