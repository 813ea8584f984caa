//! Configuration in three layers: image < office (as it was set up) < local.
//!
//! Each layer is a TOML file that names only what it changes. A bad layer falls
//! back to its last good copy and raises [`faults::Fault::ConfigurationBad`]; the
//! kiosk always starts.

mod layers;
mod settings;

use std::path::PathBuf;

use exchange::update::Window;
use serde::{Deserialize, Serialize};

pub use layers::ConfigError;
pub use settings::{Seen, SettingError, editable};

/// The whole configuration; every value has a default that works.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub data_dir: PathBuf,
    pub office: Office,
    pub tpm: Tpm,
    pub camera: Camera,
    pub card_reader: CardReader,
    pub token_writer: TokenWriter,
    pub document: Document,
    pub usb: Usb,
    pub panel: Panel,
    pub session: Session,
    pub storage: Storage,
    pub maintenance: Maintenance,
    pub update: Update,
    /// The `kiosk-worker` program, or the socket of the service that starts it as another user; none:
    /// the program beside this one.
    pub worker: Option<PathBuf>,
    /// Socket of the steward, which does what needs root.
    pub steward: PathBuf,
    /// Where it was read from, lowest first; no value of its own.
    #[serde(skip)]
    pub layers: Vec<PathBuf>,
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

/// The TPM 2.0 in which provisioning makes this kiosk's keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Tpm {
    /// That of this machine, `/dev/tpmrm0`, where it has one; else keys lie in files.
    #[default]
    Auto,
    /// Keys lie in files.
    None,
    /// e.g. `/dev/tpmrm1`
    Device(PathBuf),
    /// By its TCTI, e.g. `swtpm:host=127.0.0.1,port=2321` (feature `simulated`).
    Simulated(String),
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
pub struct Maintenance {
    pub card: TechniciansCard,
    pub idle_seconds: u16,
    pub idle_warning_seconds: u16,
    /// For a card whose PIN nobody enters.
    pub pin_idle_seconds: u16,
}

impl Default for Maintenance {
    fn default() -> Self {
        Self {
            card: TechniciansCard::default(),
            idle_seconds: 300,
            idle_warning_seconds: 30,
            pin_idle_seconds: 60,
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

/// Where technicians put their PIV cards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TechniciansCard {
    /// The place for tokens where that takes PIV cards, else every PC/SC reader; with
    /// simulated tokens: nowhere.
    #[default]
    Auto,
    /// Nobody is let in by a card.
    None,
    /// The place for tokens.
    Same,
    /// The readers whose PC/SC name contains this; empty: every reader.
    Pcsc(String),
    /// A reader on this serial line. pcscd must not have it too.
    Serial(PathBuf),
    /// A card that is two files (feature `simulated`), with the PIN 314159.
    Simulated {
        /// PKCS#8, PEM.
        key: PathBuf,
        /// Of the office, PEM.
        certificate: PathBuf,
        /// It is in only while this file exists.
        #[serde(default)]
        inserted_file: Option<PathBuf>,
    },
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: "/var/lib/qoltanba".into(),
            office: Office::default(),
            tpm: Tpm::default(),
            camera: Camera::default(),
            card_reader: CardReader::default(),
            token_writer: TokenWriter::default(),
            document: Document::default(),
            usb: Usb::default(),
            panel: Panel::default(),
            session: Session::default(),
            storage: Storage::default(),
            maintenance: Maintenance::default(),
            update: Update::default(),
            worker: None,
            steward: steward::client::SOCKET.into(),
            layers: Vec::new(),
        }
    }
}
