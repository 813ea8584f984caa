//! Certificates issued to citizens, from reservation to revocation.

use exchange::{Digest, Iin, StorageType, SubmissionId, UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::authority::Reason;

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
    /// Unknown of those that an earlier version issued, as what follows.
    pub storage: Option<StorageType>,
    pub not_before: Option<UnixMillis>,
    pub not_after: Option<UnixMillis>,
    pub revoked_at: Option<UnixMillis>,
    pub reason: Option<Reason>,
    pub iin: Option<Iin>,
}

const COLUMNS: &str = "id, submission, serial, der, sha256, confirm_before, state, storage,
    not_before, not_after, revoked_at, revocation_reason, iin";

fn certificate(r: &Row) -> rusqlite::Result<Certificate> {
    let state: String = r.get(6)?;
    let sha256: Option<String> = r.get(4)?;
    let storage: Option<String> = r.get(7)?;
    let reason: Option<String> = r.get(11)?;
    let iin: Option<String> = r.get(12)?;
    let time = |i| r.get::<_, Option<i64>>(i).map(|t| t.map(UnixMillis));
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
        storage: storage.and_then(|s| serde_json::from_value(s.into()).ok()),
        not_before: time(8)?,
        not_after: time(9)?,
        revoked_at: time(10)?,
        reason: reason.as_deref().and_then(Reason::parse),
        iin: iin.map(|i| super::holders::iin(&i)).transpose()?,
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

/// What the authority signed.
pub struct Issued<'a> {
    pub serial: &'a str,
    pub der: &'a [u8],
    pub iin: &'a Iin,
    pub storage: StorageType,
    pub not_before: UnixMillis,
    pub not_after: UnixMillis,
}

/// # Errors
/// Also when the serial number was used before.
pub fn issued(c: &Connection, id: i64, issued: &Issued) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE certificate SET state = 'issued', serial = ?, der = ?, sha256 = ?, iin = ?,
           storage = ?, not_before = ?, not_after = ? WHERE id = ?",
        params![
            issued.serial,
            issued.der,
            Digest::of(issued.der).to_string(),
            issued.iin.expose(),
            serde_json::to_value(issued.storage)
                .ok()
                .as_ref()
                .and_then(|v| v.as_str()),
            issued.not_before.0,
            issued.not_after.0,
            id
        ],
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

/// Whether [`overdue`] would give any.
pub fn any_overdue(c: &Connection, now: UnixMillis) -> rusqlite::Result<bool> {
    c.query_row(
        "SELECT EXISTS (SELECT 1 FROM certificate WHERE state IN ('issued', 'revoking')
           AND (state = 'revoking' OR confirm_before <= ?))",
        [now.0],
        |r| r.get(0),
    )
}

/// The authority revoked it, or it was never made.
pub fn revoked(c: &Connection, id: i64, reason: Reason, now: UnixMillis) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE certificate SET state = 'revoked', revoked_at = ?, revocation_reason = ?
         WHERE id = ?",
        params![now.0, reason.as_str(), id],
    )
    .map(drop)
}

/// Serial number, time and reason of everything revoked, for the revocation list;
/// without what ended by itself before `ended`.
pub fn all_revoked(
    c: &Connection,
    ended: UnixMillis,
) -> rusqlite::Result<Vec<(String, UnixMillis, Reason)>> {
    c.prepare_cached(
        "SELECT serial, revoked_at, revocation_reason FROM certificate
         WHERE state = 'revoked' AND serial IS NOT NULL AND revoked_at IS NOT NULL
           AND (not_after IS NULL OR not_after > ?) ORDER BY id",
    )?
    .query_map([ended.0], |r| {
        let reason: Option<String> = r.get(2)?;
        // Before reasons were kept there was one.
        let reason = reason.as_deref().and_then(Reason::parse);
        let reason = reason.unwrap_or(Reason::NotConfirmed);
        Ok((r.get(0)?, UnixMillis(r.get(1)?), reason))
    })?
    .collect()
}

