//! What to send next, and what became of it.

use std::path::PathBuf;
use std::time::Duration;

use exchange::{Manifest, PartName, SealedPart, Signed, SubmissionId, UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{Outbox, OutboxError, State, staging};

/// The longest an attempt is ever put off. A time further ahead than that comes from a clock that
/// went back, and counts as due.
const FURTHEST: Duration = Duration::from_secs(24 * 3600);

/// One thing to send for a submission.
#[derive(Clone, Debug)]
pub struct Job {
    pub submission: SubmissionId,
    /// Attempts that failed in a row.
    pub failures: u32,
    pub task: Task,
}

#[derive(Clone, Debug)]
pub enum Task {
    /// Upload this sealed file.
    Part {
        part: SealedPart,
        file: PathBuf,
        /// Where an earlier attempt left off.
        upload_url: Option<String>,
        offset: u64,
    },
    /// All parts are at the office: hand in the manifest.
    Manifest(Box<Signed<Manifest>>),
}

/// Who put the next attempt off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Postponement {
    /// This side, after a failure; a link that comes back ends the wait.
    Backoff,
    /// The office, by `Retry-After`; nothing ends the wait.
    Asked,
}

impl Outbox {
    /// The next thing to send: the preferred submission (its citizen waits) first, then the oldest
    /// that is due; in it small parts before the video, then the manifest.
    ///
    /// # Errors
    /// The database's.
    pub fn next_upload(
        &self,
        now: UnixMillis,
        prefer: Option<SubmissionId>,
    ) -> Result<Option<Job>, OutboxError> {
        let database = self.database();
        let preferred = prefer.map(|id| id.to_string()).unwrap_or_default();
        let furthest = now.plus_millis(FURTHEST.as_millis() as i64);
        let next = database
            .query_row(
                "SELECT id FROM submission
                 WHERE state = ?1 AND (next_attempt_at <= ?2 OR next_attempt_at > ?3)
                 ORDER BY id = ?4 DESC, sequence LIMIT 1",
                params![State::Waiting.as_str(), now.0, furthest.0, preferred],
                |row| row.get::<_, String>(0),
            )
            .optional()?;
        let Some(id) = next else { return Ok(None) };
        job_of(&database, &id, |submission, part| {
            self.folder(submission).join(staging::part_file(part))
        })
        .map(Some)
    }

    /// When the earliest waiting submission is due; `None` when none waits.
    ///
    /// # Errors
    /// The database's.
    pub fn next_attempt_at(&self) -> Result<Option<UnixMillis>, OutboxError> {
        let earliest: Option<i64> = self.database().query_row(
            "SELECT min(next_attempt_at) FROM submission WHERE state = ?1",
            [State::Waiting.as_str()],
            |row| row.get(0),
        )?;
        Ok(earliest.map(UnixMillis))
    }

    /// Keeps where the office put the upload of a part, so that a restart resumes it; `None`
    /// forgets it, to begin anew.
    ///
    /// # Errors
    /// Unknown part, or the database's.
    pub fn record_upload_url(
        &self,
        submission: SubmissionId,
        part: PartName,
        url: Option<&str>,
    ) -> Result<(), OutboxError> {
        self.change_part(
            submission,
            part,
            "UPDATE part SET upload_url = ?3, offset = 0 WHERE submission = ?1 AND name = ?2",
            url,
        )
    }

    /// Keeps how much the office has, for the list; what counts is what the office says.
    ///
    /// # Errors
    /// Unknown part, or the database's.
    pub fn record_offset(
        &self,
        submission: SubmissionId,
        part: PartName,
        offset: u64,
    ) -> Result<(), OutboxError> {
        self.change_part(
            submission,
            part,
            "UPDATE part SET offset = ?3 WHERE submission = ?1 AND name = ?2",
            offset as i64,
        )
    }

    /// # Errors
    /// Unknown part, or the database's.
    pub fn record_part_done(
        &self,
        submission: SubmissionId,
        part: PartName,
    ) -> Result<(), OutboxError> {
        self.change_part(
            submission,
            part,
            "UPDATE part SET sent = ?3, offset = length WHERE submission = ?1 AND name = ?2",
            true,
        )?;
        self.pass(crate::Boundary::PartSentRecorded);
        Ok(())
    }

    /// The office lacks these parts: they are sent again from their beginning.
    ///
    /// # Errors
    /// Unknown part, or the database's.
    pub fn record_parts_missing(
        &self,
        submission: SubmissionId,
        parts: &[PartName],
    ) -> Result<(), OutboxError> {
        for part in parts {
            self.change_part(
                submission,
                *part,
                "UPDATE part SET sent = 0, offset = 0, upload_url = ?3
                 WHERE submission = ?1 AND name = ?2",
                None::<&str>,
            )?;
        }
        Ok(())
    }

    /// Puts the next attempt off, counts a failure and keeps its reason for the list.
    ///
    /// # Errors
    /// The database's.
    pub fn postpone(
        &self,
        submission: SubmissionId,
        now: UnixMillis,
        wait: Duration,
        who: Postponement,
        reason: &str,
    ) -> Result<(), OutboxError> {
        let until = now.plus_millis(wait.min(FURTHEST).as_millis() as i64);
        self.even_when_full(|database| {
            database.execute(
                "UPDATE submission
                 SET failures = failures + 1, next_attempt_at = ?2, asked = ?3, reason = ?4
                 WHERE id = ?1 AND state = 'waiting'",
                params![
                    submission.to_string(),
                    until.0,
                    who == Postponement::Asked,
                    reason
                ],
            )?;
            Ok(())
        })
    }

