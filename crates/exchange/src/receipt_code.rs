//! The short code with which a citizen comes back.

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Twelve random characters and one check character of Crockford's base32
/// alphabet (no I, L, O, U), shown 4-4-5. The office keeps only its hash.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct ReceiptCode([u8; 13]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptCodeError {
    #[error("a receipt code has 13 characters")]
    Length,
    #[error("a character of the code was mistyped")]
    Mistyped,
}

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl ReceiptCode {
    /// `random`: uniformly random bytes; 60 bits of them are used.
    pub fn from_random(random: &[u8; 12]) -> Self {
        let mut code = [0; 13];
        for (c, r) in code.iter_mut().zip(random) {
            *c = ALPHABET[usize::from(r % 32)];
        }
        code[12] = check(&code[..12]);
        Self(code)
    }

    /// Passes over spaces and hyphens; reads o as 0, i and l as 1, either case.
    pub fn parse(text: &str) -> Result<Self, ReceiptCodeError> {
        let mut code = [0; 13];
        let mut count = 0;
        for c in text.chars().filter(|c| !matches!(c, ' ' | '-')) {
            let c = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            if !c.is_ascii() || !ALPHABET.contains(&(c as u8)) {
                return Err(ReceiptCodeError::Mistyped);
            }
            *code.get_mut(count).ok_or(ReceiptCodeError::Length)? = c as u8;
            count += 1;
        }
        if count != 13 {
            return Err(ReceiptCodeError::Length);
        }
        if check(&code[..12]) == code[12] {
            Ok(Self(code))
        } else {
            Err(ReceiptCodeError::Mistyped)
        }
    }

    /// The 13 characters without separators: name the use at the call.
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the alphabet is ASCII")
    }

    /// As people read it: `XXXX-XXXX-XXXXX`.
    pub fn grouped(&self) -> String {
        let t = self.expose();
        format!("{}-{}-{}", &t[..4], &t[4..8], &t[8..])
    }
}

/// Position-weighted sum modulo 31: the weights are odd multiples that differ
/// by position, so a wrong character or two swapped neighbours change it.
fn check(code: &[u8]) -> u8 {
    let value = |c: &u8| ALPHABET.iter().position(|a| a == c).unwrap_or(0);
    let sum: usize = code
        .iter()
        .enumerate()
        .map(|(i, c)| (i + 1) * value(c))
        .sum();
    ALPHABET[sum % 31]
}

impl std::fmt::Debug for ReceiptCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReceiptCode(..)")
    }
}

impl serde::Serialize for ReceiptCode {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.expose())
    }
}

impl<'de> serde::Deserialize<'de> for ReceiptCode {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(d)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_back_as_people_type_it() {
        let code = ReceiptCode::from_random(&[0, 1, 31, 18, 255, 7, 8, 9, 10, 11, 12, 13]);
        assert_eq!(ReceiptCode::parse(&code.grouped()), Ok(code.clone()));
        assert_eq!(
            ReceiptCode::parse(&code.expose().to_lowercase()),
            Ok(code.clone())
        );
        let sloppy = code.expose().replace('0', "o").replace('1', "l");
        assert_eq!(ReceiptCode::parse(&sloppy), Ok(code));
        assert_eq!(ReceiptCode::parse("ABCD"), Err(ReceiptCodeError::Length));
    }

    #[test]
    fn neighbours_swapped_are_found() {
        let code = ReceiptCode::from_random(&[3, 14, 15, 9, 26, 5, 30, 8, 2, 17, 12, 0]);
        for i in 0..11 {
            let mut typed = code.expose().as_bytes().to_vec();
            typed.swap(i, i + 1);
            let text = String::from_utf8(typed).unwrap();
            assert_eq!(
                ReceiptCode::parse(&text),
                Err(ReceiptCodeError::Mistyped),
                "{i}"
            );
        }
    }
}
