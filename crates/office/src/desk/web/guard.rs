//! What every request must satisfy and every answer carries.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// No scripts at all; styles and pictures from here. `data:` is for the frames
/// of a recording, which exist nowhere as files.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Not `no-referrer`: with it browsers send `Origin: null` even to ourselves.
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

pub async fn guard(request: Request, next: Next) -> Response {
    let mut response = if is_allowed(request.method(), request.headers()) {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    };
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The desk listens on loopback only, so it is asked for by a loopback name;
/// another one means that a foreign name was pointed here (DNS rebinding).
/// What changes something must come from our own pages.
fn is_allowed(method: &Method, headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    let Some(host) = text(header::HOST) else {
        return false;
    };
    if !is_loopback(host) {
        return false;
    }
    if matches!(*method, Method::GET | Method::HEAD) {
        return true;
    }
    text(header::ORIGIN).and_then(|o| o.strip_prefix("http://")) == Some(host)
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|a| a.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(method: Method, host: &'static str, origin: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        is_allowed(&method, &headers)
    }

    #[test]
    fn only_loopback_names_are_answered() {
        for host in [
            "127.0.0.1:8080",
            "localhost:8080",
            "[::1]:8080",
            "localhost",
        ] {
            assert!(allowed(Method::GET, host, None), "{host}");
        }
        for host in ["desk.example:8080", "10.0.0.1:8080", "localhost.example"] {
            assert!(!allowed(Method::GET, host, None), "{host}");
        }
        assert!(!is_allowed(&Method::GET, &HeaderMap::new()));
    }

    #[test]
    fn changes_come_from_our_own_pages() {
        let host = "127.0.0.1:8080";
        assert!(allowed(Method::POST, host, Some("http://127.0.0.1:8080")));
        for origin in [
            None,
            Some("null"),
            Some("http://127.0.0.1:9090"),
            Some("http://localhost:8080"),
            Some("https://evil.example"),
        ] {
            assert!(!allowed(Method::POST, host, origin), "{origin:?}");
        }
    }
}
