//! A moment to which the clock may be set.

use serde::{Deserialize, Serialize};

/// Seconds since 1970, UTC; from 2025 to 2099. Outside of that it is a mistake, or an attempt to
/// make every certificate valid again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct SaneTime(i64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time lies in the years 2025 to 2099")]
pub struct NotSane;

/// 2025-01-01 and 2100-01-01, UTC.
const YEARS: std::ops::Range<i64> = 1_735_689_600..4_102_444_800;

impl TryFrom<i64> for SaneTime {
    type Error = NotSane;

    fn try_from(unix_seconds: i64) -> Result<Self, NotSane> {
        let sane = YEARS.contains(&unix_seconds);
        sane.then_some(SaneTime(unix_seconds)).ok_or(NotSane)
    }
}

impl From<SaneTime> for i64 {
    fn from(time: SaneTime) -> Self {
        time.0
    }
}

impl std::fmt::Display for SaneTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_the_first_moments_of_their_years() {
        let first = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_second();
        assert_eq!(YEARS.start, first("2025-01-01T00:00:00Z"));
        assert_eq!(YEARS.end, first("2100-01-01T00:00:00Z"));
        for bad in [i64::MIN, -1, 0, YEARS.start - 1, YEARS.end, i64::MAX] {
            assert_eq!(SaneTime::try_from(bad), Err(NotSane), "{bad}");
        }
    }
}
