//! Software updates, which kiosks they are for, and the offers that the desk signed.

use exchange::{
    Digest, KioskId, UnixMillis,
    update::{Version, Window},
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::parsed;

#[derive(Clone, Debug, serde::Serialize)]
pub struct SoftwareUpdate {
    pub id: i64,
    pub version: Version,
    pub sha256: Digest,
    pub length: u64,
    /// `None`: all kiosks.
    pub group: Option<String>,
    pub percent: u8,
    pub window: Window,
    pub added_at: UnixMillis,
    pub withdrawn_at: Option<UnixMillis>,
}

const COLUMNS: &str =
    "id, version, sha256, length, kiosk_group, percent, daily_window, added_at, withdrawn_at";

fn software_update(r: &Row) -> rusqlite::Result<SoftwareUpdate> {
    Ok(SoftwareUpdate {
        id: r.get(0)?,
        version: parsed(&r.get::<_, String>(1)?)?,
        sha256: parsed(&r.get::<_, String>(2)?)?,
        length: r.get::<_, i64>(3)?.unsigned_abs(),
        group: r.get(4)?,
        percent: r.get(5)?,
        window: parsed(&r.get::<_, String>(6)?)?,
        added_at: UnixMillis(r.get(7)?),
        withdrawn_at: r.get::<_, Option<i64>>(8)?.map(UnixMillis),
    })
}

/// `update.id` is not looked at; gives the one it got.
pub fn add(c: &Connection, update: &SoftwareUpdate) -> rusqlite::Result<i64> {
    c.execute(
        "INSERT INTO software_update (version, sha256, length, kiosk_group, percent,
           daily_window, added_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            update.version.as_str(),
            update.sha256.to_string(),
            update.length as i64,
            update.group,
            update.percent,
            update.window.to_string(),
            update.added_at.0
        ],
    )?;
    let id = c.last_insert_rowid();
    look_at_all(c)?;
    Ok(id)
}

/// Newest first.
pub fn list(c: &Connection) -> rusqlite::Result<Vec<SoftwareUpdate>> {
    c.prepare(&format!(
        "SELECT {COLUMNS} FROM software_update ORDER BY id DESC"
    ))?
    .query_map([], software_update)?
    .collect()
}

/// False when there is none that could be withdrawn. No kiosk is offered it from now on.
pub fn withdraw(c: &Connection, id: i64, now: UnixMillis) -> rusqlite::Result<bool> {
    let sql = "UPDATE software_update SET withdrawn_at = ? WHERE id = ? AND withdrawn_at IS NULL";
    let changed = c.execute(sql, [now.0, id])?;
    let sql = "UPDATE update_offer SET statement = NULL
        WHERE software_update = ? AND statement IS NOT NULL";
    c.execute(sql, [id])?;
    look_at_all(c)?;
    Ok(changed > 0)
}

pub fn set_percent(c: &Connection, id: i64, percent: u8) -> rusqlite::Result<bool> {
    let sql = "UPDATE software_update SET percent = ? WHERE id = ? AND withdrawn_at IS NULL";
    let changed = c.execute(sql, params![percent, id])?;
    look_at_all(c)?;
    Ok(changed > 0)
}

/// `None` takes the kiosk out of its group. False when there is no such kiosk.
pub fn set_group(c: &Connection, id: &KioskId, group: Option<&str>) -> rusqlite::Result<bool> {
    let sql = "UPDATE kiosk SET kiosk_group = ?, offer_due_at = NULL WHERE id = ?";
    Ok(c.execute(sql, params![group, id.as_str()])? > 0)
}

pub fn group(c: &Connection, id: &KioskId) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT kiosk_group FROM kiosk WHERE id = ?";
    let found: Option<Option<String>> = c.query_row(sql, [id.as_str()], |r| r.get(0)).optional()?;
    Ok(found.flatten())
}

fn look_at_all(c: &Connection) -> rusqlite::Result<()> {
    c.execute("UPDATE kiosk SET offer_due_at = NULL", [])
        .map(drop)
}

pub fn look_at(c: &Connection, id: &KioskId) -> rusqlite::Result<()> {
    let sql = "UPDATE kiosk SET offer_due_at = NULL WHERE id = ?";
    c.execute(sql, [id.as_str()]).map(drop)
}

