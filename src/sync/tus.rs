//! tus 1.0 (<https://tus.io/protocols/resumable-upload>), the client's side: creation (with the
//! first bytes of a small part), HEAD, and one long PATCH an object. What counts is the offset the
//! office names, also when it goes back.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use exchange::{SealedPart, SubmissionId, api};
use futures_util::TryStreamExt;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Body, Method, RequestBuilder, Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::client::refusal;
use super::{OfficeClient, SyncError};

const TUS_RESUMABLE: &str = "tus-resumable";
const UPLOAD_OFFSET: &str = "upload-offset";
const UPLOAD_LENGTH: &str = "upload-length";
const UPLOAD_METADATA: &str = "upload-metadata";
const OFFSET_STREAM: &str = "application/offset+octet-stream";
const VERSION: &str = "1.0.0";
/// tus's status for content that does not match its checksum.
const CHECKSUM_MISMATCH: u16 = 460;

/// Parts up to this many bytes go with their creation: one round trip instead of two.
const SMALL: u64 = 128 << 10;
/// A request without any progress for this long is given up. A dead line is found sooner, by TCP;
/// this is for an office that takes bytes and never answers.
const STALLED: Duration = Duration::from_secs(180);
/// Rounds in a row that brought the office no further.
const FRUITLESS: u32 = 4;

/// Told how many bytes of the part have been handed to the line.
pub type Progress = Arc<dyn Fn(u64) + Send + Sync>;

/// What must be remembered while a part is sent.
pub(super) trait Log {
    /// The office put the upload here.
    async fn created(&self, url: &str) -> Result<(), SyncError>;
    /// The office no longer has it.
    async fn forgotten(&self) -> Result<(), SyncError>;
    /// The office has this many bytes.
    async fn confirmed(&self, offset: u64) -> Result<(), SyncError>;
}

/// One part on its way.
pub(super) struct Upload<'a, L> {
    pub(super) client: &'a OfficeClient,
    pub(super) submission: SubmissionId,
    pub(super) part: &'a SealedPart,
    pub(super) file: &'a Path,
    pub(super) progress: Progress,
    pub(super) log: L,
}

/// How a PATCH ended, when it was not an error.
enum Patched {
    To(u64),
    /// The office is elsewhere than assumed, or the line broke: ask where.
    Ask(Option<SyncError>),
    Gone,
}

