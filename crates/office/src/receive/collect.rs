//! Collecting: the phone proven, the key proven, then the certificate. A key that is made
//! only now comes in between, by [`super::made_key`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::{
    Extension, Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use exchange::{
    Digest, KeyWanted, KioskId, Signed, SubmissionId, UnixMillis,
    api::{
        ApiError, CollectBy, CollectConfirm, CollectIssued, CollectOpen, CollectOpened,
        CollectProve, Decision, SubmissionResult,
    },
};
use p256::pkcs8::LineEnding;
use rusqlite::{Connection, Transaction};

use super::answer::{Body, Refusal, blocking, json};
use super::{Caller, Receive};
use crate::{
    config::Collect,
    db::{
        certificates::{self, Certificate, CertificateState},
        codes, limits, made_keys,
        submissions::{self, Submission, SubmissionState},
        visits::{self, KeyProofState, Visit},
    },
    keys,
    order::IssueOrder,
};

pub async fn open(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<CollectOpen>,
) -> Result<Json<CollectOpened>, Refusal> {
    json(state, move |s| opened(s, &caller, &request.by)).await
}

fn opened(s: &Receive, caller: &Caller, by: &CollectBy) -> Result<CollectOpened, Refusal> {
    let now = UnixMillis::from_system_clock();
    let found = match by {
        CollectBy::Waiting { submission } => s
            .database
            .read(|c| waiting(s, c, caller, *submission, now))?,
        CollectBy::Code { receipt_code } => by_code(s, caller, receipt_code, now)?,
    };
    let submission = found.ok_or(ApiError::NotFound)?;
    let settings = &s.configuration.collect;
    let nonce = keys::random_hex::<32>()?;
    let result = s.database.write(|t| {
        let id = submission.id;
        let visit_ends = now.plus_millis(i64::from(settings.visit_minutes) * 60_000);
        visits::open(t, &caller.id, id, now, visit_ends)?;
        let visit = visits::get(t, &caller.id, id, now)?;
        let proven = visit.as_ref().is_some_and(|v| v.proven_at.is_some())
            || (matches!(by, CollectBy::Waiting { .. })
                && still_standing_there(s, t, caller, &submission, now)?);
        let given = match visit {
            Some(visit) if proven && submission.state == SubmissionState::Approved => {
                let giving = Giving {
                    settings,
                    kiosk: &caller.id,
                    submission: id,
                    fresh: &nonce,
                    now,
                };
                given(t, &giving, &submission, visit)?
            }
            _ => Given::Nothing,
        };
        Ok((proven, given))
    })?;
    let (proven, given) = result;
    let mut opened = CollectOpened {
        submission: submission.id,
        decision: decision(&submission)?,
        phone_code_needed: !proven,
        subject_key_identifier: submission.subject_key_identifier.filter(|_| proven),
        nonce: None,
        key_wanted: None,
    };
    match given {
        Given::Nothing => {}
        Given::ProofNonce(nonce) => opened.nonce = Some(nonce),
        Given::KeyNonce { nonce, approved } => {
            opened.key_wanted = Some(KeyWanted {
                nonce: nonce.parse().map_err(anyhow::Error::from)?,
                approved: serde_json::from_str(&approved).map_err(anyhow::Error::from)?,
            });
        }
        Given::LookedAt(key) => opened.subject_key_identifier = Some(key),
    }
    Ok(opened)
}

/// What a visit gets once the phone is proven.
enum Given {
    Nothing,
    ProofNonce(String),
    KeyNonce {
        nonce: String,
        /// `Signed<ApprovedSubject>`
        approved: String,
    },
    /// The desk looks at the key with this identifier.
    LookedAt(String),
}

/// For whom a nonce is.
pub(super) struct Giving<'a> {
    pub settings: &'a Collect,
    pub kiosk: &'a KioskId,
    pub submission: SubmissionId,
    /// Used where there is none.
    pub fresh: &'a str,
    pub now: UnixMillis,
}

