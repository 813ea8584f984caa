//! Kiosks: invited by a token, awaiting an administrator, confirmed, revoked.

use exchange::{Digest, KioskId, UnixMillis, api::Heartbeat};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::parsed;

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KioskState {
    /// A token was printed; nobody used it yet.
    Invited,
    /// Its keys are known; an administrator compares the fingerprint words.
    Awaiting,
    Confirmed,
    Revoked,
}

#[derive(Clone, Debug, serde::Serialize)]
pub struct Kiosk {
    pub id: KioskId,
    pub state: KioskState,
    #[serde(skip)]
    pub token_expires_at: UnixMillis,
    #[serde(skip)]
    pub tls_csr_pem: Option<String>,
    #[serde(skip)]
    pub manifest_key_pem: Option<String>,
    #[serde(skip)]
    pub tls_certificate_pem: Option<String>,
    pub added_at: UnixMillis,
    pub confirmed_at: Option<UnixMillis>,
    pub last_seen_at: Option<UnixMillis>,
    pub heartbeat: Option<Heartbeat>,
    pub heartbeat_at: Option<UnixMillis>,
}

const COLUMNS: &str = "id, state, token_expires_at, tls_csr_pem, manifest_key_pem,
    tls_certificate_pem, added_at, confirmed_at, last_seen_at, heartbeat, heartbeat_at";

fn kiosk(r: &Row) -> rusqlite::Result<Kiosk> {
    let state: String = r.get(1)?;
    let heartbeat: Option<String> = r.get(9)?;
    let time = |i| r.get::<_, Option<i64>>(i).map(|t| t.map(UnixMillis));
    Ok(Kiosk {
        id: parsed(&r.get::<_, String>(0)?)?,
        state: match state.as_str() {
            "invited" => KioskState::Invited,
            "awaiting" => KioskState::Awaiting,
            "confirmed" => KioskState::Confirmed,
            _ => KioskState::Revoked,
        },
        token_expires_at: UnixMillis(r.get(2)?),
        tls_csr_pem: r.get(3)?,
        manifest_key_pem: r.get(4)?,
        tls_certificate_pem: r.get(5)?,
        added_at: UnixMillis(r.get(6)?),
        confirmed_at: time(7)?,
        last_seen_at: time(8)?,
        heartbeat: heartbeat.and_then(|h| serde_json::from_str(&h).ok()),
        heartbeat_at: time(10)?,
    })
}

/// False when the id is taken by a kiosk that is not merely invited.
pub fn invite(
    c: &Connection,
    id: &KioskId,
    token: &Digest,
    expires_at: UnixMillis,
    now: UnixMillis,
) -> rusqlite::Result<bool> {
    c.execute(
        "INSERT INTO kiosk (id, state, token_sha256, token_expires_at, added_at)
         VALUES (?1, 'invited', ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE SET token_sha256 = ?2, token_expires_at = ?3
           WHERE state = 'invited'",
        params![id.as_str(), token.to_string(), expires_at.0, now.0],
    )
    .map(|n| n > 0)
}

pub fn by_token(c: &Connection, token: &Digest) -> rusqlite::Result<Option<Kiosk>> {
    c.query_row(
        &format!("SELECT {COLUMNS} FROM kiosk WHERE token_sha256 = ?"),
        [token.to_string()],
        kiosk,
    )
    .optional()
}

pub fn by_id(c: &Connection, id: &KioskId) -> rusqlite::Result<Option<Kiosk>> {
    c.query_row(
        &format!("SELECT {COLUMNS} FROM kiosk WHERE id = ?"),
        [id.as_str()],
        kiosk,
    )
    .optional()
}

/// The confirmed kiosk to which this TLS certificate (DER) was given.
pub fn by_certificate(c: &Connection, certificate: &Digest) -> rusqlite::Result<Option<Kiosk>> {
    c.query_row(
        &format!(
            "SELECT {COLUMNS} FROM kiosk WHERE tls_certificate_sha256 = ? AND state = 'confirmed'"
        ),
        [certificate.to_string()],
        kiosk,
    )
    .optional()
}

/// Binds the keys to the invitation; only the first to use the token gets here.
pub fn keys_arrived(
    c: &Connection,
    id: &KioskId,
    tls_csr_pem: &str,
    manifest_key_pem: &str,
) -> rusqlite::Result<bool> {
    c.execute(
        "UPDATE kiosk SET state = 'awaiting', tls_csr_pem = ?, manifest_key_pem = ?
         WHERE id = ? AND state = 'invited'",
        params![tls_csr_pem, manifest_key_pem, id.as_str()],
    )
    .map(|n| n > 0)
}

pub fn confirm(
    c: &Connection,
    id: &KioskId,
    certificate_pem: &str,
    certificate: &Digest,
    now: UnixMillis,
) -> rusqlite::Result<bool> {
    c.execute(
        "UPDATE kiosk SET state = 'confirmed', tls_certificate_pem = ?,
           tls_certificate_sha256 = ?, confirmed_at = ? WHERE id = ? AND state = 'awaiting'",
        params![certificate_pem, certificate.to_string(), now.0, id.as_str()],
    )
    .map(|n| n > 0)
}

/// False when there is no such kiosk or it was revoked before.
pub fn revoke(c: &Connection, id: &KioskId, now: UnixMillis) -> rusqlite::Result<bool> {
    c.execute(
        "UPDATE kiosk SET state = 'revoked', revoked_at = ?, token_sha256 = NULL
         WHERE id = ? AND state <> 'revoked'",
        params![now.0, id.as_str()],
    )
    .map(|n| n > 0)
}

/// A kiosk that was seen with its certificate needs its token no more.
pub fn seen(c: &Connection, id: &KioskId, now: UnixMillis) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE kiosk SET last_seen_at = ?, token_sha256 = NULL WHERE id = ?",
        params![now.0, id.as_str()],
    )
    .map(drop)
}

pub fn heartbeat(
    c: &Connection,
    id: &KioskId,
    heartbeat: &str,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE kiosk SET heartbeat = ?, heartbeat_at = ? WHERE id = ?",
        params![heartbeat, now.0, id.as_str()],
    )
    .map(drop)
}

pub fn list(c: &Connection) -> rusqlite::Result<Vec<Kiosk>> {
    c.prepare(&format!("SELECT {COLUMNS} FROM kiosk ORDER BY id"))?
        .query_map([], kiosk)?
        .collect()
}
