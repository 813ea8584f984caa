//! Days from milliseconds: the proleptic Gregorian calendar in UTC.

use exchange::UnixMillis;

const MILLIS_A_DAY: i64 = 86_400_000;
const DAYS_IN_400_YEARS: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i64 = 719_468;

/// Year, month (1-12) and day (1-31). Years outside 0..=65535 become the nearest.
pub(super) fn utc_date(at: UnixMillis) -> (u16, u8, u8) {
    // Years are counted from 1 March, so that the leap day comes last.
    let days = at.0.div_euclid(MILLIS_A_DAY) + EPOCH;
    let era = days.div_euclid(DAYS_IN_400_YEARS);
    let day = days.rem_euclid(DAYS_IN_400_YEARS);
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (
        year.clamp(0, u16::MAX.into()) as u16,
        month as u8,
        day_of_month as u8,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        for (seconds, date) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (951_782_399, (2000, 2, 28)),
            (951_782_400, (2000, 2, 29)),
            (951_868_800, (2000, 3, 1)),
            (1_700_000_000, (2023, 11, 14)),
            (4_107_542_400, (2100, 3, 1)),
        ] {
            assert_eq!(utc_date(UnixMillis(seconds * 1000)), date, "{seconds}");
        }
        utc_date(UnixMillis(i64::MAX));
        utc_date(UnixMillis(i64::MIN));
    }
}
