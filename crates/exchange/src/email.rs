//! E-mail addresses, and the typing errors people make in them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A checked address, ASCII only (it goes into a certificate's rfc822Name as
/// IA5String, RFC 5280 4.2.1.6). Zeroized on drop, silent in `Debug`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct EmailAddress(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    #[error("an e-mail address has exactly one @")]
    At,
    #[error("the part before the @ is missing or has a character that cannot be there")]
    Local,
    #[error("the part after the @ is not a domain name")]
    Domain,
    #[error("an e-mail address has at most 254 characters")]
    Length,
    #[error("an e-mail address has Latin letters only")]
    NotLatin,
}

/// Domains that people here use; a domain one slip away from one of these is questioned.
const KNOWN: [&str; 12] = [
    "gmail.com",
    "mail.ru",
    "yandex.kz",
    "yandex.ru",
    "inbox.ru",
    "bk.ru",
    "list.ru",
    "icloud.com",
    "outlook.com",
    "hotmail.com",
    "yahoo.com",
    "mail.kz",
];

impl EmailAddress {
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        if text.len() > 254 {
            return Err(EmailError::Length);
        }
        if !text.is_ascii() {
            return Err(EmailError::NotLatin);
        }
        let (local, domain) = text.split_once('@').ok_or(EmailError::At)?;
        if domain.contains('@') {
            return Err(EmailError::At);
        }
        let local_fits = (1..=64).contains(&local.len())
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b));
        if !local_fits {
            return Err(EmailError::Local);
        }
        let labels: Vec<&str> = domain.split('.').collect();
        let label_fits = |l: &&str| {
            (1..=63).contains(&l.len())
                && !l.starts_with('-')
                && !l.ends_with('-')
                && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let top_fits = labels
            .last()
            .is_some_and(|t| t.len() >= 2 && !t.bytes().all(|b| b.is_ascii_digit()));
        if labels.len() < 2 || !labels.iter().all(label_fits) || !top_fits {
            return Err(EmailError::Domain);
        }
        Ok(Self(format!("{local}@{}", domain.to_ascii_lowercase())))
    }

    /// The address this was probably meant to be, where the domain is one slip
    /// (a letter missing, extra, wrong, or two swapped) from a well-known one.
    pub fn likely_meant(&self) -> Option<EmailAddress> {
        let (local, domain) = self.0.split_once('@').expect("checked");
        if KNOWN.contains(&domain) {
            return None;
        }
        let meant = KNOWN.iter().find(|k| one_slip(domain, k))?;
        Some(Self(format!("{local}@{meant}")))
    }

    /// The address: name the use at the call.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Whether `a` becomes `b` by one insertion, deletion, substitution or swap of neighbours.
fn one_slip(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[head..], &b[head..]);
    let tail = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(x, y)| x == y)
        .count();
    let (a, b) = (&a[..a.len() - tail], &b[..b.len() - tail]);
    match (a, b) {
        ([], [_]) | ([_], []) | ([_], [_]) => true,
        ([w, x], [y, z]) => w == z && x == y,
        _ => false,
    }
}

impl std::fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmailAddress(..)")
    }
}

impl Serialize for EmailAddress {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EmailAddress {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = zeroize::Zeroizing::new(String::deserialize(d)?);
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_addresses() {
        assert_eq!(
            EmailAddress::parse(" Aigerim.S@Mail.KZ ").unwrap().expose(),
            "Aigerim.S@mail.kz"
        );
        for (bad, why) in [
            ("aigerim", EmailError::At),
            ("a@b@c.kz", EmailError::At),
            ("@mail.ru", EmailError::Local),
            ("a..b@mail.ru", EmailError::Local),
            ("a@mail", EmailError::Domain),
            ("a@-mail.ru", EmailError::Domain),
            ("a@1.2.3.4", EmailError::Domain),
            ("айгерім@mail.ru", EmailError::NotLatin),
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn slips_are_questioned() {
        for (typed, meant) in [
            ("a@gmial.com", "a@gmail.com"),
            ("a@gmail.co", "a@gmail.com"),
            ("a@gmaill.com", "a@gmail.com"),
            ("a@mail.ry", "a@mail.ru"),
            ("a@yandx.kz", "a@yandex.kz"),
        ] {
            let found = EmailAddress::parse(typed).unwrap().likely_meant();
            assert_eq!(found.unwrap().expose(), meant, "{typed}");
        }
        for right in ["a@gmail.com", "a@mail.kz", "a@nu.edu.kz", "a@yandex.ru"] {
            assert!(
                EmailAddress::parse(right).unwrap().likely_meant().is_none(),
                "{right}"
            );
        }
    }
}
