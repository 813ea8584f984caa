//! Where things are and who may ask. The defaults are those of the kiosk's image; a file
//! of root's may say otherwise.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;

use crate::protocol::Request;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// User numbers that may ask for everything: the kiosk (systemd/sysusers.conf).
    pub peers: Vec<u32>,
    /// Those that may ask for what [`Config::allows`] them: the screen that stands in for it.
    pub fallback_peers: Vec<u32>,
    /// Each mount point directly in it is one drive.
    pub drives: PathBuf,
    /// proc_pid_mountinfo(5)
    pub mount_table: PathBuf,
    /// Types of file system that are taken.
    pub file_systems: Vec<String>,
    /// The steward's own: copies of bundles, the mark of a wipe.
    pub state_dir: PathBuf,
    /// The kiosk's: in it lies the bundle that the kiosk fetched.
    pub kiosk_dir: PathBuf,
    /// What a wipe empties: what the kiosk stored, and what was set for it here.
    pub data_dirs: Vec<PathBuf>,
    /// What systemd-networkd reads; in the image /etc/systemd/network leads here.
    pub network_dir: PathBuf,
    /// What a technician set, and the office that was adopted; in the image /etc/qoltanba leads
    /// here.
    pub local_dir: PathBuf,
    /// os-release(5): the version that runs.
    pub os_release: PathBuf,
    /// Whose journal is exported; patterns as in `journalctl --unit`.
    pub journal_units: Vec<String>,
    /// Bytes; of a longer journal the newest are written.
    pub journal_limit: usize,
    /// Bytes of the largest bundle that is taken.
    pub bundle_limit: u64,
    pub programs: Programs,
    pub deadlines: Deadlines,
}

/// Absolute paths.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Programs {
    pub rauc: PathBuf,
    pub systemctl: PathBuf,
    pub journalctl: PathBuf,
    pub networkctl: PathBuf,
}

/// Seconds, from the request to its last answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deadlines {
    pub drives: u64,
    /// From a drive, or offered.
    pub install_update: u64,
    pub slots: u64,
    pub open_drive: u64,
    pub set_time: u64,
    pub restart_card_service: u64,
    pub export_logs: u64,
    pub network: u64,
    pub set_local: u64,
    pub adopt_office: u64,
    pub wipe: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            peers: vec![970],
            fallback_peers: vec![971],
            drives: "/run/media/kiosk".into(),
            mount_table: "/proc/self/mountinfo".into(),
            file_systems: ["vfat", "exfat"].map(String::from).to_vec(),
            state_dir: "/var/lib/qoltanba-steward".into(),
            kiosk_dir: "/var/lib/qoltanba".into(),
            data_dirs: [
                "/var/lib/qoltanba",
                "/var/lib/qoltanba-local",
                "/var/lib/qoltanba-network",
            ]
            .map(PathBuf::from)
            .to_vec(),
            network_dir: "/var/lib/qoltanba-network".into(),
            local_dir: "/var/lib/qoltanba-local".into(),
            os_release: "/etc/os-release".into(),
            journal_units: ["qoltanba-*", "pcscd.service", "rauc.service"]
                .map(String::from)
                .to_vec(),
            journal_limit: 16 << 20,
            bundle_limit: 2 << 30,
            programs: Programs::default(),
            deadlines: Deadlines::default(),
        }
    }
}

impl Default for Programs {
    fn default() -> Self {
        Programs {
            rauc: "/usr/bin/rauc".into(),
            systemctl: "/usr/bin/systemctl".into(),
            journalctl: "/usr/bin/journalctl".into(),
            networkctl: "/usr/bin/networkctl".into(),
        }
    }
}

impl Default for Deadlines {
    fn default() -> Self {
        Deadlines {
            drives: 10,
            // 300 MB from a slow drive, then a minute of writing; five times that.
            install_update: 30 * 60,
            slots: 30,
            open_drive: 30,
            set_time: 30,
            restart_card_service: 30,
            export_logs: 120,
            network: 30,
            set_local: 30,
            adopt_office: 30,
            wipe: 30,
        }
    }
}

impl Deadlines {
    pub fn of(&self, request: &Request) -> Duration {
        Duration::from_secs(match request {
            Request::Drives {} => self.drives,
            Request::InstallUpdate { .. } | Request::InstallOffered { .. } => self.install_update,
            Request::Slots {} => self.slots,
            // It is what an export begins with.
            Request::RecentLogs { .. } => self.export_logs,
            Request::OpenDrive { .. } => self.open_drive,
            Request::SetTime { .. } => self.set_time,
            Request::RestartCardService {} => self.restart_card_service,
            Request::ExportLogs { .. } => self.export_logs,
            Request::Network { .. } => self.network,
            Request::SetLocal { .. } => self.set_local,
            Request::AdoptOffice { .. } => self.adopt_office,
            Request::Wipe { .. } => self.wipe,
        })
    }
}

impl Config {
    /// Whether this user may ask at all.
    pub fn knows(&self, user: u32) -> bool {
        self.peers.contains(&user) || self.fallback_peers.contains(&user)
    }

    /// The fall-back screen has what a technician's drive needs while the kiosk does not run:
    /// no clock, no settings, no wipe.
    pub fn allows(&self, user: u32, request: &Request) -> bool {
        let of_a_drive = matches!(
            request,
            Request::Drives {}
                | Request::InstallUpdate { .. }
                | Request::Slots {}
                | Request::ExportLogs { .. }
        );
        self.peers.contains(&user) || of_a_drive && self.fallback_peers.contains(&user)
    }

    /// # Errors
    /// The file is missing, not TOML, or names what there is not.
    pub fn read(path: &Path) -> anyhow::Result<Config> {
        let text = std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{}", path.display()))
    }
}
