//! Counted events, so that guessing and flooding meet a limit.

use exchange::UnixMillis;
use rusqlite::{Connection, params};

const HOUR: i64 = 3_600_000;

pub fn count(c: &Connection, what: &str, who: &str, now: UnixMillis) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO counted (what, who, at) VALUES (?, ?, ?)",
        params![what, who, now.0],
    )
    .map(drop)
}

pub fn counted_since(
    c: &Connection,
    what: &str,
    who: &str,
    since: UnixMillis,
) -> rusqlite::Result<u32> {
    c.query_row(
        "SELECT count(*) FROM counted WHERE what = ? AND who = ? AND at > ?",
        params![what, who, since.0],
        |r| r.get(0),
    )
}

/// Seconds to wait when `limit` events were counted within the last hour; `None`: go on.
pub fn hourly(
    c: &Connection,
    what: &str,
    who: &str,
    limit: u32,
    now: UnixMillis,
) -> rusqlite::Result<Option<u32>> {
    let since = now.plus_millis(-HOUR);
    if counted_since(c, what, who, since)? < limit {
        return Ok(None);
    }
    let oldest: i64 = c.query_row(
        "SELECT min(at) FROM counted WHERE what = ? AND who = ? AND at > ?",
        params![what, who, since.0],
        |r| r.get(0),
    )?;
    let wait = (oldest + HOUR - now.0).max(1000) / 1000;
    Ok(Some(u32::try_from(wait).unwrap_or(u32::MAX)))
}

/// Forgets what no limit looks at any more.
pub fn forget_old(c: &Connection, now: UnixMillis) -> rusqlite::Result<()> {
    c.execute(
        "DELETE FROM counted WHERE at < ?",
        [now.plus_millis(-2 * HOUR).0],
    )
    .map(drop)
}