    /// The link is back: what waits only for this side's backoff is due now.
    ///
    /// # Errors
    /// The database's.
    pub fn wake(&self) -> Result<(), OutboxError> {
        self.database().execute(
            "UPDATE submission SET next_attempt_at = 0
             WHERE state = 'waiting' AND asked = 0 AND next_attempt_at > 0",
            [],
        )?;
        Ok(())
    }

    /// Takes a submission that will never pass out of the way of the next. It is never deleted.
    ///
    /// # Errors
    /// Not waiting, or the database's.
    pub fn quarantine(&self, submission: SubmissionId, reason: &str) -> Result<(), OutboxError> {
        self.change_state(submission, State::Waiting, State::Quarantined, Some(reason))
    }

    /// Puts a quarantined submission back; a waiting one is due now.
    ///
    /// # Errors
    /// Neither waiting nor quarantined, or the database's.
    pub fn retry(&self, submission: SubmissionId) -> Result<(), OutboxError> {
        match self.change_state(submission, State::Quarantined, State::Waiting, None) {
            Err(OutboxError::WrongState(_)) => {
                self.change_state(submission, State::Waiting, State::Waiting, None)
            }
            other => other,
        }
    }

    /// Whether the sealed file of a part is still what was committed; to be asked when the office
    /// received other bytes than the manifest names.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn part_is_intact(
        &self,
        submission: SubmissionId,
        part: &SealedPart,
    ) -> Result<bool, OutboxError> {
        let file = self.folder(submission).join(staging::part_file(part.name));
        let digest = crate::files::digest(&file)
            .map_err(|e| OutboxError::io(format!("cannot read part {}", part.name), e))?;
        Ok(digest == part.sha256)
    }

    fn change_state(
        &self,
        submission: SubmissionId,
        from: State,
        to: State,
        reason: Option<&str>,
    ) -> Result<(), OutboxError> {
        let changed = self.even_when_full(|database| {
            Ok(database.execute(
                "UPDATE submission
                 SET state = ?3, reason = ?4, failures = 0, next_attempt_at = 0, asked = 0
                 WHERE id = ?1 AND state = ?2",
                params![submission.to_string(), from.as_str(), to.as_str(), reason],
            )?)
        })?;
        match changed {
            0 if !self.is_committed(submission)? => Err(OutboxError::Unknown(submission)),
            0 => Err(OutboxError::WrongState(submission)),
            _ => Ok(()),
        }
    }

    fn change_part(
        &self,
        submission: SubmissionId,
        part: PartName,
        sql: &str,
        value: impl rusqlite::ToSql,
    ) -> Result<(), OutboxError> {
        let changed = self.even_when_full(|database| {
            Ok(database.execute(sql, params![submission.to_string(), part.as_str(), value])?)
        })?;
        if changed == 0 {
            return Err(OutboxError::Unknown(submission));
        }
        Ok(())
    }
}

fn job_of(
    database: &Connection,
    id: &str,
    path: impl Fn(SubmissionId, PartName) -> PathBuf,
) -> Result<Job, OutboxError> {
    let submission = parse_id(id)?;
    let failures: u32 = database.query_row(
        "SELECT failures FROM submission WHERE id = ?1",
        [id],
        |row| row.get(0),
    )?;
    let part = database
        .query_row(
            "SELECT name, sha256, length, upload_url, offset FROM part
             WHERE submission = ?1 AND sent = 0 ORDER BY rank LIMIT 1",
            [id],
            |row| Ok((sealed_part(row)?, row.get(3)?, row.get::<_, i64>(4)?)),
        )
        .optional()?;
    let task = match part {
        Some((part, upload_url, offset)) => {
            let part = part?;
            Task::Part {
                file: path(submission, part.name),
                part,
                upload_url,
                offset: offset as u64,
            }
        }
        None => Task::Manifest(Box::new(manifest_of(database, id)?)),
    };
    Ok(Job {
        submission,
        failures,
        task,
    })
}

pub(crate) fn parse_id(text: &str) -> Result<SubmissionId, OutboxError> {
    text.parse()
        .map_err(|e: exchange::IdError| OutboxError::Content(e.to_string()))
}

pub(crate) fn manifest_of(
    database: &Connection,
    id: &str,
) -> Result<Signed<Manifest>, OutboxError> {
    let text: String = database.query_row(
        "SELECT manifest FROM submission WHERE id = ?1",
        [id],
        |row| row.get(0),
    )?;
    serde_json::from_str(&text).map_err(|e| OutboxError::Content(e.to_string()))
}

/// From the columns name, sha256, length.
pub(crate) fn sealed_part(row: &Row<'_>) -> rusqlite::Result<Result<SealedPart, OutboxError>> {
    let (name, digest): (String, String) = (row.get(0)?, row.get(1)?);
    let length: i64 = row.get(2)?;
    let bad = |what: &str| OutboxError::Content(format!("{what} of a part"));
    Ok((|| {
        Ok(SealedPart {
            name: PartName::parse(&name).ok_or_else(|| bad("name"))?,
            sha256: digest.parse().map_err(|_| bad("digest"))?,
            length: u64::try_from(length).map_err(|_| bad("length"))?,
        })
    })())
}
