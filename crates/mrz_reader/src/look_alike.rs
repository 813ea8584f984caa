//! Pairs of a digit and a letter that print, blur or slant make alike.
//!
//! Where only one of the two may stand, it is that one. Where either may, the same
//! picture's cells in which only one may show how each looks there: when the zeros
//! of the dates look half like an O, so does a zero in the document number.

use crate::reading::Kind;
use crate::recogniser::{Odds, of};

const PAIRS: [(u8, u8); 5] = [
    (b'0', b'O'),
    (b'1', b'I'),
    (b'8', b'B'),
    (b'5', b'S'),
    (b'2', b'Z'),
];
/// A cell that is one of the two with at least this probability counts.
const SURE: f32 = 0.8;
/// As logarithms of odds: what differs by less looks the same, by more is the other.
const NEAR: f32 = 1.5;
const APART: f32 = 5.5;
/// A logarithm of odds beyond this says no more than this.
const CERTAIN: f32 = 5.0;

/// The other one of a pair.
pub fn look_alike(character: u8) -> Option<u8> {
    PAIRS.iter().find_map(|&(a, b)| match character {
        c if c == a => Some(b),
        c if c == b => Some(a),
        _ => None,
    })
}

/// For each pair, where between digit and letter the border runs in this picture.
pub struct LookAlikes([Border; PAIRS.len()]);

#[derive(Clone, Copy)]
struct Border {
    digit_below: f32,
    /// Between the two it is not sure.
    letter_above: f32,
}

impl LookAlikes {
    pub fn of<'a>(cells: impl Iterator<Item = (&'a Odds, Kind)> + Clone) -> LookAlikes {
        LookAlikes(PAIRS.map(|(digit, letter)| {
            let mean = |own: u8, other: u8| {
                let (mut sum, mut count) = (0.0, 0);
                for (odds, kind) in cells.clone() {
                    let sure = of(odds, own).exp() + of(odds, other).exp() >= SURE;
                    if kind.allows(own) && !kind.allows(other) && sure {
                        sum += lean(odds, digit, letter);
                        count += 1;
                    }
                }
                (count > 0).then(|| sum / count as f32)
            };
            Border::between(mean(digit, letter), mean(letter, digit))
        }))
    }

    /// Which of the pair of `character` a cell shows in which either may stand.
    pub fn decide(&self, odds: &Odds, character: u8) -> Option<u8> {
        let (pair, border) = PAIRS
            .iter()
            .zip(&self.0)
            .find(|((a, b), _)| *a == character || *b == character)?;
        let lean = lean(odds, pair.0, pair.1);
        match () {
            () if lean < border.digit_below => Some(pair.0),
            () if lean > border.letter_above => Some(pair.1),
            () => None,
        }
    }
}

impl Border {
    /// Two zeros taken for O next to each other keep the check digit (7 and 3 are
    /// its weights), so that what differs little from the digits seen is unsure.
    fn between(digits: Option<f32>, letters: Option<f32>) -> Border {
        let (digit_below, letter_above) = match (digits, letters) {
            // They look the same: nothing is sure.
            (Some(d), Some(l)) if l - d < NEAR => (f32::NEG_INFINITY, f32::INFINITY),
            (Some(d), Some(l)) => (d + 0.4 * (l - d), d + 0.7 * (l - d)),
            (Some(d), None) => ((d + NEAR).max(-NEAR), (d + APART).max(NEAR)),
            (None, Some(l)) => ((l - APART).min(-NEAR), (l - NEAR).min(NEAR)),
            (None, None) => (-NEAR, NEAR),
        };
        Border {
            digit_below,
            letter_above,
        }
    }
}

/// Towards the letter; 0 is as much the one as the other.
fn lean(odds: &Odds, digit: u8, letter: u8) -> f32 {
    (of(odds, letter) - of(odds, digit)).clamp(-CERTAIN, CERTAIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recogniser::{ALPHABET, CLASSES};

    fn cell(digit: u8, letter: u8, lean: f32) -> Odds {
        let mut odds = [-20.0; CLASSES];
        let at = |c| ALPHABET.iter().position(|&a| a == c).unwrap();
        let share = 1.0 / (1.0 + lean.exp());
        odds[at(digit)] = share.ln();
        odds[at(letter)] = (1.0 - share).ln();
        odds
    }

    #[test]
    fn a_zero_is_told_by_the_zeros_of_the_dates() {
        let dates = [cell(b'0', b'O', 1.2), cell(b'0', b'O', -2.8)];
        let alike = LookAlikes::of(dates.iter().map(|c| (c, Kind::Digit)));
        assert_eq!(alike.decide(&cell(b'0', b'O', 0.5), b'O'), Some(b'0'));
        assert_eq!(alike.decide(&cell(b'0', b'O', 4.9), b'O'), Some(b'O'));
        assert_eq!(alike.decide(&cell(b'0', b'O', 2.5), b'O'), None);
    }

    #[test]
    fn alone_it_must_be_clear() {
        let alike = LookAlikes::of(std::iter::empty());
        assert_eq!(alike.decide(&cell(b'8', b'B', -3.0), b'8'), Some(b'8'));
        assert_eq!(alike.decide(&cell(b'8', b'B', 3.0), b'8'), Some(b'B'));
        assert_eq!(alike.decide(&cell(b'8', b'B', 1.0), b'8'), None);
    }

    #[test]
    fn where_both_look_the_same_nothing_is_decided() {
        let same = cell(b'5', b'S', 0.4);
        let cells = [(&same, Kind::Digit), (&same, Kind::Letter)];
        let alike = LookAlikes::of(cells.into_iter());
        assert_eq!(alike.decide(&cell(b'5', b'S', 9.0), b'S'), None);
    }
}
