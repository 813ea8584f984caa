//! How numbers, sizes and pictures are written for a person.

use std::path::Path;

use anyhow::{Context as _, Result};
use exchange::{Language, UnixMillis};

/// `1,4 МБ`, `812 кБ`: one digit behind the mark below ten, decimal units as
/// on the label of a drive.
pub(super) fn bytes(count: u64, language: Language) -> String {
    let units = match language {
        Language::Kk => ["Б", "кБ", "МБ", "ГБ", "ТБ"],
        Language::Ru => ["Б", "КБ", "МБ", "ГБ", "ТБ"],
        Language::En => ["B", "kB", "MB", "GB", "TB"],
    };
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    let number = if unit == 0 || value >= 10.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    };
    let number = match language {
        Language::En => number,
        _ => number.replace('.', ","),
    };
    format!("{number}\u{a0}{}", units[unit])
}

/// `4027 1963`: as people copy a long number.
pub(super) fn in_fours(text: &str) -> String {
    let signs: Vec<char> = text.chars().collect();
    let groups = signs.chunks(4).map(|four| four.iter().collect::<String>());
    groups.collect::<Vec<_>>().join(" ")
}

/// `12 408`: in threes, with spaces that do not break.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push('\u{a0}');
        }
        grouped.push(digit);
    }
    grouped
}

/// One digit behind the mark: `29,9`.
fn tenths(value: u64, language: Language) -> String {
    let mark = match language {
        Language::En => '.',
        _ => ',',
    };
    format!("{}{mark}{}", count(value / 10), value % 10)
}

/// What is given per second, times ten: `29,9/с`.
pub(super) fn rate(times_ten: u32, language: Language) -> String {
    format!(
        "{}/{}",
        tenths(times_ten.into(), language),
        units_of_time(language)[3]
    )
}

/// `87 %`, in English `87%`.
pub(super) fn percent(share: u8, language: Language) -> String {
    match language {
        Language::En => format!("{share}%"),
        _ => format!("{share}\u{a0}%"),
    }
}

/// `412 мс`; from ten seconds on as [`seconds`].
pub(super) fn millis(count_of: u64, language: Language) -> String {
    if count_of >= 10_000 {
        return seconds(count_of / 1000, language);
    }
    let unit = match language {
        Language::En => "ms",
        _ => "мс",
    };
    format!("{}\u{a0}{unit}", count(count_of))
}

/// `3 тәу 4 сағ`, `4 мин 12 с`: the two largest units there are.
pub(super) fn seconds(whole: u64, language: Language) -> String {
    let parts = [
        whole / 86_400,
        whole / 3600 % 24,
        whole / 60 % 60,
        whole % 60,
    ];
    let first = parts.iter().position(|part| *part > 0).unwrap_or(3);
    let said = parts.into_iter().zip(units_of_time(language)).skip(first);
    let said: Vec<String> = said
        .take(2)
        .map(|(part, unit)| format!("{}\u{a0}{unit}", count(part)))
        .collect();
    said.join(" ")
}

/// Day, hour, minute, second.
fn units_of_time(language: Language) -> [&'static str; 4] {
    match language {
        Language::Kk => ["тәу", "сағ", "мин", "с"],
        Language::Ru => ["сут", "ч", "мин", "с"],
        Language::En => ["d", "h", "min", "s"],
    }
}

/// Day and time in Kazakhstan, to the second: `28.11.2026 15:50:07`.
pub(super) fn moment(moment: UnixMillis, language: Language) -> String {
    let of_day = (moment.0.div_euclid(1000) + 5 * 3600).rem_euclid(86_400);
    format!(
        "{} {:02}:{:02}:{:02}",
        day(moment, language),
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60
    )
}

/// The day in Kazakhstan (UTC+5 everywhere since 1 March 2024), as written there.
pub(super) fn day(moment: UnixMillis, language: Language) -> String {
    let seconds = moment.0.div_euclid(1000) + 5 * 3600;
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    match language {
        Language::En => {
            const MONTHS: [&str; 12] = [
                "January",
                "February",
                "March",
                "April",
                "May",
                "June",
                "July",
                "August",
                "September",
                "October",
                "November",
                "December",
            ];
            format!("{day} {} {year}", MONTHS[month as usize - 1])
        }
        _ => format!("{day:02}.{month:02}.{year}"),
    }
}

