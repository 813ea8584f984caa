//! From each cell's odds to the lines of the zone.
//!
//! A cell is taken only where the recogniser is sure of it. What it takes for the
//! like of a character that may stand there is that character: a 0 in a name is an
//! O. Where either may stand, what the same print's dates and names look like
//! decides ([`crate::look_alike`]). Nothing else is changed, and no other characters are tried when a
//! check digit does not match: with 37 to choose from, one of ten tries would match.

use chip::{Mrz, MrzFormat};
use zeroize::Zeroizing;

use crate::look_alike::{LookAlikes, look_alike};
use crate::recogniser::{ALPHABET, CLASSES, Odds, of};
use crate::zone::extent;

/// Least probability of a character that a check digit covers.
const SURE_CHECKED: f32 = 0.80;
/// Least probability of a character that no check digit covers, such as a name's.
const SURE_UNCHECKED: f32 = 0.96;

/// What may stand in a cell (ICAO 9303 parts 4 to 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Letter,
    LetterOrFiller,
    Digit,
    DigitOrFiller,
    Sex,
    Any,
}

impl Kind {
    pub fn allows(self, character: u8) -> bool {
        let filler = character == b'<';
        match self {
            Kind::Letter => character.is_ascii_uppercase(),
            Kind::LetterOrFiller => character.is_ascii_uppercase() || filler,
            Kind::Digit => character.is_ascii_digit(),
            Kind::DigitOrFiller => character.is_ascii_digit() || filler,
            Kind::Sex => matches!(character, b'F' | b'M') || filler,
            Kind::Any => true,
        }
    }
}

/// A field's cells: how many, what may stand there, whether a check digit covers it.
type Field = (usize, Kind, bool);

const TD1: &[&[Field]] = &[
    &[
        (1, Kind::Letter, false),
        (4, Kind::LetterOrFiller, false),
        (9, Kind::Any, true),
        (1, Kind::DigitOrFiller, true),
        (15, Kind::Any, true),
    ],
    &[
        (6, Kind::DigitOrFiller, true),
        (1, Kind::Digit, true),
        (1, Kind::Sex, false),
        (6, Kind::DigitOrFiller, true),
        (1, Kind::Digit, true),
        (3, Kind::LetterOrFiller, false),
        (11, Kind::Any, true),
        (1, Kind::Digit, true),
    ],
    &[(30, Kind::LetterOrFiller, false)],
];

/// `own`: cells of the optional data's own check digit, a filler where there is no data.
const fn second_line(optional: usize, own: usize) -> [Field; 11] {
    [
        (9, Kind::Any, true),
        (1, Kind::DigitOrFiller, true),
        (3, Kind::LetterOrFiller, false),
        (6, Kind::DigitOrFiller, true),
        (1, Kind::Digit, true),
        (1, Kind::Sex, false),
        (6, Kind::DigitOrFiller, true),
        (1, Kind::Digit, true),
        (optional, Kind::Any, true),
        (own, Kind::DigitOrFiller, true),
        (1, Kind::Digit, true),
    ]
}

const TD2_SECOND: [Field; 11] = second_line(7, 0);
const TD3_SECOND: [Field; 11] = second_line(14, 1);

const TD2: &[&[Field]] = &[
    &[(1, Kind::Letter, false), (35, Kind::LetterOrFiller, false)],
    &TD2_SECOND,
];
const TD3: &[&[Field]] = &[
    &[(1, Kind::Letter, false), (43, Kind::LetterOrFiller, false)],
    &TD3_SECOND,
];

fn fields(format: MrzFormat) -> &'static [&'static [Field]] {
    match format {
        MrzFormat::Td1 => TD1,
        MrzFormat::Td2 => TD2,
        MrzFormat::Td3 => TD3,
    }
}

/// Each cell's kind and whether it is checked, line by line.
fn cells(format: MrzFormat) -> impl Iterator<Item = (Kind, bool)> + Clone {
    fields(format)
        .iter()
        .copied()
        .flatten()
        .flat_map(|&(count, kind, checked)| std::iter::repeat_n((kind, checked), count))
}

/// The character of a cell; none where it is not sure.
fn character(odds: &Odds, kind: Kind, checked: bool, alike: &LookAlikes) -> Option<u8> {
    let seen = |c: u8| of(odds, c).exp();
    // A character and its look-alike are one until it is clear which may stand here.
    let weight = |c: u8| seen(c) + look_alike(c).map_or(0.0, seen);
    let allowed = ALPHABET.iter().copied().filter(|&c| kind.allows(c));
    let (best, sure) = allowed
        .map(|c| (c, weight(c)))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let least = if checked {
        SURE_CHECKED
    } else {
        SURE_UNCHECKED
    };
    if sure < least {
        return None;
    }
    match look_alike(best) {
        Some(other) if kind.allows(other) => alike.decide(odds, best),
        _ => Some(best),
    }
}

