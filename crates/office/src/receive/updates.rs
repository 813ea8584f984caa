//! What is offered to a kiosk, and the bytes of it. The desk signed the offer; nothing is
//! decided here.

use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use anyhow::Context;
use axum::{
    Extension,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use exchange::{Digest, UnixMillis, api::ApiError};

use super::answer::{Refusal, blocking};
use super::{Caller, Receive};
use crate::db::{technicians, updates};

/// Read and sent in one go.
const CHUNK: u64 = 256 << 10;

/// A signed statement from the database, as it lies there.
fn json(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

pub async fn offer(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Refusal> {
    let now = UnixMillis::from_system_clock();
    let current = blocking(state, move |s| {
        Ok(s.database.read(|c| updates::current(c, &caller.id, now))?)
    })
    .await?;
    Ok(match current {
        Some(current) => json(current.statement),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

pub async fn revoked_technicians(State(state): State<Arc<Receive>>) -> Result<Response, Refusal> {
    let newest = blocking(state, |s| Ok(s.database.read(technicians::newest_list)?)).await?;
    // The desk makes the first one in its first second.
    let (_, list) = newest.ok_or(ApiError::Unavailable)?;
    Ok(json(list))
}

/// Of the kiosk's current offer and no other.
pub async fn bundle(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Path(sha256): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let sha256: Digest = sha256.parse().map_err(|_| ApiError::NotFound)?;
    let (file, length) = blocking(state, move |s| open(s, &caller, sha256)).await?;
    let range = headers
        .get(header::RANGE)
        .and_then(|value| wanted(value.to_str().ok()?, length));
    let (status, from, until) = match range {
        None => (StatusCode::OK, 0, length),
        Some(Some((from, until))) => (StatusCode::PARTIAL_CONTENT, from, until),
        Some(None) => {
            let total = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, total).into_response());
        }
    };
    let mut response = (status, send(file, from, until - from)).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(until - from));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {from}-{}/{length}", until - 1);
        let range = HeaderValue::from_str(&range).map_err(anyhow::Error::from)?;
        headers.insert(header::CONTENT_RANGE, range);
    }
    Ok(response)
}

fn open(s: &Receive, caller: &Caller, sha256: Digest) -> Result<(std::fs::File, u64), Refusal> {
    let now = UnixMillis::from_system_clock();
    let current = s.database.read(|c| updates::current(c, &caller.id, now))?;
    let update = current
        .map(|current| current.update)
        .filter(|update| update.sha256 == sha256)
        .ok_or(ApiError::NotFound)?;
    let path = s.updates.join(sha256.to_string());
    let file = std::fs::File::open(&path).with_context(|| path.display().to_string())?;
    let there = file.metadata().map_err(anyhow::Error::from)?.len();
    if there != update.length {
        // Half a bundle must not cost ten thousand kiosks their line.
        let why = anyhow::anyhow!("{}: {there} bytes, not {}", path.display(), update.length);
        return Err(why.into());
    }
    Ok((file, there))
}

/// `bytes=A-`, `bytes=A-B`: the first byte, and the one after the last (RFC 9110 section
/// 14.2). `Some(None)`: cannot be satisfied. `None`: another form, which may be ignored.
fn wanted(range: &str, length: u64) -> Option<Option<(u64, u64)>> {
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| -> Option<u64> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().ok())?
    };
    let from = number(from)?;
    let until = match to {
        "" => length,
        to => number(to).filter(|to| *to >= from)?.saturating_add(1),
    };
    Some((from < length).then_some((from, until.min(length))))
}

/// Reads where blocking is allowed, and only as fast as the line takes it.
fn send(file: std::fs::File, from: u64, length: u64) -> Body {
    let read = |(mut file, at, left): (std::fs::File, u64, u64)| async move {
        if left == 0 {
            return Ok(None);
        }
        let chunk = tokio::task::spawn_blocking(move || {
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(at))?;
            let n = (&mut file).take(left.min(CHUNK)).read_to_end(&mut bytes)?;
            if n == 0 {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
            }
            Ok((file, bytes))
        });
        let (file, bytes) = chunk.await.map_err(std::io::Error::other)??;
        let n = bytes.len() as u64;
        Ok::<_, std::io::Error>(Some((Bytes::from(bytes), (file, at + n, left - n))))
    };
    Body::from_stream(futures_util::stream::try_unfold((file, from, length), read))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::wanted;

    #[test]
    fn ranges_are_those_of_rfc_9110() {
        assert_eq!(wanted("bytes=0-", 10), Some(Some((0, 10))));
        assert_eq!(wanted("bytes=4-", 10), Some(Some((4, 10))));
        assert_eq!(wanted("bytes=4-6", 10), Some(Some((4, 7))));
        assert_eq!(wanted("bytes=4-99", 10), Some(Some((4, 10))));
        assert_eq!(wanted("bytes=10-", 10), Some(None));
        for ignored in [
            "",
            "bytes=-5",
            "bytes=6-4",
            "bytes=0-1,3-4",
            "items=0-",
            "bytes=+1-",
        ] {
            assert_eq!(wanted(ignored, 10), None, "{ignored}");
        }
    }

    proptest! {
        #[test]
        fn a_range_lies_within(text in "bytes=[0-9]{0,22}-[0-9]{0,22}", length in 1_u64..) {
            if let Some(Some((from, until))) = wanted(&text, length) {
                prop_assert!(from < until && until <= length);
            }
        }
    }
}
