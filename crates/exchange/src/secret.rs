//! Text that must not outlive its use: PINs, passwords, one-time codes.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// A secret text. Zeroized on drop, never printed by `Debug`.
///
/// The buffer is allocated once at full size, so typing never leaves an old
/// copy behind in a freed allocation.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

/// Longest secret in bytes; all PINs, passwords and codes are far shorter.
const CAPACITY: usize = 256;

impl Secret {
    pub fn new() -> Self {
        Self(Zeroizing::new(String::with_capacity(CAPACITY)))
    }

    /// Appends a character; returns false (and changes nothing) when full.
    pub fn push(&mut self, c: char) -> bool {
        if self.0.len() + c.len_utf8() > CAPACITY {
            return false;
        }
        self.0.push(c);
        true
    }

    /// Removes the last character and wipes its bytes.
    pub fn pop(&mut self) {
        if self.0.pop().is_some() {
            let kept = self.0.len();
            let mut wiped = Self::new();
            wiped.0.push_str(&self.0[..kept]);
            *self = wiped;
        }
    }

    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// Length in characters.
    pub fn len(&self) -> usize {
        self.0.chars().count()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text itself: name the use at the call.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Default for Secret {
    fn default() -> Self {
        Self::new()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        let mut secret = Self(Zeroizing::new(String::with_capacity(
            CAPACITY.max(text.len()),
        )));
        secret.0.push_str(text);
        secret
    }
}

impl PartialEq for Secret {
    /// Compares without an early exit, so that time tells nothing of where two differ.
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.0.as_bytes(), other.0.as_bytes());
        a.len() == b.len() && a.iter().zip(b).fold(0u8, |d, (x, y)| d | (x ^ y)) == 0
    }
}

impl Eq for Secret {}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Only for messages over an authenticated channel (TLS, the worker's socket).
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(d)?);
        if text.len() > CAPACITY {
            return Err(serde::de::Error::custom("secret too long"));
        }
        Ok(Self::from(text.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert!(!format!("{:?}", Secret::from("hunter2")).contains("hunter2"));
    }

    #[test]
    fn pop_removes_whole_characters() {
        let mut s = Secret::from("құ");
        s.pop();
        assert_eq!(s.expose(), "қ");
        assert_eq!(s.len(), 1);
    }
}
