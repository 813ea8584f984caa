//! Received submissions and what was decided of them.

use exchange::{Digest, KioskId, Manifest, PartName, PhoneNumber, SubmissionId, UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{certificates, parsed};
use crate::objects::ObjectId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubmissionState {
    /// Durable; the desk has not looked yet.
    Received,
    /// The desk verified it; an operator decides.
    Open,
    Approved,
    Rejected,
    AskAgain,
}

impl SubmissionState {
    pub const ALL: [Self; 5] = [
        Self::Received,
        Self::Open,
        Self::Approved,
        Self::Rejected,
        Self::AskAgain,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::AskAgain => "ask_again",
        }
    }

    pub fn is_decided(self) -> bool {
        !matches!(self, Self::Received | Self::Open)
    }
}

pub struct Submission {
    pub id: SubmissionId,
    pub kiosk: KioskId,
    pub sequence: u64,
    /// `Signed<Manifest>`
    pub manifest: String,
    pub manifest_digest: Digest,
    pub received_at: UnixMillis,
    /// `Signed<DurableReceipt>`
    pub receipt: String,
    pub state: SubmissionState,
    /// `Signed<SubmissionResult>`
    pub result: Option<String>,
    pub decided_at: Option<UnixMillis>,
    pub decided_by: Option<String>,
    pub findings: Option<String>,
    pub contact_phone: Option<PhoneNumber>,
    pub subject_key_identifier: Option<String>,
    /// `Signed<IssueOrder>`
    pub issue_order: Option<String>,
    /// `Signed<ApprovedSubject>`, where the key is made at collection
    pub approved_subject: Option<String>,
}

const COLUMNS: &str = "id, kiosk, sequence, manifest, manifest_digest, received_at, receipt, state,
    result, decided_at, decided_by, findings, contact_phone, subject_key_identifier, issue_order,
    approved_subject";

fn submission(r: &Row) -> rusqlite::Result<Submission> {
    let state: String = r.get(7)?;
    let phone: Option<String> = r.get(12)?;
    Ok(Submission {
        id: parsed(&r.get::<_, String>(0)?)?,
        kiosk: parsed(&r.get::<_, String>(1)?)?,
        sequence: r.get(2)?,
        manifest: r.get(3)?,
        manifest_digest: parsed(&r.get::<_, String>(4)?)?,
        received_at: UnixMillis(r.get(5)?),
        receipt: r.get(6)?,
        state: SubmissionState::ALL
            .into_iter()
            .find(|s| s.as_str() == state)
            .ok_or(rusqlite::Error::InvalidQuery)?,
        result: r.get(8)?,
        decided_at: r.get::<_, Option<i64>>(9)?.map(UnixMillis),
        decided_by: r.get(10)?,
        findings: r.get(11)?,
        contact_phone: phone.and_then(|p| PhoneNumber::parse(&p).ok()),
        subject_key_identifier: r.get(13)?,
        issue_order: r.get(14)?,
        approved_subject: r.get(15)?,
    })
}

pub fn get(c: &Connection, id: SubmissionId) -> rusqlite::Result<Option<Submission>> {
    c.query_row(
        &format!("SELECT {COLUMNS} FROM submission WHERE id = ?"),
        [id.to_string()],
        submission,
    )
    .optional()
}

/// `Signed<IssueOrder>`, as the desk wrote it.
pub fn issue_order(c: &Connection, id: SubmissionId) -> rusqlite::Result<Option<String>> {
    c.prepare_cached("SELECT issue_order FROM submission WHERE id = ?")?
        .query_row([id.to_string()], |r| r.get(0))
        .optional()
        .map(Option::flatten)
}

/// The application with this receipt code, while it can be collected. One statement,
/// so that a code that nobody has costs what one costs whose application is over.
pub fn collectable_by_code(c: &Connection, code: &Digest) -> rusqlite::Result<Option<Submission>> {
    let over = certificates::over_sql("submission.id");
    c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM submission WHERE receipt_code_sha256 = ? AND NOT {over}"
    ))?
    .query_row([code.to_string()], submission)
    .optional()
}

/// The application that came from this kiosk after `since`, while it can be collected.
pub fn collectable_from(
    c: &Connection,
    id: SubmissionId,
    kiosk: &KioskId,
    since: UnixMillis,
) -> rusqlite::Result<Option<Submission>> {
    let over = certificates::over_sql("submission.id");
    c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM submission
         WHERE id = ? AND kiosk = ? AND received_at > ? AND NOT {over}"
    ))?
    .query_row(params![id.to_string(), kiosk.as_str(), since.0], submission)
    .optional()
}

