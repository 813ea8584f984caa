//! What the desk tells the authority to issue, signed by the desk.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use exchange::{Statement, StorageType, SubmissionId, UnixMillis, api::proof_bytes};
use keystore::csr::Request;
use serde::{Deserialize, Serialize};

use crate::authority::{Reason, Usage};

/// Signed with the desk's decision key; `issue` acts on nothing else.
///
/// The subject is not copied from the request: it is what the desk verified.
#[derive(Clone, Serialize, Deserialize)]
pub struct IssueOrder {
    pub submission: SubmissionId,
    /// PKCS#10, DER, base64.
    csr: String,
    pub subject: Subject,
    pub storage: StorageType,
    #[serde(default)]
    pub usage: Usage,
    pub decided_at: UnixMillis,
    /// Name of the operator, or `command line`.
    pub decided_by: String,
}

impl IssueOrder {
    pub fn new(
        submission: SubmissionId,
        csr_der: &[u8],
        subject: Subject,
        storage: StorageType,
        decided_at: UnixMillis,
        decided_by: &str,
    ) -> Self {
        Self {
            submission,
            csr: BASE64.encode(csr_der),
            subject,
            storage,
            usage: Usage::Signing,
            decided_at,
            decided_by: decided_by.to_owned(),
        }
    }

    /// The request in DER; empty when it is no base64, which no authority accepts.
    pub fn csr_der(&self) -> Vec<u8> {
        BASE64.decode(&self.csr).unwrap_or_default()
    }

    /// Whether the key of the request signed this nonce (base64, over
    /// [`proof_bytes`]).
    pub fn is_proven_by(&self, nonce: &str, signature: &str) -> bool {
        let (Ok(request), Ok(signature)) =
            (Request::verify(&self.csr_der()), BASE64.decode(signature))
        else {
            return false;
        };
        let message = proof_bytes(self.submission, nonce);
        request.key().verifies(&message, &signature)
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Subject {
    pub iin: exchange::Iin,
    pub name: exchange::HolderName,
    pub email: exchange::EmailAddress,
}

/// What the desk tells the authority to revoke.
#[derive(Clone, Serialize, Deserialize)]
pub struct RevocationOrder {
    /// As [`keystore::certificate::Serial`] shows it.
    pub serial: String,
    pub reason: Reason,
    pub ordered_at: UnixMillis,
    /// Name of the operator, `command line`, or the kiosk at which the holder asked.
    pub ordered_by: String,
}

impl Statement for RevocationOrder {
    const DOMAIN: &'static str = "qoltanba revocation order v1";
}

impl Statement for IssueOrder {
    const DOMAIN: &'static str = "qoltanba issue order v1";
}
