//! Phone numbers and one-time codes: made, checked and counted here, never shown.

use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use exchange::{
    Iin, PhoneNumber, SubmissionId, UnixMillis,
    api::{
        ApiError, CodeCheck, CodeChecked, CodePurpose, CodeRequest, CodeSent, PhoneFound,
        PhoneLookup,
    },
};
use openssl::{hash::MessageDigest, memcmp, pkey::PKey, sign::Signer};
use rusqlite::Transaction;

use super::answer::{Body, Refusal, json, malformed};
use super::{Caller, Receive};
use crate::{
    db::{
        codes::{self, SentCode, Tries},
        limits, submissions, visits,
    },
    keys,
    services::code_message,
};

pub async fn lookup(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<PhoneLookup>,
) -> Result<Json<PhoneFound>, Refusal> {
    json(state, move |s| {
        allowed(s, &request.iin)?;
        let now = UnixMillis::from_system_clock();
        count_lookup(s, &caller, now)?;
        let found = s.phones.registered(&request.iin)?;
        Ok(PhoneFound {
            registered_masked: found.map(|p| p.masked()),
        })
    })
    .await
}

/// The wire lets the authority's test numbers through; this office may not.
pub(super) fn allowed(s: &Receive, iin: &Iin) -> Result<(), Refusal> {
    Iin::parse(iin.expose(), s.configuration.identity.policy())
        .map(drop)
        .map_err(|_| malformed("this IIN cannot be"))
}

/// A kiosk that asks for more people than can stand before it is guessing.
fn count_lookup(s: &Receive, caller: &Caller, now: UnixMillis) -> Result<(), Refusal> {
    let limit = s.configuration.limits.lookups_per_hour;
    let wait = s.database.write(|t| {
        let wait = limits::hourly(t, "lookup", caller.id.as_str(), limit, now)?;
        if wait.is_none() {
            limits::count(t, "lookup", caller.id.as_str(), now)?;
        }
        Ok(wait)
    })?;
    match wait {
        Some(seconds) => Err(ApiError::TooMany { seconds }.into()),
        None => Ok(()),
    }
}

pub async fn send_code(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<CodeRequest>,
) -> Result<Json<CodeSent>, Refusal> {
    json(state, move |s| send(s, &caller, &request)).await
}

fn send(s: &Receive, caller: &Caller, request: &CodeRequest) -> Result<CodeSent, Refusal> {
    let now = UnixMillis::from_system_clock();
    let settings = &s.configuration.codes;
    let (phone, language) = match request.purpose {
        CodePurpose::Enrol => {
            let iin = request
                .iin
                .as_ref()
                .ok_or_else(|| malformed("an IIN is needed to enrol"))?;
            allowed(s, iin)?;
            count_lookup(s, caller, now)?;
            let phone = s.phones.registered(iin)?.ok_or(ApiError::NotFound)?;
            (phone, s.persons.person(iin)?.and_then(|p| p.language))
        }
        CodePurpose::Collect => (collector(s, caller, request.submission, now)?, None),
    };

    let code = random_code(settings.digits)?;
    let sent = SentCode {
        kiosk: caller.id.to_string(),
        mac: mac(s, request.purpose, request.submission, &phone, &code)?,
        phone,
        sent_at: now,
        expires_at: now.plus_millis(i64::from(settings.lifetime_seconds) * 1000),
        proof: None,
    };
    let refused = s
        .database
        .write(|t| admit(s, t, caller, request, &sent, now))?;
    if let Some(refusal) = refused {
        return Err(refusal.into());
    }
    let text = code_message(
        language,
        request.purpose.into(),
        &code,
        settings.lifetime_seconds,
    );
    s.sms.send(&sent.phone, &text)?;
    Ok(CodeSent {
        digits: settings.digits,
        lifetime_seconds: settings.lifetime_seconds,
        resend_after_seconds: settings.resend_after_seconds,
        sent_to_masked: sent.phone.masked(),
    })
}

/// Checks the limits and remembers the code, in one transaction: two requests at
/// once cannot both pass.
fn admit(
    s: &Receive,
    t: &Transaction,
    caller: &Caller,
    request: &CodeRequest,
    sent: &SentCode,
    now: UnixMillis,
) -> rusqlite::Result<Option<ApiError>> {
    let settings = &s.configuration.codes;
    let before = codes::sent(t, request.purpose, request.submission)?;
    if let Some(before) = before {
        if before.kiosk != caller.id.as_str() && request.purpose == CodePurpose::Enrol {
            return Ok(Some(ApiError::NotFound));
        }
        let wait = i64::from(settings.resend_after_seconds) * 1000 - (now.0 - before.sent_at.0);
        if wait > 0 && before.phone == sent.phone {
            return Ok(Some(too_many(wait)));
        }
    }
    if let Some(until) = frozen(&codes::tries(t, &sent.phone)?, now) {
        return Ok(Some(too_many(until)));
    }
    let number = sent.phone.expose();
    if let Some(seconds) = limits::hourly(t, "sms", &number, settings.sent_per_hour, now)? {
        return Ok(Some(ApiError::TooMany { seconds }));
    }
    limits::count(t, "sms", &number, now)?;
    codes::remember(t, request.purpose, request.submission, sent)?;
    Ok(None)
}

pub(super) fn too_many(millis: i64) -> ApiError {
    let seconds = u32::try_from((millis + 999) / 1000).unwrap_or(u32::MAX);
    ApiError::TooMany { seconds }
}

