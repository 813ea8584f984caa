//! An operator's decision and what it sets in motion.

use exchange::{
    ApprovedSubject, Signed, SubmissionId, UnixMillis,
    api::{Decision, SubmissionResult},
};

use super::{Desk, Finding, verify::Examined};
use crate::{
    db::submissions::{self, Decided, Submission, SubmissionState},
    order::{IssueOrder, Subject},
    services::number_changed_message,
};

/// What an operator decides. Reasons are shown to the citizen as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Approve,
    Reject {
        reason: String,
    },
    /// The citizen should come again with `what`.
    AskAgain {
        what: String,
    },
}

#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    #[error("no such submission")]
    Unknown,
    #[error("the submission was not looked at yet; try again in a moment")]
    TooEarly,
    #[error("the submission is already decided")]
    AlreadyDecided,
    #[error("a reason is needed, of at most {LONGEST_REASON} characters")]
    Reason,
    #[error("it cannot be approved: {0:?}")]
    Forbidden(Vec<Finding>),
    #[error("the office's own trouble: {0:#}")]
    Office(#[from] anyhow::Error),
}

/// What an approval sets in motion, signed by the desk, JSON.
enum Grant {
    /// `Signed<IssueOrder>`
    Issue(String),
    /// `Signed<ApprovedSubject>`: an order follows when the key is made.
    Key(String),
}

const LONGEST_REASON: usize = 500;

impl Desk {
    /// Decides an open submission. Approving signs the order to the authority, or, where
    /// the key is made at collection, what its request has to say; the certificate itself
    /// is made only at collection.
    ///
    /// # Errors
    /// See [`DecideError`].
    pub fn decide(&self, id: SubmissionId, verdict: Verdict, by: &str) -> Result<(), DecideError> {
        let submission = self
            .database
            .read(|c| submissions::get(c, id))?
            .ok_or(DecideError::Unknown)?;
        match submission.state {
            SubmissionState::Received => return Err(DecideError::TooEarly),
            SubmissionState::Open => {}
            _ => return Err(DecideError::AlreadyDecided),
        }
        let now = UnixMillis::from_system_clock();
        let (state, decision, grant) = match verdict {
            Verdict::Approve => {
                let grant = self.approve(&submission, by, now)?;
                (SubmissionState::Approved, Decision::Approved, Some(grant))
            }
            Verdict::Reject { reason } => {
                let reason = checked(reason)?;
                (
                    SubmissionState::Rejected,
                    Decision::Rejected { reason },
                    None,
                )
            }
            Verdict::AskAgain { what } => {
                let what = checked(what)?;
                (SubmissionState::AskAgain, Decision::AskAgain { what }, None)
            }
        };
        let result = Signed::new(
            &SubmissionResult {
                submission: id,
                decision,
                decided_at: Some(now),
            },
            &self.decision_key,
        );
        let result = serde_json::to_string(&result).map_err(anyhow::Error::from)?;
        let (issue_order, approved_subject) = match &grant {
            Some(Grant::Issue(order)) => (Some(order.as_str()), None),
            Some(Grant::Key(subject)) => (None, Some(subject.as_str())),
            None => (None, None),
        };
        let decided = Decided {
            state,
            result: &result,
            issue_order,
            approved_subject,
            by,
            at: now,
        };
        if self
            .database
            .write(|t| submissions::decide(t, id, &decided))?
        {
            Ok(())
        } else {
            Err(DecideError::AlreadyDecided)
        }
    }

    /// Looks once more (what was true at arrival may not be now), makes a requested
    /// number effective, and signs what follows.
    fn approve(
        &self,
        submission: &Submission,
        by: &str,
        now: UnixMillis,
    ) -> Result<Grant, DecideError> {
        let examined = self.examine(submission)?;
        let forbidding: Vec<Finding> = examined
            .findings
            .iter()
            .copied()
            .filter(|f| f.forbids_approval())
            .collect();
        let whole = examined.csr.is_some() == examined.kind.brings_key();
        let (Some(form), true, true) = (&examined.form, whole, forbidding.is_empty()) else {
            return Err(DecideError::Forbidden(forbidding));
        };
        self.make_number_effective(submission, &examined, by, now)?;
        let Some(csr) = &examined.csr else {
            let approved = ApprovedSubject {
                submission: submission.id,
                iin: form.iin().clone(),
                holder: form.holder().clone(),
                email: form.email().clone(),
                storage: *form.storage(),
                algorithm: *form.algorithm(),
                approved_at: now,
            };
            let signed = Signed::new(&approved, &self.decision_key);
            let text = serde_json::to_string(&signed).map_err(anyhow::Error::from)?;
            return Ok(Grant::Key(text));
        };
        let subject = Subject {
            iin: form.iin().clone(),
            name: form.holder().clone(),
            email: form.email().clone(),
        };
        let order = IssueOrder::new(submission.id, csr, subject, *form.storage(), now, by);
        let signed = Signed::new(&order, &self.decision_key);
        let text = serde_json::to_string(&signed).map_err(anyhow::Error::from)?;
        Ok(Grant::Issue(text))
    }

    fn make_number_effective(
        &self,
        submission: &Submission,
        examined: &Examined,
        by: &str,
        now: UnixMillis,
    ) -> anyhow::Result<()> {
        let (Some(form), Some(number)) = (&examined.form, &examined.requested) else {
            return Ok(());
        };
        let before = self.phones.register(form.iin(), number)?;
        // Repeated after a crash, the number before is already the new one: no second notice.
        if let Some(old) = before.as_ref().filter(|old| *old != number) {
            let language = self.persons.person(form.iin())?.and_then(|p| p.language);
            self.sms.send(old, number_changed_message(language))?;
        }
        self.database.write(|t| {
            submissions::phone_changed(t, submission.id, before.as_ref(), number, by, now)
        })
    }
}

fn checked(reason: String) -> Result<String, DecideError> {
    let reason = reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        return Err(DecideError::Reason);
    }
    Ok(reason)
}
