//! How this kiosk is doing, for whoever watches it from outside: the health check of an update.
//!
//! `$RUNTIME_DIRECTORY/standing` (systemd.exec(5)), a `key=value` a line, rewritten whole whenever
//! something of it changes.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use faults::Fault;

use crate::session::event::{DeviceEvent, Event};

/// Which devices have said something since the start: that they are there, or why not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    pub camera: bool,
    pub reader: bool,
    pub drives: bool,
}

impl Answered {
    pub(super) fn hear(&mut self, event: &Event) {
        let Event::Device(event) = event else {
            return;
        };
        match event {
            DeviceEvent::Raised(fault) | DeviceEvent::Cleared(fault) => match fault {
                Fault::CameraMissing
                | Fault::CameraBlack
                | Fault::CameraFrozen
                | Fault::CameraSlow => self.camera = true,
                // A worker that dies says nothing of the reader: a version whose worker never starts
                // closes the kiosk to everybody, and must not be called good.
                Fault::ReaderMissing | Fault::CardServiceDown => self.reader = true,
                _ => {}
            },
            DeviceEvent::DriveInserted { .. } | DeviceEvent::DriveRemoved { .. } => {
                self.drives = true;
            }
            _ => {}
        }
    }

    pub(super) fn all(self) -> bool {
        self.camera && self.reader && self.drives
    }
}

/// Whether the office is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfficeSeen {
    Reached,
    Missed(Fault),
    /// Not tried yet.
    Unknown,
}

impl OfficeSeen {
    /// `faults`: that are raised; those of the link begin with NET.
    pub(super) fn of(link_is_up: bool, faults: &[Fault]) -> Self {
        let why = faults.iter().find(|f| f.code().starts_with("NET-"));
        match (link_is_up, why) {
            (true, _) => Self::Reached,
            (false, Some(why)) => Self::Missed(*why),
            (false, None) => Self::Unknown,
        }
    }
}

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub screen_is_drawn: bool,
    pub answered: Answered,
    /// The queue, or why there is none.
    pub outbox: Result<(), Fault>,
    pub office: OfficeSeen,
    pub citizen_is_there: bool,
    pub queue_is_safe: bool,
}

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.screen_is_drawn {
            writeln!(f, "screen=drawn")?;
        }
        if self.answered.all() {
            writeln!(f, "devices=answered")?;
        }
        match self.outbox {
            Ok(()) => writeln!(f, "outbox=open")?,
            Err(fault) => writeln!(f, "outbox=fault {}", fault.code())?,
        }
        match self.office {
            OfficeSeen::Reached => writeln!(f, "office=reached")?,
            OfficeSeen::Missed(fault) => writeln!(f, "office=reason {}", fault.code())?,
            OfficeSeen::Unknown => writeln!(f, "office=unknown")?,
        }
        let citizen = if self.citizen_is_there {
            "present"
        } else {
            "absent"
        };
        writeln!(f, "citizen={citizen}")?;
        let queue = if self.queue_is_safe { "safe" } else { "unsafe" };
        writeln!(f, "queue={queue}")
    }
}

/// The file; without a folder for it nothing is written.
pub(super) struct StandingFile {
    path: Option<PathBuf>,
    written: Option<Standing>,
}

impl StandingFile {
    pub fn of_environment() -> Self {
        Self::within(std::env::var_os("RUNTIME_DIRECTORY").map(PathBuf::from))
    }

    fn within(folder: Option<PathBuf>) -> Self {
        Self {
            path: folder.map(|folder| folder.join("standing")),
            written: None,
        }
    }

    /// The folder lies in memory (RuntimeDirectory=): nobody waits for a disk.
    pub fn write(&mut self, standing: Standing) {
        let Some(path) = &self.path else {
            return;
        };
        if self.written.as_ref() == Some(&standing) {
            return;
        }
        let beside = path.with_extension("new");
        let written = write_readable(&beside, &standing.to_string())
            .and_then(|()| std::fs::rename(&beside, path));
        if let Err(e) = written {
            tracing::error!("{}: {e}", path.display());
        }
        self.written = Some(standing);
    }
}

/// Writes what other users look at, whatever files of this one are otherwise (`UMask=` of
/// its unit).
///
/// # Errors
/// The file cannot be made or written.
pub fn write_readable(file: &Path, text: &str) -> io::Result<()> {
    std::fs::write(file, text)?;
    std::fs::set_permissions(file, Permissions::from_mode(0o644))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing() -> Standing {
        Standing {
            screen_is_drawn: false,
            answered: Answered::default(),
            outbox: Err(Fault::QueueDamaged),
            office: OfficeSeen::of(false, &[]),
            citizen_is_there: false,
            queue_is_safe: false,
        }
    }

    #[test]
    fn the_file_says_what_is_and_is_written_when_that_changes() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = StandingFile::within(Some(dir.path().into()));
        let read = || std::fs::read_to_string(dir.path().join("standing")).unwrap();
        file.write(standing());
        let beginning = "outbox=fault QUE-01\noffice=unknown\ncitizen=absent\nqueue=unsafe\n";
        assert_eq!(read(), beginning);

        let mut well = Standing {
            screen_is_drawn: true,
            outbox: Ok(()),
            office: OfficeSeen::of(true, &[Fault::CameraMissing]),
            queue_is_safe: true,
            ..standing()
        };
        let cleared = |fault| Event::Device(DeviceEvent::Cleared(fault));
        well.answered.drives = true;
        well.answered.hear(&cleared(Fault::CameraMissing));
        assert!(!well.to_string().contains("devices"), "not yet the reader");
        let raised = Event::Device(DeviceEvent::Raised(Fault::CardServiceDown));
        well.answered.hear(&raised);
        file.write(well.clone());
        let end = "outbox=open\noffice=reached\ncitizen=absent\nqueue=safe\n";
        assert_eq!(read(), format!("screen=drawn\ndevices=answered\n{end}"));

        std::fs::write(dir.path().join("standing"), "untouched").unwrap();
        file.write(well.clone());
        assert_eq!(read(), "untouched", "nothing has changed");
        well.citizen_is_there = true;
        well.office = OfficeSeen::of(false, &[Fault::CameraMissing, Fault::CaptivePortal]);
        file.write(well);
        assert!(
            read().contains("office=reason NET-04\ncitizen=present\n"),
            "{}",
            read()
        );
    }

    #[test]
    fn without_a_folder_nothing_is_written() {
        StandingFile::within(None).write(standing());
    }
}
