//! Configuration in three layers: image < office (signed) < local.
//!
//! Each layer is a TOML file that names only what it changes. A bad layer falls
//! back to its last good copy and raises [`faults::Fault::ConfigurationBad`]; the
//! kiosk always starts.

use std::path::{Path, PathBuf};

use exchange::update::Window;
use faults::Fault;
use serde::{Deserialize, Serialize};

/// The whole configuration; every value has a default that works.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub data_dir: PathBuf,
    pub office: Office,
    pub camera: Camera,
    pub card_reader: CardReader,
    pub token_writer: TokenWriter,
    pub document: Document,
    pub usb: Usb,
    pub panel: Panel,
    pub session: Session,
    pub storage: Storage,
    pub update: Update,
    /// Socket of the steward, which does what needs root.
    pub steward: PathBuf,
    /// The `kiosk-worker` program; none: beside this program.
    pub worker: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Office {
    /// `https://host:port`
    pub url: String,
    /// PEM file with the certificate of the office's TLS authority.
    pub ca_file: PathBuf,
    /// Heartbeat interval.
    pub heartbeat_seconds: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Camera {
    /// The first device that can stream.
    #[default]
    Auto,
    /// e.g. `/dev/video0`
    Device(PathBuf),
    /// A still or a recording in place of a camera (feature `simulated`).
    Simulated {
        file: PathBuf,
        /// A file whose one word (none, black, frozen, slow, gone) injects a fault.
        #[serde(default)]
        fault_file: Option<PathBuf>,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CardReader {
    /// Every reader pcscd knows.
    #[default]
    Pcsc,
    /// An identity card lies in the reader from `insert_after_millis` on (feature
    /// `simulated`). CAN 123456.
    Simulated {
        #[serde(default)]
        insert_after_millis: u64,
        /// The card lies there only while this file does.
        #[serde(default)]
        card_file: Option<PathBuf>,
        /// On the card; none: that of a published example, 880412401006.
        #[serde(default)]
        iin: Option<String>,
        /// JPEG on the chip; none: a silhouette.
        #[serde(default)]
        portrait: Option<PathBuf>,
    },
}

/// The place for citizens' tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TokenWriter {
    /// Keys go into files only.
    #[default]
    None,
    /// PIV tokens in the readers whose PC/SC name contains this.
    Pcsc(String),
    /// PIV tokens in the serial writer at this tty. pcscd must not have it too.
    Serial(PathBuf),
    /// Tokens behind their makers' PKCS#11 modules: names of known profiles, or files.
    Modules(Vec<String>),
    /// A token that is a file (feature `simulated`), made when it is missing. It comes
    /// with the PIN 12345678 and the PUK 87654321, and counts as a KazToken.
    Simulated {
        file: PathBuf,
        /// It is in only while this file exists.
        #[serde(default)]
        inserted_file: Option<PathBuf>,
        /// It counts as an ID card, which erases its keys when it makes one.
        #[serde(default)]
        card: bool,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Document {
    /// Certificates of states that sign documents (CSCA): a file or a folder, DER or
    /// signed master lists. None: no chip can be proven genuine here, only read.
    pub csca: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Usb {
    /// Each folder in it is one drive.
    pub root: PathBuf,
    /// `root` itself is one drive that is always there (a developer's folder).
    pub root_is_drive: bool,
}

impl Default for Usb {
    fn default() -> Self {
        Self {
            root: "/run/media/kiosk".into(),
            root_is_drive: false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Panel {
    #[default]
    None,
    /// SSD1306 on this I2C bus, e.g. `/dev/i2c-1`.
    I2c(PathBuf),
    /// A PNG file, rewritten when the panel changes (feature `simulated`).
    Simulated(PathBuf),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Session {
    pub idle_seconds: u16,
    pub idle_warning_seconds: u16,
    /// Let the authority's two official test numbers pass.
    pub official_test_iins: bool,
    pub liveness_prompts: u8,
    pub liveness_seconds_each: f32,
    pub liveness_tries: u8,
    pub liveness_block_seconds: u32,
    /// How long "wait here" may last before "come back" is offered.
    pub wait_here_seconds: u32,
    pub algorithm: exchange::KeyAlgorithm,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            idle_seconds: 90,
            idle_warning_seconds: 30,
            official_test_iins: false,
            liveness_prompts: 4,
            liveness_seconds_each: 3.0,
            liveness_tries: 3,
            liveness_block_seconds: 15 * 60,
            wait_here_seconds: 10 * 60,
            algorithm: exchange::KeyAlgorithm::Rsa2048,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// Below this the kiosk takes no new applications.
    pub floor_bytes: u64,
    /// Given back when the disk is full, so that deleting works.
    pub ballast_bytes: u64,
    /// So many unsent submissions are the most that are kept.
    pub most_waiting: u32,
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            floor_bytes: 200 << 20,
            ballast_bytes: 16 << 20,
            most_waiting: 500,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Update {
    /// How often the office is asked what this kiosk is to have; spread by a quarter.
    pub ask_seconds: u32,
    /// When in a day of Kazakhstan an update may begin here, `01:00-05:00`; the office's own
    /// window holds too. Both ends the same: always.
    pub window: Window,
}

impl Default for Update {
    fn default() -> Self {
        Self {
            ask_seconds: 3600,
            window: Window::ALWAYS,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: "/var/lib/qoltanba".into(),
            office: Office::default(),
            camera: Camera::default(),
            card_reader: CardReader::default(),
            token_writer: TokenWriter::default(),
            document: Document::default(),
            usb: Usb::default(),
            panel: Panel::default(),
            session: Session::default(),
            storage: Storage::default(),
            update: Update::default(),
            worker: None,
            steward: steward::client::SOCKET.into(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path}: cannot be read: {cause}")]
    Read {
        path: PathBuf,
        cause: std::io::Error,
    },
    #[error("{path}: {cause}")]
    Syntax {
        path: PathBuf,
        cause: Box<toml::de::Error>,
    },
    #[error("{path}: {what}")]
    Value { path: PathBuf, what: String },
}

impl Config {
    /// Reads the layers in order, lowest first; a missing file is an empty layer.
    ///
    /// Returns what could be used and, when a layer was bad, the reason. A layer
    /// that was good is kept beside it as `<name>.good` for the next time.
    pub fn load(layers: &[PathBuf]) -> (Config, Vec<(Fault, ConfigError)>) {
        let mut merged = toml::Table::new();
        let mut raised = Vec::new();
        for path in layers {
            match Self::layer_over(&merged, path) {
                Ok(Some((table, text))) => {
                    merged = table;
                    keep_good(path, &text);
                }
                Ok(None) => {}
                Err(bad) => {
                    if let Ok(Some((table, _))) = Self::layer_over(&merged, &good_copy(path)) {
                        merged = table;
                    }
                    raised.push((Fault::ConfigurationBad, bad));
                }
            }
        }
        let config = merged.try_into().unwrap_or_default();
        (config, raised)
    }

    /// Reads one file over the defaults, for `kiosk config check`.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, names an unknown key, or has a value out of range.
    pub fn check(path: &Path) -> Result<Config, ConfigError> {
        let read = |cause| ConfigError::Read {
            path: path.into(),
            cause,
        };
        std::fs::metadata(path).map_err(read)?;
        let (table, _) = Self::layer_over(&toml::Table::new(), path)?.unwrap_or_default();
        table.try_into().map_err(|cause| ConfigError::Syntax {
            path: path.into(),
            cause: Box::new(cause),
        })
    }

    fn layer_over(
        below: &toml::Table,
        path: &Path,
    ) -> Result<Option<(toml::Table, String)>, ConfigError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => {
                return Err(ConfigError::Read {
                    path: path.into(),
                    cause,
                });
            }
        };
        let syntax = |cause| ConfigError::Syntax {
            path: path.into(),
            cause: Box::new(cause),
        };
        let layer: toml::Table = toml::from_str(&text).map_err(syntax)?;
        // Checked on its own first: an error then points into this file's text.
        let _: Config = toml::from_str(&text).map_err(syntax)?;
        let mut merged = below.clone();
        merge(&mut merged, layer);
        let config: Config = merged.clone().try_into().map_err(syntax)?;
        config.check_values().map_err(|what| ConfigError::Value {
            path: path.into(),
            what,
        })?;
        Ok(Some((merged, text)))
    }

    fn check_values(&self) -> Result<(), String> {
        let s = &self.session;
        let within = |name: &str, value: f64, low: f64, high: f64| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(format!(
                    "{name} = {value}: must lie between {low} and {high}"
                ))
            }
        };
        if !self.office.url.is_empty() && !self.office.url.starts_with("https://") {
            return Err("office.url: must begin with https://".into());
        }
        within(
            "session.idle_seconds",
            f64::from(s.idle_seconds),
            15.0,
            900.0,
        )?;
        within(
            "session.idle_warning_seconds",
            f64::from(s.idle_warning_seconds),
            5.0,
            120.0,
        )?;
        within(
            "session.liveness_prompts",
            f64::from(s.liveness_prompts),
            3.0,
            6.0,
        )?;
        within(
            "session.liveness_seconds_each",
            f64::from(s.liveness_seconds_each),
            0.05,
            10.0,
        )?;
        within(
            "session.liveness_tries",
            f64::from(s.liveness_tries),
            1.0,
            10.0,
        )?;
        within(
            "update.ask_seconds",
            f64::from(self.update.ask_seconds),
            1.0,
            7.0 * 24.0 * 3600.0,
        )
    }
}

/// Tables are merged key by key; everything else is replaced.
fn merge(below: &mut toml::Table, above: toml::Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            // An enum with data is a one-key table: two of them must not mix.
            (Some(toml::Value::Table(b)), toml::Value::Table(a))
                if key != "camera" && key != "card_reader" && key != "panel" =>
            {
                merge(b, a);
            }
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

fn good_copy(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".good");
    name.into()
}

/// Best effort: the layer may lie on a read-only image.
fn keep_good(path: &Path, text: &str) {
    let copy = good_copy(path);
    if std::fs::read_to_string(&copy).is_ok_and(|old| old == text) {
        return;
    }
    let temporary = copy.with_extension("good.tmp");
    if std::fs::write(&temporary, text).is_ok() && std::fs::rename(&temporary, &copy).is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_change_only_what_they_name() {
        let dir = tempfile::tempdir().unwrap();
        let (image, local) = (dir.path().join("image.toml"), dir.path().join("local.toml"));
        std::fs::write(
            &image,
            "[session]\nidle_seconds = 60\n[office]\nurl = 'https://a'\n",
        )
        .unwrap();
        std::fs::write(&local, "[office]\nurl = 'https://b'\n").unwrap();
        let (config, raised) = Config::load(&[image, local]);
        assert!(raised.is_empty(), "{raised:?}");
        assert_eq!(
            (config.session.idle_seconds, config.office.url.as_str()),
            (60, "https://b")
        );
    }

    #[test]
    fn a_bad_layer_falls_back_to_its_last_good_copy() {
        let dir = tempfile::tempdir().unwrap();
        let layer = vec![dir.path().join("local.toml")];
        std::fs::write(&layer[0], "[session]\nidle_seconds = 45\n").unwrap();
        Config::load(&layer);
        for bad in [
            "[session]\nidle_seconds = 1\n",
            "[sesion]\n",
            "= x",
            "[office]\nurl = 'http://a'\n",
        ] {
            std::fs::write(&layer[0], bad).unwrap();
            let (config, raised) = Config::load(&layer);
            assert_eq!(config.session.idle_seconds, 45, "{bad}");
            assert!(
                matches!(raised[..], [(Fault::ConfigurationBad, _)]),
                "{bad}"
            );
        }
    }

    #[test]
    fn an_error_names_file_and_key() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        std::fs::write(&file, "[session]\nidle_secnds = 45\n").unwrap();
        let said = Config::check(&file).unwrap_err().to_string();
        assert!(
            said.contains("c.toml") && said.contains("idle_secnds"),
            "{said}"
        );
    }
}
