//! What the desk's pages and commands show.

use anyhow::Result;
use exchange::{
    KioskId, PartName, PhoneStanding, Signed, SubmissionId, SubmissionKind, UnixMillis,
    api::{Decision, SubmissionResult},
};
use rusqlite::Connection;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{Applied, Desk, Finding, OpenError};
use crate::authority::Reason;
use crate::db::{
    Database,
    certificates::{self, CertificateState},
    revocations::{self, RevocationState},
    submissions::{self, Submission, SubmissionState},
};

/// One line of the list of submissions; nothing personal.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    pub id: SubmissionId,
    pub kiosk: KioskId,
    pub sequence: u64,
    pub received_at: UnixMillis,
    pub state: SubmissionState,
    pub findings: Vec<Finding>,
    pub decided_at: Option<UnixMillis>,
    pub decided_by: Option<String>,
    /// The certificate lies in the citizen's storage, confirmed.
    pub collected: bool,
}

/// Everything of a submission but the pictures.
pub struct Detail {
    pub summary: Summary,
    pub kind: SubmissionKind,
    pub decision: Decision,
    /// `None` when the form cannot be opened; a finding says so.
    pub form: Option<Applied>,
    pub phone: PhoneView,
    pub subject_key_identifier: Option<String>,
    /// Of the document's chip; empty where none was read.
    pub document_checks: Vec<chip::Check>,
    /// Everything ever signed for it, oldest first.
    pub certificates: Vec<CertificateView>,
    /// The parts that are there.
    pub parts: Vec<PartName>,
}

/// A certificate as an operator sees it.
pub struct CertificateView {
    pub serial: String,
    pub state: CertificateState,
    pub not_after: Option<UnixMillis>,
    pub revoked_at: Option<UnixMillis>,
    pub reason: Option<Reason>,
    /// How far a revocation is that somebody wanted.
    pub wanted: Option<RevocationState>,
}

/// The phone as an operator must see it to decide.
#[derive(Default)]
pub struct PhoneView {
    /// `proven`, `requested`, `unproven`; empty without a form.
    pub standing: &'static str,
    /// In the citizens database now; masked.
    pub registered: Option<String>,
    /// What approving would register; in full, since the operator decides about it.
    pub requested: Option<String>,
}

/// A short message that was sent.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    pub id: i64,
    pub phone: String,
    pub text: String,
    pub sent_at: UnixMillis,
}

/// Messages of the stand-in gateway, oldest first; `phone` limits to one number (`+77…`).
///
/// # Errors
/// The database's.
pub fn messages(database: &Database, phone: Option<&str>) -> Result<Vec<Message>> {
    database.read(|c| {
        c.prepare(
            "SELECT id, phone, text, sent_at FROM sms WHERE ?1 IS NULL OR phone = ?1 ORDER BY id",
        )?
        .query_map([phone], |r| {
            Ok(Message {
                id: r.get(0)?,
                phone: r.get(1)?,
                text: r.get(2)?,
                sent_at: UnixMillis(r.get(3)?),
            })
        })?
        .collect()
    })
}

fn summary(c: &Connection, submission: &Submission) -> rusqlite::Result<Summary> {
    let live = certificates::live(c, submission.id)?;
    let findings = submission
        .findings
        .as_deref()
        .and_then(|f| serde_json::from_str(f).ok());
    Ok(Summary {
        id: submission.id,
        kiosk: submission.kiosk.clone(),
        sequence: submission.sequence,
        received_at: submission.received_at,
        state: submission.state,
        findings: findings.unwrap_or_default(),
        decided_at: submission.decided_at,
        decided_by: submission.decided_by.clone(),
        collected: live.is_some_and(|l| l.state == CertificateState::Confirmed),
    })
}

/// Oldest first; `states` empty: all. Needs no key.
///
/// # Errors
/// The database's.
pub fn summaries(database: &Database, states: &[SubmissionState]) -> Result<Vec<Summary>> {
    database.read(|c| {
        submissions::list(c, states)?
            .iter()
            .map(|s| summary(c, s))
            .collect()
    })
}

impl Desk {
    /// See [`summaries`].
    ///
    /// # Errors
    /// The database's.
    pub fn submissions(&self, states: &[SubmissionState]) -> Result<Vec<Summary>> {
        summaries(&self.database, states)
    }

    /// See [`messages`].
    ///
    /// # Errors
    /// The database's.
    pub fn messages(&self, phone: Option<&str>) -> Result<Vec<Message>> {
        messages(&self.database, phone)
    }

    /// Opens a submission and shows what it says. `None`: no such submission.
    ///
    /// # Errors
    /// Disk, database, or a state service that does not answer.
    pub fn detail(&self, id: SubmissionId) -> Result<Option<Detail>> {
        let found = self.database.read(|c| {
            let Some(found) = submissions::get(c, id)? else {
                return Ok(None);
            };
            let summary = summary(c, &found)?;
            let certificates = certificates(c, id)?;
            Ok(Some((
                found,
                summary,
                submissions::parts(c, id)?,
                certificates,
            )))
        })?;
        let Some((submission, mut summary, parts, certificates)) = found else {
            return Ok(None);
        };
        let examined = self.examine(&submission)?;
        // While it is open, what is true now; afterwards, what was known when deciding.
        if !submission.state.is_decided() {
            summary.findings.clone_from(&examined.findings);
        }
        let standing = examined.form.as_ref().map(|f| match f.phone() {
            PhoneStanding::Proven { .. } => "proven",
            PhoneStanding::Requested { .. } => "requested",
            PhoneStanding::Unproven { .. } => "unproven",
        });
        Ok(Some(Detail {
            kind: examined.kind,
            decision: decision(&submission)?,
            phone: PhoneView {
                standing: standing.unwrap_or_default(),
                registered: examined.registered.map(|p| p.masked()),
                requested: examined.requested.map(|p| p.expose()),
            },
            form: examined.form,
            // Of a key made at collection, where the desk has taken one.
            subject_key_identifier: examined
                .subject_key_identifier
                .or(submission.subject_key_identifier),
            document_checks: examined.document_checks,
            certificates,
            parts: parts.into_iter().map(|(name, _)| name).collect(),
            summary,
        }))
    }

    /// A part's plaintext: JPEG for selfie and document photo, Matroska for the video.
    ///
    /// # Errors
    /// Absent, damaged, or sealed for another place.
    pub fn part(&self, id: SubmissionId, part: PartName) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        self.opener.part(id, part)
    }
}

fn certificates(c: &Connection, id: SubmissionId) -> rusqlite::Result<Vec<CertificateView>> {
    certificates::of_submission(c, id)?
        .into_iter()
        .map(|found| {
            let wanted = revocations::newest(c, found.id)?.map(|r| r.state);
            Ok(CertificateView {
                serial: found.serial.unwrap_or_default(),
                state: found.state,
                not_after: found.not_after,
                revoked_at: found.revoked_at,
                reason: found.reason,
                wanted,
            })
        })
        .collect()
}

fn decision(submission: &Submission) -> Result<Decision> {
    let Some(text) = &submission.result else {
        return Ok(Decision::Pending);
    };
    let signed: Signed<SubmissionResult> = serde_json::from_str(text)?;
    Ok(signed.read_unverified()?.decision)
}
