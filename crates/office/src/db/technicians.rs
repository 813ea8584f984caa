//! Technicians' certificates, and the lists of those that were revoked.

use exchange::{CertificateSerial, UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::parsed;

#[derive(Clone, Debug, serde::Serialize)]
pub struct Technician {
    pub serial: CertificateSerial,
    pub name: String,
    #[serde(skip)]
    pub certificate_pem: String,
    pub added_at: UnixMillis,
    pub not_after: UnixMillis,
    pub revoked_at: Option<UnixMillis>,
}

const COLUMNS: &str = "serial, name, certificate_pem, added_at, not_after, revoked_at";

fn technician(r: &Row) -> rusqlite::Result<Technician> {
    Ok(Technician {
        serial: parsed(&r.get::<_, String>(0)?)?,
        name: r.get(1)?,
        certificate_pem: r.get(2)?,
        added_at: UnixMillis(r.get(3)?),
        not_after: UnixMillis(r.get(4)?),
        revoked_at: r.get::<_, Option<i64>>(5)?.map(UnixMillis),
    })
}

pub fn add(c: &Connection, technician: &Technician) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO technician (serial, name, certificate_pem, added_at, not_after)
         VALUES (?, ?, ?, ?, ?)",
        params![
            technician.serial.as_str(),
            technician.name,
            technician.certificate_pem,
            technician.added_at.0,
            technician.not_after.0
        ],
    )
    .map(drop)
}

pub fn by_serial(
    c: &Connection,
    serial: &CertificateSerial,
) -> rusqlite::Result<Option<Technician>> {
    c.query_row(
        &format!("SELECT {COLUMNS} FROM technician WHERE serial = ?"),
        [serial.as_str()],
        technician,
    )
    .optional()
}

/// Newest first.
pub fn list(c: &Connection) -> rusqlite::Result<Vec<Technician>> {
    c.prepare(&format!(
        "SELECT {COLUMNS} FROM technician ORDER BY added_at DESC, serial"
    ))?
    .query_map([], technician)?
    .collect()
}

/// False when there is none that could be revoked.
pub fn revoke(
    c: &Connection,
    serial: &CertificateSerial,
    now: UnixMillis,
) -> rusqlite::Result<bool> {
    let sql = "UPDATE technician SET revoked_at = ? WHERE serial = ? AND revoked_at IS NULL";
    Ok(c.execute(sql, params![now.0, serial.as_str()])? > 0)
}

/// Revoked, and not expired before `since`.
pub fn revoked(c: &Connection, since: UnixMillis) -> rusqlite::Result<Vec<CertificateSerial>> {
    let sql = "SELECT serial FROM technician WHERE revoked_at IS NOT NULL AND not_after > ?
        ORDER BY serial";
    c.prepare(sql)?
        .query_map([since.0], |r| parsed(&r.get::<_, String>(0)?))?
        .collect()
}

/// The newest list: when it was signed, and `Signed<RevokedTechnicians>`.
pub fn newest_list(c: &Connection) -> rusqlite::Result<Option<(UnixMillis, String)>> {
    let sql = "SELECT issued_at, statement FROM technician_list ORDER BY number DESC LIMIT 1";
    c.query_row(sql, [], |r| Ok((UnixMillis(r.get(0)?), r.get(1)?)))
        .optional()
}

/// `sign` is given the number of the new list.
pub fn publish(
    c: &Connection,
    now: UnixMillis,
    sign: impl FnOnce(u64) -> String,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO technician_list (statement, issued_at) VALUES ('', ?)";
    c.execute(sql, [now.0])?;
    let number = c.last_insert_rowid();
    let statement = sign(number.unsigned_abs());
    let sql = "UPDATE technician_list SET statement = ? WHERE number = ?";
    c.execute(sql, params![statement, number])?;
    let sql = "DELETE FROM technician_list WHERE number < ?";
    c.execute(sql, [number]).map(drop)
}
