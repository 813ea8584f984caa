//! The machine-readable zone of an identity document: ICAO 9303 parts 3 to 6,
//! formats TD1 (identity card), TD2 and TD3 (passport).
//!
//! [`Mrz::parse`] gives a value only when every check digit matches. Names are
//! the transliterated ones of the zone; nothing turns them back into Cyrillic.

use zeroize::{Zeroize, ZeroizeOnDrop};

pub use crate::mrz_layout::check_digit;
use crate::mrz_layout::{Grid, Span};

/// Which of the three sizes the document has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MrzFormat {
    /// Card, 3 lines of 30 (ICAO 9303-5).
    Td1,
    /// 2 lines of 36 (ICAO 9303-6).
    Td2,
    /// Passport, 2 lines of 44 (ICAO 9303-4).
    Td3,
}

/// A field as errors name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MrzField {
    DocumentCode,
    IssuingState,
    DocumentNumber,
    Names,
    Nationality,
    BirthDate,
    Sex,
    ExpiryDate,
    OptionalData,
    /// The last check digit, over several fields.
    Composite,
}

impl std::fmt::Display for MrzField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            MrzField::DocumentCode => "document code",
            MrzField::IssuingState => "issuing state",
            MrzField::DocumentNumber => "document number",
            MrzField::Names => "names",
            MrzField::Nationality => "nationality",
            MrzField::BirthDate => "date of birth",
            MrzField::Sex => "sex",
            MrzField::ExpiryDate => "date of expiry",
            MrzField::OptionalData => "optional data",
            MrzField::Composite => "composite",
        })
    }
}

/// Lines and columns count from 1. No variant carries what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MrzError {
    #[error("an MRZ has 2 or 3 lines; {0} were given")]
    Lines(usize),
    #[error("line {line} has {given} characters instead of {expected}")]
    Length {
        line: usize,
        given: usize,
        expected: usize,
    },
    #[error("line {line}, column {column}: only A-Z, 0-9 and < can stand here")]
    Character { line: usize, column: usize },
    /// A character of the alphabet that this field cannot hold, such as a letter in a date.
    #[error("line {line}, column {column}: this cannot stand in the field {field}")]
    Field {
        field: MrzField,
        line: usize,
        column: usize,
    },
    #[error("line {line}, column {column}: the check digit of {field} does not match")]
    CheckDigit {
        field: MrzField,
        line: usize,
        column: usize,
    },
}

impl MrzError {
    /// Line of the error, from 1; none when the number of lines is wrong.
    pub fn line(self) -> Option<usize> {
        match self {
            MrzError::Lines(_) => None,
            MrzError::Length { line, .. }
            | MrzError::Character { line, .. }
            | MrzError::Field { line, .. }
            | MrzError::CheckDigit { line, .. } => Some(line),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    Female,
    Male,
    /// The filler: not stated.
    Unspecified,
}

/// A machine-readable zone whose check digits all match. Zeroized on drop;
/// `Debug` shows the format only.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Mrz {
    #[zeroize(skip)]
    format: MrzFormat,
    code: String,
    issuing_state: String,
    number: String,
    surname: String,
    given_names: String,
    names_fill_the_line: bool,
    nationality: String,
    birth: String,
    #[zeroize(skip)]
    sex: Sex,
    expiry: String,
    optional: String,
    optional_second: String,
}

impl Mrz {
    /// Reads the lines from top to bottom; white space around a line is ignored.
    ///
    /// # Errors
    /// The first thing found wrong, reading shape, then characters, then each
    /// field with its check digit, then the composite check digit.
    pub fn parse(lines: &[&str]) -> Result<Mrz, MrzError> {
        let (format, lines) = shape(lines)?;
        let layout = format.layout();
        let grid = Grid { lines, layout };

        let code = grid.at(whole(0, 0, 2));
        if !layout.kinds.contains(&code[0]) || code[1].is_ascii_digit() {
            return Err(MrzError::Field {
                field: MrzField::DocumentCode,
                line: 1,
                column: if layout.kinds.contains(&code[0]) {
                    2
                } else {
                    1
                },
            });
        }
        let state = whole(0, 2, 5);
        only(&grid, MrzField::IssuingState, state, letter_or_filler)?;
        only(&grid, MrzField::Names, layout.names, letter_or_filler)?;
        only(
            &grid,
            MrzField::Nationality,
            layout.nationality,
            letter_or_filler,
        )?;
        only(&grid, MrzField::BirthDate, layout.birth, digit_or_filler)?;
        only(&grid, MrzField::ExpiryDate, layout.expiry, digit_or_filler)?;

        let (number, optional) = number_and_optional(&grid)?;
        date(&grid, MrzField::BirthDate, layout.birth)?;
        let sex = match grid.at(layout.sex)[0] {
            b'F' => Sex::Female,
            b'M' => Sex::Male,
            b'<' => Sex::Unspecified,
            _ => return Err(wrong(MrzField::Sex, layout.sex.line, layout.sex.from)),
        };
        date(&grid, MrzField::ExpiryDate, layout.expiry)?;
        if layout.optional_checked {
            optional_check(&grid)?;
        }
        grid.check_composite()?;

        let (surname, given_names) = names(grid.at(layout.names));
        if surname.is_empty() {
            return Err(wrong(MrzField::Names, layout.names.line, layout.names.from));
        }
        Ok(Mrz {
            format,
            code: trimmed(code),
            issuing_state: trimmed(grid.at(state)),
            number,
            surname,
            given_names,
            names_fill_the_line: grid.at(layout.names).last() != Some(&b'<'),
            nationality: trimmed(grid.at(layout.nationality)),
            birth: text(grid.at(layout.birth)),
            sex,
            expiry: text(grid.at(layout.expiry)),
            optional,
            optional_second: layout
                .optional_second
                .map(|s| trimmed(grid.at(s)))
                .unwrap_or_default(),
        })
    }

