//! What a holder sees and ends of their own certificates, and how one leads to the next.

use std::time::Duration;

use exchange::certificates::{
    self, CodeOnItsWay, CodeWanted, HeldCertificates, ListWanted, RevocationStanding,
    RevocationWish,
};
use exchange::renewal::{self, NonceGiven, NonceWanted};
use exchange::{Iin, Secret, Signed, SubmissionId};
use reqwest::StatusCode;
use tokio::time::Instant;

use super::client::{refusal, whole};
use super::{OfficeClient, SyncError};

/// The office itself waits for desk and authority within each request.
const ASK_EVERY: Duration = Duration::from_secs(1);

impl OfficeClient {
    /// Has a code sent to the phone on record, if there is one.
    ///
    /// # Errors
    /// [`SyncError::Busy`] with a wait while this person or this kiosk asks too often.
    pub async fn send_holder_code(
        &self,
        visit: SubmissionId,
        iin: Iin,
    ) -> Result<CodeOnItsWay, SyncError> {
        self.post(certificates::CODE, &CodeWanted { visit, iin })
            .await
    }

    /// # Errors
    /// [`SyncError::Refused`] with `NotFound` for a wrong or old code and for nobody's IIN.
    pub async fn held_certificates(
        &self,
        visit: SubmissionId,
        code: Secret,
    ) -> Result<HeldCertificates, SyncError> {
        self.post(certificates::LIST, &ListWanted { visit, code })
            .await
    }

    /// A number for the old key to sign in a renewal.
    ///
    /// # Errors
    /// [`SyncError::Busy`] with a wait while this kiosk asks too often.
    pub async fn renewal_nonce(&self, submission: SubmissionId) -> Result<NonceGiven, SyncError> {
        self.post(renewal::NONCE, &NonceWanted { submission }).await
    }

    /// Asks until the certificate is revoked or `within` is over; recorded it is in either case.
    /// A line that breaks meanwhile is no end.
    ///
    /// # Errors
    /// See [`SyncError`].
    pub async fn revoke(
        &self,
        wish: &Signed<RevocationWish>,
        within: Duration,
    ) -> Result<RevocationStanding, SyncError> {
        let end = Instant::now() + within;
        loop {
            let standing = match self.wish(wish).await {
                Ok(done @ RevocationStanding::Revoked { .. }) => return Ok(done),
                Err(e @ (SyncError::Unreachable(_) | SyncError::Busy { .. })) => Err(e),
                Err(e) => return Err(e),
                waiting => waiting,
            };
            if Instant::now() + ASK_EVERY >= end {
                return standing;
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    async fn wish(&self, wish: &Signed<RevocationWish>) -> Result<RevocationStanding, SyncError> {
        let response = self.post_raw(certificates::REVOKE, wish).await?;
        match response.status() {
            StatusCode::ACCEPTED => Ok(RevocationStanding::Waiting),
            StatusCode::OK => whole(response).await,
            _ => Err(refusal(response).await),
        }
    }
}