impl<L: Log> Upload<'_, L> {
    /// Sends the part, resuming at `url` if there is one, until the office has all of it.
    ///
    /// # Errors
    /// [`SyncError::Busy`] with status 460 when the office received other bytes than announced.
    pub(super) async fn run(&self, mut url: Option<String>) -> Result<(), SyncError> {
        let length = self.part.length;
        let (mut best, mut fruitless) = (None, 0);
        let mut broken = None;
        loop {
            let at = match &url {
                Some(url) => self.ask(url).await?,
                None => {
                    let (new, offset) = self.create().await?;
                    self.log.created(&new).await?;
                    url = Some(new);
                    Some(offset)
                }
            };
            if best.is_none_or(|best| at > Some(best)) {
                best = at.or(best);
                fruitless = 0;
            } else {
                fruitless += 1;
                if fruitless > FRUITLESS {
                    let told = "the office takes bytes and does not keep them";
                    return Err(broken.unwrap_or_else(|| SyncError::Unreachable(told.into())));
                }
                tokio::time::sleep(Duration::from_millis(100 << fruitless)).await;
            }
            let (Some(offset), Some(target)) = (at, &url) else {
                self.log.forgotten().await?;
                url = None;
                continue;
            };
            self.log.confirmed(offset).await?;
            (self.progress)(offset);
            if offset == length {
                return Ok(());
            }
            match self.patch(target, offset).await? {
                Patched::To(offset) if offset == length => {
                    (self.progress)(offset);
                    return Ok(());
                }
                Patched::To(_) => {}
                Patched::Ask(error) => broken = error,
                Patched::Gone => {
                    self.log.forgotten().await?;
                    url = None;
                }
            }
        }
    }

    /// Where the upload was put, and how much of it the office has.
    async fn create(&self) -> Result<(String, u64), SyncError> {
        let part = self.part;
        let metadata = format!(
            "submission {},part {},sha256 {}",
            BASE64.encode(self.submission.to_string()),
            BASE64.encode(part.name.as_str()),
            BASE64.encode(part.sha256.to_string()),
        );
        let mut request = self
            .request(Method::POST, api::UPLOADS)?
            .header(UPLOAD_LENGTH, part.length)
            .header(UPLOAD_METADATA, metadata);
        let sent = Arc::new(AtomicU64::new(0));
        request = if part.length <= SMALL {
            self.body(request, 0, &sent).await?
        } else {
            request.header(CONTENT_LENGTH, 0)
        };
        let response = watched(request, &sent).await?;
        if response.status() != StatusCode::CREATED {
            return Err(refusal(response).await);
        }
        speaks_tus(&response)?;
        let location = text(response.headers(), LOCATION.as_str())
            .ok_or_else(|| SyncError::Unexpected("an upload without an address".into()))?;
        // Relative to where it was asked for, and never another host.
        let url = response
            .url()
            .join(location)
            .map_err(|e| SyncError::Unexpected(format!("not an address: {e}")))?;
        let path = self.client.url(url.as_str())?.path().to_owned();
        // Without creation-with-upload the office says nothing of an offset.
        let offset = number(response.headers(), UPLOAD_OFFSET).unwrap_or(0);
        Ok((path, self.plausible(offset)?))
    }

    /// How much the office has; `None` when it no longer knows the upload.
    async fn ask(&self, url: &str) -> Result<Option<u64>, SyncError> {
        let request = self.request(Method::HEAD, url)?;
        let response = watched(request, &Arc::default()).await?;
        match response.status() {
            StatusCode::OK | StatusCode::NO_CONTENT => {}
            StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::FORBIDDEN
                if speaks_tus(&response).is_ok() =>
            {
                return Ok(None);
            }
            _ => return Err(refusal(response).await),
        }
        speaks_tus(&response)?;
        let offset = number(response.headers(), UPLOAD_OFFSET)
            .ok_or_else(|| SyncError::Unexpected("an upload without an offset".into()))?;
        if number(response.headers(), UPLOAD_LENGTH).is_some_and(|l| l != self.part.length) {
            // The address now belongs to something else.
            return Ok(None);
        }
        self.plausible(offset).map(Some)
    }

    /// Everything from `offset` in one request.
    async fn patch(&self, url: &str, offset: u64) -> Result<Patched, SyncError> {
        let sent = Arc::new(AtomicU64::new(0));
        let request = self
            .request(Method::PATCH, url)?
            .header(UPLOAD_OFFSET, offset);
        let request = self.body(request, offset, &sent).await?;
        let response = match watched(request, &sent).await {
            Ok(response) => response,
            // A refusal in the middle of a body may arrive as nothing but a closed connection.
            Err(e @ SyncError::Unreachable(_)) => return Ok(Patched::Ask(Some(e))),
            Err(e) => return Err(e),
        };
        match response.status() {
            StatusCode::NO_CONTENT => {
                speaks_tus(&response)?;
                let offset = number(response.headers(), UPLOAD_OFFSET)
                    .ok_or_else(|| SyncError::Unexpected("a PATCH without an offset".into()))?;
                self.plausible(offset).map(Patched::To)
            }
            // Locked: an earlier request of ours still holds the upload.
            StatusCode::CONFLICT | StatusCode::LOCKED | StatusCode::REQUEST_TIMEOUT => {
                Ok(Patched::Ask(Some(refusal(response).await)))
            }
            StatusCode::NOT_FOUND | StatusCode::GONE if speaks_tus(&response).is_ok() => {
                Ok(Patched::Gone)
            }
            status if status.as_u16() == CHECKSUM_MISMATCH => {
                self.log.forgotten().await?;
                Err(refusal(response).await)
            }
            _ => Err(refusal(response).await),
        }
    }

    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, SyncError> {
        Ok(self
            .client
            .request(method, path)?
            .header(TUS_RESUMABLE, VERSION))
    }

    /// The rest of the file from `offset`, streamed.
    async fn body(
        &self,
        request: RequestBuilder,
        offset: u64,
        sent: &Arc<AtomicU64>,
    ) -> Result<RequestBuilder, SyncError> {
        let rest = self.part.length - offset;
        let opened = async {
            let mut file = tokio::fs::File::open(self.file).await?;
            let found = file.metadata().await?.len();
            if found != self.part.length {
                return Err(std::io::Error::other(format!("{found} bytes on the disk")));
            }
            file.seek(std::io::SeekFrom::Start(offset)).await?;
            Ok(file.take(rest))
        };
        let file = opened
            .await
            .map_err(|e| SyncError::Part(format!("part {}: {e}", self.part.name)))?;
        let (sent, progress) = (Arc::clone(sent), Arc::clone(&self.progress));
        let stream = ReaderStream::with_capacity(file, 64 << 10).inspect_ok(move |chunk| {
            let before = sent.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            progress(offset + before + chunk.len() as u64);
        });
        Ok(request
            .header(CONTENT_TYPE, OFFSET_STREAM)
            .header(CONTENT_LENGTH, rest)
            .body(Body::wrap_stream(stream)))
    }

    fn plausible(&self, offset: u64) -> Result<u64, SyncError> {
        if offset > self.part.length {
            return Err(SyncError::Unexpected("an offset past the end".into()));
        }
        Ok(offset)
    }
}

/// Sends a request that may take hours, as long as it moves.
async fn watched(request: RequestBuilder, sent: &AtomicU64) -> Result<Response, SyncError> {
    let answer = request.send();
    tokio::pin!(answer);
    let mut before = 0;
    loop {
        match tokio::time::timeout(STALLED, &mut answer).await {
            Ok(answer) => return Ok(answer?),
            Err(_) => {
                let now = sent.load(Ordering::Relaxed);
                if now == before {
                    let told = format!("no progress for {} s", STALLED.as_secs());
                    return Err(SyncError::Unreachable(told));
                }
                before = now;
            }
        }
    }
}

/// A success without this header is not the office's.
fn speaks_tus(response: &Response) -> Result<(), SyncError> {
    match text(response.headers(), TUS_RESUMABLE) {
        Some(VERSION) => Ok(()),
        Some(other) => Err(SyncError::Unexpected(format!("tus {other}"))),
        None => Err(SyncError::CaptivePortal("an answer that is not tus".into())),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name)?.trim().parse().ok()
}
