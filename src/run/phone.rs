//! The phone: looked up, and proven by a one-time code that the office sends.

use exchange::api::{ApiError, CodeChecked, CodePurpose};
use exchange::{Iin, Secret, SubmissionId};
use faults::Fault;

use crate::session::event::{Failure, Reply};
use crate::sync::SyncError;

use super::asked::failure;
use super::obtain::office_failure;
use super::world::Inner;

impl Inner {
    pub(super) async fn look_up_phone(
        &self,
        submission: SubmissionId,
        iin: Iin,
    ) -> Result<Reply, Failure> {
        let client = self.office()?.uplink.client();
        let found = client
            .look_up_phone(submission, iin)
            .await
            .map_err(|e| office_failure(&e))?;
        Ok(Reply::PhoneFound {
            registered_masked: found.registered_masked,
        })
    }

    pub(super) async fn send_code(
        &self,
        purpose: CodePurpose,
        submission: SubmissionId,
        iin: Option<Iin>,
    ) -> Result<Reply, Failure> {
        let client = self.office()?.uplink.client();
        match client.send_code(purpose, submission, iin).await {
            Ok(sent) => Ok(Reply::CodeSent {
                digits: sent.digits,
                lifetime_seconds: sent.lifetime_seconds,
                resend_after_seconds: sent.resend_after_seconds,
                sent_to_masked: sent.sent_to_masked,
            }),
            Err(e) => frozen(&e).ok_or_else(|| match e {
                SyncError::Busy { .. } => failure(Fault::CodeNotSent, &e.to_string()),
                _ => office_failure(&e),
            }),
        }
    }

    pub(super) async fn check_code(
        &self,
        purpose: CodePurpose,
        submission: SubmissionId,
        code: Secret,
    ) -> Result<Reply, Failure> {
        let client = self.office()?.uplink.client();
        match client.check_code(purpose, submission, code).await {
            Ok(CodeChecked::Right { proof }) => Ok(Reply::CodeRight { proof }),
            Ok(CodeChecked::Wrong { tries_left }) => Ok(Reply::CodeWrong { tries_left }),
            Ok(CodeChecked::Expired) => Ok(Reply::CodeExpired),
            Ok(CodeChecked::Frozen { seconds }) => Ok(Reply::CodesFrozen { seconds }),
            Err(e) => frozen(&e).ok_or_else(|| office_failure(&e)),
        }
    }
}

pub(super) fn frozen(e: &SyncError) -> Option<Reply> {
    match e.reason() {
        Some(ApiError::TooMany { seconds }) => Some(Reply::CodesFrozen { seconds: *seconds }),
        _ => None,
    }
}
