//! The journal of the project's units, written to a drive.

use std::collections::VecDeque;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::config::Config;
use crate::drive::{FOLDER, MountedDrive};
use crate::program;
use crate::protocol::{Answer, Reason, Refusal};

/// More lines than the size limit lets through.
const MOST_LINES: &str = "500000";
/// Names tried when a file is there already.
const MOST_NAMES: u32 = 100;

/// The newest lines that together have at most so many bytes.
#[derive(Debug, Default)]
pub struct Tail {
    lines: VecDeque<String>,
    bytes: usize,
}

impl Tail {
    fn push(&mut self, line: &str, limit: usize) {
        self.bytes += line.len() + 1;
        self.lines.push_back(line.to_owned());
        while self.bytes > limit
            && let Some(oldest) = self.lines.pop_front()
        {
            self.bytes -= oldest.len() + 1;
        }
    }
}

/// # Errors
/// Those of journalctl.
pub async fn read(config: &Config) -> Result<Tail, Refusal> {
    let mut tail = Tail::default();
    let mut arguments: Vec<String> = ["-o", "short-iso", "--no-pager", "--quiet", "--lines"]
        .map(String::from)
        .to_vec();
    arguments.push(MOST_LINES.into());
    for unit in &config.journal_units {
        arguments.push(format!("--unit={unit}"));
    }
    program::run(&config.programs.journalctl, arguments, |line| {
        tail.push(line, config.journal_limit);
    })
    .await?;
    Ok(tail)
}

/// A file of its own, and on the drive when this returns: it may be pulled.
///
/// # Errors
/// [`Reason::DriveFailed`].
pub fn write(drive: &MountedDrive, tail: &Tail, now: jiff::Timestamp) -> Result<Answer, Refusal> {
    let failed = |error: io::Error| Refusal::new(Reason::DriveFailed, error.to_string());
    let folder = drive.folder().map_err(|error| failed(error.into()))?;
    let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    for number in 0..MOST_NAMES {
        let name = match number {
            0 => format!("journal-{time}.txt"),
            _ => format!("journal-{time}-{number}.txt"),
        };
        let path = Path::new(FOLDER).join(name);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let file = match drive.open(&path, flags) {
            Err(Errno::EXIST) => continue,
            file => file.map_err(|error| failed(error.into()))?,
        };
        let mut writer = BufWriter::new(file);
        for line in &tail.lines {
            writeln!(writer, "{line}").map_err(failed)?;
        }
        let file = writer
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        folder.sync_all().map_err(failed)?;
        return Ok(Answer::LogsWritten {
            file: path.to_string_lossy().into_owned(),
            bytes: tail.bytes as u64,
        });
    }
    Err(Refusal::new(
        Reason::DriveFailed,
        "too many journals of this second on the drive",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_are_kept() {
        let mut tail = Tail::default();
        for number in 0..100 {
            tail.push(&format!("line {number:04}"), 35);
        }
        assert_eq!(tail.lines, ["line 0097", "line 0098", "line 0099"]);
        assert_eq!(tail.bytes, 30);
        tail.push(&"x".repeat(100), 35);
        assert_eq!((tail.lines.len(), tail.bytes), (0, 0));
    }
}
