//! The configuration that this kiosk alone has: the technician's layer, and the office that a
//! technician's drive named while the kiosk was nobody's.
//!
//! The kiosk asks, and somebody may have broken into it: what it may set is a list here, and
//! whom it trusts is not on it.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;
use toml::{Table, Value};

use crate::config::Config;
use crate::protocol::{Reason, Refusal};

/// What a technician may set (the kiosk has the same list). `office.ca_file` is not among it:
/// an office at another address must show a certificate of the same authority.
pub const KEYS: [&str; 11] = [
    "office.url",
    "office.heartbeat_seconds",
    "camera",
    "token_writer",
    "usb.root",
    "panel",
    "session.idle_seconds",
    "session.idle_warning_seconds",
    "session.wait_here_seconds",
    "maintenance.idle_seconds",
    "maintenance.card",
];
/// Of these: one of several ways, with or without something to go with it.
const CHOICES: [&str; 4] = ["camera", "token_writer", "panel", "maintenance.card"];

/// In [`Config::local_dir`]: the technician's layer.
pub const LAYER: &str = "kiosk.toml";
/// Beside it: the office that was adopted, and its authority.
pub const OFFICE: &str = "office.toml";
pub const OFFICE_CA: &str = "office-ca.pem";

/// Bytes of the layer, of an authority, of an address.
pub const LONGEST_TEXT: usize = 3000;
pub const LONGEST_CA: usize = 2600;
pub const LONGEST_URL: usize = 200;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotLocal {
    #[error("the settings have more than {LONGEST_TEXT} bytes")]
    TooLong,
    #[error("the settings are not TOML: {0}")]
    NotToml(String),
    #[error("{0} cannot be set here")]
    Key(String),
    #[error("{0} is one value")]
    Value(String),
    #[error("{0} is a word, or a word with what goes with it")]
    Choice(String),
    #[error(
        "an office's address begins with https:// and has at most {LONGEST_URL} characters of ASCII, no spaces"
    )]
    Url,
    #[error("an office's authority is one certificate, PEM, of at most {LONGEST_CA} bytes")]
    Ca,
}

impl From<NotLocal> for Refusal {
    fn from(error: NotLocal) -> Refusal {
        Refusal::new(Reason::BadRequest, error.to_string())
    }
}

/// Replaces the technician's layer.
///
/// # Errors
/// [`Reason::BadRequest`]: it holds something else than [`KEYS`]. [`Reason::Storage`].
pub fn set(config: &Config, text: &str) -> Result<(), Refusal> {
    check(text)?;
    write(&config.local_dir, LAYER, text).map_err(storage)
}

/// # Errors
/// Too long, not TOML, a key or a value that is not one of the list's.
pub fn check(text: &str) -> Result<(), NotLocal> {
    if text.len() > LONGEST_TEXT {
        return Err(NotLocal::TooLong);
    }
    let table: Table =
        toml::from_str(text).map_err(|error| NotLocal::NotToml(error.message().to_owned()))?;
    check_table(&mut Vec::new(), &table)
}

/// By components: `"office.url"` in quotes is a key of another name.
fn check_table<'a>(path: &mut Vec<&'a str>, table: &'a Table) -> Result<(), NotLocal> {
    for (name, value) in table {
        path.push(name);
        let key = KEYS
            .iter()
            .find(|key| key.split('.').eq(path.iter().copied()));
        let beneath = KEYS
            .iter()
            .any(|key| key.split('.').take(path.len()).eq(path.iter().copied()));
        match (key, value) {
            (Some(key), Value::Table(with)) if CHOICES.contains(key) && with.len() == 1 => {}
            (Some(key), Value::String(_)) if CHOICES.contains(key) => {}
            (Some(key), _) if CHOICES.contains(key) => return Err(NotLocal::Choice(named(path))),
            (Some(_), Value::Table(_) | Value::Array(_)) => {
                return Err(NotLocal::Value(named(path)));
            }
            (Some(_), _) => {}
            (None, Value::Table(inner)) if beneath => check_table(path, inner)?,
            (None, _) => return Err(NotLocal::Key(named(path))),
        }
        path.pop();
    }
    Ok(())
}

/// It goes into the journal: one line of bounded length.
fn named(path: &[&str]) -> String {
    path.join(".").escape_debug().take(100).collect()
}

