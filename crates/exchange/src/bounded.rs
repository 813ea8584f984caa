//! Lists and lines that cannot be longer than their place allows.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BoundError {
    #[error("a list has at most {0} entries here")]
    Entries(usize),
    #[error("a line has 1 to {0} bytes here, and no control characters")]
    Line(usize),
}

/// A list of at most `MOST`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct AtMost<T, const MOST: usize>(Vec<T>);

impl<T, const MOST: usize> AtMost<T, MOST> {
    /// # Errors
    /// [`BoundError::Entries`]
    pub fn new(entries: Vec<T>) -> Result<Self, BoundError> {
        if entries.len() <= MOST {
            Ok(Self(entries))
        } else {
            Err(BoundError::Entries(MOST))
        }
    }
}

impl<T, const MOST: usize> Default for AtMost<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MOST: usize> std::ops::Deref for AtMost<T, MOST> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for AtMost<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(d)?).map_err(D::Error::custom)
    }
}

/// 1 to `LONGEST` bytes of UTF-8 on one line.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Line<const LONGEST: usize>(String);

impl<const LONGEST: usize> Line<LONGEST> {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const LONGEST: usize> std::str::FromStr for Line<LONGEST> {
    type Err = BoundError;

    fn from_str(text: &str) -> Result<Self, BoundError> {
        let fits = (1..=LONGEST).contains(&text.len()) && !text.chars().any(char::is_control);
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(BoundError::Line(LONGEST))
        }
    }
}

impl<const LONGEST: usize> std::fmt::Display for Line<LONGEST> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const LONGEST: usize> Serialize for Line<LONGEST> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de, const LONGEST: usize> Deserialize<'de> for Line<LONGEST> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_and_a_line_end_where_their_place_does() {
        assert!(serde_json::from_str::<AtMost<u8, 2>>("[1,2]").is_ok());
        assert!(serde_json::from_str::<AtMost<u8, 2>>("[1,2,3]").is_err());
        assert!("қол".parse::<Line<6>>().is_ok());
        for bad in ["", "қолт", "a\nb", "a\u{1b}[2J"] {
            assert!(bad.parse::<Line<6>>().is_err(), "{bad:?}");
        }
    }
}
