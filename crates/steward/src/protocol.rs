//! What is asked and answered: one JSON object a line, UTF-8, at most [`MAX_LINE`] bytes.
//!
//! ```text
//! -> {"verb":"install_update","drive":"USB-sda1","restart":true}
//! <- {"progress":{"percent":37,"step":"Copying image to root.1"}}
//! <- {"done":{}}
//! ```

use serde::{Deserialize, Serialize};

use crate::drive::{DriveContents, DriveName};
use crate::network::NetworkSettings;
use crate::recent::JournalLine;
use crate::slots::Slots;
use crate::time::SaneTime;
use crate::wipe::Confirmation;

/// Bytes of a request without its newline. The longest sensible one sets local settings: 3000
/// bytes, of which JSON may make twice as many (quotes, ends of lines).
pub const MAX_LINE: usize = 8192;

/// Every verb there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Which drives are there, and what lies on them for the steward.
    Drives {},
    /// Installs the one bundle `qoltanba/*.raucb` of this drive into the other slot.
    InstallUpdate {
        drive: DriveName,
        /// Start the new version at once.
        #[serde(default)]
        restart: bool,
    },
    /// Installs the one bundle that the kiosk fetched into the other slot.
    InstallOffered {
        /// Start the new version at once.
        #[serde(default)]
        restart: bool,
    },
    /// What lies in the slots, and which of them runs.
    Slots {},
    /// From now on this drive may be written: somebody chose it for that.
    OpenDrive { drive: DriveName },
    /// Sets the clock of the system, UTC.
    SetTime { unix_seconds: SaneTime },
    /// Ends the card service, hung or not, and starts it anew.
    RestartCardService {},
    /// Writes the journal of the project's units to this drive.
    ExportLogs { drive: DriveName },
    /// The newest lines of the same journal.
    RecentLogs {
        #[serde(default)]
        warnings_only: bool,
    },
    /// How the kiosk's cable is configured from now on.
    Network { settings: NetworkSettings },
    /// Replaces the technician's layer of configuration by this TOML text: [`crate::local::KEYS`].
    SetLocal { text: String },
    /// The office of a kiosk that is nobody's yet, from a technician's drive.
    AdoptOffice {
        url: String,
        /// The certificate of the office's TLS authority, PEM.
        ca: String,
    },
    /// Without a confirmation: gives one. With it: everything the kiosk stored is deleted
    /// at the restart that follows.
    Wipe {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confirmation: Option<Confirmation>,
    },
}

impl Request {
    /// # Errors
    /// [`Reason::BadRequest`]: not JSON, unknown verb or field, a value that is not allowed.
    pub fn parse(line: &str) -> Result<Request, Refusal> {
        serde_json::from_str(line)
            .map_err(|error| Refusal::new(Reason::BadRequest, error.to_string()))
    }

    /// As written in a request.
    pub fn verb(&self) -> &'static str {
        match self {
            Request::Drives {} => "drives",
            Request::InstallUpdate { .. } => "install_update",
            Request::InstallOffered { .. } => "install_offered",
            Request::Slots {} => "slots",
            Request::OpenDrive { .. } => "open_drive",
            Request::SetTime { .. } => "set_time",
            Request::RestartCardService {} => "restart_card_service",
            Request::ExportLogs { .. } => "export_logs",
            Request::RecentLogs { .. } => "recent_logs",
            Request::Network { .. } => "network",
            Request::SetLocal { .. } => "set_local",
            Request::AdoptOffice { .. } => "adopt_office",
            Request::Wipe { .. } => "wipe",
        }
    }
}

/// `Progress` any number of times, then exactly one of the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Progress {
        /// 0 to 100, never falling.
        percent: u8,
        /// In English, as the program that does it says.
        step: String,
    },
    Drives(Vec<DriveContents>),
    Slots(Slots),
    Confirm {
        confirmation: Confirmation,
        /// It is valid this long.
        seconds: u64,
    },
    /// Oldest first.
    RecentLogs(Vec<JournalLine>),
    LogsWritten {
        /// Below the drive's root.
        file: String,
        bytes: u64,
    },
    Done {},
    Refused(Refusal),
}