impl Giving<'_> {
    /// A fresh one only when the last is used or nearly over: the kiosk polls.
    fn kept(&self, nonce: Option<String>, expires_at: Option<UnixMillis>) -> Option<String> {
        let margin = self.now.plus_millis(60_000);
        nonce.filter(|_| expires_at.is_some_and(|e| e > margin))
    }

    fn expires_at(&self) -> UnixMillis {
        let seconds = i64::from(self.settings.nonce_seconds);
        self.now.plus_millis(seconds * 1000)
    }

    /// For the signature of the citizen's key.
    pub fn proof_nonce(&self, t: &Transaction, visit: Visit) -> rusqlite::Result<String> {
        if let Some(kept) = self.kept(visit.nonce, visit.nonce_expires_at) {
            return Ok(kept);
        }
        let (kiosk, submission) = (self.kiosk, self.submission);
        visits::set_nonce(t, kiosk, submission, self.fresh, self.expires_at())?;
        Ok(self.fresh.to_owned())
    }

    /// For the kiosk's signature under a request.
    fn key_nonce(&self, t: &Transaction, visit: Visit) -> rusqlite::Result<String> {
        if let Some(kept) = self.kept(visit.key_nonce, visit.key_nonce_expires_at)
            && made_keys::by_nonce(t, &kept)?.is_none()
        {
            return Ok(kept);
        }
        let (kiosk, submission) = (self.kiosk, self.submission);
        visits::set_key_nonce(t, kiosk, submission, self.fresh, self.expires_at())?;
        Ok(self.fresh.to_owned())
    }
}

fn given(
    t: &Transaction,
    giving: &Giving,
    submission: &Submission,
    visit: Visit,
) -> rusqlite::Result<Given> {
    if submission.issue_order.is_some() {
        return giving.proof_nonce(t, visit).map(Given::ProofNonce);
    }
    let Some(approved) = submission.approved_subject.clone() else {
        return Ok(Given::Nothing);
    };
    // Nobody makes a second key while the first may be taken.
    if let Some(key) = made_keys::live(t, submission.id)? {
        return Ok(Given::LookedAt(key.subject_key_identifier));
    }
    let nonce = giving.key_nonce(t, visit)?;
    Ok(Given::KeyNonce { nonce, approved })
}

fn decision(submission: &Submission) -> Result<Decision, Refusal> {
    let Some(text) = &submission.result else {
        return Ok(Decision::Pending);
    };
    let signed: Signed<SubmissionResult> =
        serde_json::from_str(text).map_err(anyhow::Error::from)?;
    let result = signed.read_unverified().map_err(anyhow::Error::from)?;
    Ok(result.decision)
}

/// The citizen who has not left: same kiosk, received not long ago.
fn waiting(
    s: &Receive,
    c: &Connection,
    caller: &Caller,
    id: SubmissionId,
    now: UnixMillis,
) -> rusqlite::Result<Option<Submission>> {
    let since = now.plus_millis(-i64::from(s.configuration.collect.waiting_minutes) * 60_000);
    submissions::collectable_from(c, id, &caller.id, since)
}

fn by_code(
    s: &Receive,
    caller: &Caller,
    code: &exchange::ReceiptCode,
    now: UnixMillis,
) -> Result<Option<Submission>, Refusal> {
    let digest = Digest::of(code.expose().as_bytes());
    let limit = s.configuration.limits.wrong_receipt_codes_per_hour;
    let looked = s.database.write(|t| {
        let who = caller.id.as_str();
        if let Some(seconds) = limits::hourly(t, "receipt code", who, limit, now)? {
            return Ok(Err(ApiError::TooMany { seconds }));
        }
        let found = submissions::collectable_by_code(t, &digest)?;
        if found.is_none() {
            limits::count(t, "receipt code", who, now)?;
        }
        Ok(Ok(found))
    })?;
    Ok(looked?)
}

/// The code of purpose enrol counts when it was right at this kiosk, not long ago,
/// for the number that the desk found to be the person's.
fn still_standing_there(
    s: &Receive,
    c: &Connection,
    caller: &Caller,
    submission: &Submission,
    now: UnixMillis,
) -> rusqlite::Result<bool> {
    let since = now.plus_millis(-i64::from(s.configuration.collect.waiting_minutes) * 60_000);
    let proof = codes::newest_enrol_proof(c, submission.id, &caller.id)?;
    Ok(proof.is_some_and(|p| {
        p.proven_at > since && submission.contact_phone.as_ref() == Some(&p.phone)
    }))
}

/// As [`limits`] counts what is wrong with a key or its proof.
pub(super) const KEY_PROOF: &str = "key proof";

