//! Mobile phone numbers of Kazakhstan.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A checked mobile number: the 10 digits after +7. Zeroized on drop; `Debug`
/// shows nothing of it.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct PhoneNumber([u8; 10]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    #[error("a phone number holds digits only")]
    NotDigits,
    #[error("a phone number has 10 digits after +7")]
    Length,
    #[error("this is not a mobile number of Kazakhstan")]
    NotMobile,
}

impl PhoneNumber {
    /// Takes `+7…`, `8…`, `7…` with 11 digits or the 10 digits alone; spaces,
    /// hyphens and parentheses are passed over.
    ///
    /// Mobile pattern: `7(0[0-25-8]|47|6[0-4]|7[15-8]|85)\d{7}`.
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let mut digits = [0u8; 11];
        let mut count = 0;
        for c in text.trim().trim_start_matches('+').chars() {
            match c {
                '0'..='9' => {
                    if count == 11 {
                        return Err(PhoneError::Length);
                    }
                    digits[count] = c as u8;
                    count += 1;
                }
                ' ' | '-' | '(' | ')' | '\u{a0}' => {}
                _ => return Err(PhoneError::NotDigits),
            }
        }
        let national: [u8; 10] = match (count, digits[0]) {
            (11, b'7' | b'8') => digits[1..].try_into().expect("ten digits"),
            (10, _) => digits[..10].try_into().expect("ten digits"),
            _ => return Err(PhoneError::Length),
        };
        digits.zeroize();
        let operator = (national[0], national[1], national[2]);
        let mobile = matches!(
            operator,
            (b'7', b'0', b'0'..=b'2' | b'5'..=b'8')
                | (b'7', b'4', b'7')
                | (b'7', b'6', b'0'..=b'4')
                | (b'7', b'7', b'1' | b'5'..=b'8')
                | (b'7', b'8', b'5')
        );
        if mobile {
            Ok(Self(national))
        } else {
            Err(PhoneError::NotMobile)
        }
    }

    /// `+77XXXXXXXXX`: name the use at the call.
    pub fn expose(&self) -> String {
        format!("+7{}", self.national())
    }

    /// What may stand on a screen: `+7 7•• ••• •• 45`.
    pub fn masked(&self) -> String {
        format!("+7 7•• ••• •• {}", &self.national()[8..])
    }

    fn national(&self) -> &str {
        std::str::from_utf8(&self.0).expect("digits are ASCII")
    }
}

impl std::fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PhoneNumber(..)")
    }
}

impl Serialize for PhoneNumber {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.expose())
    }
}

impl<'de> Deserialize<'de> for PhoneNumber {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = zeroize::Zeroizing::new(String::deserialize(d)?);
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_people_type_it() {
        let plain = PhoneNumber::parse("+77011234567").unwrap();
        for text in [
            "87011234567",
            "77011234567",
            "7011234567",
            "+7 (701) 123-45-67",
        ] {
            assert_eq!(PhoneNumber::parse(text).unwrap(), plain, "{text}");
        }
        assert_eq!(plain.expose(), "+77011234567");
        assert_eq!(plain.masked(), "+7 7•• ••• •• 67");
    }

    #[test]
    fn others_are_named() {
        assert_eq!(
            PhoneNumber::parse("+7 727 250 00 00"),
            Err(PhoneError::NotMobile)
        );
        assert_eq!(
            PhoneNumber::parse("+79161234567"),
            Err(PhoneError::NotMobile)
        );
        assert_eq!(PhoneNumber::parse("701123456"), Err(PhoneError::Length));
        assert_eq!(
            PhoneNumber::parse("70112345678901"),
            Err(PhoneError::Length)
        );
        assert_eq!(
            PhoneNumber::parse("701 CALL ME"),
            Err(PhoneError::NotDigits)
        );
    }
}