/// Oldest first; `states` empty: all.
pub fn list(c: &Connection, states: &[SubmissionState]) -> rusqlite::Result<Vec<Submission>> {
    let wanted: Vec<String> = states.iter().map(|s| format!("'{}'", s.as_str())).collect();
    let filter = if wanted.is_empty() {
        String::new()
    } else {
        format!("WHERE state IN ({})", wanted.join(","))
    };
    c.prepare(&format!(
        "SELECT {COLUMNS} FROM submission {filter} ORDER BY received_at, id"
    ))?
    .query_map([], submission)?
    .collect()
}

/// Whether the request or the receipt code already belongs to another submission.
pub fn reused(c: &Connection, manifest: &Manifest) -> rusqlite::Result<bool> {
    c.query_row(
        "SELECT EXISTS (SELECT 1 FROM submission
           WHERE (csr_sha256 = ? OR receipt_code_sha256 = ?) AND id <> ?)",
        params![
            request_of(manifest),
            manifest.receipt_code_sha256.to_string(),
            manifest.submission.to_string()
        ],
        |r| r.get(0),
    )
}

/// What the column of requests holds: of an application without one its id.
fn request_of(manifest: &Manifest) -> String {
    manifest
        .csr_sha256
        .map_or_else(|| manifest.submission.to_string(), |csr| csr.to_string())
}

/// Whether a request, or its key, belongs to another application.
pub fn key_used_elsewhere(
    c: &Connection,
    id: SubmissionId,
    csr_sha256: &Digest,
    subject_key_identifier: &str,
) -> rusqlite::Result<bool> {
    c.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM submission WHERE csr_sha256 = ?2 AND id <> ?1)
           OR EXISTS (SELECT 1 FROM submission WHERE subject_key_identifier = ?3 AND id <> ?1)",
    )?
    .query_row(
        params![
            id.to_string(),
            csr_sha256.to_string(),
            subject_key_identifier
        ],
        |r| r.get(0),
    )
}

pub fn sequence_used(c: &Connection, manifest: &Manifest) -> rusqlite::Result<bool> {
    c.query_row(
        "SELECT EXISTS (SELECT 1 FROM submission WHERE kiosk = ? AND sequence = ?)",
        params![manifest.kiosk.as_str(), manifest.sequence],
        |r| r.get(0),
    )
}

/// What becomes one submission, in the words of its manifest.
pub struct Arrival<'a> {
    pub manifest: &'a Manifest,
    /// `Signed<Manifest>`, JSON.
    pub signed: &'a str,
    pub digest: Digest,
    /// `Signed<DurableReceipt>`, JSON.
    pub receipt: &'a str,
    pub at: UnixMillis,
    pub objects: &'a [(PartName, ObjectId)],
}

pub fn insert(c: &Connection, arrival: &Arrival) -> rusqlite::Result<()> {
    let m = arrival.manifest;
    let id = m.submission.to_string();
    c.execute(
        "INSERT INTO submission (id, kiosk, sequence, manifest, manifest_digest, previous_digest,
           csr_sha256, receipt_code_sha256, receipt, received_at, state)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'received')",
        params![
            id,
            m.kiosk.as_str(),
            m.sequence,
            arrival.signed,
            arrival.digest.to_string(),
            m.previous.to_string(),
            request_of(m),
            m.receipt_code_sha256.to_string(),
            arrival.receipt,
            arrival.at.0
        ],
    )?;
    for (name, object) in arrival.objects {
        let Some(part) = m.parts.iter().find(|p| p.name == *name) else {
            continue;
        };
        c.execute(
            "INSERT INTO part (submission, name, object, sha256, length) VALUES (?, ?, ?, ?, ?)",
            params![
                id,
                name.as_str(),
                object.as_str(),
                part.sha256.to_string(),
                part.length
            ],
        )?;
    }
    Ok(())
}

/// Where the sealed parts lie.
pub fn parts(c: &Connection, id: SubmissionId) -> rusqlite::Result<Vec<(PartName, ObjectId)>> {
    c.prepare("SELECT name, object FROM part WHERE submission = ?")?
        .query_map([id.to_string()], |r| {
            Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?))
        })?
        .map(|row| {
            let (name, object) = row?;
            PartName::parse(&name)
                .zip(ObjectId::parse(&object))
                .ok_or(rusqlite::Error::InvalidQuery)
        })
        .collect()
}

