//! Collecting the certificate: open, prove the key, confirm.

use std::time::Duration;

use exchange::api::{
    self, CollectBy, CollectConfirm, CollectIssued, CollectOpen, CollectOpened, CollectProve,
};
use exchange::{Digest, KeyMade, KeyStanding, Signed, SubmissionId};
use reqwest::StatusCode;
use tokio::time::Instant;

use super::client::{refusal, whole};
use super::{OfficeClient, SyncError};

/// The authority signs within seconds; more often would only cost the line.
const ASK_EVERY: Duration = Duration::from_secs(1);

impl OfficeClient {
    /// Opens a collection; repeated to see the decision and, once the phone is proven, the nonce.
    ///
    /// # Errors
    /// [`SyncError::Refused`] with `NotFound` for an unknown or wrong code.
    pub async fn open_collection(&self, by: CollectBy) -> Result<CollectOpened, SyncError> {
        self.post(api::COLLECT_OPEN, &CollectOpen { by }).await
    }

    /// Hands in the key's signature over the nonce. `None`: the authority has not signed yet; ask
    /// again with the same.
    ///
    /// # Errors
    /// See [`SyncError`].
    pub async fn prove(&self, proof: &CollectProve) -> Result<Option<CollectIssued>, SyncError> {
        let response = self.post_raw(api::COLLECT_PROVE, proof).await?;
        if response.status() == StatusCode::ACCEPTED {
            return Ok(None);
        }
        whole(response).await.map(Some)
    }

    /// As [`Self::prove`], asked again until the certificate is there or `within` is over (`None`).
    /// A line that breaks meanwhile is no end.
    ///
    /// # Errors
    /// See [`SyncError`].
    pub async fn prove_and_wait(
        &self,
        proof: &CollectProve,
        within: Duration,
    ) -> Result<Option<CollectIssued>, SyncError> {
        let end = Instant::now() + within;
        loop {
            let error = match self.prove(proof).await {
                Ok(Some(issued)) => return Ok(Some(issued)),
                Ok(None) => None,
                Err(e @ (SyncError::Unreachable(_) | SyncError::Busy { .. })) => Some(e),
                Err(e) => return Err(e),
            };
            let pause = error
                .as_ref()
                .and_then(SyncError::wait)
                .unwrap_or(ASK_EVERY);
            if Instant::now() + pause >= end {
                return error.map_or(Ok(None), Err);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Hands in the request of a key that was made at collection; asked until the desk has
    /// looked at it or `within` is over.
    ///
    /// # Errors
    /// [`SyncError::Refused`] with `Unverified` for whatever is wrong with it.
    pub async fn hand_in_key(
        &self,
        made: &Signed<KeyMade>,
        within: Duration,
    ) -> Result<KeyStanding, SyncError> {
        let end = Instant::now() + within;
        loop {
            let response = self.post_raw(api::COLLECT_KEY, made).await?;
            let standing = match response.status() {
                StatusCode::ACCEPTED => KeyStanding::Waiting,
                _ => whole(response).await?,
            };
            if standing != KeyStanding::Waiting || Instant::now() + ASK_EVERY >= end {
                return Ok(standing);
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// Says that the certificate was written, read back and proven by a test signature.
    ///
    /// # Errors
    /// See [`SyncError`].
    pub async fn confirm_collected(
        &self,
        submission: SubmissionId,
        certificate_sha256: Digest,
    ) -> Result<(), SyncError> {
        let confirm = CollectConfirm {
            submission,
            certificate_sha256,
        };
        let response = self.post_raw(api::COLLECT_CONFIRM, &confirm).await?;
        match response.status() {
            StatusCode::NO_CONTENT => Ok(()),
            _ => Err(refusal(response).await),
        }
    }
}
