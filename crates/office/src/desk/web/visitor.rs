//! Who asks, in which language; and what a handler answers when it cannot.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Form, FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, StatusCode, header, request::Parts};
use axum::response::{Html, IntoResponse, Redirect, Response};
use exchange::Language;
use maud::{Markup, html};
use serde::de::DeserializeOwned;

use super::session::{Session, same};
use super::shell::{Section, Shell};
use super::words::Words;
use super::{Web, cookie};

/// Anybody: a language and a path.
pub struct Visitor {
    pub words: &'static Words,
    pub path: String,
    pub session: Option<Session>,
}

impl Visitor {
    fn of(web: &Web, path: &str, headers: &HeaderMap) -> Self {
        let language = cookie::read(headers, cookie::LANGUAGE)
            .and_then(|text| text.parse::<Language>().ok())
            .unwrap_or_default();
        Self {
            words: Words::of(language),
            path: path.to_owned(),
            session: cookie::read(headers, cookie::SESSION)
                .and_then(|token| web.sessions.of(token, Instant::now())),
        }
    }

    pub fn page(&self, section: Option<Section>, title: &str, content: Markup) -> Response {
        let shell = Shell {
            words: self.words,
            session: self.session.as_ref(),
            section,
            path: &self.path,
            title,
        };
        Html(shell.around(content).into_string()).into_response()
    }

    /// A page that only says why there is no other.
    pub fn refusal(&self, status: StatusCode, why: &str) -> Response {
        let content = html! {
            p.notice.error role="alert" { (why) }
            a href="/" { (self.words.back_to_list) }
        };
        (status, self.page(None, why, content)).into_response()
    }
}

impl FromRequestParts<Arc<Web>> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        web: &Arc<Web>,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self::of(web, parts.uri.path(), &parts.headers))
    }
}

/// A signed-in operator; everybody else is led to the sign-in page.
pub struct Operator {
    pub visitor: Visitor,
    pub session: Session,
}

impl Operator {
    pub fn words(&self) -> &'static Words {
        self.visitor.words
    }

    /// Logs what failed and answers with a page that says so.
    pub fn failed(&self, error: &anyhow::Error) -> Response {
        tracing::error!("{}: {error:#}", self.visitor.path);
        self.visitor
            .refusal(StatusCode::INTERNAL_SERVER_ERROR, self.words().failed)
    }

    pub fn not_found(&self) -> Response {
        self.visitor
            .refusal(StatusCode::NOT_FOUND, self.words().not_found)
    }
}

impl FromRequestParts<Arc<Web>> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Response> {
        let visitor = Visitor::of(web, parts.uri.path(), &parts.headers);
        match visitor.session.clone() {
            Some(session) => Ok(Self { visitor, session }),
            None => Err(Redirect::to("/sign-in").into_response()),
        }
    }
}

/// A form that an operator sent from one of our pages: its token is the session's.
pub struct Sent<T> {
    pub operator: Operator,
    pub form: T,
}

#[derive(serde::Deserialize)]
struct WithToken<T> {
    csrf: String,
    #[serde(flatten)]
    form: T,
}

impl<T: DeserializeOwned> FromRequest<Arc<Web>> for Sent<T> {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Arc<Web>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let operator = Operator::from_request_parts(&mut parts, web).await?;
        let request = Request::from_parts(parts, body);
        let refused = || {
            operator
                .visitor
                .refusal(StatusCode::FORBIDDEN, operator.words().forbidden)
        };
        let Ok(Form(sent)) = Form::<WithToken<T>>::from_request(request, web).await else {
            return Err(refused());
        };
        if !same(&sent.csrf, &operator.session.csrf) {
            return Err(refused());
        }
        Ok(Self {
            operator,
            form: sent.form,
        })
    }
}

/// A redirect that also sets cookies.
pub fn redirect(to: &str, cookies: &[axum::http::HeaderValue]) -> Response {
    let mut response = Redirect::to(to).into_response();
    for cookie in cookies {
        response
            .headers_mut()
            .append(header::SET_COOKIE, cookie.clone());
    }
    response
}
