//! A citizen's own certificates: seen and ended after a code to their phone.
//!
//! Here a wish to revoke is only recorded, as its kiosk signed it. The desk looks at
//! it and orders; the authority believes only the desk.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::{
    Extension, Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use exchange::{
    PhoneNumber, Signed, SubmissionId, UnixMillis,
    api::ApiError,
    certificates::{
        CodeOnItsWay, CodeWanted, HeldCertificate, HeldCertificates, ListWanted,
        RevocationStanding, RevocationWish,
    },
};
use openssl::memcmp;
use rusqlite::Transaction;
use zeroize::Zeroizing;

use super::answer::{Body, Refusal, blocking, json};
use super::phone::{allowed, bound_mac, random_code, too_many};
use super::{Caller, Receive};
use crate::{
    db::{
        certificates::{self, Certificate, CertificateState},
        holders, limits, revocations,
    },
    keys,
    services::{CodeFor, code_message},
};

/// As [`limits`] counts them.
const ASKED: &str = "holder code";
const WRONG: &str = "holder code wrong";

/// A code for somebody who has a number.
struct Message {
    to: PhoneNumber,
    text: Zeroizing<String>,
}

/// The message is sent after the answer, so that its time tells nothing.
pub async fn code(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<CodeWanted>,
) -> Result<Json<CodeOnItsWay>, Refusal> {
    let (answer, message) =
        blocking(Arc::clone(&state), move |s| wanted(s, &caller, &request)).await?;
    tokio::task::spawn_blocking(move || {
        let sent = message.map(|m| send(&state, &m));
        if let Some(Err(e)) = sent {
            tracing::error!("a code was not sent: {e:#}");
        }
    });
    Ok(Json(answer))
}

fn send(s: &Receive, message: &Message) -> anyhow::Result<()> {
    let now = UnixMillis::from_system_clock();
    let number = message.to.expose();
    let limit = s.configuration.codes.sent_per_hour;
    let admitted = s.database.write(|t| {
        let full = limits::hourly(t, "sms", &number, limit, now)?.is_some();
        if !full {
            limits::count(t, "sms", &number, now)?;
        }
        Ok(!full)
    })?;
    anyhow::ensure!(admitted, "too many messages to this number");
    Ok(s.sms.send(&message.to, &message.text)?)
}

fn wanted(
    s: &Receive,
    caller: &Caller,
    request: &CodeWanted,
) -> Result<(CodeOnItsWay, Option<Message>), Refusal> {
    allowed(s, &request.iin)?;
    let now = UnixMillis::from_system_clock();
    let settings = &s.configuration.codes;
    let phone = s.phones.registered(&request.iin)?;
    let language = s.persons.person(&request.iin)?.and_then(|p| p.language);
    let code = random_code(settings.digits)?;
    let right = mac(s, request.visit, request.iin.expose(), &code)?;
    let nothing = keys::random_hex::<32>()?;
    let kept = if phone.is_some() { &right } else { &nothing };
    let person = person(s, request.iin.expose())?;
    let refused = s
        .database
        .write(|t| admit(s, t, caller, request, &person, kept, now))?;
    if let Some(refusal) = refused {
        return Err(refusal.into());
    }
    let text = code_message(language, CodeFor::Holder, &code, settings.lifetime_seconds);
    let answer = CodeOnItsWay {
        digits: settings.digits,
        lifetime_seconds: settings.lifetime_seconds,
        resend_after_seconds: settings.resend_after_seconds,
    };
    let message = phone.map(|to| Message {
        to,
        text: Zeroizing::new(text),
    });
    Ok((answer, message))
}

/// Knows nothing of whether the person exists.
fn admit(
    s: &Receive,
    t: &Transaction,
    caller: &Caller,
    request: &CodeWanted,
    person: &str,
    code_mac: &str,
    now: UnixMillis,
) -> rusqlite::Result<Option<ApiError>> {
    let settings = &s.configuration.codes;
    let kiosk = caller.id.as_str();
    if let Some(before) = holders::get(t, request.visit)? {
        if before.kiosk != kiosk {
            return Ok(Some(ApiError::NotFound));
        }
        let wait = i64::from(settings.resend_after_seconds) * 1000 - (now.0 - before.sent_at.0);
        if wait > 0 {
            return Ok(Some(too_many(wait)));
        }
    }
    let most = &s.configuration.limits;
    for (what, who, limit) in [
        (WRONG, kiosk, most.wrong_revocation_codes_per_hour),
        (WRONG, person, most.wrong_revocation_codes_per_hour),
        (ASKED, kiosk, most.lookups_per_hour),
        (ASKED, person, settings.sent_per_hour),
    ] {
        if let Some(seconds) = limits::hourly(t, what, who, limit, now)? {
            return Ok(Some(ApiError::TooMany { seconds }));
        }
    }
    limits::count(t, ASKED, kiosk, now)?;
    limits::count(t, ASKED, person, now)?;
    let expires = now.plus_millis(i64::from(settings.lifetime_seconds) * 1000);
    let id = &caller.id;
    holders::code_sent(t, request.visit, id, &request.iin, code_mac, now, expires)?;
    Ok(None)
}

pub async fn list(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<ListWanted>,
) -> Result<Json<HeldCertificates>, Refusal> {
    json(state, move |s| listed(s, &caller, &request)).await
}

