//! What an operator must look at.

use exchange::{KioskId, SubmissionId, UnixMillis};
use rusqlite::{Connection, params};

/// Why an alarm was raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmKind {
    /// A submission that was already received came again with other content.
    SubmissionChanged,
    /// A submission came from another kiosk than the one it belongs to.
    ForeignSubmission,
    /// The same certificate request or receipt code came under another id.
    RequestReused,
    /// A kiosk used a sequence number twice.
    SequenceReused,
    /// A provisioning token was used with other keys.
    TokenReused,
    /// A citizen's certificate was not confirmed in time and was revoked.
    NotConfirmed,
    /// The authority refused an order, or could not carry it out.
    IssueFailed,
    /// Citizens revoke more than is plausible: an operator looks at the rest.
    RevocationsHeld,
    /// A wish to revoke was not what its kiosk signed, or an order not the desk's.
    RevocationRefused,
    /// A key made at collection was not what its kiosk signed, or is not for this person.
    KeyRefused,
    /// A kiosk reported under one number twice, with other content.
    ReportChanged,
    /// An update did not come up at a kiosk.
    UpdateRolledBack,
    /// A kiosk was maintained with a certificate that is not, or no more, a technician's.
    TechnicianDoubtful,
}

impl AlarmKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SubmissionChanged => "submission_changed",
            Self::ForeignSubmission => "foreign_submission",
            Self::RequestReused => "request_reused",
            Self::SequenceReused => "sequence_reused",
            Self::TokenReused => "token_reused",
            Self::NotConfirmed => "not_confirmed",
            Self::IssueFailed => "issue_failed",
            Self::RevocationsHeld => "revocations_held",
            Self::RevocationRefused => "revocation_refused",
            Self::KeyRefused => "key_refused",
            Self::ReportChanged => "report_changed",
            Self::UpdateRolledBack => "update_rolled_back",
            Self::TechnicianDoubtful => "technician_doubtful",
        }
    }
}

#[derive(Clone, Debug, serde::Serialize)]
pub struct Alarm {
    pub at: UnixMillis,
    pub kind: String,
    pub kiosk: Option<String>,
    pub submission: Option<String>,
}

/// Notes an alarm; the same one again within an hour is not repeated.
pub fn raise(
    c: &Connection,
    kind: AlarmKind,
    kiosk: Option<&KioskId>,
    submission: Option<SubmissionId>,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    let (kiosk, submission) = (
        kiosk.map(KioskId::as_str),
        submission.map(|s| s.to_string()),
    );
    c.execute(
        "INSERT INTO alarm (at, kind, kiosk, submission)
         SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM alarm
           WHERE kind = ?2 AND kiosk IS ?3 AND submission IS ?4 AND at > ?1 - 3600000)",
        params![now.0, kind.as_str(), kiosk, submission],
    )
    .map(drop)
}

/// Newest first.
pub fn list(c: &Connection, limit: u32) -> rusqlite::Result<Vec<Alarm>> {
    c.prepare("SELECT at, kind, kiosk, submission FROM alarm ORDER BY id DESC LIMIT ?")?
        .query_map([limit], |r| {
            Ok(Alarm {
                at: UnixMillis(r.get(0)?),
                kind: r.get(1)?,
                kiosk: r.get(2)?,
                submission: r.get(3)?,
            })
        })?
        .collect()
}
