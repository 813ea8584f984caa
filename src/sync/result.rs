//! The office's signed decision about a submission.

use std::time::Duration;

use exchange::api::{self, ApiError, Decision, SubmissionResult};
use exchange::{Signed, SubmissionId};
use outbox::Outbox;
use tokio::time::Instant;

use super::upload::blocking;
use super::{OfficeClient, SyncError};

impl OfficeClient {
    /// Asks for the result of a submission and keeps it in the queue. `None`: the desk has not
    /// looked yet.
    ///
    /// # Errors
    /// See [`SyncError`].
    pub async fn ask_result(
        &self,
        outbox: &Outbox,
        submission: SubmissionId,
    ) -> Result<Option<SubmissionResult>, SyncError> {
        let path = format!("{}/{submission}/{}", api::SUBMISSIONS, api::RESULT_SUFFIX);
        let signed: Signed<SubmissionResult> = match self.get(&path).await {
            Err(SyncError::Busy {
                reason: Some(ApiError::Unavailable),
                ..
            }) => return Ok(None),
            other => other?,
        };
        let desk = self.credentials()?.decision_key;
        if signed.verify(&desk)?.submission != submission {
            return Err(SyncError::Unexpected(
                "the result of another submission".into(),
            ));
        }
        let now = self.floor().now();
        blocking(outbox, move |o| o.record_result(&signed, &desk, now))
            .await
            .map(Some)
    }

    /// For the citizen who waits: asks every `every` until decided or `within` is over (`None`).
    /// A line that breaks meanwhile is no end.
    ///
    /// # Errors
    /// See [`SyncError`].
    pub async fn wait_for_decision(
        &self,
        outbox: &Outbox,
        submission: SubmissionId,
        every: Duration,
        within: Duration,
    ) -> Result<Option<Decision>, SyncError> {
        let end = Instant::now() + within;
        loop {
            let error = match self.ask_result(outbox, submission).await {
                Ok(Some(result)) if result.decision != Decision::Pending => {
                    return Ok(Some(result.decision));
                }
                Ok(_) => None,
                Err(e @ (SyncError::Unreachable(_) | SyncError::Busy { .. })) => Some(e),
                Err(e) => return Err(e),
            };
            if Instant::now() + every >= end {
                return error.map_or(Ok(None), Err);
            }
            tokio::time::sleep(every).await;
        }
    }
}
