//! The desk's web pages: an operator signs in, looks, decides.
//!
//! Plain HTML from the server, no scripts. They listen on loopback only.

mod cookie;
mod guard;
mod media;
mod moment;
mod pages;
mod review;
mod session;
mod shell;
mod sign_in;
mod video;
mod visitor;
mod words;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use exchange::{KioskId, Language, UnixMillis};

use self::pages::applications::Filter;
use self::shell::Section;
use self::visitor::{Operator, Visitor, redirect};
use super::Desk;

/// A form of ours is a few hundred bytes.
const LARGEST_FORM: usize = 16 * 1024;
/// A year: the language is the operator's choice and no secret.
const LANGUAGE_SECONDS: u32 = 365 * 24 * 3600;

/// What every handler reaches.
pub struct Web {
    desk: Arc<Desk>,
    sessions: session::Sessions,
    sign_ins: sign_in::SignIns,
}

impl Web {
    /// Runs what reads disk or database where blocking is allowed.
    async fn blocking<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Desk) -> T + Send + 'static,
    ) -> anyhow::Result<T> {
        let desk = Arc::clone(&self.desk);
        Ok(tokio::task::spawn_blocking(move || f(&desk)).await?)
    }
}

/// The pages over `desk`.
///
/// # Errors
/// The system has no randomness.
pub fn router(desk: Arc<Desk>) -> anyhow::Result<Router> {
    let web = Arc::new(Web {
        desk,
        sessions: session::Sessions::default(),
        sign_ins: sign_in::SignIns::new()?,
    });
    Ok(Router::new()
        .route("/", get(applications))
        .route("/applications/{id}", get(review::show))
        .route("/applications/{id}/video", get(review::video))
        .route("/applications/{id}/{part}", get(review::picture))
        .route("/applications/{id}/approve", post(review::approve))
        .route("/applications/{id}/reject", post(review::reject))
        .route("/applications/{id}/ask-again", post(review::ask_again))
        .route("/applications/{id}/revoke", post(review::revoke))
        .route("/kiosks", get(list_kiosks))
        .route("/kiosks/{id}", get(one_kiosk))
        .route("/messages", get(messages))
        .route("/alarms", get(list_alarms))
        .route("/sign-in", get(sign_in::show).post(sign_in::enter))
        .route("/sign-out", post(sign_in::leave))
        .route("/language/{code}", get(language))
        .route("/style.css", get(style))
        .route("/mark.svg", get(mark))
        .fallback(nowhere)
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(middleware::from_fn(guard::guard))
        .with_state(web))
}

#[derive(serde::Deserialize)]
struct Show {
    #[serde(default)]
    show: String,
}

async fn applications(
    State(web): State<Arc<Web>>,
    Query(query): Query<Show>,
    operator: Operator,
) -> Response {
    let rows = web.blocking(|d| d.submissions(&[])).await.flatten();
    let now = UnixMillis::from_system_clock();
    list(&operator, Section::Applications, rows, |rows| {
        pages::applications::page(operator.words(), Filter::parse(&query.show), rows, now)
    })
}

async fn list_kiosks(State(web): State<Arc<Web>>, operator: Operator) -> Response {
    let kiosks = web.blocking(Desk::kiosks).await.flatten();
    let now = UnixMillis::from_system_clock();
    list(&operator, Section::Kiosks, kiosks, |kiosks| {
        pages::kiosks::page(operator.words(), kiosks, now)
    })
}

async fn one_kiosk(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    operator: Operator,
) -> Response {
    let Ok(id) = id.parse::<KioskId>() else {
        return operator.not_found();
    };
    match web.blocking(move |d| d.kiosk_record(&id)).await.flatten() {
        Ok(Some(record)) => {
            let words = operator.words();
            let page = pages::kiosk::page(words, &record, UnixMillis::from_system_clock());
            let visitor = &operator.visitor;
            visitor.page(Some(Section::Kiosks), words.kiosk_record, page)
        }
        Ok(None) => operator.not_found(),
        Err(error) => operator.failed(&error),
    }
}

async fn messages(State(web): State<Arc<Web>>, operator: Operator) -> Response {
    let messages = web.blocking(|d| d.messages(None)).await.flatten();
    let now = UnixMillis::from_system_clock();
    list(&operator, Section::Messages, messages, |messages| {
        pages::messages::page(operator.words(), messages, now)
    })
}

async fn list_alarms(State(web): State<Arc<Web>>, operator: Operator) -> Response {
    let alarms = web.blocking(Desk::alarms).await.flatten();
    let now = UnixMillis::from_system_clock();
    list(&operator, Section::Alarms, alarms, |alarms| {
        pages::alarms::page(operator.words(), alarms, now)
    })
}

/// The page of a section, or one that says that it could not be read.
fn list<T>(
    operator: &Operator,
    section: Section,
    read: anyhow::Result<T>,
    page: impl FnOnce(&T) -> maud::Markup,
) -> Response {
    match read {
        Ok(read) => {
            let title = section.title(operator.words());
            operator.visitor.page(Some(section), title, page(&read))
        }
        Err(error) => operator.failed(&error),
    }
}

#[derive(serde::Deserialize)]
struct Back {
    #[serde(default)]
    back: String,
}

async fn language(Path(code): Path<String>, Query(query): Query<Back>) -> Response {
    // Back to one of our own pages only: `//host` would be another site's.
    let ours = query.back.starts_with('/')
        && !query.back.starts_with("//")
        && query
            .back
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"/-_".contains(&b));
    let to = if ours { query.back.as_str() } else { "/" };
    match code.parse::<Language>() {
        Ok(language) => {
            let cookie = cookie::set(cookie::LANGUAGE, language.code(), Some(LANGUAGE_SECONDS));
            redirect(to, &[cookie])
        }
        Err(_) => redirect(to, &[]),
    }
}

async fn style() -> Response {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8")],
        include_str!("style.css"),
    )
        .into_response()
}

async fn mark() -> Response {
    (
        [(header::CONTENT_TYPE, "image/svg+xml")],
        shell::mark().into_string(),
    )
        .into_response()
}

async fn nowhere(visitor: Visitor) -> Response {
    visitor.refusal(StatusCode::NOT_FOUND, visitor.words.not_found)
}
