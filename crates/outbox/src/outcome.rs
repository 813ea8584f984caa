//! What the office decided, kept for the citizen who comes back to this kiosk.

use exchange::api::{Decision, SubmissionResult};
use exchange::{Digest, Signed, SubmissionId, UnixMillis, VerifyingKey};
use rusqlite::{OptionalExtension, params};

use crate::commit::to_json;
use crate::jobs::parse_id;
use crate::{Outbox, OutboxError};

/// How long after its commit a submission's result is still asked for, milliseconds.
const ASKED_FOR: i64 = 90 * 24 * 3_600_000;

impl Outbox {
    /// Keeps a result; a later one replaces it.
    ///
    /// # Errors
    /// Not signed by `desk`, not of a submission of this kiosk, or the database's.
    pub fn record_result(
        &self,
        result: &Signed<SubmissionResult>,
        desk: &VerifyingKey,
        now: UnixMillis,
    ) -> Result<SubmissionResult, OutboxError> {
        let statement = result.verify(desk)?;
        let id = statement.submission;
        let text = to_json(result)?;
        let decided = statement.decision != Decision::Pending;
        let changed = self.even_when_full(|database| {
            Ok(database.execute(
                "UPDATE submission SET result = ?2, result_final = ?3, result_asked_at = ?4
                 WHERE id = ?1",
                params![id.to_string(), text, decided, now.0],
            )?)
        })?;
        if changed == 0 {
            return Err(OutboxError::Unknown(id));
        }
        Ok(statement)
    }

    /// The last result kept for a submission.
    ///
    /// # Errors
    /// The database's.
    pub fn result(
        &self,
        submission: SubmissionId,
    ) -> Result<Option<Signed<SubmissionResult>>, OutboxError> {
        let text: Option<Option<String>> = self
            .database()
            .query_row(
                "SELECT result FROM submission WHERE id = ?1",
                [submission.to_string()],
                |row| row.get(0),
            )
            .optional()?;
        text.flatten()
            .map(|t| serde_json::from_str(&t).map_err(|e| OutboxError::Content(e.to_string())))
            .transpose()
    }

    /// Submissions at the office whose decision is not known here, those asked longest ago first.
    ///
    /// # Errors
    /// The database's.
    pub fn awaiting_result(
        &self,
        now: UnixMillis,
        at_most: u32,
    ) -> Result<Vec<SubmissionId>, OutboxError> {
        let database = self.database();
        let mut statement = database.prepare_cached(
            "SELECT id FROM submission
             WHERE state IN ('received', 'done') AND result_final = 0 AND committed_at > ?1
             ORDER BY result_asked_at, sequence LIMIT ?2",
        )?;
        let rows = statement
            .query_map(params![now.0.saturating_sub(ASKED_FOR), at_most], |row| {
                row.get::<_, String>(0)
            })?;
        rows.map(|id| parse_id(&id?)).collect()
    }

    /// The submission of this kiosk with this receipt code (its SHA-256), sent or not.
    ///
    /// # Errors
    /// The database's.
    pub fn by_receipt_code(&self, sha256: Digest) -> Result<Option<SubmissionId>, OutboxError> {
        let id: Option<String> = self
            .database()
            .query_row(
                "SELECT id FROM submission WHERE receipt_code_sha256 = ?1
                 ORDER BY sequence DESC LIMIT 1",
                [sha256.to_string()],
                |row| row.get(0),
            )
            .optional()?;
        id.map(|id| parse_id(&id)).transpose()
    }
}
