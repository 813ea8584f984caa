//! Signing in and out.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use exchange::{Digest, Secret, UnixMillis};

use super::session::same;
use super::visitor::{Sent, Visitor, redirect};
use super::{Web, cookie, pages};
use crate::db::limits;
use crate::keys::random_hex;

/// Failed tries for one name in an hour; then even the right password waits.
const TRIES: u32 = 10;
const COUNTED: &str = "desk sign-in";

/// Ties a sign-in form to the browser that fetched it, without keeping anything
/// for those who never sign in: the form's token is a digest over the cookie.
pub struct SignIns {
    key: String,
    /// One password at a time: each check takes memory and time on purpose.
    checking: tokio::sync::Semaphore,
}

impl SignIns {
    pub fn new() -> Result<Self> {
        Ok(Self {
            key: random_hex::<32>()?,
            checking: tokio::sync::Semaphore::new(1),
        })
    }

    fn token(&self, nonce: &str) -> String {
        Digest::of(format!("{}\n{nonce}", self.key).as_bytes()).to_string()
    }
}

pub async fn show(State(web): State<Arc<Web>>, visitor: Visitor) -> Response {
    if visitor.session.is_some() {
        return Redirect::to("/").into_response();
    }
    form(&web, &visitor, None)
}

fn form(web: &Web, visitor: &Visitor, trouble: Option<&str>) -> Response {
    let words = visitor.words;
    let Ok(nonce) = random_hex::<16>() else {
        return visitor.refusal(StatusCode::INTERNAL_SERVER_ERROR, words.failed);
    };
    let content = pages::sign_in::page(words, &web.sign_ins.token(&nonce), trouble);
    let mut response = visitor.page(None, words.sign_in_title, content);
    response.headers_mut().append(
        header::SET_COOKIE,
        cookie::set(cookie::SIGN_IN, &nonce, None),
    );
    response
}

#[derive(serde::Deserialize)]
pub struct Entry {
    csrf: String,
    name: String,
    password: Secret,
}

pub async fn enter(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(entry): Form<Entry>,
) -> Response {
    let words = visitor.words;
    let nonce = cookie::read(&headers, cookie::SIGN_IN).unwrap_or_default();
    if !same(&web.sign_ins.token(nonce), &entry.csrf) {
        // A page left open over a restart: a fresh one is all it takes.
        return form(&web, &visitor, Some(words.forbidden));
    }
    match check(&web, entry).await {
        Ok(Checked::Right(name)) => match web.sessions.start(&name, Instant::now()) {
            Ok(token) => redirect(
                "/",
                &[
                    cookie::set(cookie::SESSION, &token, None),
                    cookie::set(cookie::SIGN_IN, "", Some(0)),
                ],
            ),
            Err(error) => failed(&visitor, &error),
        },
        Ok(Checked::Wrong) => form(&web, &visitor, Some(words.wrong_sign_in)),
        Ok(Checked::TooMany) => form(&web, &visitor, Some(words.too_many_sign_ins)),
        Err(error) => failed(&visitor, &error),
    }
}

fn failed(visitor: &Visitor, error: &anyhow::Error) -> Response {
    tracing::error!("signing in: {error:#}");
    visitor.refusal(StatusCode::INTERNAL_SERVER_ERROR, visitor.words.failed)
}

enum Checked {
    Right(String),
    Wrong,
    TooMany,
}

async fn check(web: &Arc<Web>, entry: Entry) -> Result<Checked> {
    let _one = web.sign_ins.checking.acquire().await?;
    let desk = Arc::clone(&web.desk);
    tokio::task::spawn_blocking(move || {
        let now = UnixMillis::from_system_clock();
        // Unknown names are counted too: one row in a table that forgets.
        let name: String = entry.name.chars().take(64).collect();
        let limit = desk
            .database
            .read(|c| limits::hourly(c, COUNTED, &name, TRIES, now))?;
        if limit.is_some() {
            return Ok(Checked::TooMany);
        }
        if desk.operators().check(&name, &entry.password) {
            return Ok(Checked::Right(name));
        }
        desk.database
            .write(|t| limits::count(t, COUNTED, &name, now))?;
        Ok(Checked::Wrong)
    })
    .await?
}

#[derive(serde::Deserialize)]
pub struct Nothing {}

pub async fn leave(
    State(web): State<Arc<Web>>,
    headers: HeaderMap,
    Sent { .. }: Sent<Nothing>,
) -> Response {
    if let Some(token) = cookie::read(&headers, cookie::SESSION) {
        web.sessions.end(token);
    }
    redirect("/sign-in", &[cookie::set(cookie::SESSION, "", Some(0))])
}
