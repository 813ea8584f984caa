//! The password of a key file, by the authority's rules.

use exchange::Secret;

/// Shortest and longest password, in characters.
pub const LENGTH: std::ops::RangeInclusive<usize> = 6..=32;

/// What a password does not fulfil.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRule {
    #[error("it must have 6 to 32 characters")]
    Length,
    /// Programs differ in how they turn other letters into a key, so that such
    /// a file could not be opened everywhere.
    #[error("only Latin letters, digits and signs without spaces are possible")]
    Characters,
    #[error("a lower-case letter is missing")]
    LowerCase,
    #[error("an upper-case letter is missing")]
    UpperCase,
    #[error("a digit is missing")]
    Digit,
}

impl PasswordRule {
    /// In the order in which a person is told.
    pub const ALL: [PasswordRule; 5] = [
        PasswordRule::Length,
        PasswordRule::Characters,
        PasswordRule::LowerCase,
        PasswordRule::UpperCase,
        PasswordRule::Digit,
    ];

    /// Whether a text, finished or not, fulfils this rule.
    pub fn holds(self, text: &Secret) -> bool {
        let bytes = text.expose().bytes();
        match self {
            PasswordRule::Length => LENGTH.contains(&text.len()),
            PasswordRule::Characters => bytes.into_iter().all(|b| b.is_ascii_graphic()),
            PasswordRule::LowerCase => bytes.into_iter().any(|b| b.is_ascii_lowercase()),
            PasswordRule::UpperCase => bytes.into_iter().any(|b| b.is_ascii_uppercase()),
            PasswordRule::Digit => bytes.into_iter().any(|b| b.is_ascii_digit()),
        }
    }
}

/// A password that fulfils every rule. Zeroized on drop, silent in `Debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPassword(Secret);

impl KeyPassword {
    /// # Errors
    /// The first rule that does not hold.
    pub fn new(text: &Secret) -> Result<Self, PasswordRule> {
        match PasswordRule::ALL.into_iter().find(|rule| !rule.holds(text)) {
            Some(rule) => Err(rule),
            None => Ok(Self(text.clone())),
        }
    }

    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_is_named() {
        for (text, expected) in [
            ("Ab1", Err(PasswordRule::Length)),
            (
                "Aa1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                Err(PasswordRule::Length),
            ),
            ("Құпия1", Err(PasswordRule::Characters)),
            ("Abc 123", Err(PasswordRule::Characters)),
            ("ABC123", Err(PasswordRule::LowerCase)),
            ("abc123", Err(PasswordRule::UpperCase)),
            ("Abcdef", Err(PasswordRule::Digit)),
            ("Abc123", Ok(())),
            ("Abc-123_!", Ok(())),
        ] {
            let found = KeyPassword::new(&Secret::from(text)).map(|_| ());
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        let password = KeyPassword::new(&Secret::from("Abc123")).unwrap();
        assert!(!format!("{password:?}").contains("Abc123"));
    }
}
