//! One application: shown, its pictures, and the operator's decision.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use exchange::{PartName, SubmissionId, UnixMillis};

use super::pages::application::Page;
use super::shell::Section;
use super::visitor::{Operator, Sent};
use super::words::Words;
use super::{Web, media, sign_in::Nothing};
use crate::authority::Reason;
use crate::desk::{DecideError, Desk, Detail, OpenError, RevokeError, Verdict};

pub async fn show(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    operator: Operator,
) -> Response {
    page(&web, &id, &operator, None).await
}

async fn page(web: &Web, id: &str, operator: &Operator, trouble: Option<&str>) -> Response {
    let Ok(id) = id.parse::<SubmissionId>() else {
        return operator.not_found();
    };
    let read = web.blocking(move |desk| read(desk, id)).await.flatten();
    let (detail, frames) = match read {
        Ok(Some(read)) => read,
        Ok(None) => return operator.not_found(),
        Err(error) => return operator.failed(&error),
    };
    let words = operator.words();
    let content = Page {
        words,
        detail: &detail,
        frames: &frames,
        trouble,
        csrf: &operator.session.csrf,
        now: UnixMillis::from_system_clock(),
    }
    .content();
    operator
        .visitor
        .page(Some(Section::Applications), words.applications, content)
}

type Frames = Vec<(u64, String)>;

fn read(desk: &Desk, id: SubmissionId) -> anyhow::Result<Option<(Detail, Frames)>> {
    let Some(detail) = desk.detail(id)? else {
        return Ok(None);
    };
    // A recording that cannot be opened is one of the findings.
    let frames = match desk.part(id, PartName::Video) {
        Ok(video) => media::shown_frames(&video),
        Err(_) => Vec::new(),
    };
    Ok(Some((detail, frames)))
}

pub async fn picture(
    State(web): State<Arc<Web>>,
    Path((id, part)): Path<(String, String)>,
    operator: Operator,
) -> Response {
    let part = match PartName::parse(&part) {
        Some(part @ (PartName::Selfie | PartName::DocumentPhoto)) => part,
        _ => return operator.not_found(),
    };
    match open(&web, &id, part).await {
        Ok(jpeg) => media::picture(&jpeg),
        Err(refusal) => refusal.answer(&operator),
    }
}

pub async fn video(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    operator: Operator,
) -> Response {
    match open(&web, &id, PartName::Video).await {
        Ok(recording) => media::play(recording),
        Err(refusal) => refusal.answer(&operator),
    }
}

enum Refusal {
    NotFound,
    Failed(anyhow::Error),
}

impl Refusal {
    fn answer(self, operator: &Operator) -> Response {
        match self {
            Refusal::NotFound => operator.not_found(),
            Refusal::Failed(error) => operator.failed(&error),
        }
    }
}

async fn open(web: &Web, id: &str, part: PartName) -> Result<zeroize::Zeroizing<Vec<u8>>, Refusal> {
    let id: SubmissionId = id.parse().map_err(|_| Refusal::NotFound)?;
    match web.blocking(move |desk| desk.part(id, part)).await {
        Ok(Ok(plain)) => Ok(plain),
        Ok(Err(OpenError::Unknown | OpenError::NoPart(_))) => Err(Refusal::NotFound),
        Ok(Err(error)) => Err(Refusal::Failed(error.into())),
        Err(error) => Err(Refusal::Failed(error)),
    }
}

/// What the citizen is told with a decision.
#[derive(serde::Deserialize)]
pub struct Told {
    text: String,
}

pub async fn approve(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    Sent { operator, .. }: Sent<Nothing>,
) -> Response {
    decide(&web, &id, operator, Verdict::Approve).await
}

pub async fn reject(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    Sent { operator, form }: Sent<Told>,
) -> Response {
    let reason = form.text;
    decide(&web, &id, operator, Verdict::Reject { reason }).await
}

pub async fn ask_again(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    Sent { operator, form }: Sent<Told>,
) -> Response {
    let what = form.text;
    decide(&web, &id, operator, Verdict::AskAgain { what }).await
}

/// One of the application's certificates, and why.
#[derive(serde::Deserialize)]
pub struct Ended {
    serial: String,
    reason: Reason,
}

pub async fn revoke(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    Sent { operator, form }: Sent<Ended>,
) -> Response {
    let Ok(parsed) = id.parse::<SubmissionId>() else {
        return operator.not_found();
    };
    let by = operator.session.operator.clone();
    let done = web
        .blocking(move |desk| desk.order_revocation(&form.serial, form.reason, &by))
        .await;
    match done {
        Ok(Ok(())) => Redirect::to(&format!("/applications/{parsed}")).into_response(),
        Ok(Err(RevokeError::Unknown)) => operator.not_found(),
        Ok(Err(RevokeError::Revoked)) => {
            let trouble = operator.words().already_revoked;
            refused(&web, &id, &operator, trouble).await
        }
        Ok(Err(RevokeError::Office(error))) | Err(error) => operator.failed(&error),
    }
}

/// The page again, with what went wrong.
async fn refused(web: &Web, id: &str, operator: &Operator, trouble: &str) -> Response {
    let mut response = page(web, id, operator, Some(trouble)).await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::CONFLICT;
    }
    response
}

/// Decided: back to the page, by a redirect so that reloading repeats nothing.
async fn decide(web: &Web, id: &str, operator: Operator, verdict: Verdict) -> Response {
    let Ok(parsed) = id.parse::<SubmissionId>() else {
        return operator.not_found();
    };
    let by = operator.session.operator.clone();
    let done = web
        .blocking(move |desk| desk.decide(parsed, verdict, &by))
        .await;
    match done {
        Ok(Ok(())) => Redirect::to(&format!("/applications/{parsed}")).into_response(),
        Ok(Err(DecideError::Unknown)) => operator.not_found(),
        Ok(Err(error)) => {
            let trouble = trouble(operator.words(), &error);
            if let DecideError::Office(error) = &error {
                tracing::error!("deciding {parsed}: {error:#}");
            }
            refused(web, id, &operator, trouble).await
        }
        Err(error) => operator.failed(&error),
    }
}

fn trouble(words: &'static Words, error: &DecideError) -> &'static str {
    match error {
        DecideError::Unknown => words.not_found,
        DecideError::TooEarly => words.looked_at_soon,
        DecideError::AlreadyDecided => words.already_decided,
        DecideError::Reason => words.text_needed,
        DecideError::Forbidden(_) => words.not_approvable,
        DecideError::Office(_) => words.cannot_decide,
    }
}