/// Year, month and day of a count of days since 1970-01-01, by the proleptic
/// Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Eight bits RGBA into a PNG file, fast.
pub(super) fn write_png(path: &Path, width: u32, height: u32, rgba: &[u8]) -> Result<()> {
    let file =
        std::fs::File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut encoder = png::Encoder::new(std::io::BufWriter::new(file), width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.write_header()?.write_image_data(rgba)?;
    Ok(())
}

/// Eight bits RGBA, all opaque, into a PNG file of its 256 most frequent
/// colours: for pictures that are kept.
#[cfg(feature = "headless")]
pub(super) fn write_small_png(path: &Path, width: u32, height: u32, rgba: &[u8]) -> Result<()> {
    use std::collections::HashMap;

    // Four bits a colour first: what scaling made between two colours falls together.
    let coarse: Vec<[u8; 3]> = rgba
        .chunks_exact(4)
        .map(|pixel| [pixel[0], pixel[1], pixel[2]].map(|value| (value >> 4) * 17))
        .collect();
    let mut counts: HashMap<[u8; 3], u32> = HashMap::new();
    for &colour in &coarse {
        *counts.entry(colour).or_default() += 1;
    }
    let mut palette: Vec<[u8; 3]> = counts.keys().copied().collect();
    palette.sort_by_key(|colour| (std::cmp::Reverse(counts[colour]), *colour));
    palette.truncate(256);
    let distance = |a: [u8; 3], b: [u8; 3]| -> u32 {
        (0..3)
            .map(|at| u32::from(a[at].abs_diff(b[at])).pow(2))
            .sum()
    };
    let nearest: HashMap<[u8; 3], u8> = counts
        .keys()
        .map(|&colour| {
            let index = (0..palette.len()).min_by_key(|&at| distance(palette[at], colour));
            (colour, index.unwrap_or_default() as u8)
        })
        .collect();
    let indices: Vec<u8> = coarse.iter().map(|colour| nearest[colour]).collect();

    let file =
        std::fs::File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut encoder = png::Encoder::new(std::io::BufWriter::new(file), width, height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette.concat());
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    encoder.write_header()?.write_image_data(&indices)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_as_people_read_them() {
        assert_eq!(bytes(812, Language::En), "812\u{a0}B");
        assert_eq!(bytes(1_449_000, Language::Ru), "1,4\u{a0}МБ");
        assert_eq!(bytes(15_900_000_000, Language::Kk), "16\u{a0}ГБ");
    }

    #[test]
    fn figures_are_written_as_people_read_them() {
        assert_eq!(count(1_240_800), "1\u{a0}240\u{a0}800");
        assert_eq!(count(12), "12");
        assert_eq!(rate(299, Language::Kk), "29,9/с");
        assert_eq!(rate(300, Language::En), "30.0/s");
        assert_eq!(percent(87, Language::Ru), "87\u{a0}%");
        assert_eq!(millis(412, Language::Kk), "412\u{a0}мс");
        assert_eq!(millis(12_408, Language::En), "12\u{a0}s");
        assert_eq!(seconds(0, Language::Ru), "0\u{a0}с");
        assert_eq!(seconds(252, Language::Ru), "4\u{a0}мин 12\u{a0}с");
        assert_eq!(
            seconds(3 * 86_400 + 4 * 3600 + 59, Language::Kk),
            "3\u{a0}тәу 4\u{a0}сағ"
        );
    }

    #[test]
    fn the_time_of_day_is_that_of_kazakhstan() {
        // 2027-02-28 18:59:59 UTC.
        let last = 1_803_841_199_000;
        assert_eq!(
            moment(UnixMillis(last), Language::Kk),
            "28.02.2027 23:59:59"
        );
        assert_eq!(
            moment(UnixMillis(last + 1000), Language::En),
            "1 March 2027 00:00:00"
        );
    }

    #[test]
    fn days_turn_at_midnight_in_kazakhstan() {
        // 2027-02-28 18:59:59 UTC is still the same day there; a second later it is March.
        let last = 1_803_841_199_000;
        assert_eq!(day(UnixMillis(last), Language::Ru), "28.02.2027");
        assert_eq!(day(UnixMillis(last + 1000), Language::En), "1 March 2027");
    }
}