/// Why a request was not, or not wholly, carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason:?}: {detail}")]
pub struct Refusal {
    pub reason: Reason,
    /// In English, for the journal and the technician.
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    BadRequest,
    /// The asking process runs as a user that may not ask, or not for this.
    NotAllowed,
    /// Something else is being done, or too many ask.
    Busy,
    NoSuchDrive,
    /// The drive cannot be read or written.
    DriveFailed,
    NoBundle,
    SeveralBundles,
    BundleTooLarge,
    /// The bundle is of an older version than the one that runs, or of one without a number.
    Older,
    /// The kiosk is another office's already.
    OfficeKnown,
    /// No space on the kiosk's own disk.
    NoSpace,
    /// Of a wipe: not the one given, or too late.
    NotConfirmed,
    /// The program that does it refused: a wrong signature is here.
    ProgramFailed,
    DeadlinePassed,
    /// The kiosk's own disk.
    Storage,
}

impl Refusal {
    pub fn new(reason: Reason, detail: impl Into<String>) -> Refusal {
        Refusal {
            reason,
            detail: detail.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reason(line: &str) -> Reason {
        Request::parse(line).expect_err(line).reason
    }

    #[test]
    fn each_verb_is_read() {
        for (line, verb) in [
            (r#"{"verb":"drives"}"#, "drives"),
            (
                r#"{"verb":"install_update","drive":"USB-sda1"}"#,
                "install_update",
            ),
            (
                r#"{"verb":"install_update","drive":"Қалам-sdb1","restart":true}"#,
                "install_update",
            ),
            (r#"{"verb":"install_offered"}"#, "install_offered"),
            (
                r#"{"verb":"install_offered","restart":true}"#,
                "install_offered",
            ),
            (r#"{"verb":"slots"}"#, "slots"),
            (
                r#"{"verb":"set_time","unix_seconds":1795867200}"#,
                "set_time",
            ),
            (r#"{"verb":"restart_card_service"}"#, "restart_card_service"),
            (r#"{"verb":"open_drive","drive":"USB-sda1"}"#, "open_drive"),
            (
                r#"{"drive":"USB-sda1","verb":"export_logs"}"#,
                "export_logs",
            ),
            (r#"{"verb":"network","settings":"automatic"}"#, "network"),
            (
                r#"{"verb":"network","settings":{"manual":{"address":"10.1.2.3/24","gateway":"10.1.2.1","dns":["10.1.2.1"]}}}"#,
                "network",
            ),
            (r#"{"verb":"set_local","text":""}"#, "set_local"),
            (
                r#"{"verb":"set_local","text":"camera = \"auto\"\n"}"#,
                "set_local",
            ),
            (
                r#"{"verb":"adopt_office","url":"https://office.example","ca":"-----BEGIN"}"#,
                "adopt_office",
            ),
            (r#"{"verb":"wipe"}"#, "wipe"),
            (
                r#"{"verb":"wipe","confirmation":"00112233445566778899aabbccddeeff"}"#,
                "wipe",
            ),
        ] {
            assert_eq!(Request::parse(line).expect(line).verb(), verb);
        }
    }

    #[test]
    fn what_is_not_a_verb_with_its_own_fields_is_refused() {
        for line in [
            "",
            "{}",
            "null",
            "[]",
            "\"drives\"",
            r#"{"verb":"set_time_allowed"}"#,
            r#"{"verb":"Drives"}"#,
            r#"{"verb":"drives","drive":"USB-sda1"}"#,
            r#"{"verb":"restart_card_service","unit":"sshd.service"}"#,
            r#"{"verb":"install_update"}"#,
            r#"{"verb":"install_offered","path":"/tmp/x.raucb"}"#,
            r#"{"verb":"install_offered","drive":"USB-sda1"}"#,
            r#"{"verb":"slots","slot":"root.0"}"#,
            r#"{"verb":"set_time"}"#,
            r#"{"verb":"set_time","unix_seconds":0}"#,
            r#"{"verb":"set_time","unix_seconds":-1}"#,
            r#"{"verb":"set_time","unix_seconds":1795867200.5}"#,
            r#"{"verb":"set_time","unix_seconds":"2026-11-28; reboot"}"#,
            r#"{"verb":"set_time","unix_seconds":9223372036854775807}"#,
            r#"{"verb":"install_update","drive":"USB-sda1","path":"/tmp/x.raucb"}"#,
            r#"{"verb":"install_update","drive":"USB-sda1","drive":"USB-sdb1"}"#,
            r#"{"verb":"install_update","drive":"../etc"}"#,
            r#"{"verb":"install_update","drive":7}"#,
            r#"{"verb":"open_drive","drive":"a/b"}"#,
            r#"{"verb":"open_drive"}"#,
            r#"{"verb":"export_logs","drive":""}"#,
            r#"{"verb":"wipe","confirmation":"yes"}"#,
            r#"{"verb":"network","settings":{"manual":{"address":"10.1.2.3"}}}"#,
            r#"{"verb":"set_local"}"#,
            r#"{"verb":"set_local","text":{"camera":"auto"}}"#,
            r#"{"verb":"set_local","text":"","file":"/etc/passwd"}"#,
            r#"{"verb":"adopt_office","url":"https://office.example"}"#,
            r#"{"verb":"adopt_office","url":"https://office.example","ca":"","ca_file":"/tmp/ca.pem"}"#,
            r#"{"verb":"drives"} {"verb":"wipe"}"#,
        ] {
            assert_eq!(reason(line), Reason::BadRequest, "{line}");
        }
    }

    #[test]
    fn nesting_without_end_is_refused() {
        let deep = "[".repeat(MAX_LINE);
        assert_eq!(reason(&deep), Reason::BadRequest);
        let deep = format!("{{\"verb\":{}", "{\"verb\":".repeat(500));
        assert_eq!(reason(&deep), Reason::BadRequest);
    }

    proptest! {
        #[test]
        fn any_line_is_a_request_or_a_refusal(line in ".{0,300}") {
            if let Err(refusal) = Request::parse(&line) {
                prop_assert_eq!(refusal.reason, Reason::BadRequest);
            }
        }

        /// Whatever a caller puts into the only free text, what comes through is one
        /// component of a path.
        #[test]
        fn a_drive_is_never_a_path(name in "\\PC{0,140}|[./\\\\a-c\u{0}\n-]{0,12}") {
            let line = serde_json::json!({ "verb": "export_logs", "drive": name }).to_string();
            if let Ok(Request::ExportLogs { drive }) = Request::parse(&line) {
                prop_assert_eq!(drive.as_str(), name.as_str());
                prop_assert!(!name.contains('/') && !name.contains('\0') && !name.starts_with('.'));
                let path = std::path::Path::new("/run/media/kiosk").join(&name);
                prop_assert_eq!(path.components().count(), 5);
            }
        }

        /// A field more, wherever, and nothing is done.
        #[test]
        fn an_unknown_field_is_refused(field in "[a-z_]{1,12}", value in any::<u32>()) {
            prop_assume!(
                ![
                    "verb", "drive", "restart", "settings", "confirmation", "unix_seconds",
                    "warnings_only", "text", "url", "ca",
                ]
                .contains(&field.as_str())
            );
            for request in [
                Request::Drives {},
                Request::RestartCardService {},
                Request::Slots {},
                Request::RecentLogs { warnings_only: true },
                Request::InstallOffered { restart: true },
                Request::SetTime { unix_seconds: 1_795_867_200.try_into().unwrap() },
                Request::Wipe { confirmation: None },
                Request::Network { settings: NetworkSettings::Automatic },
                Request::SetLocal { text: "camera = \"auto\"\n".into() },
                Request::AdoptOffice { url: "https://a".into(), ca: "x".into() },
                Request::InstallUpdate { drive: "USB-sda1".parse().unwrap(), restart: false },
                Request::OpenDrive { drive: "USB-sda1".parse().unwrap() },
            ] {
                let mut line = serde_json::to_value(&request).unwrap();
                prop_assert_eq!(Request::parse(&line.to_string()).unwrap(), request);
                line[&field] = value.into();
                prop_assert_eq!(reason(&line.to_string()), Reason::BadRequest);
            }
        }
    }
}
