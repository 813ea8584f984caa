//! A holder's certificates: told by the office, ended by it.

use std::time::Duration;

use exchange::api::ApiError;
use exchange::certificates::{RevocationReason, RevocationWish};
use exchange::{Digest, Iin, Secret, Signed, SubmissionId};
use faults::Fault;

use crate::session::event::{Failure, Reply};
use crate::sync::SyncError;

use super::asked::failure;
use super::obtain::office_failure;
use super::phone::frozen;
use super::world::Inner;

/// Desk and authority take seconds; an operator, who may have to look, takes longer
/// than anybody waits.
const PATIENCE: Duration = Duration::from_secs(20);

impl Inner {
    pub(super) async fn send_holder_code(
        &self,
        visit: SubmissionId,
        iin: Iin,
    ) -> Result<Reply, Failure> {
        let client = self.office()?.uplink.client();
        match client.send_holder_code(visit, iin).await {
            Ok(sent) => Ok(Reply::CodeSent {
                digits: sent.digits,
                lifetime_seconds: sent.lifetime_seconds,
                resend_after_seconds: sent.resend_after_seconds,
                sent_to_masked: String::new(),
            }),
            Err(e) => frozen(&e).ok_or_else(|| office_failure(&e)),
        }
    }

    pub(super) async fn list_certificates(
        &self,
        visit: SubmissionId,
        code: Secret,
    ) -> Result<Reply, Failure> {
        let client = self.office()?.uplink.client();
        match client.held_certificates(visit, code).await {
            Ok(held) => Ok(Reply::Certificates(held.certificates)),
            Err(e) if refused(&e) => Ok(Reply::HolderRefused),
            Err(e) => frozen(&e).ok_or_else(|| office_failure(&e)),
        }
    }

    pub(super) async fn revoke(
        &self,
        visit: SubmissionId,
        certificate: Digest,
        reason: RevocationReason,
    ) -> Result<Reply, Failure> {
        let office = self.office()?;
        let wish = RevocationWish {
            visit,
            kiosk: office.kiosk.clone(),
            certificate,
            reason,
            asked_at: self.clock.now().wall,
        };
        let key = self.link.device_key().map_err(|e| self.key_failure(e))?;
        let signed =
            Signed::sign_with(&wish, |bytes| key.sign(bytes)).map_err(|e| self.key_failure(e))?;
        let client = office.uplink.client();
        match client.revoke(&signed, PATIENCE).await {
            Ok(standing) => Ok(Reply::Revocation(standing)),
            // The visit at the office is over, or the certificate not this person's.
            Err(e) if refused(&e) => Err(failure(Fault::OfficeRefused, "a revocation")),
            Err(e) => Err(office_failure(&e)),
        }
    }
}

fn refused(e: &SyncError) -> bool {
    matches!(e.reason(), Some(ApiError::NotFound))
}
