//! The citizen's phone: number on record, code sent, code checked. All of it is the office's;
//! the kiosk only asks.

use exchange::api::{
    self, CodeCheck, CodeChecked, CodePurpose, CodeRequest, CodeSent, PhoneFound, PhoneLookup,
};
use exchange::{Iin, Secret, SubmissionId};

use super::{OfficeClient, SyncError};

impl OfficeClient {
    /// The number registered for a person, masked.
    ///
    /// # Errors
    /// See [`SyncError`].
    pub async fn look_up_phone(
        &self,
        submission: SubmissionId,
        iin: Iin,
    ) -> Result<PhoneFound, SyncError> {
        self.post(api::PHONE_LOOKUP, &PhoneLookup { submission, iin })
            .await
    }

    /// Has a one-time code sent. `iin` is needed to enrol.
    ///
    /// # Errors
    /// [`SyncError::Busy`] with a wait while the number is frozen or a resend is too early.
    pub async fn send_code(
        &self,
        purpose: CodePurpose,
        submission: SubmissionId,
        iin: Option<Iin>,
    ) -> Result<CodeSent, SyncError> {
        let request = CodeRequest {
            purpose,
            submission,
            iin,
        };
        self.post(api::PHONE_CODE, &request).await
    }

    /// # Errors
    /// See [`SyncError`].
    pub async fn check_code(
        &self,
        purpose: CodePurpose,
        submission: SubmissionId,
        code: Secret,
    ) -> Result<CodeChecked, SyncError> {
        let check = CodeCheck {
            purpose,
            submission,
            code,
        };
        self.post(api::PHONE_CHECK, &check).await
    }
}
