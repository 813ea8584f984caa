use super::*;
use proptest::prelude::*;

/// Published example of an identity card of Kazakhstan; the name line is synthetic.
const KAZ: [&str; 3] = [
    "IDKAZ0412365878880412401006<<<",
    "8804123F3104116KAZ<<<<<<<<<<<2",
    "SERIKKYZY<<AIGUL<<<<<<<<<<<<<<",
];
/// Specimens of ICAO 9303 parts 4, 5 and 6.
const TD3: [&str; 2] = [
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
];
const TD1: [&str; 3] = [
    "I<UTOD231458907<<<<<<<<<<<<<<<",
    "7408122F1204159UTO<<<<<<<<<<<6",
    "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
];
const TD2: [&str; 2] = [
    "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<",
    "D231458907UTO7408122F1204159<<<<<<<6",
];
/// Long document number, specimen of ICAO 9303-5.
const LONG: [&str; 3] = [
    "I<UTOD23145890<7349<<<<<<<<<<<",
    "3407127M9507122UTO<<<<<<<<<<<2",
    "STEVENSON<<PETER<JOHN<<<<<<<<<",
];

#[test]
fn identity_card_of_kazakhstan_carries_the_iin() {
    let mrz = Mrz::parse(&KAZ).unwrap();
    assert_eq!(mrz.format(), MrzFormat::Td1);
    assert_eq!(mrz.document_code(), "ID");
    assert_eq!(mrz.issuing_state(), "KAZ");
    assert_eq!(mrz.document_number(), "041236587");
    assert_eq!(mrz.optional_iin(), Some("880412401006"));
    assert_eq!(mrz.birth_date(), "880412");
    assert_eq!(mrz.sex(), Sex::Female);
    assert_eq!(mrz.expiry_date(), "310411");
    assert_eq!(mrz.nationality(), "KAZ");
    assert_eq!(mrz.surname(), "SERIKKYZY");
    assert_eq!(mrz.given_names(), "AIGUL");
    assert!(!mrz.names_may_be_truncated());
}

#[test]
fn specimens_of_the_standard() {
    let passport = Mrz::parse(&TD3).unwrap();
    assert_eq!(passport.format(), MrzFormat::Td3);
    assert_eq!(passport.document_number(), "L898902C3");
    assert_eq!(passport.surname(), "ERIKSSON");
    assert_eq!(passport.given_names(), "ANNA MARIA");
    assert_eq!(passport.optional_data(), "ZE184226B");
    assert_eq!(passport.optional_iin(), None);

    for lines in [&TD1[..], &TD2[..]] {
        let mrz = Mrz::parse(lines).unwrap();
        assert_eq!(mrz.document_number(), "D23145890");
        assert_eq!(mrz.given_names(), "ANNA MARIA");
        assert_eq!(mrz.optional_data(), "");
    }
}

#[test]
fn a_long_document_number_is_put_together() {
    let mrz = Mrz::parse(&LONG).unwrap();
    assert_eq!(mrz.document_number(), "D23145890734");
    assert_eq!(mrz.optional_data(), "");
    // One digit of the part on the optional field is misread.
    let misread = [&LONG[0].replace("7349", "7359"), LONG[1], LONG[2]];
    assert_eq!(
        Mrz::parse(&misread),
        Err(MrzError::CheckDigit {
            field: MrzField::DocumentNumber,
            line: 1,
            column: 19
        })
    );
}

#[test]
fn errors_say_where() {
    let with = |line: usize, from: &str, to: &str| {
        let mut lines = KAZ.map(String::from);
        lines[line] = lines[line].replacen(from, to, 1);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        Mrz::parse(&lines)
    };
    let digit = |field, line, column| {
        Err(MrzError::CheckDigit {
            field,
            line,
            column,
        })
    };
    assert_eq!(
        with(0, "041236587", "041236581"),
        digit(MrzField::DocumentNumber, 1, 15)
    );
    assert_eq!(
        with(1, "880412", "880413"),
        digit(MrzField::BirthDate, 2, 7)
    );
    assert_eq!(
        with(1, "310411", "310412"),
        digit(MrzField::ExpiryDate, 2, 15)
    );
    // TD1 protects the IIN by the composite digit alone.
    assert_eq!(
        with(0, "880412401006", "880412401007"),
        digit(MrzField::Composite, 2, 30)
    );
    assert_eq!(
        with(1, "880412", "88O412"),
        Err(MrzError::Field {
            field: MrzField::BirthDate,
            line: 2,
            column: 3
        })
    );
    assert_eq!(
        with(2, "AIGUL", "АIGUL"),
        Err(MrzError::Character {
            line: 3,
            column: 12
        })
    );
    assert_eq!(
        with(2, "AIGUL", "AIGULIM"),
        Err(MrzError::Length {
            line: 3,
            given: 32,
            expected: 30
        })
    );
    assert_eq!(Mrz::parse(&KAZ[..1]), Err(MrzError::Lines(1)));
    let visa = TD3.map(|l| l.replacen("P<UTO", "V<UTO", 1));
    assert!(matches!(
        Mrz::parse(&[&visa[0], &visa[1]]),
        Err(MrzError::Field {
            field: MrzField::DocumentCode,
            line: 1,
            column: 1
        })
    ));
}

