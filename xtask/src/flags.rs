//! Words of the command line: `--name value` and `--name`.

use std::collections::BTreeMap;

/// The command line cannot be understood.
#[derive(Debug)]
pub struct WrongWords(String);

impl std::fmt::Display for WrongWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongWords {}

pub fn wrong(message: impl Into<String>) -> anyhow::Error {
    WrongWords(message.into()).into()
}

#[derive(Debug)]
pub struct Flags {
    switches: Vec<String>,
    values: BTreeMap<String, String>,
}

impl Flags {
    /// Takes `words` apart; `switches` stand alone, `valued` take the next word
    /// or what follows `=`. Anything else is refused.
    pub fn parse(words: &[String], switches: &[&str], valued: &[&str]) -> anyhow::Result<Self> {
        let mut flags = Self {
            switches: Vec::new(),
            values: BTreeMap::new(),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (name, inline) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            if switches.contains(&name) && inline.is_none() {
                flags.switches.push(name.to_owned());
            } else if valued.contains(&name) {
                let value = match inline {
                    Some(value) => value,
                    None => words
                        .next()
                        .ok_or_else(|| wrong(format!("{name} needs a value")))?
                        .clone(),
                };
                flags.values.insert(name.to_owned(), value);
            } else {
                return Err(wrong(format!(
                    "unknown word `{word}`; see `cargo xtask help`"
                )));
            }
        }
        Ok(flags)
    }

    pub fn has(&self, switch: &str) -> bool {
        self.switches.iter().any(|s| s == switch)
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The value of `name`, one of `allowed`; the first of them when not given.
    pub fn one_of<'a>(&'a self, name: &str, allowed: &[&'a str]) -> anyhow::Result<&'a str> {
        match self.value(name) {
            None => Ok(allowed[0]),
            Some(value) if allowed.contains(&value) => Ok(value),
            Some(value) => Err(wrong(format!(
                "{name} is one of {}, not `{value}`",
                allowed.join(", ")
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn values_follow_or_are_joined() {
        let flags = Flags::parse(
            &words("--headless --out here --lang=ru"),
            &["--headless"],
            &["--out", "--lang"],
        )
        .unwrap();
        assert!(flags.has("--headless"));
        assert_eq!(flags.value("--out"), Some("here"));
        assert_eq!(flags.one_of("--lang", &["kk", "ru"]).unwrap(), "ru");
        assert_eq!(flags.one_of("--size", &["a", "b"]).unwrap(), "a");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for bad in ["--headles", "--out", "--headless=yes", "stray"] {
            let error = Flags::parse(&words(bad), &["--headless"], &["--out"]).unwrap_err();
            assert!(error.downcast_ref::<WrongWords>().is_some(), "{bad}");
        }
        let flags = Flags::parse(&words("--lang de"), &[], &["--lang"]).unwrap();
        assert!(flags.one_of("--lang", &["kk", "ru", "en"]).is_err());
    }
}
