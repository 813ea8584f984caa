//! Certificates issued to citizens, from reservation to confirmation.

use exchange::{Digest, SubmissionId, UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row, params};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateState {
    /// The authority is about to sign.
    Reserved,
    /// Signed, handed out, not confirmed.
    Issued,
    Confirmed,
    /// To be revoked at the authority.
    Revoking,
    Revoked,
}

pub struct Certificate {
    pub id: i64,
    pub submission: SubmissionId,
    pub serial: Option<String>,
    pub der: Option<Vec<u8>>,
    pub sha256: Option<Digest>,
    pub confirm_before: UnixMillis,
    pub state: CertificateState,
}

const COLUMNS: &str = "id, submission, serial, der, sha256, confirm_before, state";

fn certificate(r: &Row) -> rusqlite::Result<Certificate> {
    let state: String = r.get(6)?;
    let sha256: Option<String> = r.get(4)?;
    Ok(Certificate {
        id: r.get(0)?,
        submission: super::parsed(&r.get::<_, String>(1)?)?,
        serial: r.get(2)?,
        der: r.get(3)?,
        sha256: sha256.map(|s| super::parsed(&s)).transpose()?,
        confirm_before: UnixMillis(r.get(5)?),
        state: match state.as_str() {
            "reserved" => CertificateState::Reserved,
            "issued" => CertificateState::Issued,
            "confirmed" => CertificateState::Confirmed,
            "revoking" => CertificateState::Revoking,
            _ => CertificateState::Revoked,
        },
    })
}

/// The one certificate of a submission that is not revoked.
pub fn live(c: &Connection, submission: SubmissionId) -> rusqlite::Result<Option<Certificate>> {
    c.query_row(
        &format!("SELECT {COLUMNS} FROM certificate WHERE submission = ? AND state <> 'revoked'"),
        [submission.to_string()],
        certificate,
    )
    .optional()
}

pub fn by_nonce(c: &Connection, nonce: &str) -> rusqlite::Result<Option<Certificate>> {
    c.query_row(
        &format!("SELECT {COLUMNS} FROM certificate WHERE nonce = ?"),
        [nonce],
        certificate,
    )
    .optional()
}

/// Fails on the unique index while another certificate of this submission lives.
pub fn reserve(
    c: &Connection,
    submission: SubmissionId,
    nonce: &str,
    now: UnixMillis,
    confirm_before: UnixMillis,
) -> rusqlite::Result<i64> {
    c.execute(
        "INSERT INTO certificate (submission, nonce, issued_at, confirm_before, state)
         VALUES (?, ?, ?, ?, 'reserved')",
        params![submission.to_string(), nonce, now.0, confirm_before.0],
    )?;
    Ok(c.last_insert_rowid())
}

pub fn issued(c: &Connection, id: i64, serial: &str, der: &[u8]) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE certificate SET state = 'issued', serial = ?, der = ?, sha256 = ? WHERE id = ?",
        params![serial, der, Digest::of(der).to_string(), id],
    )
    .map(drop)
}

/// Marks an unconfirmed certificate for revocation; false when it was confirmed meanwhile.
pub fn claim(c: &Connection, id: i64) -> rusqlite::Result<bool> {
    c.execute(
        "UPDATE certificate SET state = 'revoking'
         WHERE id = ? AND state IN ('issued', 'revoking')",
        [id],
    )
    .map(|n| n > 0)
}

pub fn any_overdue(c: &Connection, now: UnixMillis) -> rusqlite::Result<bool> {
    c.query_row(
        "SELECT EXISTS (SELECT 1 FROM certificate WHERE state = 'revoking'
           OR (state = 'issued' AND confirm_before <= ?))",
        [now.0],
        |r| r.get(0),
    )
}

/// The authority revoked it, or it was never made.
pub fn revoked(c: &Connection, id: i64, now: UnixMillis) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE certificate SET state = 'revoked', revoked_at = ? WHERE id = ?",
        params![now.0, id],
    )
    .map(drop)
}

/// Serial numbers and times of everything revoked, for the revocation list.
pub fn all_revoked(c: &Connection) -> rusqlite::Result<Vec<(String, UnixMillis)>> {
    c.prepare(
        "SELECT serial, revoked_at FROM certificate
         WHERE serial IS NOT NULL AND revoked_at IS NOT NULL ORDER BY id",
    )?
    .query_map([], |r| Ok((r.get(0)?, UnixMillis(r.get(1)?))))?
    .collect()
}

/// True when this certificate is confirmed, now or before; false when it is
/// another one, too late, or none.
pub fn confirm(
    c: &Connection,
    submission: SubmissionId,
    sha256: &Digest,
    now: UnixMillis,
) -> rusqlite::Result<bool> {
    c.execute(
        "UPDATE certificate SET state = 'confirmed' WHERE submission = ?1 AND sha256 = ?2
         AND (state = 'confirmed' OR (state = 'issued' AND confirm_before > ?3))",
        params![submission.to_string(), sha256.to_string(), now.0],
    )
    .map(|n| n > 0)
}

/// Marks certificates that were not confirmed in time; gives all that are to be revoked.
pub fn overdue(c: &Connection, now: UnixMillis) -> rusqlite::Result<Vec<Certificate>> {
    c.execute(
        "UPDATE certificate SET state = 'revoking' WHERE state = 'issued' AND confirm_before <= ?",
        [now.0],
    )?;
    c.prepare(&format!(
        "SELECT {COLUMNS} FROM certificate WHERE state = 'revoking'"
    ))?
    .query_map([], certificate)?
    .collect()
}

/// Reservations left by a crash between reserving and issuing.
pub fn abandoned(c: &Connection) -> rusqlite::Result<Vec<Certificate>> {
    c.prepare(&format!(
        "SELECT {COLUMNS} FROM certificate WHERE state = 'reserved'"
    ))?
    .query_map([], certificate)?
    .collect()
}
