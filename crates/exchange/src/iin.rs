//! Individual identification number (жеке сәйкестендіру нөмірі): 12 digits.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A checked IIN. Zeroized on drop; `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Iin([u8; 12]);

/// Which numbers are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum IinPolicy {
    #[default]
    Strict,
    /// Also the two numbers of the authority's official test certificates
    /// (123456789011, 123456789012), whose check digits are wrong.
    AllowOfficialTestNumbers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IinError {
    #[error("an IIN has 12 digits; {0} were given")]
    Length(usize),
    #[error("an IIN holds digits only")]
    NotDigits,
    #[error("the check digit does not match: a digit was mistyped")]
    CheckDigit,
}

const FIRST: [u32; 11] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const SECOND: [u32; 11] = [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2];
const OFFICIAL_TEST_NUMBERS: [&[u8; 12]; 2] = [b"123456789011", b"123456789012"];

impl Iin {
    /// Checks length, digits and check digit. Date and sex inside the number
    /// are not enforced: decree 853 of 26.08.2013 cut that link.
    pub fn parse(text: &str, policy: IinPolicy) -> Result<Self, IinError> {
        let count = text.chars().count();
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(IinError::NotDigits);
        }
        let digits: [u8; 12] = text
            .as_bytes()
            .try_into()
            .map_err(|_| IinError::Length(count))?;
        let iin = Self(digits);
        let official = policy == IinPolicy::AllowOfficialTestNumbers
            && OFFICIAL_TEST_NUMBERS.contains(&&digits);
        if official || iin.check_digit() == Some(u32::from(digits[11] - b'0')) {
            Ok(iin)
        } else {
            Err(IinError::CheckDigit)
        }
    }

    /// `None` when both passes give 10: such numbers are never issued.
    fn check_digit(&self) -> Option<u32> {
        let sum = |weights: &[u32; 11]| {
            let products = self.0[..11].iter().zip(weights);
            products.map(|(d, w)| u32::from(d - b'0') * w).sum::<u32>() % 11
        };
        [sum(&FIRST), sum(&SECOND)].into_iter().find(|&c| c < 10)
    }

    /// The 12 digits: name the use at the call.
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).expect("digits are ASCII")
    }
}

impl std::fmt::Debug for Iin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Iin(..)")
    }
}

impl Serialize for Iin {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.expose())
    }
}

/// What arrives was checked by the sender under its own policy, so the test
/// numbers are let through here; whoever decides checks the policy again.
impl<'de> Deserialize<'de> for Iin {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = zeroize::Zeroizing::new(String::deserialize(d)?);
        Self::parse(&text, IinPolicy::AllowOfficialTestNumbers).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_and_synthetic_numbers() {
        for good in [
            "061211600012",
            "880412401006",
            "900101300811",
            "050101500000",
            "050101600808",
            "850229000302",
        ] {
            assert!(Iin::parse(good, IinPolicy::Strict).is_ok(), "{good}");
        }
        for bad in [
            "880412401007",
            "821214240092",
            "000813159890",
            "123456789011",
        ] {
            assert_eq!(
                Iin::parse(bad, IinPolicy::Strict),
                Err(IinError::CheckDigit),
                "{bad}"
            );
        }
    }

    #[test]
    fn official_test_numbers_need_the_setting() {
        assert!(Iin::parse("123456789012", IinPolicy::Strict).is_err());
        assert!(Iin::parse("123456789012", IinPolicy::AllowOfficialTestNumbers).is_ok());
        assert!(Iin::parse("123456789014", IinPolicy::AllowOfficialTestNumbers).is_err());
    }

    #[test]
    fn malformed_text_is_named() {
        assert_eq!(
            Iin::parse("123", IinPolicy::Strict),
            Err(IinError::Length(3))
        );
        assert_eq!(
            Iin::parse("88041240100x", IinPolicy::Strict),
            Err(IinError::NotDigits)
        );
        assert_eq!(
            Iin::parse("٠٠٠٠٠٠", IinPolicy::Strict),
            Err(IinError::NotDigits)
        );
    }

    /// A pass with weight 11 does not see that digit (11 = 0 modulo 11), and a wrong
    /// digit may change which of the two passes counts. All else is found.
    #[test]
    fn a_wrong_digit_is_found_where_its_weight_counts() {
        let second = |text: &[u8; 12]| {
            let products = text[..11].iter().zip(FIRST);
            products.map(|(d, w)| u32::from(d - b'0') * w).sum::<u32>() % 11 == 10
        };
        for good in [b"880412401006", b"061211600012"] {
            let weights = if second(good) { SECOND } else { FIRST };
            let seen = |at: usize| at == 11 || weights[at] % 11 != 0;
            for at in (0..12).filter(|&at| seen(at)) {
                for d in b'0'..=b'9' {
                    let mut typed = *good;
                    typed[at] = d;
                    if typed != *good && second(&typed) == second(good) {
                        let text = std::str::from_utf8(&typed).unwrap();
                        assert!(Iin::parse(text, IinPolicy::Strict).is_err(), "{text}");
                    }
                }
            }
        }
    }
}
