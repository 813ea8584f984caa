//! People at a kiosk who want to see or revoke their certificates.

use exchange::{Iin, IinPolicy, KioskId, SubmissionId, UnixMillis};
use rusqlite::{Connection, OptionalExtension, params};

pub struct HolderVisit {
    pub kiosk: String,
    pub iin: Iin,
    /// Of nothing that can be typed, where no code was sent.
    pub code_mac: String,
    pub sent_at: UnixMillis,
    pub expires_at: UnixMillis,
    pub proven_at: Option<UnixMillis>,
}

pub fn get(c: &Connection, visit: SubmissionId) -> rusqlite::Result<Option<HolderVisit>> {
    c.query_row(
        "SELECT kiosk, iin, code_mac, sent_at, expires_at, proven_at FROM holder_visit
         WHERE visit = ?",
        [visit.to_string()],
        |r| {
            Ok(HolderVisit {
                kiosk: r.get(0)?,
                iin: iin(&r.get::<_, String>(1)?)?,
                code_mac: r.get(2)?,
                sent_at: UnixMillis(r.get(3)?),
                expires_at: UnixMillis(r.get(4)?),
                proven_at: r.get::<_, Option<i64>>(5)?.map(UnixMillis),
            })
        },
    )
    .optional()
}

/// An IIN that was checked when it was written.
pub(super) fn iin(text: &str) -> rusqlite::Result<Iin> {
    Iin::parse(text, IinPolicy::AllowOfficialTestNumbers).map_err(|e| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(e))
    })
}

/// A code is about to be sent; an earlier one is good no more.
pub fn code_sent(
    c: &Connection,
    visit: SubmissionId,
    kiosk: &KioskId,
    iin: &Iin,
    code_mac: &str,
    now: UnixMillis,
    expires_at: UnixMillis,
) -> rusqlite::Result<()> {
    c.execute(
        "INSERT OR REPLACE INTO holder_visit (visit, kiosk, iin, code_mac, sent_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?)",
        params![
            visit.to_string(),
            kiosk.as_str(),
            iin.expose(),
            code_mac,
            now.0,
            expires_at.0
        ],
    )
    .map(drop)
}

/// The code was right: the visit lasts until `expires_at`.
pub fn proven(
    c: &Connection,
    visit: SubmissionId,
    now: UnixMillis,
    expires_at: UnixMillis,
) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE holder_visit SET proven_at = ?, expires_at = ? WHERE visit = ?",
        params![now.0, expires_at.0, visit.to_string()],
    )
    .map(drop)
}

/// Forgets who stood there an hour ago.
pub fn forget_old(c: &Connection, now: UnixMillis) -> rusqlite::Result<()> {
    c.execute(
        "DELETE FROM holder_visit WHERE expires_at < ?",
        [now.plus_millis(-3_600_000).0],
    )
    .map(drop)
}