pub async fn prove(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<CollectProve>,
) -> Result<Response, Refusal> {
    let request = Arc::new(request);
    let end = Instant::now() + PATIENCE;
    loop {
        let (caller, asked) = (caller.clone(), Arc::clone(&request));
        let issued = blocking(Arc::clone(&state), move |s| proven(s, &caller, &asked)).await?;
        if let Some((certificate_pem, confirm_before)) = issued {
            let chain_pem = state.public.authority_chain_pem.clone();
            return Ok(Json(CollectIssued {
                certificate_pem,
                chain_pem,
                confirm_before,
            })
            .into_response());
        }
        if Instant::now() > end {
            return Ok((StatusCode::ACCEPTED, Json(serde_json::json!({}))).into_response());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// How long a proof waits for the authority within its own request: most are answered
/// by then, and the kiosk is spared a second one.
const PATIENCE: Duration = Duration::from_secs(2);

type Issued = Option<(String, UnixMillis)>;

/// Everything that is not the one right signature over the one nonce of this visit is
/// answered alike. The same right request again is a poll.
fn proven(s: &Receive, caller: &Caller, request: &CollectProve) -> Result<Issued, Refusal> {
    let now = UnixMillis::from_system_clock();
    let limit = s.configuration.limits.wrong_proofs_per_hour;
    let outcome = s.database.write(|t| {
        let who = caller.id.as_str();
        if let Some(seconds) = limits::hourly(t, KEY_PROOF, who, limit, now)? {
            return Ok(Err(ApiError::TooMany { seconds }));
        }
        let judged = judge(s, t, caller, request, now)?;
        if let Err(ApiError::Unverified) = judged {
            limits::count(t, KEY_PROOF, who, now)?;
        }
        Ok(judged)
    })??;
    let Some(certificate) = outcome else {
        return Ok(None);
    };
    let der = certificate.der.unwrap_or_default();
    let pem = der::pem::encode_string("CERTIFICATE", LineEnding::LF, &der)
        .map_err(|e| anyhow::anyhow!("encoding a certificate: {e}"))?;
    Ok(Some((pem, certificate.confirm_before)))
}

fn judge(
    s: &Receive,
    t: &Transaction,
    caller: &Caller,
    request: &CollectProve,
    now: UnixMillis,
) -> rusqlite::Result<Result<Option<Certificate>, ApiError>> {
    let refused = Ok(Err(ApiError::Unverified));
    let id = request.submission;
    // All of it before anything is known to be wrong, so that neither the time of a
    // refusal nor what it asks of the database says what was.
    let signed = signed_by_the_key(s, t, request)?;
    let visit = visits::get(t, &caller.id, id, now)?;
    let proof = visits::proof(t, &request.nonce)?;
    let Some(visit) = visit else {
        return refused;
    };
    if let Some(before) = proof {
        let same = before.submission == id
            && before.kiosk == caller.id.as_str()
            && before.signature == request.signature;
        return match before.state {
            _ if !same => refused,
            KeyProofState::Waiting => Ok(Ok(None)),
            KeyProofState::Refused => Ok(Err(ApiError::Unavailable)),
            KeyProofState::Issued => {
                let certificate = certificates::by_nonce(t, &request.nonce)?;
                let live = certificate.filter(|c| {
                    matches!(
                        c.state,
                        CertificateState::Issued | CertificateState::Confirmed
                    )
                });
                Ok(live.map(Some).ok_or(ApiError::Unverified))
            }
        };
    }
    // The nonce was given only after approval and a proven phone.
    let current = visit.nonce.as_deref() == Some(request.nonce.as_str())
        && visit.nonce_expires_at.is_some_and(|e| e > now);
    if !current || !signed {
        return refused;
    }
    visits::queue_proof(t, &caller.id, id, &request.nonce, &request.signature, now)?;
    Ok(Ok(None))
}

/// Against the request in the desk's order; `issue` checks the same once more. Where
/// there is no order, against one that nobody can meet.
fn signed_by_the_key(
    s: &Receive,
    t: &Transaction,
    request: &CollectProve,
) -> rusqlite::Result<bool> {
    let order = submissions::issue_order(t, request.submission)?;
    let (order, key) = match &order {
        Some(order) => (order.as_str(), &s.decision_key),
        None => (s.decoy.order(), s.decoy.decision_key()),
    };
    let proves = || -> Option<bool> {
        let signed: Signed<IssueOrder> = serde_json::from_str(order).ok()?;
        let order = signed.verify(key).ok()?;
        Some(order.is_proven_by(&request.nonce, &request.signature))
    };
    Ok(proves().unwrap_or(false))
}

pub async fn confirm(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<CollectConfirm>,
) -> Result<StatusCode, Refusal> {
    blocking(state, move |s| {
        let now = UnixMillis::from_system_clock();
        let id = request.submission;
        let confirmed = s.database.write(|t| {
            if visits::get(t, &caller.id, id, now)?.is_none() {
                return Ok(false);
            }
            certificates::confirm(t, id, &request.certificate_sha256, now)
        })?;
        if confirmed {
            Ok(StatusCode::NO_CONTENT)
        } else {
            Err(ApiError::Unverified.into())
        }
    })
    .await
}

#[cfg(test)]
mod tests;
