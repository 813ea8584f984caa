//! The HTTP interface between kiosk and office: paths and bodies.
//!
//! All under TLS 1.3 with client certificates except [`PROVISION`], which a
//! kiosk without one uses with its one-use token. Errors are an [`ApiError`]
//! body with a 4xx or 5xx status.

use serde::{Deserialize, Serialize};

use crate::{Digest, Iin, KioskId, ReceiptCode, Secret, Statement, SubmissionId, UnixMillis};

/// POST [`ProvisionRequest`] -> [`ProvisionAnswer`]; repeat until confirmed.
pub const PROVISION: &str = "/v1/provision";
/// GET -> `Signed<OfficeTime>`.
pub const TIME: &str = "/v1/time";
/// POST [`Heartbeat`] -> 204.
pub const HEARTBEAT: &str = "/v1/heartbeat";
/// POST [`PhoneLookup`] -> [`PhoneFound`].
pub const PHONE_LOOKUP: &str = "/v1/phone/lookup";
/// POST [`CodeRequest`] -> [`CodeSent`].
pub const PHONE_CODE: &str = "/v1/phone/code";
/// POST [`CodeCheck`] -> [`CodeChecked`].
pub const PHONE_CHECK: &str = "/v1/phone/check";
/// tus 1.0: POST creates (metadata `submission`, `part`, `sha256`), then HEAD, PATCH at `Location`.
pub const UPLOADS: &str = "/v1/uploads";
/// PUT `/v1/submissions/{id}/manifest` with `Signed<Manifest>` -> `Signed<DurableReceipt>`;
/// 409 [`ApiError::MissingParts`] while parts are missing.
pub const SUBMISSIONS: &str = "/v1/submissions";
/// GET `/v1/submissions/{id}/result` -> `Signed<SubmissionResult>`.
pub const RESULT_SUFFIX: &str = "result";
pub const MANIFEST_SUFFIX: &str = "manifest";
/// POST [`CollectOpen`] -> [`CollectOpened`].
pub const COLLECT_OPEN: &str = "/v1/collect/open";
/// POST `Signed<KeyMade>` -> [`crate::KeyStanding`]; 202 while the desk looks at the key.
pub const COLLECT_KEY: &str = "/v1/collect/key";
/// POST [`CollectProve`] -> [`CollectIssued`]; 202 while the authority has not signed yet.
pub const COLLECT_PROVE: &str = "/v1/collect/prove";
/// POST [`CollectConfirm`] -> 204.
pub const COLLECT_CONFIRM: &str = "/v1/collect/confirm";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "error")]
pub enum ApiError {
    #[error("the request is malformed: {detail}")]
    Malformed { detail: String },
    #[error("this kiosk is not known or was revoked")]
    UnknownKiosk,
    #[error("the provisioning token is wrong, used or expired")]
    ProvisioningToken,
    /// Unknown and wrong are answered alike.
    #[error("no application with these details")]
    NotFound,
    #[error("parts are missing at the office")]
    MissingParts { parts: Vec<crate::PartName> },
    #[error("this submission was already received with other content")]
    Conflict,
    #[error("the signature or digest does not match")]
    Unverified,
    #[error("too many tries; wait {seconds} s")]
    TooMany { seconds: u32 },
    #[error("the phone is not proven for this purpose")]
    PhoneNotProven,
    #[error("not approved")]
    NotApproved,
    #[error("the office cannot do this now")]
    Unavailable,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisionRequest {
    /// From `office kiosk add`.
    pub token: Secret,
    /// PKCS#10 for the kiosk's TLS key, PEM. The key never leaves the kiosk.
    pub tls_csr_pem: String,
    /// Device key that signs manifests: SubjectPublicKeyInfo, PEM.
    pub manifest_key_pem: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum ProvisionAnswer {
    /// An administrator compares these words ([`crate::fingerprint_words`], computed
    /// by each side from the keys it holds) on both sides, then confirms.
    AwaitingConfirmation {
        kiosk: KioskId,
        fingerprint_words: Vec<String>,
    },
    Confirmed(Box<Provisioned>),
}

/// Everything a kiosk needs to know of its office.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provisioned {
    pub kiosk: KioskId,
    /// Client certificate for TLS, PEM.
    pub tls_certificate_pem: String,
    /// age recipients: operations and escrow, in this order.
    pub sealing_recipients: [String; 2],
    /// Key that signs receipts, time (office receive): SubjectPublicKeyInfo, PEM.
    pub receipt_key_pem: String,
    /// Key that signs results (office desk): SubjectPublicKeyInfo, PEM.
    pub decision_key_pem: String,
    /// Issuing authority's certificate chain, PEM, issuing CA first.
    pub authority_chain_pem: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficeTime {
    pub now: UnixMillis,
}

impl Statement for OfficeTime {
    const DOMAIN: &'static str = "qoltanba time v1";
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Heartbeat {
    pub version: String,
    pub queue_waiting: u32,
    pub queue_quarantined: u32,
    /// Seconds since the oldest unsent submission was committed.
    pub oldest_unsent_seconds: Option<u64>,
    pub disk_free_bytes: u64,
    pub last_fsync_millis: Option<u32>,
    /// Codes of the fault table.
    pub faults: Vec<String>,
    /// Those that came and went since the last heartbeat that was taken: a lost link is told
    /// of when it is back.
    #[serde(default)]
    pub ended_faults: Vec<String>,
    pub mode: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneLookup {
    pub submission: SubmissionId,
    pub iin: Iin,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneFound {
    /// `+7 7•• ••• •• 45` when the MCDB knows a number for this person.
    pub registered_masked: Option<String>,
}

/// A code is bound to purpose, submission, kiosk and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodePurpose {
    Enrol,
    Collect,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRequest {
    pub purpose: CodePurpose,
    pub submission: SubmissionId,
    /// Needed to enrol; at collection the office knows it.
    pub iin: Option<Iin>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeSent {
    pub digits: u8,
    pub lifetime_seconds: u32,
    pub resend_after_seconds: u32,
    pub sent_to_masked: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeCheck {
    pub purpose: CodePurpose,
    pub submission: SubmissionId,
    pub code: Secret,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum CodeChecked {
    /// `proof` goes into the form.
    Right {
        proof: String,
    },
    Wrong {
        tries_left: u8,
    },
    Expired,
    /// Too many wrong ones: nothing is accepted for this number until then.
    Frozen {
        seconds: u32,
    },
}

/// Signed by `office receive`: everything of the submission is durable there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DurableReceipt {
    pub submission: SubmissionId,
    /// Digest of the `Signed<Manifest>` received.
    pub manifest: Digest,
    pub received_at: UnixMillis,
}

impl Statement for DurableReceipt {
    const DOMAIN: &'static str = "qoltanba durable receipt v1";
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "decision")]
pub enum Decision {
    /// Received, not decided.
    Pending,
    Approved,
    Rejected {
        reason: String,
    },
    /// The citizen should come again with what `what` names.
    AskAgain {
        what: String,
    },
}

/// Signed by `office desk`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionResult {
    pub submission: SubmissionId,
    pub decision: Decision,
    pub decided_at: Option<UnixMillis>,
}

impl Statement for SubmissionResult {
    const DOMAIN: &'static str = "qoltanba result v1";
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CollectBy {
    /// The citizen who is still at the kiosk that enrolled them.
    Waiting {
        submission: SubmissionId,
    },
    Code {
        receipt_code: ReceiptCode,
    },
}

/// First call: opens the collection. Repeated to poll and, after the phone code
/// was right, to get the nonce, or to learn that a key has to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectOpen {
    pub by: CollectBy,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectOpened {
    pub submission: SubmissionId,
    pub decision: Decision,
    /// Whether a phone code (purpose `collect`) must be checked first.
    pub phone_code_needed: bool,
    /// `PENDING_<ski>.p12` lies where the citizen put it: the subject key identifier, hex.
    /// Given only when the phone is proven.
    pub subject_key_identifier: Option<String>,
    /// 32 random bytes, hex, to sign with the key in the storage; given when
    /// approved and the phone is proven. Used once, short-lived.
    pub nonce: Option<String>,
    /// Given instead of the nonce where the key is made at collection and the office has
    /// none yet. With neither, and a key identifier, the desk is looking at the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_wanted: Option<crate::KeyWanted>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectProve {
    pub submission: SubmissionId,
    pub nonce: String,
    /// Signature by the citizen's key over [`proof_bytes`], base64: RSA PKCS#1
    /// v1.5 with SHA-256, or ECDSA P-256 with SHA-256 in DER.
    pub signature: String,
}

/// What the citizen's key signs to prove that it is there.
pub fn proof_bytes(submission: SubmissionId, nonce_hex: &str) -> Vec<u8> {
    format!("qoltanba collect v1\n{submission}\n{nonce_hex}").into_bytes()
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectIssued {
    /// The citizen's certificate, PEM.
    pub certificate_pem: String,
    /// Issuing CA first, root last, PEM.
    pub chain_pem: String,
    /// Not confirmed by then: revoked before another is issued.
    pub confirm_before: UnixMillis,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectConfirm {
    pub submission: SubmissionId,
    /// SHA-256 of the certificate (DER) that was read back and proven by a test signature.
    pub certificate_sha256: Digest,
}
