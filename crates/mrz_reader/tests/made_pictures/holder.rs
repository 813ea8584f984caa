//! People who do not exist, as the lines of their documents' zones.

use chip::MrzFormat;
use chip::mrz::check_digit;

use super::random::Random;

pub fn lines(random: &mut Random, format: MrzFormat) -> Vec<String> {
    let state = *random.pick(&["KAZ", "KAZ", "UTO", "DEU", "TUR", "BRA"]);
    let number = number(random, state);
    let birth = date(random, 50, 100);
    let expiry = date(random, 26, 36);
    let sex = *random.pick(&["F", "M", "F", "M", "<"]);
    match format {
        MrzFormat::Td1 => {
            let optional = if state == "KAZ" {
                digits(random, 12)
            } else {
                String::new()
            };
            let first = format!("ID{state}{number}{}{optional:<<15}", digit(&number));
            let middle = format!(
                "{birth}{}{sex}{expiry}{}{state}{:<<11}",
                digit(&birth),
                digit(&expiry),
                ""
            );
            let checked = format!(
                "{}{}{}{}",
                &first[5..30],
                &middle[0..7],
                &middle[8..15],
                &middle[18..29]
            );
            let second = format!("{middle}{}", digit(&checked));
            vec![first, second, names(random, 30)]
        }
        MrzFormat::Td2 | MrzFormat::Td3 => {
            let (kind, width, room) = match format {
                MrzFormat::Td3 => ("P", 44, 14),
                _ => ("I", 36, 7),
            };
            let optional = match (format, random.below(3)) {
                (MrzFormat::Td3, 0) => digits(random, 12),
                (MrzFormat::Td3, 1) => format!("ZE{}B", digits(random, 6)),
                _ => String::new(),
            };
            let optional = format!("{optional:<<room$}");
            let own = if format == MrzFormat::Td3 {
                digit(&optional).to_string()
            } else {
                String::new()
            };
            let data = format!(
                "{number}{}{state}{birth}{}{sex}{expiry}{}{optional}{own}",
                digit(&number),
                digit(&birth),
                digit(&expiry)
            );
            let checked = format!("{}{}{}", &data[0..10], &data[13..20], &data[21..]);
            let first = format!("{kind}<{state}{}", names(random, width - 5));
            vec![first, format!("{data}{}", digit(&checked))]
        }
    }
}

fn digit(text: &str) -> char {
    char::from(check_digit(text.bytes()))
}

fn digits(random: &mut Random, count: usize) -> String {
    (0..count)
        .map(|_| char::from(b'0' + random.below(10) as u8))
        .collect()
}

fn number(random: &mut Random, state: &str) -> String {
    match (state, random.below(3)) {
        ("KAZ", 0) => format!("N{}", digits(random, 8)),
        ("KAZ", _) => digits(random, 9),
        // Letters that are not mistaken for digits, as Germany chooses them.
        ("DEU", _) => (0..9)
            .map(|_| char::from(*random.pick(b"0123456789CFGHJKLMNPRTVWXYZ")))
            .collect(),
        _ => format!(
            "{}{}",
            char::from(b'A' + random.below(26) as u8),
            digits(random, 8)
        ),
    }
}

fn date(random: &mut Random, from: usize, to: usize) -> String {
    let year = (from + random.below(to - from)) % 100;
    format!(
        "{year:02}{:02}{:02}",
        1 + random.below(12),
        1 + random.below(28)
    )
}

fn names(random: &mut Random, room: usize) -> String {
    let surname = word(random);
    let given = word(random);
    let mut text = format!("{surname}<<{given}");
    if random.chance(0.5) {
        let father = word(random);
        text = format!("{text}<{father}");
    }
    text.truncate(room);
    format!("{text:<<room$}")
}

fn word(random: &mut Random) -> String {
    const HEADS: [&str; 26] = [
        "A", "BO", "CE", "DI", "E", "FA", "GU", "HA", "I", "JA", "KU", "LO", "ME", "NU", "O", "PO",
        "QA", "RU", "SE", "TI", "U", "VE", "WI", "XA", "YE", "ZHA",
    ];
    const TAILS: [&str; 20] = [
        "BEK", "GUL", "MAN", "NUR", "LAN", "SKIY", "OVA", "EV", "DIN", "KHAN", "TAY", "ZHAN",
        "RAT", "SUL", "LDA", "QYZ", "ULY", "MIR", "XIM", "WAY",
    ];
    let mut out = String::from(*random.pick(&HEADS));
    for _ in 0..1 + random.below(2) {
        out.push_str(TAILS[random.below(TAILS.len())]);
    }
    out
}
