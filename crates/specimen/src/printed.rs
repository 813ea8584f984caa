//! The machine-readable zone as it is printed (ICAO 9303-4 and 9303-5).

use chip::mrz::check_digit;

use crate::config::{DocumentKind, Sex, SpecimenConfig};
use crate::{SpecimenError, field};

/// Its lines from top to bottom.
pub fn lines(config: &SpecimenConfig) -> Result<Vec<String>, SpecimenError> {
    let state = filled("issuing state", &config.issuing_state, 3)?;
    let number = with_digit(&filled("document number", &config.document_number, 9)?);
    let birth = with_digit(short_date("date of birth", &config.birth)?);
    let expiry = with_digit(short_date("date of expiry", &config.expiry)?);
    let sex = match config.sex {
        Sex::Female => 'F',
        Sex::Male => 'M',
        Sex::Unspecified => '<',
    };
    let iin = config.iin.as_deref().unwrap_or_default();
    Ok(match config.kind {
        DocumentKind::Td1 => {
            let optional = filled("IIN", iin, 15)?;
            let first = format!("ID{state}{number}{optional}");
            let second = format!("{birth}{sex}{expiry}{state}{}", "<".repeat(11));
            let composite = format!("{number}{optional}{birth}{expiry}{}", "<".repeat(11));
            vec![
                first,
                format!("{second}{}", digit(&composite)),
                names(config, 30)?,
            ]
        }
        DocumentKind::Td3 => {
            let optional = with_digit(&filled("IIN", iin, 14)?);
            let composite = format!("{number}{birth}{expiry}{optional}");
            vec![
                format!("P<{state}{}", names(config, 39)?),
                format!(
                    "{number}{state}{birth}{sex}{expiry}{optional}{}",
                    digit(&composite)
                ),
            ]
        }
    })
}

/// Cut where the line ends (ICAO 9303-3, 4.6.1).
fn names(config: &SpecimenConfig, width: usize) -> Result<String, SpecimenError> {
    if config.surname.is_empty() {
        return Err(field("surname", "is empty"));
    }
    let mut line = config.surname.replace(' ', "<");
    if !config.given_names.is_empty() {
        line.push_str("<<");
        line.push_str(&config.given_names.replace(' ', "<"));
    }
    if !line.bytes().all(|b| b.is_ascii_uppercase() || b == b'<') {
        return Err(field("names", "are written with A to Z and spaces"));
    }
    line.truncate(width);
    Ok(format!("{line:<<width$}"))
}

fn filled(name: &'static str, text: &str, width: usize) -> Result<String, SpecimenError> {
    let fits = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    if text.len() > width || !text.bytes().all(fits) {
        return Err(field(name, "has A to Z and 0 to 9 only, or is too long"));
    }
    Ok(format!("{text:<<width$}"))
}

/// YYMMDD of YYYYMMDD.
fn short_date<'a>(name: &'static str, text: &'a str) -> Result<&'a str, SpecimenError> {
    let digits = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    text.get(2..)
        .filter(|_| digits)
        .ok_or(field(name, "is written YYYYMMDD"))
}

fn with_digit(text: &str) -> String {
    format!("{text}{}", digit(text))
}

fn digit(text: &str) -> char {
    char::from(check_digit(text.bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chip::Mrz;

    /// The published example: first and second line, with its composite digit.
    #[test]
    fn the_card_of_kazakhstan() {
        let printed = lines(&SpecimenConfig::identity_card(Vec::new())).unwrap();
        assert_eq!(printed[0], "IDKAZ0412365878880412401006<<<");
        assert_eq!(printed[1], "8804123F3104116KAZ<<<<<<<<<<<2");
        let read = Mrz::parse(&printed.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        assert_eq!(read.optional_iin(), Some("880412401006"));
        assert_eq!(read.given_names(), "AIGERIM");
    }

    /// ICAO 9303-4, appendix B: the passport of Anna Maria Eriksson.
    #[test]
    fn the_passport_of_utopia() {
        let config = SpecimenConfig {
            issuing_state: "UTO".to_owned(),
            document_number: "L898902C3".to_owned(),
            surname: "ERIKSSON".to_owned(),
            given_names: "ANNA MARIA".to_owned(),
            iin: Some("ZE184226B".to_owned()),
            birth: "19740812".to_owned(),
            expiry: "20120415".to_owned(),
            ..SpecimenConfig::passport(Vec::new())
        };
        assert_eq!(
            lines(&config).unwrap(),
            [
                "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
                "L898902C36UTO7408122F1204159ZE184226B<<<<<10"
            ]
        );
    }

    #[test]
    fn what_cannot_be_printed_is_refused() {
        for spoil in [
            |c: &mut SpecimenConfig| c.document_number = "0412365871".to_owned(),
            |c: &mut SpecimenConfig| c.surname = "ҮЛГІ".to_owned(),
            |c: &mut SpecimenConfig| c.surname.clear(),
            |c: &mut SpecimenConfig| c.birth = "880412".to_owned(),
        ] {
            let mut config = SpecimenConfig::identity_card(Vec::new());
            spoil(&mut config);
            assert!(lines(&config).is_err());
        }
    }
}
