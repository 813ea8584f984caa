//! What the screen is told: the fault that the kiosk left, and a small configuration.
//! Whatever is missing or damaged, there is something to show.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use faults::Fault;
use serde::Deserialize;

/// Bytes; a code has six.
const LONGEST_FAULT: u64 = 64;
const LONGEST_CONFIG: u64 = 64 << 10;

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whom to call, as it is shown: `1414`, `+7 (7172) 90-64-00`.
    pub phone: Option<String>,
    /// What this kiosk is called on the phone.
    pub kiosk: Option<String>,
}

impl Config {
    /// What this one does not say `below` does.
    pub fn over(self, below: Config) -> Config {
        Config {
            phone: self.phone.or(below.phone),
            kiosk: self.kiosk.or(below.kiosk),
        }
    }
}

/// # Errors
/// Not readable, not TOML, or what cannot be shown.
pub fn config(path: &Path) -> anyhow::Result<Config> {
    let text = read(path, LONGEST_CONFIG)?;
    let config: Config = toml::from_str(&text).with_context(|| path.display().to_string())?;
    let phone = |c: char| c.is_ascii_digit() || "+() -".contains(c);
    let kiosk = |c: char| c.is_ascii_alphanumeric() || " -_./".contains(c);
    let fits = |text: &Option<String>, longest, allowed: &dyn Fn(char) -> bool| {
        text.as_ref()
            .is_none_or(|text| (1..=longest).contains(&text.len()) && text.chars().all(allowed))
    };
    if !fits(&config.phone, 24, &phone) {
        bail!("phone: at most 24 digits, spaces and + ( ) -");
    }
    if !fits(&config.kiosk, 40, &kiosk) {
        bail!("kiosk: at most 40 Latin letters, digits, spaces and - _ . /");
    }
    Ok(config)
}

/// The code in the file; without a good one the kiosk ended without a word.
pub fn fault(path: &Path) -> Fault {
    let found = read(path, LONGEST_FAULT).and_then(|text| {
        let code = text.trim();
        Fault::from_code(code).with_context(|| format!("{code:?} is no code of a fault"))
    });
    found.unwrap_or_else(|error| {
        tracing::info!("{error:#}");
        Fault::KioskWillNotStart
    })
}

fn read(path: &Path, longest: u64) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = || {
        File::open(path)?
            .take(longest + 1)
            .read_to_string(&mut text)
    };
    let mut read = read;
    let length = read().with_context(|| path.display().to_string())?;
    if length as u64 > longest {
        bail!("{}: more than {longest} bytes", path.display());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    #[test]
    fn the_fault_is_the_one_the_kiosk_left() {
        assert_eq!(fault(file(b"DSK-02\n").path()), Fault::DiskFailed);
        for bad in [&b""[..], b"DSK-99", b"\xff\xfe", &[b'A'; 4096]] {
            assert_eq!(fault(file(bad).path()), Fault::KioskWillNotStart);
        }
        assert_eq!(fault(Path::new("/no/such/file")), Fault::KioskWillNotStart);
        assert_eq!(fault(Path::new("/")), Fault::KioskWillNotStart);
    }

    #[test]
    fn the_configuration_holds_what_can_be_shown() {
        let good = config(file(b"phone = \"+7 (7172) 90-64-00\"\nkiosk = \"AST-0042\"\n").path());
        assert_eq!(good.unwrap().kiosk.unwrap(), "AST-0042");
        assert_eq!(config(file(b"").path()).unwrap(), Config::default());
        for bad in [
            &b"phone = 1414"[..],
            b"phone = \"call me\"",
            b"phone = \"\"",
            b"phone = \"1111111111111111111111111\"",
            b"kiosk = \"\\u0007\"",
            b"office = \"https://example.org\"",
            b"\xff",
            b"[[[",
        ] {
            assert!(config(file(bad).path()).is_err(), "{bad:?}");
        }
        assert!(config(Path::new("/no/such/file")).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_fault_and_a_configuration_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let file = file(&bytes);
            fault(file.path());
            let _ = config(file.path());
        }
    }
}