    pub fn format(&self) -> MrzFormat {
        self.format
    }

    /// One or two letters; `ID`, `P`.
    pub fn document_code(&self) -> &str {
        &self.code
    }

    /// Code of ICAO 9303-3 section 5, one to three letters.
    pub fn issuing_state(&self) -> &str {
        &self.issuing_state
    }

    /// Without fillers at the end; a long number is put together.
    pub fn document_number(&self) -> &str {
        &self.number
    }

    /// Primary identifier, transliterated; words are separated by one space.
    pub fn surname(&self) -> &str {
        &self.surname
    }

    /// Secondary identifier; empty where the document has none.
    pub fn given_names(&self) -> &str {
        &self.given_names
    }

    /// The names reach the end of their field, so they may have been cut there
    /// (ICAO 9303-3 section 4.6.1).
    pub fn names_may_be_truncated(&self) -> bool {
        self.names_fill_the_line
    }

    pub fn nationality(&self) -> &str {
        &self.nationality
    }

    /// Six characters YYMMDD; what is unknown is `<` (ICAO 9303-3 section 4.8).
    pub fn birth_date(&self) -> &str {
        &self.birth
    }

    pub fn sex(&self) -> Sex {
        self.sex
    }

    /// Six characters YYMMDD.
    pub fn expiry_date(&self) -> &str {
        &self.expiry
    }

    /// Whether the document's last day is before the given one. The century of
    /// the expiry date is taken as 2000. A date with unknown parts is not expired.
    pub fn expired_on(&self, year: u16, month: u8, day: u8) -> bool {
        let pair = |at: usize| self.expiry[at..at + 2].parse::<u16>();
        let (Ok(y), Ok(m), Ok(d)) = (pair(0), pair(2), pair(4)) else {
            return false;
        };
        (2000 + y, m, d) < (year, u16::from(month), u16::from(day))
    }

    /// Optional data of the line with the document number, fillers at the end
    /// removed and without the rest of a long document number.
    pub fn optional_data(&self) -> &str {
        &self.optional
    }

    /// Optional data of TD1's second line.
    pub fn optional_data_second(&self) -> &str {
        &self.optional_second
    }

    /// The holder's IIN where a document of Kazakhstan carries one: 12 digits,
    /// whose own check digit is not looked at here.
    pub fn optional_iin(&self) -> Option<&str> {
        let digits = |t: &str| t.len() == 12 && t.bytes().all(|b| b.is_ascii_digit());
        (self.issuing_state == "KAZ" && digits(&self.optional)).then_some(&*self.optional)
    }
}

impl std::fmt::Debug for Mrz {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mrz({:?}, ..)", self.format)
    }
}

fn whole(line: usize, from: usize, to: usize) -> Span {
    Span { line, from, to }
}

