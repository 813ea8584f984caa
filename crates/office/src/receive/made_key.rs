//! A key that was made at collection: recorded as its kiosk signed it.
//!
//! The desk looks at it and orders; nothing is chosen here. Whatever is wrong is answered
//! alike, and counted with the wrong proofs of key.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::{
    Extension, Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use exchange::{KeyMade, KeyStanding, Signed, UnixMillis, api::ApiError};
use keystore::csr::Request;
use rusqlite::Transaction;

use super::answer::{Body, Refusal, blocking};
use super::collect::{Giving, KEY_PROOF};
use super::{Caller, Receive};
use crate::{
    db::{
        certificates, limits,
        made_keys::{self, Arrival, MadeKey, MadeKeyState},
        submissions::{self, SubmissionState},
        visits,
    },
    keys,
};

/// How long a key waits for the desk within its own request.
const PATIENCE: Duration = Duration::from_secs(2);

pub async fn post(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Body(signed): Body<Signed<KeyMade>>,
) -> Result<Response, Refusal> {
    let signed = Arc::new(signed);
    let end = Instant::now() + PATIENCE;
    loop {
        let (caller, asked) = (caller.clone(), Arc::clone(&signed));
        let standing = blocking(Arc::clone(&state), move |s| made(s, &caller, &asked)).await?;
        match standing {
            KeyStanding::Taken { .. } => return Ok(Json(standing).into_response()),
            KeyStanding::Waiting if Instant::now() > end => {
                return Ok((StatusCode::ACCEPTED, Json(standing)).into_response());
            }
            KeyStanding::Waiting => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// A statement of this kiosk around a request that is signed by its own key.
struct Checked {
    made: KeyMade,
    subject_key_identifier: String,
    /// `Signed<KeyMade>`
    text: String,
}

impl Checked {
    fn read(caller: &Caller, signed: &Signed<KeyMade>) -> anyhow::Result<Option<Self>> {
        let key = keys::verifying_key(&caller.manifest_key_pem)?;
        let text = serde_json::to_string(signed)?;
        let made = signed.verify(&key).ok().filter(|m| m.kiosk == caller.id);
        Ok(made.and_then(|made| {
            let request = Request::verify(made.csr()).ok()?;
            Some(Self {
                subject_key_identifier: request.key().id().to_string(),
                made,
                text,
            })
        }))
    }
}

fn made(s: &Receive, caller: &Caller, signed: &Signed<KeyMade>) -> Result<KeyStanding, Refusal> {
    let now = UnixMillis::from_system_clock();
    let checked = Checked::read(caller, signed)?;
    let fresh = keys::random_hex::<32>()?;
    let limit = s.configuration.limits.wrong_proofs_per_hour;
    let standing = s.database.write(|t| {
        let who = caller.id.as_str();
        if let Some(seconds) = limits::hourly(t, KEY_PROOF, who, limit, now)? {
            return Ok(Err(ApiError::TooMany { seconds }));
        }
        let standing = match &checked {
            Some(checked) => {
                let giving = Giving {
                    settings: &s.configuration.collect,
                    kiosk: &caller.id,
                    submission: checked.made.submission,
                    fresh: &fresh,
                    now,
                };
                judge(t, &giving, checked)?
            }
            None => None,
        };
        if standing.is_none() {
            limits::count(t, KEY_PROOF, who, now)?;
        }
        Ok(standing.ok_or(ApiError::Unverified))
    })??;
    Ok(standing)
}

/// None: refused.
fn judge(
    t: &Transaction,
    giving: &Giving,
    checked: &Checked,
) -> rusqlite::Result<Option<KeyStanding>> {
    let made = &checked.made;
    let (id, nonce, csr) = (made.submission, made.nonce.to_string(), made.csr_sha256());
    let visit = visits::get(t, giving.kiosk, id, giving.now)?;
    let submission = submissions::get(t, id)?;
    let before = made_keys::by_nonce(t, &nonce)?;
    let live = made_keys::live(t, id)?;
    let key = &checked.subject_key_identifier;
    let elsewhere = submissions::key_used_elsewhere(t, id, &csr, key)?;
    let over = certificates::over(t, id)?;
    let (Some(visit), Some(submission)) = (visit, submission) else {
        return Ok(None);
    };
    // Given in this visit, and so after approval and a proven phone.
    let given = visit.key_nonce.as_deref() == Some(nonce.as_str());
    let approved =
        submission.state == SubmissionState::Approved && submission.approved_subject.is_some();
    if !given || !approved || elsewhere || over {
        return Ok(None);
    }
    let is_same = |key: &MadeKey| key.submission == id && key.csr_sha256 == csr;
    let in_time = visit.key_nonce_expires_at.is_some_and(|e| e > giving.now);
    let recorded = match (before, live) {
        // The same again is a poll.
        (Some(before), _) => is_same(&before).then_some(before.state),
        // The same request, first heard of by another kiosk or nonce.
        (None, Some(live)) => (in_time && is_same(&live)).then_some(live.state),
        (None, None) if in_time => {
            made_keys::insert(
                t,
                &Arrival {
                    submission: id,
                    kiosk: giving.kiosk,
                    nonce: &nonce,
                    csr_sha256: &csr,
                    subject_key_identifier: key,
                    statement: &checked.text,
                    at: giving.now,
                },
            )?;
            Some(MadeKeyState::Asked)
        }
        (None, None) => None,
    };
    match recorded {
        Some(MadeKeyState::Asked) => Ok(Some(KeyStanding::Waiting)),
        Some(MadeKeyState::Ordered) => {
            let nonce = giving.proof_nonce(t, visit)?;
            Ok(Some(KeyStanding::Taken { nonce }))
        }
        Some(MadeKeyState::Refused) | None => Ok(None),
    }
}
