//! Keys made at collection, as their kiosks signed it, and what the desk makes of them.

use exchange::{Digest, KioskId, SubmissionId, UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::parsed;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MadeKeyState {
    /// The desk has not looked.
    Asked,
    /// The certificate will be for it.
    Ordered,
    /// As if it had never come.
    Refused,
}

impl MadeKeyState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Ordered => "ordered",
            Self::Refused => "refused",
        }
    }
}

pub struct MadeKey {
    pub id: i64,
    pub submission: SubmissionId,
    pub kiosk: KioskId,
    pub nonce: String,
    pub csr_sha256: Digest,
    /// Hexadecimal.
    pub subject_key_identifier: String,
    /// `Signed<KeyMade>`
    pub statement: String,
    pub state: MadeKeyState,
}

const COLUMNS: &str =
    "id, submission, kiosk, nonce, csr_sha256, subject_key_identifier, statement, state";

fn made_key(r: &Row) -> rusqlite::Result<MadeKey> {
    let state: String = r.get(7)?;
    Ok(MadeKey {
        id: r.get(0)?,
        submission: parsed(&r.get::<_, String>(1)?)?,
        kiosk: parsed(&r.get::<_, String>(2)?)?,
        nonce: r.get(3)?,
        csr_sha256: parsed(&r.get::<_, String>(4)?)?,
        subject_key_identifier: r.get(5)?,
        statement: r.get(6)?,
        state: match state.as_str() {
            "asked" => MadeKeyState::Asked,
            "ordered" => MadeKeyState::Ordered,
            _ => MadeKeyState::Refused,
        },
    })
}

/// What `receive` knows of a key when it comes.
pub struct Arrival<'a> {
    pub submission: SubmissionId,
    pub kiosk: &'a KioskId,
    pub nonce: &'a str,
    pub csr_sha256: &'a Digest,
    pub subject_key_identifier: &'a str,
    pub statement: &'a str,
    pub at: UnixMillis,
}

/// Fails on a unique index where the nonce was used, or another key lives.
pub fn insert(c: &Connection, key: &Arrival) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO made_key (submission, kiosk, nonce, csr_sha256, subject_key_identifier,
           statement, at, state) VALUES (?, ?, ?, ?, ?, ?, ?, 'asked')",
        params![
            key.submission.to_string(),
            key.kiosk.as_str(),
            key.nonce,
            key.csr_sha256.to_string(),
            key.subject_key_identifier,
            key.statement,
            key.at.0
        ],
    )
    .map(drop)
}

pub fn by_nonce(c: &Connection, nonce: &str) -> rusqlite::Result<Option<MadeKey>> {
    c.prepare_cached(&format!("SELECT {COLUMNS} FROM made_key WHERE nonce = ?"))?
        .query_row([nonce], made_key)
        .optional()
}

/// The one key of an application that is not refused.
pub fn live(c: &Connection, submission: SubmissionId) -> rusqlite::Result<Option<MadeKey>> {
    c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM made_key WHERE submission = ? AND state <> 'refused'"
    ))?
    .query_row([submission.to_string()], made_key)
    .optional()
}

/// What waits for the desk, oldest first.
pub fn asked(c: &Connection) -> rusqlite::Result<Vec<MadeKey>> {
    c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM made_key WHERE state = 'asked' ORDER BY id LIMIT 100"
    ))?
    .query_map([], made_key)?
    .collect()
}

pub fn set_state(c: &Connection, id: i64, state: MadeKeyState) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE made_key SET state = ? WHERE id = ? AND state = 'asked'",
        params![state.as_str(), id],
    )
    .map(drop)
}
