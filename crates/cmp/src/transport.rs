//! How messages travel: HTTP POST (RFC 9811). The network itself is the caller's.

use crate::message::MAX_MESSAGE;

/// Content type of requests and answers, RFC 9811 section 3.4.
pub const CONTENT_TYPE: &str = "application/pkixcmp";

/// Carries one message to the authority and its answer back.
pub trait Transport: Send + Sync {
    /// Posts `message` as [`CONTENT_TYPE`] and gives the body of the answer, of which
    /// [`judge_answer`] approves.
    ///
    /// # Errors
    /// Nothing came back, or no message.
    fn exchange(&self, message: &[u8]) -> Result<Vec<u8>, TransportError>;
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    #[error("the authority cannot be reached: {0}")]
    Unreachable(String),
    #[error("the authority did not answer in time")]
    TimedOut,
    #[error("the authority answered with HTTP status {0}")]
    Status(u16),
    #[error("the answer is not of type application/pkixcmp")]
    ContentType,
    #[error("the answer is too long")]
    TooLong,
}

/// Whether an HTTP answer can hold a message. Servers send error messages with
/// statuses of failure too, so the content type decides.
///
/// # Errors
/// [`TransportError::Status`], [`TransportError::ContentType`] or
/// [`TransportError::TooLong`].
pub fn judge_answer(
    status: u16,
    content_type: Option<&str>,
    length: Option<u64>,
) -> Result<(), TransportError> {
    let essence = content_type.and_then(|t| t.split(';').next());
    let is_message = essence.is_some_and(|t| t.trim().eq_ignore_ascii_case(CONTENT_TYPE));
    if !is_message {
        return Err(match status {
            200 => TransportError::ContentType,
            other => TransportError::Status(other),
        });
    }
    match length {
        Some(length) if length > MAX_MESSAGE as u64 => Err(TransportError::TooLong),
        _ => Ok(()),
    }
}

/// Where the authority listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("the authority's address must begin with https://")]
    NotHttps,
    #[error("the authority's address names no host")]
    NoHost,
}

impl Address {
    /// The messages are protected by themselves, but show whom a certificate is for:
    /// `https` only.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub fn https(text: &str) -> Result<Self, AddressError> {
        Self::parse(text, &["https://"])
    }

    /// Takes `http` too: for trials on one machine.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub fn plain_for_trials(text: &str) -> Result<Self, AddressError> {
        Self::parse(text, &["https://", "http://"])
    }

    fn parse(text: &str, schemes: &[&str]) -> Result<Self, AddressError> {
        let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
        let rest = rest.ok_or(AddressError::NotHttps)?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.is_empty() || host.contains(char::is_whitespace) || host.contains('@') {
            return Err(AddressError::NoHost);
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_has_to_be_asked_for() {
        let plain = "http://127.0.0.1:8080/pkix/";
        assert_eq!(Address::https(plain), Err(AddressError::NotHttps));
        assert_eq!(Address::plain_for_trials(plain).unwrap().as_str(), plain);
        assert!(Address::https("https://ca.example.kz/.well-known/cmp").is_ok());
        assert_eq!(Address::https("https:///cmp"), Err(AddressError::NoHost));
        assert_eq!(
            Address::https("https://ca.example.kz@evil.example/"),
            Err(AddressError::NoHost)
        );
    }

    #[test]
    fn an_answer_is_a_message_or_nothing() {
        assert_eq!(judge_answer(200, Some(CONTENT_TYPE), Some(900)), Ok(()));
        // Servers may send an error message with a status of failure.
        let with_charset = Some("application/PKIXCMP; charset=x");
        assert_eq!(judge_answer(500, with_charset, None), Ok(()));
        let refused = [
            judge_answer(200, Some("text/html"), None),
            judge_answer(404, None, None),
            judge_answer(200, Some(CONTENT_TYPE), Some(1 << 20)),
        ];
        let expected = [
            Err(TransportError::ContentType),
            Err(TransportError::Status(404)),
            Err(TransportError::TooLong),
        ];
        assert_eq!(refused, expected);
    }
}