/// How well what is seen fits what may stand there: the mean over the cells of
/// `odds`, each given with its number in the zone.
pub fn fitness<'a>(format: MrzFormat, odds: impl Iterator<Item = (usize, &'a Odds)>) -> f32 {
    let kinds: Vec<(Kind, bool)> = cells(format).collect();
    let (mut sum, mut count) = (0.0, 0);
    for (at, odds) in odds {
        let Some(&(kind, _)) = kinds.get(at) else {
            continue;
        };
        let allowed = ALPHABET.iter().filter(|&&c| kind.allows(c));
        sum += allowed.map(|&c| of(odds, c)).fold(-12.0, f32::max);
        count += 1;
    }
    sum / count.max(1) as f32
}

/// The zone where every cell is sure and every check digit matches. `odds` are the
/// cells' from top to bottom.
pub fn read(format: MrzFormat, odds: &[Odds]) -> Option<Mrz> {
    let (columns, rows) = extent(format);
    if odds.len() != columns * rows {
        return None;
    }
    let alike = LookAlikes::of(
        odds.iter()
            .zip(cells(format))
            .map(|(o, (kind, _))| (o, kind)),
    );
    let mut text = Zeroizing::new(String::with_capacity(columns * rows));
    for (odds, (kind, checked)) in odds.iter().zip(cells(format)) {
        text.push(char::from(character(odds, kind, checked, &alike)?));
    }
    let lines: Vec<&str> = (0..rows)
        .filter_map(|row| text.get(row * columns..(row + 1) * columns))
        .collect();
    let names = match format {
        MrzFormat::Td1 => lines.get(2).copied(),
        MrzFormat::Td2 | MrzFormat::Td3 => lines.first().and_then(|l| l.get(5..)),
    };
    if !names.is_some_and(well_formed) {
        return None;
    }
    Mrz::parse(&lines).ok()
}

/// No check digit covers the names, but fillers stand in certain places only: one
/// between words, two once, and after three nothing else (ICAO 9303-3 section 4.6).
fn well_formed(names: &str) -> bool {
    let used = names.trim_end_matches('<');
    !used.starts_with('<') && !used.contains("<<<") && used.matches("<<").count() <= 1
}

/// How sure the recogniser is that these are characters at all: mean logarithm of
/// the likeliest one's probability.
pub fn clearness(odds: &[Odds]) -> f32 {
    let best = |odds: &Odds| {
        let characters = odds.iter().take(CLASSES - 1);
        characters.copied().fold(-12.0, f32::max)
    };
    odds.iter().map(best).sum::<f32>() / odds.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const TD3_LINES: [&str; 2] = [
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
        "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
    ];

    /// Odds of a recogniser that is as sure as told of what is printed.
    fn odds(lines: &[&str], sure: f32) -> Vec<Odds> {
        lines
            .iter()
            .flat_map(|l| l.bytes())
            .map(|c| one(c, sure))
            .collect()
    }

    fn one(character: u8, sure: f32) -> Odds {
        let mut odds = [((1.0 - sure) / (CLASSES - 1) as f32).ln(); CLASSES];
        let at = ALPHABET.iter().position(|&a| a == character).unwrap();
        odds[at] = sure.ln();
        odds
    }

    #[test]
    fn the_tables_cover_every_cell() {
        for format in [MrzFormat::Td1, MrzFormat::Td2, MrzFormat::Td3] {
            let (columns, rows) = extent(format);
            assert_eq!(cells(format).count(), columns * rows);
            for line in fields(format) {
                assert_eq!(line.iter().map(|f| f.0).sum::<usize>(), columns);
            }
        }
    }

    #[test]
    fn sure_cells_give_the_zone() {
        let mrz = read(MrzFormat::Td3, &odds(&TD3_LINES, 0.99)).unwrap();
        assert_eq!(mrz.surname(), "ERIKSSON");
        assert_eq!(mrz.document_number(), "L898902C3");
    }

    #[test]
    fn one_unsure_cell_is_enough_to_refuse() {
        let mut cells = odds(&TD3_LINES, 0.99);
        cells[6] = one(b'R', 0.9);
        assert!(read(MrzFormat::Td3, &cells).is_none(), "a name's letter");
        let mut cells = odds(&TD3_LINES, 0.99);
        cells[44 + 3] = one(b'9', 0.7);
        assert!(read(MrzFormat::Td3, &cells).is_none(), "a digit");
    }

    #[test]
    fn a_look_alike_is_taken_only_where_the_field_decides() {
        // O for 0 in the date of birth, 0 for O in the name.
        let mut cells = odds(&TD3_LINES, 0.99);
        cells[44 + 15] = one(b'O', 0.99);
        cells[10] = one(b'0', 0.99);
        assert!(read(MrzFormat::Td3, &cells).is_some());
        // In the document number either may stand: the check digit refuses.
        let mut cells = odds(&TD3_LINES, 0.99);
        cells[44 + 5] = one(b'O', 0.99);
        assert!(read(MrzFormat::Td3, &cells).is_none());
        // A 7 is no letter's look-alike.
        let mut cells = odds(&TD3_LINES, 0.99);
        cells[10] = one(b'7', 0.99);
        assert!(read(MrzFormat::Td3, &cells).is_none());
    }

    #[test]
    fn a_letter_among_the_last_fillers_is_refused() {
        let mut lines = TD3_LINES.map(String::from);
        lines[0].replace_range(40..41, "K");
        let lines = lines.each_ref().map(String::as_str);
        assert!(read(MrzFormat::Td3, &odds(&lines, 0.99)).is_none());
    }
}
