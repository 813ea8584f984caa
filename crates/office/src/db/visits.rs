//! A citizen collecting at a kiosk, and the proofs of key they give there.

use exchange::{KioskId, SubmissionId, UnixMillis};
use rusqlite::{Connection, OptionalExtension, params};

pub struct Visit {
    pub expires_at: UnixMillis,
    pub proven_at: Option<UnixMillis>,
    pub nonce: Option<String>,
    pub nonce_expires_at: Option<UnixMillis>,
    /// For a key that is made at collection; stays as long as the visit.
    pub key_nonce: Option<String>,
    pub key_nonce_expires_at: Option<UnixMillis>,
}

pub fn get(
    c: &Connection,
    kiosk: &KioskId,
    submission: SubmissionId,
    now: UnixMillis,
) -> rusqlite::Result<Option<Visit>> {
    c.query_row(
        "SELECT expires_at, proven_at, nonce, nonce_expires_at, key_nonce, key_nonce_expires_at
         FROM visit
         WHERE kiosk = ? AND submission = ? AND expires_at > ?",
        params![kiosk.as_str(), submission.to_string(), now.0],
        |r| {
            Ok(Visit {
                expires_at: UnixMillis(r.get(0)?),
                proven_at: r.get::<_, Option<i64>>(1)?.map(UnixMillis),
                nonce: r.get(2)?,
                nonce_expires_at: r.get::<_, Option<i64>>(3)?.map(UnixMillis),
                key_nonce: r.get(4)?,
                key_nonce_expires_at: r.get::<_, Option<i64>>(5)?.map(UnixMillis),
            })
        },
    )
    .optional()
}

/// Opens a visit; one that is open stays as it is.
pub fn open(
    c: &Connection,
    kiosk: &KioskId,
    submission: SubmissionId,
    now: UnixMillis,
    expires_at: UnixMillis,
) -> rusqlite::Result<()> {
    c.execute(
        "DELETE FROM visit WHERE kiosk = ? AND submission = ? AND expires_at <= ?",
        params![kiosk.as_str(), submission.to_string(), now.0],
    )?;
    c.execute(
        "INSERT OR IGNORE INTO visit (kiosk, submission, opened_at, expires_at)
         VALUES (?, ?, ?, ?)",
        params![kiosk.as_str(), submission.to_string(), now.0, expires_at.0],
    )
    .map(drop)
}

pub fn phone_proven(
    c: &Connection,
    kiosk: &KioskId,
    submission: SubmissionId,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE visit SET proven_at = ? WHERE kiosk = ? AND submission = ?",
        params![now.0, kiosk.as_str(), submission.to_string()],
    )
    .map(drop)
}

pub fn set_nonce(
    c: &Connection,
    kiosk: &KioskId,
    submission: SubmissionId,
    nonce: &str,
    expires_at: UnixMillis,
) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE visit SET nonce = ?, nonce_expires_at = ? WHERE kiosk = ? AND submission = ?",
        params![nonce, expires_at.0, kiosk.as_str(), submission.to_string()],
    )
    .map(drop)
}

pub fn set_key_nonce(
    c: &Connection,
    kiosk: &KioskId,
    submission: SubmissionId,
    nonce: &str,
    expires_at: UnixMillis,
) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE visit SET key_nonce = ?, key_nonce_expires_at = ?
         WHERE kiosk = ? AND submission = ?",
        params![nonce, expires_at.0, kiosk.as_str(), submission.to_string()],
    )
    .map(drop)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyProofState {
    Waiting,
    Issued,
    Refused,
}

pub struct KeyProof {
    pub nonce: String,
    pub submission: SubmissionId,
    pub kiosk: String,
    pub signature: String,
    pub at: UnixMillis,
    pub state: KeyProofState,
}

fn key_proof(r: &rusqlite::Row) -> rusqlite::Result<KeyProof> {
    let state: String = r.get(5)?;
    Ok(KeyProof {
        nonce: r.get(0)?,
        submission: super::parsed(&r.get::<_, String>(1)?)?,
        kiosk: r.get(2)?,
        signature: r.get(3)?,
        at: UnixMillis(r.get(4)?),
        state: match state.as_str() {
            "waiting" => KeyProofState::Waiting,
            "issued" => KeyProofState::Issued,
            _ => KeyProofState::Refused,
        },
    })
}

const PROOF: &str = "nonce, submission, kiosk, signature, at, state";

pub fn proof(c: &Connection, nonce: &str) -> rusqlite::Result<Option<KeyProof>> {
    c.query_row(
        &format!("SELECT {PROOF} FROM key_proof WHERE nonce = ?"),
        [nonce],
        key_proof,
    )
    .optional()
}

/// Uses the nonce up and queues the proof for the authority.
pub fn queue_proof(
    c: &Connection,
    kiosk: &KioskId,
    submission: SubmissionId,
    nonce: &str,
    signature: &str,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO key_proof (nonce, submission, kiosk, signature, at, state)
         VALUES (?, ?, ?, ?, ?, 'waiting')",
        params![
            nonce,
            submission.to_string(),
            kiosk.as_str(),
            signature,
            now.0
        ],
    )?;
    c.execute(
        "UPDATE visit SET nonce = NULL, nonce_expires_at = NULL WHERE kiosk = ? AND submission = ?",
        params![kiosk.as_str(), submission.to_string()],
    )
    .map(drop)
}

/// Those that it is time for, oldest first.
pub fn waiting_proofs(
    c: &Connection,
    now: UnixMillis,
    limit: u32,
) -> rusqlite::Result<Vec<KeyProof>> {
    c.prepare_cached(&format!(
        "SELECT {PROOF} FROM key_proof WHERE state = 'waiting' AND try_at <= ?
         ORDER BY at LIMIT ?"
    ))?
    .query_map(params![now.0, limit], key_proof)?
    .collect()
}

/// The authority has not decided: the proof goes on waiting.
pub fn put_off(c: &Connection, nonce: &str, until: UnixMillis) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE key_proof SET try_at = ? WHERE nonce = ? AND state = 'waiting'",
        params![until.0, nonce],
    )
    .map(drop)
}

pub fn set_proof_state(c: &Connection, nonce: &str, state: KeyProofState) -> rusqlite::Result<()> {
    let text = match state {
        KeyProofState::Waiting => "waiting",
        KeyProofState::Issued => "issued",
        KeyProofState::Refused => "refused",
    };
    c.execute(
        "UPDATE key_proof SET state = ? WHERE nonce = ?",
        params![text, nonce],
    )
    .map(drop)
}