/// The office of a kiosk that is nobody's yet.
///
/// # Errors
/// [`Reason::BadRequest`]: no such address or certificate. [`Reason::OfficeKnown`]: the kiosk
/// has another by now. [`Reason::Storage`].
pub fn adopt(config: &Config, url: &str, ca: &str) -> Result<(), Refusal> {
    #[derive(Serialize)]
    struct Layer<'a> {
        office: Office<'a>,
    }
    #[derive(Serialize)]
    struct Office<'a> {
        url: &'a str,
        ca_file: &'a Path,
    }
    check_url(url)?;
    let ca = one_certificate(ca)?;
    let ca_file = &config.local_dir.join(OFFICE_CA);
    let layer = toml::to_string(&Layer {
        office: Office { url, ca_file },
    })
    .map_err(|error| Refusal::new(Reason::Storage, error.to_string()))?;

    let is = |name: &str, text: &str| {
        fs::read(config.local_dir.join(name)).is_ok_and(|there| there == text.as_bytes())
    };
    if is(OFFICE_CA, &ca) && is(OFFICE, &layer) {
        return Ok(());
    }
    if provisioned(&config.kiosk_dir) {
        return Err(Refusal::new(
            Reason::OfficeKnown,
            "this kiosk has an office already",
        ));
    }
    // In this order: an office is never named without the authority that it is known by.
    write(&config.local_dir, OFFICE_CA, &ca).map_err(storage)?;
    write(&config.local_dir, OFFICE, &layer).map_err(storage)
}

/// What the kiosk keeps of an office that confirmed it (src/sync/identity.rs), also when taking
/// its place was cut off. What cannot be looked at counts as there.
fn provisioned(kiosk_dir: &Path) -> bool {
    ["identity", "identity.confirmed"].iter().any(|folder| {
        match fs::symlink_metadata(kiosk_dir.join(folder).join("provisioned.json")) {
            Err(error) => error.kind() != io::ErrorKind::NotFound,
            Ok(_) => true,
        }
    })
}

fn check_url(url: &str) -> Result<(), NotLocal> {
    let fits = url.len() <= LONGEST_URL
        && url.bytes().all(|byte| byte.is_ascii_graphic())
        && url
            .strip_prefix("https://")
            .is_some_and(|host| !host.is_empty());
    fits.then_some(()).ok_or(NotLocal::Url)
}

/// As it is written down: the lines of one block, nothing before, between or behind. Whether
/// it can be trusted is the technician's to know, whether it can be used the kiosk's.
fn one_certificate(pem: &str) -> Result<String, NotLocal> {
    if pem.len() > LONGEST_CA {
        return Err(NotLocal::Ca);
    }
    // Drives come from machines that end lines in their own way.
    let lines: Vec<&str> = pem.trim_ascii().lines().map(str::trim_ascii_end).collect();
    let [first, body @ .., last] = lines.as_slice() else {
        return Err(NotLocal::Ca);
    };
    let base64: String = body.concat();
    let digits = base64.trim_end_matches('=');
    let fits = *first == BEGIN
        && *last == END
        && body.iter().all(|line| (1..=76).contains(&line.len()))
        && base64.len().is_multiple_of(4)
        && base64.len() - digits.len() <= 2
        && digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
        // A sequence in DER with a length of its own.
        && digits.starts_with("MI");
    fits.then(|| lines.join("\n") + "\n").ok_or(NotLocal::Ca)
}

/// The old file or the new one, whenever the power goes.
fn write(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    let new = folder.join(format!("{name}.new"));
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    // The kiosk reads it.
    rustix::fs::fchmod(&file, rustix::fs::Mode::from_raw_mode(0o644))?;
    file.sync_all()?;
    fs::rename(&new, folder.join(name))?;
    File::open(folder)?.sync_all()
}

