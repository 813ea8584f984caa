//! Open transactions with an authority behind CMP.

use exchange::{SubmissionId, UnixMillis};
use rusqlite::{Connection, OptionalExtension, params};

/// The stored state of the one transaction of a submission that is not decided.
pub fn waiting(c: &Connection, submission: SubmissionId) -> rusqlite::Result<Option<String>> {
    c.query_row(
        "SELECT state FROM cmp_transaction WHERE submission = ? AND serial IS NULL",
        [submission.to_string()],
        |r| r.get(0),
    )
    .optional()
}

pub fn keep_waiting(
    c: &Connection,
    submission: SubmissionId,
    state: &str,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    forget_waiting(c, submission)?;
    c.execute(
        "INSERT INTO cmp_transaction (submission, state, try_at) VALUES (?, ?, ?)",
        params![submission.to_string(), state, now.0],
    )
    .map(drop)
}

pub fn forget_waiting(c: &Connection, submission: SubmissionId) -> rusqlite::Result<()> {
    c.execute(
        "DELETE FROM cmp_transaction WHERE submission = ? AND serial IS NULL",
        [submission.to_string()],
    )
    .map(drop)
}

/// Undecided ones that nobody has come back for since.
pub fn forget_waiting_before(c: &Connection, before: UnixMillis) -> rusqlite::Result<()> {
    c.execute(
        "DELETE FROM cmp_transaction WHERE serial IS NULL AND try_at < ?",
        [before.0],
    )
    .map(drop)
}

/// Decided: the undecided state goes, that of the certificate is kept.
pub fn issued(
    c: &Connection,
    submission: SubmissionId,
    serial: &str,
    state: &str,
) -> rusqlite::Result<()> {
    forget_waiting(c, submission)?;
    c.execute(
        "INSERT INTO cmp_transaction (submission, serial, state, try_at) VALUES (?, ?, ?, 0)",
        params![submission.to_string(), serial, state],
    )
    .map(drop)
}

/// A certificate whose fate is known here and not at the authority.
pub struct Ended {
    pub submission: SubmissionId,
    pub serial: String,
    pub confirmed: bool,
}

/// Between two turns of the issuing part, a certificate that is nowhere recorded was
/// lost in a crash, and nobody has it.
pub fn ended(c: &Connection, now: UnixMillis) -> rusqlite::Result<Vec<Ended>> {
    c.prepare(
        "SELECT t.submission, t.serial, c.state IS 'confirmed' FROM cmp_transaction t
         LEFT JOIN certificate c ON c.serial = t.serial AND c.submission = t.submission
         WHERE t.serial IS NOT NULL AND t.try_at <= ?
           AND (c.state IS NULL OR c.state IN ('confirmed', 'revoked'))
         ORDER BY t.id",
    )?
    .query_map([now.0], |r| {
        Ok(Ended {
            submission: super::parsed(&r.get::<_, String>(0)?)?,
            serial: r.get(1)?,
            confirmed: r.get(2)?,
        })
    })?
    .collect()
}

pub fn of_serial(c: &Connection, serial: &str) -> rusqlite::Result<Option<String>> {
    c.query_row(
        "SELECT state FROM cmp_transaction WHERE serial = ?",
        [serial],
        |r| r.get(0),
    )
    .optional()
}

pub fn try_again(c: &Connection, serial: &str, at: UnixMillis) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE cmp_transaction SET try_at = ? WHERE serial = ?",
        params![at.0, serial],
    )
    .map(drop)
}

pub fn closed(c: &Connection, serial: &str) -> rusqlite::Result<()> {
    c.execute("DELETE FROM cmp_transaction WHERE serial = ?", [serial])
        .map(drop)
}
