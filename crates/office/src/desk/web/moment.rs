//! Times and amounts as an operator reads them.

use exchange::UnixMillis;

use super::words::Words;

/// Kazakhstan has one time, UTC+5, since 1 March 2024.
const KAZAKHSTAN: jiff::tz::Offset = jiff::tz::offset(5);

/// `22.11.2026 21:46`
pub fn date_time(at: UnixMillis) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(time) => {
            let local = KAZAKHSTAN.to_datetime(time);
            format!(
                "{:02}.{:02}.{} {:02}:{:02}",
                local.day(),
                local.month(),
                local.year(),
                local.hour(),
                local.minute()
            )
        }
        Err(_) => "—".to_owned(),
    }
}

/// How long ago, in its two largest units: `2 h 5 min`. A time to come is now.
pub fn age(words: &Words, at: UnixMillis, now: UnixMillis) -> String {
    duration(words, now.0.saturating_sub(at.0).max(0) as u64 / 1000)
}

pub fn duration(words: &Words, seconds: u64) -> String {
    let (d, h, m) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let pair = |a, unit_a, b, unit_b| {
        if b == 0 {
            format!("{a} {unit_a}")
        } else {
            format!("{a} {unit_a} {b} {unit_b}")
        }
    };
    match (d, h, m) {
        (0, 0, 0) => format!("{seconds} {}", words.seconds),
        (0, 0, m) => format!("{m} {}", words.minutes),
        (0, h, m) => pair(h, words.hours, m, words.minutes),
        (d, h, _) => pair(d, words.days, h, words.hours),
    }
}

/// A time in a recording: `1.2 s`.
pub fn tenths(words: &Words, millis: u64) -> String {
    let point = if words.language == exchange::Language::En {
        '.'
    } else {
        ','
    };
    format!(
        "{}{point}{} {}",
        millis / 1000,
        millis / 100 % 10,
        words.seconds
    )
}

/// `12.3 GB`, in powers of ten as disks are sold.
pub fn bytes(words: &Words, bytes: u64) -> String {
    let cyrillic = words.language != exchange::Language::En;
    let (value, unit) = match bytes {
        0..1_000_000 => (bytes as f64 / 1e3, ["kB", "КБ"]),
        1_000_000..1_000_000_000 => (bytes as f64 / 1e6, ["MB", "МБ"]),
        _ => (bytes as f64 / 1e9, ["GB", "ГБ"]),
    };
    let number = format!("{value:.1}");
    if cyrillic {
        format!("{} {}", number.replace('.', ","), unit[1])
    } else {
        format!("{number} {}", unit[0])
    }
}

#[cfg(test)]
mod tests {
    use exchange::Language;

    use super::*;

    #[test]
    fn times_are_those_of_kazakhstan() {
        // 2026-11-22T16:46:00Z
        assert_eq!(date_time(UnixMillis(1_795_365_960_000)), "22.11.2026 21:46");
        assert_eq!(date_time(UnixMillis(i64::MAX)), "—");
    }

    #[test]
    fn an_age_has_at_most_two_units() {
        let en = Words::of(Language::En);
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3600, "1 h"),
            (7500, "2 h 5 min"),
            (90_000, "1 d 1 h"),
            (86_400 * 3, "3 d"),
        ] {
            assert_eq!(duration(en, seconds), text);
        }
        assert_eq!(age(en, UnixMillis(5000), UnixMillis(1000)), "0 s");
        assert_eq!(duration(Words::of(Language::Kk), 7500), "2 сағ 5 мин");
    }

    #[test]
    fn times_in_a_recording_have_tenths() {
        assert_eq!(tenths(Words::of(Language::En), 12_345), "12.3 s");
        assert_eq!(tenths(Words::of(Language::Kk), 99), "0,0 с");
    }

    #[test]
    fn amounts_have_the_units_of_the_language() {
        assert_eq!(bytes(Words::of(Language::En), 12_340_000_000), "12.3 GB");
        assert_eq!(bytes(Words::of(Language::Ru), 1_500_000), "1,5 МБ");
    }
}
