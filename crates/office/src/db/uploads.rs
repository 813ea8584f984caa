//! Uploads: what of each part is durable here.

use exchange::{Digest, KioskId, PartName, SubmissionId, UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::parsed;
use crate::objects::ObjectId;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadState {
    Open,
    Complete,
    /// Terminated, expired or found damaged.
    Gone,
}

#[derive(Clone, Debug)]
pub struct Upload {
    pub id: ObjectId,
    pub submission: SubmissionId,
    pub sha256: Digest,
    pub length: u64,
    pub durable: u64,
    pub state: UploadState,
}

/// What a kiosk wants to upload.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub submission: SubmissionId,
    pub part: PartName,
    pub sha256: Digest,
    pub length: u64,
}

fn upload(r: &Row) -> rusqlite::Result<Upload> {
    let id: String = r.get(0)?;
    let state: String = r.get(5)?;
    Ok(Upload {
        id: ObjectId::parse(&id).ok_or(rusqlite::Error::InvalidQuery)?,
        submission: parsed(&r.get::<_, String>(1)?)?,
        sha256: parsed(&r.get::<_, String>(2)?)?,
        length: r.get(3)?,
        durable: r.get(4)?,
        state: match state.as_str() {
            "open" => UploadState::Open,
            "complete" => UploadState::Complete,
            _ => UploadState::Gone,
        },
    })
}

const COLUMNS: &str = "id, submission, sha256, length, durable, state";

/// This kiosk's upload of that id.
pub fn get(c: &Connection, id: &ObjectId, kiosk: &KioskId) -> rusqlite::Result<Option<Upload>> {
    c.query_row(
        &format!("SELECT {COLUMNS} FROM upload WHERE id = ? AND kiosk = ?"),
        params![id.as_str(), kiosk.as_str()],
        upload,
    )
    .optional()
}

/// The upload that already exists for exactly this part, so that a lost answer
/// to a creation costs nothing.
pub fn existing(
    c: &Connection,
    kiosk: &KioskId,
    wanted: &Wanted,
) -> rusqlite::Result<Option<Upload>> {
    c.query_row(
        &format!(
            "SELECT {COLUMNS} FROM upload WHERE kiosk = ? AND submission = ? AND part = ?
             AND sha256 = ? AND length = ? AND state <> 'gone'"
        ),
        params![
            kiosk.as_str(),
            wanted.submission.to_string(),
            wanted.part.as_str(),
            wanted.sha256.to_string(),
            wanted.length
        ],
        upload,
    )
    .optional()
}

pub fn create(
    c: &Connection,
    id: &ObjectId,
    kiosk: &KioskId,
    wanted: &Wanted,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO upload
         (id, kiosk, submission, part, sha256, length, durable, state, touched_at)
         VALUES (?, ?, ?, ?, ?, ?, 0, 'open', ?)",
        params![
            id.as_str(),
            kiosk.as_str(),
            wanted.submission.to_string(),
            wanted.part.as_str(),
            wanted.sha256.to_string(),
            wanted.length,
            now.0
        ],
    )
    .map(drop)
}

pub fn set_durable(
    c: &Connection,
    id: &ObjectId,
    durable: u64,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE upload SET durable = ?, touched_at = ? WHERE id = ?",
        params![durable, now.0, id.as_str()],
    )
    .map(drop)
}

pub fn set_state(c: &Connection, id: &ObjectId, state: UploadState) -> rusqlite::Result<()> {
    let text = match state {
        UploadState::Open => "open",
        UploadState::Complete => "complete",
        UploadState::Gone => "gone",
    };
    c.execute(
        "UPDATE upload SET state = ? WHERE id = ?",
        params![text, id.as_str()],
    )
    .map(drop)
}

/// Enters a whole and durable object that came another way as this part's complete upload; gives
/// the uploads whose place it takes. They are gone; the caller removes their objects.
pub fn brought(
    c: &Connection,
    id: &ObjectId,
    kiosk: &KioskId,
    wanted: &Wanted,
    now: UnixMillis,
) -> rusqlite::Result<Vec<ObjectId>> {
    let replaced = c
        .prepare_cached(
            "UPDATE upload SET state = 'gone' WHERE kiosk = ? AND submission = ? AND part = ?
             AND sha256 = ? AND state <> 'gone' RETURNING id",
        )?
        .query_map(
            params![
                kiosk.as_str(),
                wanted.submission.to_string(),
                wanted.part.as_str(),
                wanted.sha256.to_string()
            ],
            |r| r.get::<_, String>(0),
        )?
        .map(|id| ObjectId::parse(&id?).ok_or(rusqlite::Error::InvalidQuery))
        .collect::<rusqlite::Result<_>>()?;
    create(c, id, kiosk, wanted, now)?;
    set_durable(c, id, wanted.length, now)?;
    set_state(c, id, UploadState::Complete)?;
    Ok(replaced)
}

/// The complete upload of a part with this digest and length, if there is one.
pub fn complete(
    c: &Connection,
    kiosk: &KioskId,
    wanted: &Wanted,
) -> rusqlite::Result<Option<ObjectId>> {
    Ok(existing(c, kiosk, wanted)?
        .filter(|u| u.state == UploadState::Complete)
        .map(|u| u.id))
}

/// Uploads nobody needs: untouched since `before` and part of no submission. They are
/// marked gone; the caller removes their objects.
pub fn expire(c: &Connection, before: UnixMillis) -> rusqlite::Result<Vec<ObjectId>> {
    c.prepare(
        "UPDATE upload SET state = 'gone' WHERE state <> 'gone' AND touched_at < ?
         AND id NOT IN (SELECT object FROM part) RETURNING id",
    )?
    .query_map([before.0], |r| r.get::<_, String>(0))?
    .map(|id| ObjectId::parse(&id?).ok_or(rusqlite::Error::InvalidQuery))
    .collect()
}