/// Count and length of the lines tell the format; then every character is looked at.
fn shape<'a>(lines: &[&'a str]) -> Result<(MrzFormat, Vec<&'a [u8]>), MrzError> {
    let lines: Vec<&str> = lines.iter().map(|l| l.trim()).collect();
    let format = match lines.len() {
        3 => MrzFormat::Td1,
        // The nearer of the two widths, so that a slip is named as a slip.
        2 if lines.iter().any(|l| l.chars().count() > 40) => MrzFormat::Td3,
        2 => MrzFormat::Td2,
        n => return Err(MrzError::Lines(n)),
    };
    let expected = format.layout().width;
    debug_assert_eq!(lines.len(), format.layout().lines);
    for (at, line) in lines.iter().enumerate() {
        let given = line.chars().count();
        if given != expected {
            return Err(MrzError::Length {
                line: at + 1,
                given,
                expected,
            });
        }
        let allowed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '<';
        if let Some(column) = line.chars().position(|c| !allowed(c)) {
            return Err(MrzError::Character {
                line: at + 1,
                column: column + 1,
            });
        }
    }
    Ok((format, lines.into_iter().map(str::as_bytes).collect()))
}

fn letter_or_filler(c: u8) -> bool {
    c.is_ascii_uppercase() || c == b'<'
}

fn digit_or_filler(c: u8) -> bool {
    c.is_ascii_digit() || c == b'<'
}

fn wrong(field: MrzField, line: usize, column: usize) -> MrzError {
    MrzError::Field {
        field,
        line: line + 1,
        column: column + 1,
    }
}

fn only(grid: &Grid, field: MrzField, s: Span, fits: fn(u8) -> bool) -> Result<(), MrzError> {
    match grid.at(s).iter().position(|&c| !fits(c)) {
        Some(at) => Err(wrong(field, s.line, s.from + at)),
        None => Ok(()),
    }
}

/// Check digit first, so that a misread digit is called that; then the calendar.
fn date(grid: &Grid, field: MrzField, s: Span) -> Result<(), MrzError> {
    grid.check(field, s)?;
    let characters = grid.at(s);
    for (at, range) in [(2, 1..=12), (4, 1..=31)] {
        let pair = &characters[at..at + 2];
        let number = std::str::from_utf8(pair)
            .ok()
            .and_then(|t| t.parse::<u8>().ok());
        let unknown = pair == b"<<";
        if !unknown && !number.is_some_and(|n| range.contains(&n)) {
            return Err(wrong(field, s.line, s.from + at));
        }
    }
    Ok(())
}

/// A number of more than 9 characters has the filler instead of its check
/// digit and goes on in the optional data: rest, check digit, filler
/// (ICAO 9303-5 section 4.2.2.1, note j; 9303-6 likewise). TD3 has no such case.
fn number_and_optional(grid: &Grid) -> Result<(String, String), MrzError> {
    let (number, optional) = (grid.layout.number, grid.layout.optional);
    let data = grid.at(optional);
    let rest_length = data.iter().position(|&c| c == b'<').unwrap_or(data.len());
    let is_long = grid.digit_after(number) == b'<' && !grid.layout.optional_checked;
    if !is_long || rest_length < 2 {
        grid.check(MrzField::DocumentNumber, number)?;
        return Ok((trimmed(grid.at(number)), trimmed(data)));
    }
    let (rest, printed) = (&data[..rest_length - 1], data[rest_length - 1]);
    let long = grid.at(number).iter().chain(rest).copied();
    grid.compare(
        MrzField::DocumentNumber,
        check_digit(long.clone()),
        printed,
        optional.line,
        optional.from + rest_length - 1,
    )?;
    let behind = data.get(rest_length + 1..).unwrap_or_default();
    let number = long.map(char::from).collect();
    Ok((number, trimmed(behind)))
}

/// An empty field may carry the filler as its check digit (ICAO 9303-4 section 4.2.2.2).
fn optional_check(grid: &Grid) -> Result<(), MrzError> {
    let s = grid.layout.optional;
    let empty = grid.at(s).iter().all(|&c| c == b'<');
    if empty && grid.digit_after(s) == b'<' {
        return Ok(());
    }
    grid.check(MrzField::OptionalData, s)
}

/// Primary and secondary identifier are separated by two fillers, words by one.
fn names(field: &[u8]) -> (String, String) {
    let field = zeroize::Zeroizing::new(text(field));
    let (primary, secondary) = field.split_once("<<").unwrap_or((&field, ""));
    let words = |t: &str| {
        let mut out = String::with_capacity(t.len());
        for word in t.split('<').filter(|w| !w.is_empty()) {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
        }
        out
    };
    (words(primary), words(secondary))
}

fn text(characters: &[u8]) -> String {
    String::from_utf8_lossy(characters).into_owned()
}

fn trimmed(characters: &[u8]) -> String {
    let kept = characters
        .iter()
        .rposition(|&c| c != b'<')
        .map_or(0, |i| i + 1);
    text(&characters[..kept])
}

#[cfg(test)]
#[path = "mrz_tests.rs"]
mod tests;
