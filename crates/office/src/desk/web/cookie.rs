//! The three cookies of the desk.
//!
//! None is marked `Secure`: the desk speaks plain HTTP on loopback, where some
//! browsers would drop such a cookie.

use axum::http::{HeaderMap, HeaderValue, header};

/// Token of the session.
pub const SESSION: &str = "qoltanba_desk";
/// Ties the sign-in form to the browser that fetched it.
pub const SIGN_IN: &str = "qoltanba_sign_in";
/// `kk`, `ru` or `en`.
pub const LANGUAGE: &str = "qoltanba_language";

/// The value of the cookie `name` of a request.
pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(n, value)| (n == name).then_some(value))
}

/// `Set-Cookie`; without `seconds` it goes when the browser closes, 0 removes it.
/// `value` is our own: hex or a language code.
pub fn set(name: &str, value: &str, seconds: Option<u32>) -> HeaderValue {
    let mut text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict");
    if let Some(seconds) = seconds {
        text.push_str(&format!("; Max-Age={seconds}"));
    }
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("a=1; qoltanba_desk=ab12"),
        );
        headers.append(header::COOKIE, HeaderValue::from_static("b=2"));
        assert_eq!(read(&headers, SESSION), Some("ab12"));
        assert_eq!(read(&headers, "b"), Some("2"));
        assert_eq!(read(&headers, "qoltanba"), None);
    }

    #[test]
    fn cookies_are_out_of_reach_of_scripts_and_other_sites() {
        let text = set(SESSION, "ab12", Some(0));
        let text = text.to_str().unwrap();
        assert!(text.starts_with("qoltanba_desk=ab12; "));
        for word in ["HttpOnly", "SameSite=Strict", "Max-Age=0"] {
            assert!(text.contains(word), "{text}");
        }
    }
}
