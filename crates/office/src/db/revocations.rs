//! Revocation lists made, and who wants which certificate revoked.

use exchange::{KioskId, UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row, params};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationState {
    /// By the holder at a kiosk; the desk has not looked.
    Asked,
    /// An operator must look.
    Held,
    /// By the desk.
    Ordered,
    Done,
    Refused,
}

impl RevocationState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Held => "held",
            Self::Ordered => "ordered",
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

pub struct Revocation {
    pub id: i64,
    pub certificate: i64,
    pub at: UnixMillis,
    pub state: RevocationState,
    /// `Signed<RevocationWish>`
    pub wish: Option<String>,
    pub kiosk: Option<KioskId>,
    /// `Signed<RevocationOrder>`
    pub desk_order: Option<String>,
}

const COLUMNS: &str = "id, certificate, at, state, wish, kiosk, desk_order";

fn revocation(r: &Row) -> rusqlite::Result<Revocation> {
    let state: String = r.get(3)?;
    let kiosk: Option<String> = r.get(5)?;
    Ok(Revocation {
        id: r.get(0)?,
        certificate: r.get(1)?,
        at: UnixMillis(r.get(2)?),
        state: match state.as_str() {
            "asked" => RevocationState::Asked,
            "held" => RevocationState::Held,
            "ordered" => RevocationState::Ordered,
            "done" => RevocationState::Done,
            _ => RevocationState::Refused,
        },
        wish: r.get(4)?,
        kiosk: kiosk.and_then(|k| k.parse().ok()),
        desk_order: r.get(6)?,
    })
}

/// The holder wants it; nothing when that is known already.
pub fn ask(
    c: &Connection,
    certificate: i64,
    wish: &str,
    kiosk: &KioskId,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO revocation (certificate, at, state, wish, kiosk)
         SELECT ?1, ?2, 'asked', ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM revocation
           WHERE certificate = ?1 AND state IN ('asked', 'held', 'ordered'))",
        params![certificate, now.0, wish, kiosk.as_str()],
    )
    .map(drop)
}

/// An operator wants it.
pub fn order(
    c: &Connection,
    certificate: i64,
    desk_order: &str,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO revocation (certificate, at, state, desk_order)
         VALUES (?, ?, 'ordered', ?)",
        params![certificate, now.0, desk_order],
    )
    .map(drop)
}

/// The desk orders what the holder asked for.
pub fn grant(c: &Connection, id: i64, desk_order: &str) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE revocation SET state = 'ordered', desk_order = ? WHERE id = ? AND state = 'asked'",
        params![desk_order, id],
    )
    .map(drop)
}

pub fn set_state(c: &Connection, id: i64, state: RevocationState) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE revocation SET state = ? WHERE id = ?",
        params![state.as_str(), id],
    )
    .map(drop)
}

/// Everybody who wanted this certificate revoked has what they wanted.
pub fn done(c: &Connection, certificate: i64) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE revocation SET state = 'done'
         WHERE certificate = ? AND state IN ('asked', 'held', 'ordered')",
        [certificate],
    )
    .map(drop)
}

/// What waits for the desk, oldest first.
pub fn asked(c: &Connection) -> rusqlite::Result<Vec<Revocation>> {
    c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM revocation
         WHERE state IN ('asked', 'ordered') AND state = 'asked' ORDER BY id LIMIT 100"
    ))?
    .query_map([], revocation)?
    .collect()
}

/// What waits for the authority and it is time for, oldest first.
pub fn ordered(c: &Connection, now: UnixMillis) -> rusqlite::Result<Vec<Revocation>> {
    c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM revocation
         WHERE state IN ('asked', 'ordered') AND state = 'ordered' AND try_at <= ?
         ORDER BY id LIMIT 1000"
    ))?
    .query_map([now.0], revocation)?
    .collect()
}

/// The authority could not be asked, or not for this one yet.
pub fn put_off(c: &Connection, id: i64, until: UnixMillis) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE revocation SET try_at = ? WHERE id = ?",
        params![until.0, id],
    )
    .map(drop)
}

/// The newest of a certificate.
pub fn newest(c: &Connection, certificate: i64) -> rusqlite::Result<Option<Revocation>> {
    c.query_row(
        &format!("SELECT {COLUMNS} FROM revocation WHERE certificate = ? ORDER BY id DESC LIMIT 1"),
        [certificate],
        revocation,
    )
    .optional()
}

/// What holders had revoked since then without an operator; at one kiosk, or at all.
pub fn granted_since(
    c: &Connection,
    kiosk: Option<&KioskId>,
    since: UnixMillis,
) -> rusqlite::Result<u32> {
    c.query_row(
        "SELECT count(*) FROM revocation WHERE wish IS NOT NULL AND at > ?1
         AND state IN ('ordered', 'done') AND (?2 IS NULL OR kiosk = ?2)",
        params![since.0, kiosk.map(KioskId::as_str)],
        |r| r.get(0),
    )
}

/// A number for the list about to be made.
pub fn number_list(
    c: &Connection,
    this_update: UnixMillis,
    next_update: UnixMillis,
) -> rusqlite::Result<u64> {
    c.execute(
        "INSERT INTO revocation_list (this_update, next_update) VALUES (?, ?)",
        params![this_update.0, next_update.0],
    )?;
    Ok(c.last_insert_rowid().unsigned_abs())
}

pub fn list_published(c: &Connection, number: u64, now: UnixMillis) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE revocation_list SET published_at = ? WHERE number = ?",
        params![now.0, number],
    )?;
    // Lists by the thousand tell nothing more; the newest keeps the numbers growing.
    c.execute(
        "DELETE FROM revocation_list WHERE number < ?",
        [number.saturating_sub(1000)],
    )
    .map(drop)
}

/// When the newest list that was published was made.
pub fn newest_list(c: &Connection) -> rusqlite::Result<Option<UnixMillis>> {
    c.query_row(
        "SELECT this_update FROM revocation_list WHERE published_at IS NOT NULL
         ORDER BY number DESC LIMIT 1",
        [],
        |r| r.get(0).map(UnixMillis),
    )
    .optional()
}
