//! Looks at every submission, every key made at collection, and every wish to revoke, once
//! when it has arrived; and at what is offered to kiosks, when that may have changed.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use exchange::{
    Signed, SubmissionKind,
    api::{Decision, SubmissionResult},
};
use tokio_util::sync::CancellationToken;

use super::{Desk, Verdict, verify::Examined};
use crate::db::submissions::{self, Looked, Submission, SubmissionState};

/// Who decided, where nobody did.
pub const BY_RULE: &str = "rule";
const PAUSE: Duration = Duration::from_millis(200);
/// After an error of the office's own; the submission stays where it is.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(5);

pub async fn run(desk: Arc<Desk>, stop: CancellationToken) -> Result<()> {
    loop {
        let turn = Arc::clone(&desk);
        let done = tokio::task::spawn_blocking(move || turn.look_at_new()).await?;
        let pause = match done {
            Ok(()) => PAUSE,
            Err(e) => {
                tracing::error!("looking at new submissions failed: {e:#}");
                PAUSE_AFTER_ERROR
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return Ok(()),
        }
    }
}

impl Desk {
    /// Orders revocations, and certificates by keys just made; verifies submissions and signs their "pending".
    fn look_at_new(&self) -> Result<()> {
        self.look_at_wishes()?;
        self.look_at_made_keys()?;
        self.look_at_offers()?;
        self.keep_technician_list()?;
        let new = self
            .database
            .read(|c| submissions::list(c, &[SubmissionState::Received]))?;
        let mut failed = None;
        for submission in new {
            // One that cannot be looked at now must not hold up the others.
            if let Err(e) = self.look_at(&submission) {
                failed = Some(e.context(format!("submission {}", submission.id)));
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn look_at(&self, submission: &Submission) -> Result<()> {
        let examined = self.examine(submission)?;
        let result = Signed::new(
            &SubmissionResult {
                submission: submission.id,
                decision: Decision::Pending,
                decided_at: None,
            },
            &self.decision_key,
        );
        let (findings, result) = (
            serde_json::to_string(&examined.findings)?,
            serde_json::to_string(&result)?,
        );
        let looked = Looked {
            findings: &findings,
            contact_phone: examined.contact.as_ref(),
            subject_key_identifier: examined.subject_key_identifier.as_deref(),
            result: &result,
        };
        let first = self
            .database
            .write(|t| submissions::looked_at(t, submission.id, &looked))?;
        if first && self.rule_approves(&examined) {
            self.decide(submission.id, Verdict::Approve, BY_RULE)?;
        }
        Ok(())
    }

    /// A rule decides only where the office found out everything by itself, and nothing
    /// is left to look at. Faces nobody compares here: no enrolment is among it.
    fn rule_approves(&self, examined: &Examined) -> bool {
        let whole = examined.form.is_some() && examined.csr.is_some();
        self.configuration.renewal.by_rule
            && examined.kind == SubmissionKind::Renewal
            && whole
            && examined.findings.is_empty()
    }
}
