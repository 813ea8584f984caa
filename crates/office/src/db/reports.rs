//! What kiosks tell of themselves, as they signed it.

use exchange::{Digest, KioskId, UnixMillis};
use rusqlite::{Connection, OptionalExtension, params};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportKind {
    Readiness,
    WorkOrder,
    UpdateResult,
}

impl ReportKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Readiness => "readiness",
            Self::WorkOrder => "work_order",
            Self::UpdateResult => "update_result",
        }
    }
}

pub struct Arrival<'a> {
    pub kiosk: &'a KioskId,
    pub kind: ReportKind,
    pub number: i64,
    pub digest: Digest,
    /// `Signed<..>`
    pub statement: &'a str,
    pub at: UnixMillis,
    /// Which update ended with it, or did not.
    pub software_update: Option<i64>,
    pub settled: bool,
}

/// The digest of what came under this number.
pub fn digest(
    c: &Connection,
    kiosk: &KioskId,
    kind: ReportKind,
    number: i64,
) -> rusqlite::Result<Option<String>> {
    c.query_row(
        "SELECT digest FROM kiosk_report WHERE kiosk = ? AND kind = ? AND number = ?",
        params![kiosk.as_str(), kind.as_str(), number],
        |r| r.get(0),
    )
    .optional()
}

pub fn insert(c: &Connection, report: &Arrival) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO kiosk_report (kiosk, kind, number, digest, statement, at,
           software_update, settled) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            report.kiosk.as_str(),
            report.kind.as_str(),
            report.number,
            report.digest.to_string(),
            report.statement,
            report.at.0,
            report.software_update,
            report.settled
        ],
    )
    .map(drop)
}

/// Drops all but the newest `keep`.
pub fn forget_old(
    c: &Connection,
    kiosk: &KioskId,
    kind: ReportKind,
    keep: u32,
) -> rusqlite::Result<()> {
    c.execute(
        "DELETE FROM kiosk_report WHERE kiosk = ?1 AND kind = ?2 AND number <=
           (SELECT number FROM kiosk_report WHERE kiosk = ?1 AND kind = ?2
            ORDER BY number DESC LIMIT 1 OFFSET ?3)",
        params![kiosk.as_str(), kind.as_str(), keep],
    )
    .map(drop)
}

/// When each arrived, and its `Signed<..>`; newest first.
pub fn newest(
    c: &Connection,
    kiosk: &KioskId,
    kind: ReportKind,
    most: u32,
) -> rusqlite::Result<Vec<(UnixMillis, String)>> {
    c.prepare_cached(
        "SELECT at, statement FROM kiosk_report WHERE kiosk = ? AND kind = ?
         ORDER BY number DESC LIMIT ?",
    )?
    .query_map(params![kiosk.as_str(), kind.as_str(), most], |r| {
        Ok((UnixMillis(r.get(0)?), r.get(1)?))
    })?
    .collect()
}