/// Milliseconds for which a number is still frozen.
fn frozen(tries: &Tries, now: UnixMillis) -> Option<i64> {
    let left = tries.frozen_until?.0 - now.0;
    (left > 0).then_some(left)
}

/// The number that collection codes of an opened visit go to.
fn collector(
    s: &Receive,
    caller: &Caller,
    submission: SubmissionId,
    now: UnixMillis,
) -> Result<PhoneNumber, Refusal> {
    let found = s.database.read(|c| {
        let visit = visits::get(c, &caller.id, submission, now)?;
        Ok(visit
            .is_some()
            .then(|| submissions::get(c, submission))
            .transpose()?
            .flatten())
    })?;
    let submission = found.ok_or(ApiError::NotFound)?;
    // Until the desk has opened the form nobody here knows the number.
    Ok(submission.contact_phone.ok_or(ApiError::Unavailable)?)
}

pub async fn check_code(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<CodeCheck>,
) -> Result<Json<CodeChecked>, Refusal> {
    json(state, move |s| check(s, &caller, &request)).await
}

fn check(s: &Receive, caller: &Caller, request: &CodeCheck) -> Result<CodeChecked, Refusal> {
    let now = UnixMillis::from_system_clock();
    let (purpose, submission) = (request.purpose, request.submission);
    // What was never sent, or sent at another kiosk, looks like what has expired.
    let sent = s.database.read(|c| codes::sent(c, purpose, submission))?;
    let Some(sent) = sent.filter(|c| c.kiosk == caller.id.as_str()) else {
        return Ok(CodeChecked::Expired);
    };
    let typed = mac(s, purpose, submission, &sent.phone, request.code.expose())?;
    let proof = keys::random_hex::<16>()?;
    let verdict = s
        .database
        .write(|t| judge(s, t, request, &typed, &proof, now))?;
    Ok(verdict)
}

/// Reads the code again inside the transaction, so that tries made at once are
/// all counted.
fn judge(
    s: &Receive,
    t: &Transaction,
    request: &CodeCheck,
    typed: &str,
    new_proof: &str,
    now: UnixMillis,
) -> rusqlite::Result<CodeChecked> {
    let settings = &s.configuration.codes;
    let (purpose, submission) = (request.purpose, request.submission);
    let Some(sent) = codes::sent(t, purpose, submission)? else {
        return Ok(CodeChecked::Expired);
    };
    let mut tries = codes::tries(t, &sent.phone)?;
    if let Some(left) = frozen(&tries, now) {
        let seconds = u32::try_from((left + 999) / 1000).unwrap_or(u32::MAX);
        return Ok(CodeChecked::Frozen { seconds });
    }
    if sent.expires_at <= now {
        return Ok(CodeChecked::Expired);
    }
    if memcmp::eq(typed.as_bytes(), sent.mac.as_bytes()) {
        // The answer to the first right try may have been lost on the way.
        let proof = match sent.proof.clone() {
            Some(proof) => proof,
            None => {
                codes::prove(t, purpose, submission, &sent, new_proof, now)?;
                new_proof.to_owned()
            }
        };
        if purpose == CodePurpose::Collect
            && let Ok(kiosk) = sent.kiosk.parse()
        {
            visits::phone_proven(t, &kiosk, submission, now)?;
        }
        return Ok(CodeChecked::Right { proof });
    }
    let freeze = i64::from(settings.freeze_minutes) * 60_000;
    if tries.frozen_until.is_some() || now.0 - tries.last_wrong_at.0 > freeze {
        tries = Tries::default();
    }
    tries.wrong = tries.wrong.saturating_add(1);
    tries.last_wrong_at = now;
    let verdict = if tries.wrong >= settings.tries {
        tries.frozen_until = Some(now.plus_millis(freeze));
        CodeChecked::Frozen {
            seconds: settings.freeze_minutes * 60,
        }
    } else {
        CodeChecked::Wrong {
            tries_left: settings.tries - tries.wrong,
        }
    };
    codes::set_tries(t, &sent.phone, &tries)?;
    Ok(verdict)
}

/// Binds a code to purpose, submission and number; the kiosk is compared apart.
fn mac(
    s: &Receive,
    purpose: CodePurpose,
    submission: SubmissionId,
    phone: &PhoneNumber,
    code: &str,
) -> anyhow::Result<String> {
    let purpose = codes::purpose_text(purpose);
    bound_mac(
        s,
        &format!("{purpose}\n{submission}\n{}\n{code}", phone.expose()),
    )
}

/// HMAC-SHA-256 under the key of codes.
pub(super) fn bound_mac(s: &Receive, bound: &str) -> anyhow::Result<String> {
    let key = PKey::hmac(&s.code_key)?;
    let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
    Ok(hex::encode(signer.sign_oneshot_to_vec(bound.as_bytes())?))
}

/// Uniformly random decimal digits.
pub(super) fn random_code(digits: u8) -> anyhow::Result<zeroize::Zeroizing<String>> {
    let mut code = zeroize::Zeroizing::new(String::with_capacity(usize::from(digits)));
    while code.len() < usize::from(digits) {
        let mut byte = [0u8];
        getrandom::fill(&mut byte).map_err(|e| anyhow::anyhow!("no randomness: {e}"))?;
        // 250 and above would make small digits likelier.
        if byte[0] < 250 {
            code.push(char::from(b'0' + byte[0] % 10));
        }
    }
    Ok(code)
}
