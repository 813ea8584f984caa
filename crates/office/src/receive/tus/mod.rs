//! Resumable uploads: tus 1.0 with creation, creation-with-upload, termination
//! and expiration. One long PATCH a part; the digest of the whole part is checked
//! at its end.

mod active;
mod body;
mod refusal;

use std::sync::Arc;
use std::time::Duration;

use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::{head, post},
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use exchange::{
    PartName, UnixMillis,
    api::{self, ApiError},
};
use tokio_util::sync::CancellationToken;

pub use active::Active;
use refusal::TusRefusal;

use super::answer::{Refusal, blocking};
use super::{Caller, Receive};
use crate::{
    db::{
        alarms::{self, AlarmKind},
        holders, limits, renewals, submissions,
        uploads::{self, Upload, UploadState, Wanted},
    },
    objects::ObjectId,
};

const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const OFFSET_STREAM: &str = "application/offset+octet-stream";
const VERSION: HeaderValue = HeaderValue::from_static("1.0.0");

pub fn router() -> Router<Arc<Receive>> {
    let one = format!("{}/{{id}}", api::UPLOADS);
    Router::new()
        .route(api::UPLOADS, post(create).options(capabilities))
        .route(
            &one,
            head(offset)
                .patch(append)
                .delete(terminate)
                .options(capabilities),
        )
        .layer(map_response(async |mut response: Response| {
            response.headers_mut().insert(TUS_RESUMABLE, VERSION);
            response
        }))
}

async fn capabilities(State(state): State<Arc<Receive>>) -> Response {
    let largest = HeaderValue::from(state.configuration.uploads.max_part_bytes);
    (
        StatusCode::NO_CONTENT,
        [
            (TUS_VERSION, VERSION),
            (
                TUS_EXTENSION,
                HeaderValue::from_static("creation,creation-with-upload,termination,expiration"),
            ),
            (TUS_MAX_SIZE, largest),
        ],
    )
        .into_response()
}

