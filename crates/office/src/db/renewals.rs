//! Numbers given for renewals.

use exchange::{KioskId, RenewalNonce, SubmissionId, UnixMillis};
use rusqlite::{Connection, params};

pub fn give(
    c: &Connection,
    nonce: &RenewalNonce,
    kiosk: &KioskId,
    submission: SubmissionId,
    now: UnixMillis,
    expires_at: UnixMillis,
) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO renewal_nonce (nonce, kiosk, submission, given_at, expires_at)
         VALUES (?, ?, ?, ?, ?)",
        params![
            nonce.to_string(),
            kiosk.as_str(),
            submission.to_string(),
            now.0,
            expires_at.0
        ],
    )
    .map(drop)
}

/// Whether this number was given to that kiosk for that submission, and was still good
/// when the submission came.
pub fn was_given(
    c: &Connection,
    nonce: &RenewalNonce,
    kiosk: &KioskId,
    submission: SubmissionId,
    received_at: UnixMillis,
) -> rusqlite::Result<bool> {
    c.query_row(
        "SELECT EXISTS (SELECT 1 FROM renewal_nonce WHERE nonce = ? AND kiosk = ?
           AND submission = ? AND expires_at > ?)",
        params![
            nonce.to_string(),
            kiosk.as_str(),
            submission.to_string(),
            received_at.0
        ],
        |r| r.get(0),
    )
}

/// Forgets what no submission came with.
pub fn forget_old(c: &Connection, now: UnixMillis) -> rusqlite::Result<()> {
    c.execute(
        "DELETE FROM renewal_nonce WHERE expires_at <= ?
         AND submission NOT IN (SELECT id FROM submission)",
        [now.0],
    )
    .map(drop)
}