/// Whether an application has had its certificate: confirmed, or revoked for another
/// reason than that it never reached its storage. No second one is issued for it.
pub fn over(c: &Connection, submission: SubmissionId) -> rusqlite::Result<bool> {
    c.prepare_cached(&format!("SELECT {}", over_sql("?")))?
        .query_row([submission.to_string()], |r| r.get(0))
}

/// [`over`] as a condition on the application that `submission` names in SQL.
pub(super) fn over_sql(submission: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM certificate AS had WHERE had.submission = {submission}
           AND (had.state = 'confirmed' OR (had.state = 'revoked'
             AND coalesce(had.revocation_reason, 'not_confirmed') <> 'not_confirmed')))"
    )
}

pub fn by_id(c: &Connection, id: i64) -> rusqlite::Result<Option<Certificate>> {
    c.query_row(
        &format!("SELECT {COLUMNS} FROM certificate WHERE id = ?"),
        [id],
        certificate,
    )
    .optional()
}

pub fn by_serial(c: &Connection, serial: &str) -> rusqlite::Result<Option<Certificate>> {
    c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM certificate WHERE serial = ?"
    ))?
    .query_row([serial], certificate)
    .optional()
}

/// Everything ever signed for an application, oldest first.
pub fn of_submission(
    c: &Connection,
    submission: SubmissionId,
) -> rusqlite::Result<Vec<Certificate>> {
    c.prepare(&format!(
        "SELECT {COLUMNS} FROM certificate WHERE submission = ? AND serial IS NOT NULL ORDER BY id"
    ))?
    .query_map([submission.to_string()], certificate)?
    .collect()
}

pub fn by_sha256(c: &Connection, sha256: &Digest) -> rusqlite::Result<Option<Certificate>> {
    c.query_row(
        &format!("SELECT {COLUMNS} FROM certificate WHERE sha256 = ?"),
        [sha256.to_string()],
        certificate,
    )
    .optional()
}

/// One of a person's certificates, by its SHA-256.
pub fn held(c: &Connection, iin: &Iin, sha256: &Digest) -> rusqlite::Result<Option<Certificate>> {
    c.query_row(
        &format!("SELECT {COLUMNS} FROM certificate WHERE iin = ? AND sha256 = ?"),
        params![iin.expose(), sha256.to_string()],
        certificate,
    )
    .optional()
}

/// A person's certificates that can be used now, oldest first.
pub fn live_of(c: &Connection, iin: &Iin, now: UnixMillis) -> rusqlite::Result<Vec<Certificate>> {
    c.prepare(&format!(
        "SELECT {COLUMNS} FROM certificate WHERE iin = ? AND state IN ('issued', 'confirmed')
           AND not_after > ? ORDER BY id"
    ))?
    .query_map(params![iin.expose(), now.0], certificate)?
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
        "UPDATE certificate SET state = 'revoking'
         WHERE state IN ('issued', 'revoking') AND state = 'issued' AND confirm_before <= ?",
        [now.0],
    )?;
    c.prepare(&format!(
        "SELECT {COLUMNS} FROM certificate
         WHERE state IN ('issued', 'revoking') AND state = 'revoking'"
    ))?
    .query_map([], certificate)?
    .collect()
}

/// Forgets a reservation under which nothing was signed, so that its nonce can be
/// used for the same proof again.
pub fn release(c: &Connection, id: i64) -> rusqlite::Result<()> {
    c.execute(
        "DELETE FROM certificate WHERE id = ? AND state = 'reserved'",
        [id],
    )
    .map(drop)
}

/// Whether a crash between reserving and issuing left reservations.
pub fn any_abandoned(c: &Connection) -> rusqlite::Result<bool> {
    c.query_row(
        "SELECT EXISTS (SELECT 1 FROM certificate WHERE state = 'reserved')",
        [],
        |r| r.get(0),
    )
}

/// Forgets them: nobody has what was perhaps signed under them.
pub fn release_abandoned(c: &Connection) -> rusqlite::Result<()> {
    c.execute("DELETE FROM certificate WHERE state = 'reserved'", [])
        .map(drop)
}
