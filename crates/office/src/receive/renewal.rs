//! A number for the key of an old certificate to sign.

use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use exchange::{
    RenewalNonce, SubmissionId, UnixMillis,
    api::ApiError,
    renewal::{NonceGiven, NonceWanted},
};

use super::answer::{Body, Refusal, json};
use super::{Caller, Receive};
use crate::{
    db::{limits, renewals, submissions},
    keys,
};

/// As [`limits`] counts it.
const ASKED: &str = "renewal nonce";

pub async fn nonce(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<NonceWanted>,
) -> Result<Json<NonceGiven>, Refusal> {
    json(state, move |s| give(s, &caller, request.submission)).await
}

fn give(s: &Receive, caller: &Caller, submission: SubmissionId) -> Result<NonceGiven, Refusal> {
    let now = UnixMillis::from_system_clock();
    let nonce = RenewalNonce::from_random(keys::random::<32>()?);
    let minutes = i64::from(s.configuration.renewal.nonce_minutes);
    let expires_at = now.plus_millis(minutes * 60_000);
    let limit = s.configuration.limits.lookups_per_hour;
    s.database.write(|t| {
        let kiosk = caller.id.as_str();
        if let Some(seconds) = limits::hourly(t, ASKED, kiosk, limit, now)? {
            return Ok(Err(ApiError::TooMany { seconds }));
        }
        limits::count(t, ASKED, kiosk, now)?;
        // What was received stays as it was received.
        if submissions::get(t, submission)?.is_some() {
            return Ok(Err(ApiError::Conflict));
        }
        renewals::give(t, &nonce, &caller.id, submission, now, expires_at)?;
        Ok(Ok(()))
    })??;
    Ok(NonceGiven { nonce, expires_at })
}
