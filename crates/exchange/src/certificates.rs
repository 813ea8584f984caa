//! What a citizen sees and ends of their own certificates at a kiosk: paths and
//! bodies, under the same TLS and with the same errors as [`crate::api`].
//!
//! An IIN that nobody has, a person without a registered number, a wrong, an expired
//! and a foreign code are answered alike: [`crate::api::ApiError::NotFound`] to the
//! list, and nothing before it.

use serde::{Deserialize, Serialize};

use crate::{Digest, Iin, KioskId, Secret, Statement, StorageType, SubmissionId, UnixMillis};

/// POST [`CodeWanted`] -> [`CodeOnItsWay`], whoever that is.
pub const CODE: &str = "/v1/certificates/code";
/// POST [`ListWanted`] -> [`HeldCertificates`].
pub const LIST: &str = "/v1/certificates/list";
/// POST `Signed<RevocationWish>` -> [`RevocationStanding`]; repeated to poll.
pub const REVOKE: &str = "/v1/certificates/revoke";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeWanted {
    /// Made by the kiosk, new for each person who stands there.
    pub visit: SubmissionId,
    pub iin: Iin,
}

/// If there is a number, a code goes there; where, the kiosk is not told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeOnItsWay {
    pub digits: u8,
    pub lifetime_seconds: u32,
    pub resend_after_seconds: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListWanted {
    pub visit: SubmissionId,
    pub code: Secret,
}

/// What can be used now, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldCertificates {
    pub certificates: Vec<HeldCertificate>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldCertificate {
    /// Of the certificate, DER.
    pub sha256: Digest,
    /// The last 8 hexadecimal digits of the serial number, as a person compares them.
    pub serial_tail: String,
    pub not_before: UnixMillis,
    pub not_after: UnixMillis,
    pub storage: StorageType,
}

/// RFC 5280 section 5.3.1, as far as a holder knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReason {
    /// The storage was lost, or someone else may know its password.
    KeyCompromise,
    /// There is another one.
    Superseded,
    /// It is needed no more.
    CessationOfOperation,
}

/// Signed by the kiosk at which the holder stands, with the key of its manifests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationWish {
    pub visit: SubmissionId,
    pub kiosk: KioskId,
    /// [`HeldCertificate::sha256`]
    pub certificate: Digest,
    pub reason: RevocationReason,
    pub asked_at: UnixMillis,
}

impl Statement for RevocationWish {
    const DOMAIN: &'static str = "qoltanba revocation wish v1";
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "standing")]
pub enum RevocationStanding {
    Revoked {
        at: UnixMillis,
    },
    /// Recorded. It is done within seconds; where too many come at once, an operator
    /// looks first.
    Waiting,
}
