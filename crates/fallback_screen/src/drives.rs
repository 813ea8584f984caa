//! A technician's drive: noticed when it comes, and what the steward is asked to do with it.
//!
//! Only the table of mounts is looked at here; what lies on a drive is for the steward's
//! eyes. A drive that was there from the beginning is left alone until it is put in anew:
//! an update after which this screen came again would else be installed for ever.

use std::path::{Path, PathBuf};

use steward::client::{self, ClientError};
use steward::{Answer, DriveName, Reason, Request, drive};
use tokio::sync::mpsc::UnboundedSender;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    Logs,
    Update,
}

/// What is shown of a drive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There since before this screen.
    TakeOut,
    Doing {
        work: Work,
        percent: u8,
    },
    LogsWritten {
        file: String,
    },
    /// The kiosk restarts.
    Installed,
    Refused {
        work: Work,
        reason: Reason,
        detail: String,
    },
    Unreachable {
        detail: String,
    },
}

impl Outcome {
    /// In English, for the technician; not translated as programs say it.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Outcome::LogsWritten { file } => Some(file),
            Outcome::Refused { detail, .. } | Outcome::Unreachable { detail } => Some(detail),
            _ => None,
        }
    }
}

/// Which drives are there.
#[derive(Debug)]
pub struct Watch {
    table: PathBuf,
    drives: PathBuf,
    known: Vec<DriveName>,
}

/// What changed since the last look.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    pub came: Vec<DriveName>,
    /// The last one is gone.
    pub none_left: bool,
}

impl Watch {
    /// `table`: as proc_pid_mountinfo(5). `drives`: the folder whose mount points they are.
    pub fn new(table: PathBuf, drives: PathBuf) -> Watch {
        let known = look(&table, &drives);
        Watch {
            table,
            drives,
            known,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    pub fn look(&mut self) -> Change {
        let now = look(&self.table, &self.drives);
        let came = now
            .iter()
            .filter(|name| !self.known.contains(name))
            .cloned();
        let change = Change {
            came: came.collect(),
            none_left: now.is_empty() && !self.known.is_empty(),
        };
        self.known = now;
        change
    }
}

fn look(table: &Path, drives: &Path) -> Vec<DriveName> {
    // Read anew each time: a table that cannot be read has no drives.
    drive::names(&std::fs::read(table).unwrap_or_default(), drives)
}

/// Does what the drive asks for: the journal first, as an update ends with a restart.
pub async fn serve(socket: &Path, drive: DriveName, shown: &UnboundedSender<Outcome>) {
    let show = |outcome| {
        // The screen ends with the program only.
        let _ = shown.send(outcome);
    };
    let contents = match client::ask(socket, &Request::Drives {}, |_, _| ()).await {
        Ok(Answer::Drives(drives)) => drives.into_iter().find(|found| found.drive == drive),
        Ok(Answer::Refused(refusal)) => {
            return show(Outcome::Unreachable {
                detail: refusal.to_string(),
            });
        }
        Ok(_) => return show(unreachable(&ClientError::NoAnswer)),
        Err(error) => return show(unreachable(&error)),
    };
    // A citizen's own drive, put in without hope: nothing to say about it.
    let Some(contents) = contents else { return };
    if contents.export_logs {
        let request = Request::ExportLogs {
            drive: drive.clone(),
        };
        show(carry_out(socket, Work::Logs, &request, &show).await);
    }
    if contents.bundles > 0 {
        let request = Request::InstallUpdate {
            drive,
            restart: true,
        };
        show(carry_out(socket, Work::Update, &request, &show).await);
    }
}

async fn carry_out(
    socket: &Path,
    work: Work,
    request: &Request,
    show: &impl Fn(Outcome),
) -> Outcome {
    show(Outcome::Doing { work, percent: 0 });
    let progress = |percent, _: &str| show(Outcome::Doing { work, percent });
    match client::ask(socket, request, progress).await {
        Ok(Answer::LogsWritten { file, .. }) => Outcome::LogsWritten { file },
        Ok(Answer::Done {}) => Outcome::Installed,
        Ok(Answer::Refused(refusal)) => Outcome::Refused {
            work,
            reason: refusal.reason,
            detail: refusal.detail,
        },
        Ok(_) => unreachable(&ClientError::NoAnswer),
        Err(error) => unreachable(&error),
    }
}

fn unreachable(error: &ClientError) -> Outcome {
    tracing::warn!(%error, "steward");
    Outcome::Unreachable {
        detail: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_drive_that_is_put_in_now_is_served() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("mounts");
        let line = |name: &str| format!("1 2 8:1 / /media/{name} rw,noexec - vfat /dev/sda1 rw\n");
        std::fs::write(&table, line("OLD-sda1")).unwrap();
        let mut watch = Watch::new(table.clone(), "/media".into());
        assert!(!watch.is_empty());
        let nothing = Change {
            came: vec![],
            none_left: false,
        };
        assert_eq!(watch.look(), nothing);

        std::fs::write(&table, line("OLD-sda1") + &line("NEW-sdb1")).unwrap();
        assert_eq!(watch.look().came, ["NEW-sdb1".parse().unwrap()]);
        assert_eq!(watch.look(), nothing);

        std::fs::write(&table, "nonsense\n\u{0}").unwrap();
        assert!(watch.look().none_left);
        std::fs::write(&table, line("OLD-sda1")).unwrap();
        assert_eq!(watch.look().came, ["OLD-sda1".parse().unwrap()]);
        std::fs::remove_file(&table).unwrap();
        assert!(watch.look().none_left);
    }
}