async fn create(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, TusRefusal> {
    speaks_tus(&headers)?;
    let wanted = wanted(&headers, state.configuration.uploads.max_part_bytes)?;
    let kiosk = caller.id.clone();
    let upload = blocking(Arc::clone(&state), move |s| begin(s, &kiosk, &wanted)).await?;
    let upload = body::settle(&state, upload).await?;
    let mut offset = upload.durable;
    // Bytes may come along, from the start; a repeated creation keeps what is there.
    if is_offset_stream(&headers) && offset == 0 && upload.state == UploadState::Open {
        offset = body::receive(&state, &caller, &upload.id, 0, &headers, body).await?;
    }
    let location = format!("{}/{}", api::UPLOADS, upload.id.as_str());
    let location = HeaderValue::from_str(&location).map_err(anyhow::Error::from)?;
    Ok((
        StatusCode::CREATED,
        [
            (header::LOCATION, location),
            (UPLOAD_OFFSET, HeaderValue::from(offset)),
        ],
    )
        .into_response())
}

fn begin(s: &Receive, kiosk: &exchange::KioskId, wanted: &Wanted) -> Result<Upload, Refusal> {
    let now = UnixMillis::from_system_clock();
    let (existing, received) = s.database.read(|c| {
        Ok((
            uploads::existing(c, kiosk, wanted)?,
            submissions::get(c, wanted.submission)?,
        ))
    })?;
    if let Some(upload) = existing {
        return Ok(upload);
    }
    // What was received stays as it was received.
    if let Some(received) = received {
        let kind = if received.kiosk == *kiosk {
            AlarmKind::SubmissionChanged
        } else {
            AlarmKind::ForeignSubmission
        };
        s.database
            .write(|t| alarms::raise(t, kind, Some(kiosk), Some(wanted.submission), now))?;
        return Err(ApiError::Conflict.into());
    }
    let id = ObjectId::random().map_err(anyhow::Error::from)?;
    s.objects.begin(&id).map_err(anyhow::Error::from)?;
    let made = s.database.write(|t| {
        // Two creations of one part at once: the second takes the first's.
        if let Some(first) = uploads::existing(t, kiosk, wanted)? {
            return Ok(first);
        }
        uploads::create(t, &id, kiosk, wanted, now)?;
        Ok(Upload {
            id: id.clone(),
            submission: wanted.submission,
            sha256: wanted.sha256,
            length: wanted.length,
            durable: 0,
            state: UploadState::Open,
        })
    })?;
    if made.id != id {
        s.objects.remove(&id).map_err(anyhow::Error::from)?;
    }
    Ok(made)
}

async fn offset(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, TusRefusal> {
    speaks_tus(&headers)?;
    let id = ObjectId::parse(&id).ok_or(TusRefusal::Unknown)?;
    // A request that still holds this upload has lost its line: let it finish first.
    let _turn = state.uploads.take(&id).await.ok_or(TusRefusal::Locked)?;
    let upload = find(&state, &caller, &id).await?;
    let upload = body::settle(&state, upload).await?;
    Ok((
        StatusCode::OK,
        [
            (UPLOAD_OFFSET, HeaderValue::from(upload.durable)),
            (UPLOAD_LENGTH, HeaderValue::from(upload.length)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ],
    )
        .into_response())
}

async fn append(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, TusRefusal> {
    speaks_tus(&headers)?;
    if !is_offset_stream(&headers) {
        return Err(TusRefusal::ContentType);
    }
    let id = ObjectId::parse(&id).ok_or(TusRefusal::Unknown)?;
    let at = number(&headers, &UPLOAD_OFFSET).ok_or(TusRefusal::Malformed)?;
    let reached = body::receive(&state, &caller, &id, at, &headers, body).await?;
    let reached = [(UPLOAD_OFFSET, HeaderValue::from(reached))];
    Ok((StatusCode::NO_CONTENT, reached).into_response())
}

async fn terminate(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, TusRefusal> {
    speaks_tus(&headers)?;
    let id = ObjectId::parse(&id).ok_or(TusRefusal::Unknown)?;
    let _turn = state.uploads.take(&id).await.ok_or(TusRefusal::Locked)?;
    let upload = find(&state, &caller, &id).await?;
    let ended = blocking(Arc::clone(&state), move |s| {
        let gone = s.database.write(|t| {
            // A received submission is never taken apart.
            if submissions::get(t, upload.submission)?.is_some() {
                return Ok(false);
            }
            uploads::set_state(t, &upload.id, UploadState::Gone)?;
            Ok(true)
        })?;
        if !gone {
            return Err(ApiError::Conflict.into());
        }
        s.objects.remove(&upload.id).map_err(anyhow::Error::from)?;
        Ok(StatusCode::NO_CONTENT)
    });
    Ok(ended.await?)
}

/// This kiosk's upload.
async fn find(state: &Arc<Receive>, caller: &Caller, id: &ObjectId) -> Result<Upload, TusRefusal> {
    let (id, kiosk) = (id.clone(), caller.id.clone());
    let found = blocking(Arc::clone(state), move |s| {
        Ok(s.database.read(|c| uploads::get(c, &id, &kiosk))?)
    });
    match found.await? {
        Some(upload) if upload.state == UploadState::Gone => Err(TusRefusal::Gone),
        Some(upload) => Ok(upload),
        None => Err(TusRefusal::Unknown),
    }
}

fn speaks_tus(headers: &HeaderMap) -> Result<(), TusRefusal> {
    let right = headers.get(TUS_RESUMABLE) == Some(&VERSION);
    right.then_some(()).ok_or(TusRefusal::Version)
}

fn is_offset_stream(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|v| v.as_bytes() == OFFSET_STREAM.as_bytes())
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    let text = headers.get(name)?.to_str().ok()?;
    // `u64::from_str` would take a plus sign.
    text.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    text.parse().ok()
}

/// What a creation asks for.
fn wanted(headers: &HeaderMap, largest: u64) -> Result<Wanted, TusRefusal> {
    let length = number(headers, &UPLOAD_LENGTH).ok_or(TusRefusal::Malformed)?;
    if length > largest {
        return Err(TusRefusal::TooLarge);
    }
    let text = headers
        .get(UPLOAD_METADATA)
        .and_then(|v| v.to_str().ok())
        .ok_or(TusRefusal::Malformed)?;
    let value = |key: &str| -> Option<String> {
        let pair = text.split(',').map(str::trim).find_map(|pair| {
            let (k, v) = pair.split_once(' ')?;
            (k == key).then_some(v)
        })?;
        String::from_utf8(BASE64.decode(pair.trim()).ok()?).ok()
    };
    let read = || {
        Some(Wanted {
            submission: value("submission")?.parse().ok()?,
            part: PartName::parse(&value("part")?)?,
            sha256: value("sha256")?.parse().ok()?,
            length,
        })
    };
    read().ok_or(TusRefusal::Malformed)
}

/// Removes uploads nobody came back for, and counted events nobody looks at.
pub async fn housekeeping(state: Arc<Receive>, stop: CancellationToken) {
    loop {
        let done = blocking(Arc::clone(&state), |s| {
            let now = UnixMillis::from_system_clock();
            let days = i64::from(s.configuration.uploads.expire_days);
            let before = now.plus_millis(-days * 86_400_000);
            let expired = s.database.write(|t| {
                limits::forget_old(t, now)?;
                holders::forget_old(t, now)?;
                renewals::forget_old(t, now)?;
                uploads::expire(t, before)
            })?;
            for id in expired {
                s.objects.remove(&id).map_err(anyhow::Error::from)?;
            }
            Ok(())
        });
        if let Err(e) = done.await {
            tracing::warn!("housekeeping failed: {e:?}");
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(3600)) => {}
            () = stop.cancelled() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(length: &str, metadata: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(UPLOAD_LENGTH, HeaderValue::from_str(length).unwrap());
        headers.insert(UPLOAD_METADATA, HeaderValue::from_str(metadata).unwrap());
        headers
    }

    #[test]
    fn a_creation_says_what_it_is() {
        let id = "018bcfe5-6800-7101-8101-010101010101";
        let metadata = format!(
            "submission {}, part {},sha256 {}",
            BASE64.encode(id),
            BASE64.encode("selfie"),
            BASE64.encode("ab".repeat(32))
        );
        let read = wanted(&headers("12", &metadata), 100).unwrap();
        assert_eq!(read.part, PartName::Selfie);
        assert_eq!(read.submission.to_string(), id);
        let status = |l: &str, m: &str| {
            let refusal = wanted(&headers(l, m), 100).unwrap_err();
            refusal.into_response().status().as_u16()
        };
        assert_eq!(status("101", &metadata), 413);
        assert_eq!(status("+1", &metadata), 400);
        assert_eq!(status("-1", &metadata), 400);
        assert_eq!(status("1", "part cGFydA=="), 400);
    }
}
