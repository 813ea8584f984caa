//! DG12: details of the document (ICAO 9303-10, 4.7.12).

use der::DateTime;

use super::LdsError;
use super::fields::{Fields, without_fillers};
use crate::tlv;

const TEMPLATE: u32 = 0x6C;
const ISSUING_AUTHORITY: u32 = 0x5F19;
const ISSUE_DATE: u32 = 0x5F26;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dg12 {
    pub issuing_authority: Option<String>,
    pub issue_date: Option<IssueDate>,
}

/// A day of the calendar from 1970 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IssueDate(DateTime);

impl IssueDate {
    pub fn new(year: u16, month: u8, day: u8) -> Option<IssueDate> {
        DateTime::new(year, month, day, 0, 0, 0).ok().map(IssueDate)
    }

    fn parse(digits: &str) -> Option<IssueDate> {
        let part = |range| digits.get(range);
        IssueDate::new(
            part(0..4)?.parse().ok()?,
            part(4..6)?.parse().ok()?,
            part(6..8)?.parse().ok()?,
        )
    }

    /// Seconds since 1970 of its first moment in UTC.
    pub fn unix_seconds(self) -> u64 {
        self.0.unix_duration().as_secs()
    }
}

/// `2024-06-23`.
impl std::fmt::Display for IssueDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let date = self.0;
        write!(
            f,
            "{:04}-{:02}-{:02}",
            date.year(),
            date.month(),
            date.day()
        )
    }
}

impl Dg12 {
    /// # Errors
    /// The file is not as it should be, or the date is none.
    pub fn parse(file: &[u8]) -> Result<Dg12, LdsError> {
        let fields = Fields::parse(tlv::only(file, TEMPLATE)?)?;
        let issue_date = fields
            .date(ISSUE_DATE)?
            .map(|digits| IssueDate::parse(&digits).ok_or(LdsError::Date(ISSUE_DATE)))
            .transpose()?;
        Ok(Dg12 {
            issuing_authority: fields
                .text(ISSUING_AUTHORITY)?
                .map(|text| without_fillers(&text)),
            issue_date,
        })
    }
}