fn storage(error: io::Error) -> Refusal {
    Refusal::new(Reason::Storage, error.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_key_of_the_list_can_be_set() {
        let text = "camera = \"auto\"\n\
            [office]\nurl = \"https://office.example:8443\"\nheartbeat_seconds = 60\n\
            [token_writer]\nmodules = [\"kaztoken\", \"/etc/qoltanba/other.toml\"]\n\
            [usb]\nroot = \"/run/media/kiosk\"\n\
            [panel]\ni2c = \"/dev/i2c-1\"\n\
            [session]\nidle_seconds = 60\nidle_warning_seconds = 20\nwait_here_seconds = 300\n\
            [maintenance]\nidle_seconds = 300\ncard = { pcsc = \"Reader\" }\n";
        assert_eq!(check(text), Ok(()));
        assert_eq!(check(""), Ok(()));
    }

    #[test]
    fn nothing_else_can_be_set_and_the_key_is_named() {
        let key = |name: &str| NotLocal::Key(name.into());
        for (text, error) in [
            ("office.ca_file = \"/tmp/ca.pem\"", key("office.ca_file")),
            (
                "office = { url = \"https://a\", ca_file = \"x\" }",
                key("office.ca_file"),
            ),
            ("\"office.url\" = \"https://a\"", key("office.url")),
            ("worker = \"/tmp/worker\"", key("worker")),
            ("data_dir = \"/\"", key("data_dir")),
            ("tpm = \"none\"", key("tpm")),
            ("[storage]", key("storage")),
            ("[session.idle]", key("session.idle")),
            (
                "session.official_test_iins = true",
                key("session.official_test_iins"),
            ),
            ("office = \"https://a\"", key("office")),
            ("\"a\\nb\" = 1", key("a\\nb")),
            ("[office.url]\nx = 1", NotLocal::Value("office.url".into())),
            (
                "session.idle_seconds = [1]",
                NotLocal::Value("session.idle_seconds".into()),
            ),
            ("camera = 7", NotLocal::Choice("camera".into())),
            ("camera = {}", NotLocal::Choice("camera".into())),
            (
                "maintenance.card = { a = 1, b = 2 }",
                NotLocal::Choice("maintenance.card".into()),
            ),
        ] {
            assert_eq!(check(text), Err(error), "{text}");
        }
        assert!(matches!(check("[office\n"), Err(NotLocal::NotToml(_))));
        let long = format!("# {}", "x".repeat(LONGEST_TEXT));
        assert_eq!(check(&long), Err(NotLocal::TooLong));
    }

    #[test]
    fn nesting_without_end_is_refused_or_harmless() {
        for text in [
            format!("camera = {}", "[".repeat(2900)),
            format!("camera = {}", "{a=".repeat(900)),
            format!("camera{} = 1", ".a".repeat(1400)),
            format!("[{}a]", "a.".repeat(1400)),
        ] {
            let _ = check(&text);
        }
    }

    const CA: &str = "-----BEGIN CERTIFICATE-----\nMIIB\nAA==\n-----END CERTIFICATE-----\n";

    #[test]
    fn an_authority_is_one_certificate() {
        assert_eq!(one_certificate(CA).as_deref(), Ok(CA));
        let other_ends = format!("\r\n{}\r\n", CA.replace('\n', "\r\n"));
        assert_eq!(one_certificate(&other_ends).as_deref(), Ok(CA));
        for pem in [
            String::new(),
            BEGIN.into(),
            format!("{BEGIN}\n{END}\n"),
            format!("{CA}{CA}"),
            format!("note\n{CA}"),
            format!("{CA}note\n"),
            CA.replace("MIIB", "MII*"),
            CA.replace("AA==", "A==="),
            CA.replace("AA==", "AA=A"),
            CA.replace("MIIB", "AAAA"),
            CA.replace("MIIB", &format!("MI{}", "A".repeat(75))),
            CA.replace("CERTIFICATE", "PRIVATE KEY"),
            CA.replace("MIIB\n", &"MIIBMIIB\n".repeat(300)),
        ] {
            assert_eq!(one_certificate(&pem), Err(NotLocal::Ca), "{pem}");
        }
    }

    #[test]
    fn an_address_is_one_of_the_web_with_tls() {
        assert_eq!(check_url("https://office.example:8443"), Ok(()));
        for url in [
            "",
            "https://",
            "http://office.example",
            "HTTPS://office.example",
            "https://office example",
            "https://office.example\n[worker]",
            "https://кеңсе.kz",
            &format!("https://{}", "a".repeat(LONGEST_URL)),
        ] {
            assert_eq!(check_url(url), Err(NotLocal::Url), "{url}");
        }
    }

    proptest! {
        /// Whatever is accepted names nothing that is not on the list.
        #[test]
        fn what_is_accepted_has_keys_of_the_list_only(text in "(((office|session|usb|camera|\"office\\.url\")\\.?(url|ca_file|root|idle_seconds)? = (1|\"a\"|\\{a=1\\})|\\[(office|session|panel|x)\\])\n){1,6}") {
            if check(&text).is_ok() {
                let table: Table = toml::from_str(&text).unwrap();
                for (section, value) in &table {
                    prop_assert!(KEYS.iter().any(|key| key.split('.').next() == Some(section)));
                    let inner = value.as_table().filter(|_| !KEYS.contains(&section.as_str()));
                    for name in inner.into_iter().flat_map(Table::keys) {
                        let key = format!("{section}.{name}");
                        prop_assert!(KEYS.contains(&key.as_str()), "{}", key);
                    }
                }
            }
        }

        #[test]
        fn any_text_is_checked_without_a_panic(text in "\\PC{0,200}") {
            let _ = (check(&text), check_url(&text), one_certificate(&text));
        }
    }
}
