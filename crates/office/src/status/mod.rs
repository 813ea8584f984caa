//! Tells everybody which certificates are good: OCSP (RFC 6960, with the GET form of
//! RFC 5019), the revocation list, and the issuing CA's certificate, over plain HTTP
//! as is usual (what is told is signed; RFC 6960 appendix A.1).
//!
//! Holds one key, of a few days, that can sign nothing but these answers; reads the
//! database and writes nothing.

mod answer;
mod listener;
pub mod ocsp;

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use der::Encode;
use exchange::UnixMillis;

pub use listener::run;

use crate::layout::Layout;
use answer::{Answer, Answering, KEEP_SECONDS, issuer};

/// Paths; `below` a configured address they stand in certificates.
pub const OCSP: &str = "/ocsp";
pub const CRL: &str = "/revoked.crl";
pub const ISSUER: &str = "/issuing.cer";

/// A request with a nonce is about 120 bytes.
const LONGEST_REQUEST: usize = 4096;

struct Status {
    layout: Layout,
    answering: Answering,
}

fn router(state: Arc<Status>) -> Router {
    Router::new()
        .route(OCSP, post(asked_by_post))
        .route(CRL, get(revocation_list))
        .route(ISSUER, get(issuing_certificate))
        // Base64 holds slashes, two in a row too: no pattern of paths takes that.
        .fallback(get(asked_by_get))
        .layer(DefaultBodyLimit::max(LONGEST_REQUEST))
        .with_state(state)
}

async fn asked_by_post(State(state): State<Arc<Status>>, body: Bytes) -> Response {
    answered(state, body.to_vec(), false).await
}

/// RFC 6960 appendix A.1: the request in Base64, percent-encoded, at the end of the path.
async fn asked_by_get(State(state): State<Arc<Status>>, uri: Uri) -> Response {
    let rest = uri
        .path()
        .strip_prefix(OCSP)
        .and_then(|r| r.strip_prefix('/'));
    let Some(rest) = rest.filter(|r| !r.is_empty() && r.len() <= 2 * LONGEST_REQUEST) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // What is no Base64 is answered as what is no request.
    let request = percent_decoded(rest).and_then(|text| BASE64.decode(text).ok());
    answered(state, request.unwrap_or_default(), true).await
}

fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    Some(decoded)
}

async fn answered(state: Arc<Status>, request: Vec<u8>, by_get: bool) -> Response {
    let now = UnixMillis::from_system_clock();
    let answer = tokio::task::spawn_blocking(move || state.answering.answer(&request, now))
        .await
        .unwrap_or_else(|_| Answer::try_later());
    let mut headers = typed("application/ocsp-response");
    match answer.cacheable {
        // RFC 5019 section 6.2.
        Some((made, good_until)) if by_get => {
            let tag = format!("\"{}\"", exchange::Digest::of(&answer.der));
            let keep = format!("max-age={KEEP_SECONDS}, public, no-transform, must-revalidate");
            for (name, value) in [
                (header::LAST_MODIFIED, http_date(made)),
                (header::EXPIRES, http_date(good_until)),
                (header::ETAG, tag),
                (header::CACHE_CONTROL, keep),
            ] {
                if let Ok(value) = HeaderValue::from_str(&value) {
                    headers.insert(name, value);
                }
            }
        }
        _ => {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
    (headers, answer.der).into_response()
}

/// RFC 9110 section 5.6.7.
fn http_date(at: UnixMillis) -> String {
    jiff::Timestamp::from_second(at.0.div_euclid(1000))
        .unwrap_or_default()
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

/// Replaced whole while it is read: see [`crate::whole_file`].
async fn revocation_list(State(state): State<Arc<Status>>) -> Response {
    let read = tokio::fs::read(state.layout.revocation_list()).await;
    file(read.map_err(anyhow::Error::from), "application/pkix-crl")
}

async fn issuing_certificate(State(state): State<Arc<Status>>) -> Response {
    let read = tokio::task::spawn_blocking(move || Ok(issuer(&state.layout)?.to_der()?)).await;
    file(
        read.map_err(anyhow::Error::from).flatten(),
        "application/pkix-cert",
    )
}

fn file(read: anyhow::Result<Vec<u8>>, kind: &'static str) -> Response {
    match read {
        Ok(bytes) => {
            let mut headers = typed(kind);
            headers.insert(
                header::CACHE_CONTROL,
                HeaderValue::from_static("max-age=300, public, must-revalidate"),
            );
            (headers, bytes).into_response()
        }
        Err(e) => {
            tracing::error!("{kind} cannot be served: {e:#}");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

fn typed(kind: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_decoded_or_refused() {
        assert_eq!(percent_decoded("MF%2Bx%3D/%2f=").unwrap(), b"MF+x=//=");
        for bad in ["%", "%4", "%zz", "%+1", "a%"] {
            assert_ne!(
                percent_decoded(bad).as_deref(),
                Some(bad.as_bytes()),
                "{bad}"
            );
        }
        assert_eq!(percent_decoded("%4"), None);
    }

    #[test]
    fn dates_are_those_of_http() {
        let text = http_date(UnixMillis(784_111_777_000));
        assert_eq!(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