/// Confirmed kiosks at whose offer the desk has to look.
pub fn due(c: &Connection, now: UnixMillis) -> rusqlite::Result<Vec<KioskId>> {
    c.prepare_cached(
        "SELECT id FROM kiosk WHERE state = 'confirmed'
           AND (offer_due_at IS NULL OR offer_due_at <= ?) LIMIT 200",
    )?
    .query_map([now.0], |r| parsed(&r.get::<_, String>(0)?))?
    .collect()
}

pub fn looked_at(c: &Connection, id: &KioskId, again_at: UnixMillis) -> rusqlite::Result<()> {
    let sql = "UPDATE kiosk SET offer_due_at = ? WHERE id = ?";
    c.execute(sql, params![again_at.0, id.as_str()]).map(drop)
}

/// What may be offered to this kiosk, newest first: its group's or everybody's, not
/// withdrawn, and later than all that it installed or that did not come up there.
pub fn candidates(c: &Connection, id: &KioskId) -> rusqlite::Result<Vec<SoftwareUpdate>> {
    c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM software_update u WHERE withdrawn_at IS NULL
           AND (u.kiosk_group IS NULL
             OR u.kiosk_group = (SELECT k.kiosk_group FROM kiosk k WHERE k.id = ?1))
           AND id > (SELECT coalesce(max(software_update), 0) FROM kiosk_report
             WHERE kiosk = ?1 AND settled = 1 AND software_update IS NOT NULL)
         ORDER BY id DESC"
    ))?
    .query_map([id.as_str()], software_update)?
    .collect()
}

/// Ends every offer to this kiosk but that of update `except`.
pub fn end_offers(c: &Connection, id: &KioskId, except: Option<i64>) -> rusqlite::Result<()> {
    let sql = "UPDATE update_offer SET statement = NULL
        WHERE kiosk = ? AND statement IS NOT NULL AND software_update IS NOT ?";
    c.execute(sql, params![id.as_str(), except]).map(drop)
}

/// The number under which `update` is offered to this kiosk: that of before where it was
/// the last one, else a new one.
pub fn number(c: &Connection, id: &KioskId, update: i64) -> rusqlite::Result<u64> {
    let sql = "SELECT number, software_update FROM update_offer WHERE kiosk = ?
        ORDER BY number DESC LIMIT 1";
    let last: Option<(i64, i64)> = c
        .query_row(sql, [id.as_str()], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let number = match last {
        Some((number, of)) if of == update => number,
        _ => {
            let sql = "INSERT INTO update_offer (kiosk, software_update, expires_at)
                VALUES (?, ?, 0)";
            c.execute(sql, params![id.as_str(), update])?;
            c.last_insert_rowid()
        }
    };
    Ok(number.unsigned_abs())
}

pub fn sign(
    c: &Connection,
    number: u64,
    statement: &str,
    expires_at: UnixMillis,
) -> rusqlite::Result<()> {
    let sql = "UPDATE update_offer SET statement = ?, expires_at = ? WHERE number = ?";
    c.execute(sql, params![statement, expires_at.0, number as i64])
        .map(drop)
}

/// What is offered to a kiosk now.
pub struct Current {
    /// `Signed<UpdateOffer>`
    pub statement: String,
    pub update: SoftwareUpdate,
}

pub fn current(c: &Connection, id: &KioskId, now: UnixMillis) -> rusqlite::Result<Option<Current>> {
    c.prepare_cached(&format!(
        "SELECT {COLUMNS}, o.statement FROM update_offer o
           JOIN software_update u ON u.id = o.software_update
         WHERE o.kiosk = ? AND o.statement IS NOT NULL AND o.expires_at > ?
         ORDER BY o.number DESC LIMIT 1"
    ))?
    .query_row(params![id.as_str(), now.0], |r| {
        Ok(Current {
            statement: r.get(9)?,
            update: software_update(r)?,
        })
    })
    .optional()
}

/// The update that was offered to this kiosk under this number.
pub fn offered(
    c: &Connection,
    id: &KioskId,
    number: u64,
    sha256: &Digest,
) -> rusqlite::Result<Option<i64>> {
    c.query_row(
        "SELECT u.id FROM update_offer o JOIN software_update u ON u.id = o.software_update
         WHERE o.kiosk = ? AND o.number = ? AND u.sha256 = ?",
        params![
            id.as_str(),
            i64::try_from(number).unwrap_or_default(),
            sha256.to_string()
        ],
        |r| r.get(0),
    )
    .optional()
}