fn listed(s: &Receive, caller: &Caller, request: &ListWanted) -> Result<HeldCertificates, Refusal> {
    let now = UnixMillis::from_system_clock();
    let found = s.database.write(|t| {
        let limit = s.configuration.limits.wrong_revocation_codes_per_hour;
        let kiosk = caller.id.as_str();
        if let Some(seconds) = limits::hourly(t, WRONG, kiosk, limit, now)? {
            return Ok(Err(ApiError::TooMany { seconds }));
        }
        let visit = holders::get(t, request.visit)?.filter(|v| v.kiosk == kiosk);
        // Who never asked for a code is looked at like who did: as a person that no
        // other kiosk knows, with a code that nobody can type.
        let (who, kept) = match &visit {
            Some(v) => (v.iin.expose(), v.code_mac.as_str()),
            None => (kiosk, ""),
        };
        // Failing to compute it is a failure of this office and refuses everybody.
        let (Ok(person), Ok(typed)) = (
            person(s, who),
            mac(s, request.visit, who, request.code.expose()),
        ) else {
            return Ok(Err(ApiError::Unavailable));
        };
        if let Some(seconds) = limits::hourly(t, WRONG, &person, limit, now)? {
            return Ok(Err(ApiError::TooMany { seconds }));
        }
        let right = typed.len() == kept.len() && memcmp::eq(typed.as_bytes(), kept.as_bytes());
        let Some(visit) = visit.filter(|v| right && v.expires_at > now) else {
            limits::count(t, WRONG, kiosk, now)?;
            limits::count(t, WRONG, &person, now)?;
            return Ok(Err(ApiError::NotFound));
        };
        if visit.proven_at.is_none() {
            let minutes = i64::from(s.configuration.collect.visit_minutes);
            holders::proven(t, request.visit, now, now.plus_millis(minutes * 60_000))?;
        }
        certificates::live_of(t, &visit.iin, now).map(Ok)
    })??;
    Ok(HeldCertificates {
        certificates: found.iter().filter_map(shown).collect(),
    })
}

fn shown(certificate: &Certificate) -> Option<HeldCertificate> {
    let serial = certificate.serial.as_deref()?;
    Some(HeldCertificate {
        sha256: certificate.sha256?,
        serial_tail: serial.get(serial.len().checked_sub(8)?..)?.to_owned(),
        not_before: certificate.not_before?,
        not_after: certificate.not_after?,
        storage: certificate.storage?,
    })
}

/// How long a wish waits for desk and authority within its own request.
const PATIENCE: Duration = Duration::from_secs(2);

pub async fn revoke(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Body(wish): Body<Signed<RevocationWish>>,
) -> Result<Response, Refusal> {
    let wish = Arc::new(wish);
    let end = Instant::now() + PATIENCE;
    loop {
        let (caller, asked) = (caller.clone(), Arc::clone(&wish));
        let standing = blocking(Arc::clone(&state), move |s| wished(s, &caller, &asked)).await?;
        match standing {
            RevocationStanding::Revoked { .. } => return Ok(Json(standing).into_response()),
            RevocationStanding::Waiting if Instant::now() > end => {
                return Ok((StatusCode::ACCEPTED, Json(standing)).into_response());
            }
            RevocationStanding::Waiting => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

fn wished(
    s: &Receive,
    caller: &Caller,
    signed: &Signed<RevocationWish>,
) -> Result<RevocationStanding, Refusal> {
    let now = UnixMillis::from_system_clock();
    let key = keys::verifying_key(&caller.manifest_key_pem)?;
    let text = serde_json::to_string(signed).map_err(anyhow::Error::from)?;
    let wish = signed.verify(&key).ok().filter(|w| w.kiosk == caller.id);
    let standing = s.database.write(|t| {
        let limit = s.configuration.limits.wrong_revocation_codes_per_hour;
        let kiosk = caller.id.as_str();
        if let Some(seconds) = limits::hourly(t, WRONG, kiosk, limit, now)? {
            return Ok(Err(ApiError::TooMany { seconds }));
        }
        let held = match &wish {
            Some(wish) => held(t, caller, wish, now)?,
            None => None,
        };
        let Some(certificate) = held else {
            limits::count(t, WRONG, kiosk, now)?;
            return Ok(Err(ApiError::NotFound));
        };
        if let (CertificateState::Revoked, Some(at)) = (certificate.state, certificate.revoked_at) {
            return Ok(Ok(RevocationStanding::Revoked { at }));
        }
        revocations::ask(t, certificate.id, &text, &caller.id, now)?;
        Ok(Ok(RevocationStanding::Waiting))
    })??;
    Ok(standing)
}

/// The certificate, when it is of the person who proved their phone in this visit.
fn held(
    t: &Transaction,
    caller: &Caller,
    wish: &RevocationWish,
    now: UnixMillis,
) -> rusqlite::Result<Option<Certificate>> {
    let visit = holders::get(t, wish.visit)?
        .filter(|v| v.kiosk == caller.id.as_str() && v.proven_at.is_some() && v.expires_at > now);
    match visit {
        Some(visit) => certificates::held(t, &visit.iin, &wish.certificate),
        None => Ok(None),
    }
}

/// Binds a code to this purpose, visit and person.
fn mac(s: &Receive, visit: SubmissionId, iin: &str, code: &str) -> anyhow::Result<String> {
    bound_mac(
        s,
        &Zeroizing::new(format!("holder\n{visit}\n{iin}\n{code}")),
    )
}

/// Under which name a person is counted: not their IIN.
fn person(s: &Receive, iin: &str) -> anyhow::Result<String> {
    bound_mac(s, &Zeroizing::new(format!("person\n{iin}")))
}
