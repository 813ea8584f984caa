//! The queue as a technician sees it.

use std::fs;
use std::path::Path;

use exchange::api::{Decision, DurableReceipt, SubmissionResult};
use exchange::{Manifest, PartName, Signed, SubmissionId, UnixMillis};
use rusqlite::OptionalExtension;
use serde::Serialize;

use crate::commit::MANIFEST_FILE;
use crate::jobs::{manifest_of, parse_id, sealed_part};
use crate::staging::part_file;
use crate::{Outbox, OutboxError, files};

/// Where a submission stands, seen from the kiosk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Saved here, not yet at the office.
    Waiting,
    /// The office will never take it as it is; somebody must look.
    Quarantined,
    /// At the office; the local files are being deleted.
    Received,
    /// At the office; nothing of it is left here but this row.
    Done,
}

impl State {
    pub const ALL: [State; 4] = [
        State::Waiting,
        State::Quarantined,
        State::Received,
        State::Done,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Quarantined => "quarantined",
            State::Received => "received",
            State::Done => "done",
        }
    }

    fn parse(text: &str) -> Result<Self, OutboxError> {
        Self::ALL
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| OutboxError::Content(format!("state {text:?}")))
    }
}

/// One line of the list. Holds nothing of the citizen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    pub submission: SubmissionId,
    pub sequence: u64,
    pub state: State,
    pub committed_at: UnixMillis,
    /// Attempts that failed in a row.
    pub failures: u32,
    pub next_attempt_at: UnixMillis,
    /// Why it is quarantined, or why the last attempt failed.
    pub reason: Option<String>,
    pub bytes: u64,
    pub bytes_sent: u64,
    pub parts: u32,
    pub parts_sent: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedPart {
    pub name: PartName,
    pub sha256: exchange::Digest,
    pub length: u64,
    pub offset: u64,
    pub sent: bool,
    /// The sealed file is still here.
    pub here: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    #[serde(flatten)]
    pub listed: Listed,
    pub parts: Vec<ListedPart>,
    pub manifest: Manifest,
    pub receipt: Option<DurableReceipt>,
    pub decision: Option<Decision>,
}

const LISTED: &str = "SELECT s.id, s.sequence, s.state, s.committed_at, s.failures,
    s.next_attempt_at, s.reason, total(p.length), total(p.offset), count(p.name), total(p.sent)
    FROM submission s LEFT JOIN part p ON p.submission = s.id";

impl Outbox {
    /// Every submission, oldest first; those with nothing left here only when `all`.
    ///
    /// # Errors
    /// The database's.
    pub fn list(&self, all: bool) -> Result<Vec<Listed>, OutboxError> {
        let database = self.database();
        let mut statement = database.prepare_cached(&format!(
            "{LISTED} WHERE ?1 OR s.state <> 'done' GROUP BY s.id ORDER BY s.sequence"
        ))?;
        let rows = statement.query_map([all], |row| Ok(listed(row)))?;
        rows.map(|row| row?).collect()
    }

    /// # Errors
    /// Unknown, or the database's.
    pub fn show(&self, submission: SubmissionId) -> Result<Shown, OutboxError> {
        let id = submission.to_string();
        let folder = self.folder(submission);
        let database = self.database();
        let listed = database
            .query_row(
                &format!("{LISTED} WHERE s.id = ?1 GROUP BY s.id"),
                [&id],
                |row| Ok(listed(row)),
            )
            .optional()?
            .ok_or(OutboxError::Unknown(submission))??;
        let mut statement = database.prepare_cached(
            "SELECT name, sha256, length, offset, sent FROM part WHERE submission = ?1 ORDER BY rank",
        )?;
        let rows = statement.query_map([&id], |row| {
            Ok((sealed_part(row)?, row.get::<_, i64>(3)?, row.get(4)?))
        })?;
        let mut parts = Vec::new();
        for row in rows {
            let (part, offset, sent) = row?;
            let part = part?;
            parts.push(ListedPart {
                here: folder.join(part_file(part.name)).exists(),
                name: part.name,
                sha256: part.sha256,
                length: part.length,
                offset: offset as u64,
                sent,
            });
        }
        let (receipt, result): (Option<String>, Option<String>) = database.query_row(
            "SELECT receipt, result FROM submission WHERE id = ?1",
            [&id],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        // Both were verified before they were stored.
        let receipt = receipt.map(|t| stored::<DurableReceipt>(&t)).transpose()?;
        let result = result.map(|t| stored::<SubmissionResult>(&t)).transpose()?;
        Ok(Shown {
            listed,
            parts,
            manifest: manifest_of(&database, &id)?.read_unverified()?,
            receipt,
            decision: result.map(|r| r.decision),
        })
    }

    /// Copies the sealed files and the manifest of a submission into `into`, so that they can be
    /// carried to the office by hand.
    ///
    /// # Errors
    /// Unknown, nothing left here, or the disk's.
    pub fn export(&self, submission: SubmissionId, into: &Path) -> Result<(), OutboxError> {
        let shown = self.show(submission)?;
        let here: Vec<_> = shown.parts.iter().filter(|p| p.here).collect();
        if here.is_empty() {
            return Err(OutboxError::WrongState(submission));
        }
        let text = {
            let database = self.database();
            crate::commit::to_json(&manifest_of(&database, &submission.to_string())?)?
        };
        files::create_private_dir(into)?;
        for part in here {
            let name = part_file(part.name);
            let to = into.join(&name);
            fs::copy(self.folder(submission).join(&name), &to)
                .and_then(|_| fs::File::open(&to)?.sync_all())
                .map_err(|e| OutboxError::io(format!("cannot export part {}", part.name), e))?;
        }
        files::write_whole(&into.join(MANIFEST_FILE), text.as_bytes())?;
        files::sync_dir(into)
    }
}

fn stored<T: exchange::Statement>(text: &str) -> Result<T, OutboxError> {
    let signed: Signed<T> =
        serde_json::from_str(text).map_err(|e| OutboxError::Content(e.to_string()))?;
    Ok(signed.read_unverified()?)
}

fn listed(row: &rusqlite::Row<'_>) -> Result<Listed, OutboxError> {
    Ok(Listed {
        submission: parse_id(&row.get::<_, String>(0)?)?,
        sequence: row.get::<_, i64>(1)? as u64,
        state: State::parse(&row.get::<_, String>(2)?)?,
        committed_at: UnixMillis(row.get(3)?),
        failures: row.get(4)?,
        next_attempt_at: UnixMillis(row.get(5)?),
        reason: row.get(6)?,
        bytes: row.get::<_, f64>(7)? as u64,
        bytes_sent: row.get::<_, f64>(8)? as u64,
        parts: row.get(9)?,
        parts_sent: row.get::<_, f64>(10)? as u32,
    })
}