#[test]
fn expiry_is_inclusive() {
    let mrz = Mrz::parse(&KAZ).unwrap();
    assert!(!mrz.expired_on(2031, 4, 11));
    assert!(mrz.expired_on(2031, 4, 12));
    assert!(!mrz.expired_on(2026, 1, 1));
}

#[test]
fn a_date_outside_the_calendar_is_refused() {
    // 881312 has the check digit 9: right digit, no such month.
    let date = "881312";
    let digit = char::from(check_digit(date.bytes()));
    let line = KAZ[1].replacen("8804123", &format!("{date}{digit}"), 1);
    assert_eq!(
        Mrz::parse(&[KAZ[0], &line, KAZ[2]]),
        Err(MrzError::Field {
            field: MrzField::BirthDate,
            line: 2,
            column: 3
        })
    );
}

#[test]
fn debug_and_errors_show_nothing_personal() {
    let shown = format!("{:?}", Mrz::parse(&KAZ).unwrap());
    for personal in ["SERIKKYZY", "AIGUL", "880412", "041236587"] {
        assert!(!shown.contains(personal));
    }
}

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<";

/// Every substitution at every checked place is refused, except between two
/// characters of equal value modulo 10 (0 A K U <, 1 B L V, ...), which no
/// check digit of the standard can tell apart.
#[test]
fn every_telling_substitution_in_a_checked_field_is_found() {
    for lines in [&KAZ[..], &TD1, &TD2, &TD3, &LONG] {
        let format = Mrz::parse(lines).unwrap().format();
        let layout = format.layout();
        let mut undetected = 0;
        for &s in layout.composite.iter().chain([&layout.composite_digit]) {
            for column in s.from..s.to {
                let original = lines[s.line].as_bytes()[column];
                for &other in ALPHABET.iter().filter(|&&c| c != original) {
                    let mut misread: Vec<String> = lines.iter().map(|l| l.to_string()).collect();
                    misread[s.line]
                        .replace_range(column..=column, std::str::from_utf8(&[other]).unwrap());
                    let misread: Vec<&str> = misread.iter().map(String::as_str).collect();
                    let same = check_digit([original]) == check_digit([other]);
                    let accepted = Mrz::parse(&misread).is_ok();
                    assert!(
                        !accepted || same,
                        "{format:?} line {} column {column}",
                        s.line
                    );
                    undetected += usize::from(accepted);
                }
            }
        }
        // The exception is real: the list above is not empty talk.
        assert!(undetected > 0, "{format:?}");
    }
}

proptest! {
    #[test]
    fn never_panics(lines in proptest::collection::vec(".{0,50}", 0..5)) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let _ = Mrz::parse(&lines);
    }

    #[test]
    fn never_panics_on_well_shaped_lines(
        three in proptest::collection::vec("[AIC][A-Z0-9<]{29}", 3),
        two in proptest::collection::vec("[A-Z0-9<]{36}|[P][A-Z0-9<]{43}", 2),
    ) {
        for lines in [three, two] {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let _ = Mrz::parse(&lines);
        }
    }

    /// Whatever is accepted comes back as it was printed.
    #[test]
    fn a_zone_made_by_the_rules_is_read(
        number in "[A-Z0-9]{9}",
        long in proptest::option::of("[A-Z0-9]{1,12}"),
        surname in "[A-Z]{1,12}",
        given in "[A-Z]{1,10}",
    ) {
        let (digit, optional) = match &long {
            None => (char::from(check_digit(number.bytes())), "880412401006".to_owned()),
            Some(rest) => {
                let whole = format!("{number}{rest}");
                ('<', format!("{rest}{}", char::from(check_digit(whole.bytes()))))
            }
        };
        let first = format!("IDKAZ{number}{digit}{optional:<<15}");
        let digit = char::from(check_digit(
            first[5..].bytes().chain(*b"8804123").chain(*b"3104116").chain([b'<'; 11]),
        ));
        let second = format!("8804123F3104116KAZ<<<<<<<<<<<{digit}");
        let third = format!("{:<<30}", format!("{surname}<<{given}"));
        let mrz = Mrz::parse(&[&first, &second, &third]).unwrap();
        prop_assert_eq!(mrz.document_number(), format!("{number}{}", long.clone().unwrap_or_default()));
        prop_assert_eq!(mrz.surname(), surname);
        prop_assert_eq!(mrz.given_names(), given);
        prop_assert_eq!(mrz.optional_iin().is_some(), long.is_none());
    }
}