/// Object, digest and length of one sealed part.
pub fn part(
    c: &Connection,
    id: SubmissionId,
    name: PartName,
) -> rusqlite::Result<Option<(ObjectId, Digest, u64)>> {
    c.query_row(
        "SELECT object, sha256, length FROM part WHERE submission = ? AND name = ?",
        params![id.to_string(), name.as_str()],
        |r| {
            let object: String = r.get(0)?;
            let sha256: String = r.get(1)?;
            Ok((
                ObjectId::parse(&object).ok_or(rusqlite::Error::InvalidQuery)?,
                parsed(&sha256)?,
                r.get(2)?,
            ))
        },
    )
    .optional()
}

/// What the desk found when it first opened a submission.
pub struct Looked<'a> {
    /// JSON.
    pub findings: &'a str,
    pub contact_phone: Option<&'a PhoneNumber>,
    pub subject_key_identifier: Option<&'a str>,
    /// `Signed<SubmissionResult>` that says pending.
    pub result: &'a str,
}

/// False when it was looked at before.
pub fn looked_at(c: &Connection, id: SubmissionId, looked: &Looked) -> rusqlite::Result<bool> {
    c.execute(
        "UPDATE submission SET state = 'open', findings = ?, contact_phone = ?,
           subject_key_identifier = ?, result = ? WHERE id = ? AND state = 'received'",
        params![
            looked.findings,
            looked.contact_phone.map(PhoneNumber::expose),
            looked.subject_key_identifier,
            looked.result,
            id.to_string()
        ],
    )
    .map(|n| n > 0)
}

pub struct Decided<'a> {
    pub state: SubmissionState,
    pub result: &'a str,
    pub issue_order: Option<&'a str>,
    pub approved_subject: Option<&'a str>,
    pub by: &'a str,
    pub at: UnixMillis,
}

/// False when it is not open: decided before, or not yet looked at.
pub fn decide(c: &Connection, id: SubmissionId, decided: &Decided) -> rusqlite::Result<bool> {
    c.execute(
        "UPDATE submission SET state = ?, result = ?, issue_order = ?, approved_subject = ?,
           decided_by = ?, decided_at = ? WHERE id = ? AND state = 'open'",
        params![
            decided.state.as_str(),
            decided.result,
            decided.issue_order,
            decided.approved_subject,
            decided.by,
            decided.at.0,
            id.to_string()
        ],
    )
    .map(|n| n > 0)
}

/// The desk's order by a key that was made at collection.
pub struct KeyOrdered<'a> {
    pub issue_order: &'a str,
    pub csr_sha256: &'a Digest,
    pub subject_key_identifier: &'a str,
}

/// False when it is not approved, or has an order already: no second key.
pub fn key_ordered(
    c: &Connection,
    id: SubmissionId,
    ordered: &KeyOrdered,
) -> rusqlite::Result<bool> {
    c.execute(
        "UPDATE submission SET issue_order = ?, csr_sha256 = ?, subject_key_identifier = ?
         WHERE id = ? AND state = 'approved' AND issue_order IS NULL",
        params![
            ordered.issue_order,
            ordered.csr_sha256.to_string(),
            ordered.subject_key_identifier,
            id.to_string()
        ],
    )
    .map(|n| n > 0)
}

/// A new number became effective: collection codes go there from now on.
pub fn phone_changed(
    c: &Connection,
    id: SubmissionId,
    before: Option<&PhoneNumber>,
    now_number: &PhoneNumber,
    by: &str,
    at: UnixMillis,
) -> rusqlite::Result<()> {
    c.execute(
        "INSERT OR REPLACE INTO phone_change
         (submission, number_before, number_now, decided_by, at) VALUES (?, ?, ?, ?, ?)",
        params![
            id.to_string(),
            before.map(PhoneNumber::expose),
            now_number.expose(),
            by,
            at.0
        ],
    )?;
    c.execute(
        "UPDATE submission SET contact_phone = ? WHERE id = ?",
        params![now_number.expose(), id.to_string()],
    )
    .map(drop)
}

/// Sequence numbers missing between the first and the last of a kiosk.
pub fn missing_sequences(c: &Connection, kiosk: &KioskId) -> rusqlite::Result<u64> {
    c.query_row(
        "SELECT coalesce(max(sequence) - min(sequence) + 1 - count(DISTINCT sequence), 0)
         FROM submission WHERE kiosk = ?",
        [kiosk.as_str()],
        |r| r.get(0),
    )
}
