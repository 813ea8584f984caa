//! The bytes of a part: appended, made durable as they come, digested at the end.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, header},
};
use exchange::{Digest, UnixMillis};
use http_body_util::BodyExt;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::active::Turn;
use super::{Caller, Receive, TusRefusal, find, number};
use crate::{
    db::uploads::{self, Upload, UploadState},
    objects::{ObjectId, Partial},
};

/// A restart of the office costs a kiosk at most this much of a part …
const DURABLE_EVERY_BYTES: usize = 1 << 20;
/// … or this much time of a slow line.
const DURABLE_EVERY: Duration = Duration::from_secs(10);
/// Written in one go: fewer switches to the blocking threads.
const WRITE_AT: usize = 256 << 10;
/// A line that gives nothing for this long is dead.
const SILENCE: Duration = Duration::from_secs(60);

/// Appends `body` at `at`; gives the durable offset reached.
///
/// Runs as a task of its own: when the connection breaks, its handler is dropped,
/// but what arrived is still made durable.
pub async fn receive(
    state: &Arc<Receive>,
    caller: &Caller,
    id: &ObjectId,
    at: u64,
    headers: &HeaderMap,
    body: Body,
) -> Result<u64, TusRefusal> {
    let (state, caller, id) = (Arc::clone(state), caller.clone(), id.clone());
    let announced = number(headers, &header::CONTENT_LENGTH);
    let task = tokio::spawn(async move {
        let turn = state.uploads.take(&id).await.ok_or(TusRefusal::Locked)?;
        let upload = find(&state, &caller, &id).await?;
        if upload.durable != at {
            return Err(TusRefusal::Offset(upload.durable));
        }
        let room = upload.length - upload.durable;
        if announced.is_some_and(|n| n > room) {
            return Err(TusRefusal::TooLarge);
        }
        if upload.state == UploadState::Complete {
            return Ok(upload.durable);
        }
        let mut writing = Writing::start(&state, &upload).await?;
        let end = writing.fill(&turn, body).await?;
        if let End::TooMuch = end {
            writing.back_to(upload.durable).await?;
            return Err(TusRefusal::TooLarge);
        }
        writing.make_durable().await?;
        let reached = writing.durable;
        if reached == upload.length {
            settle(
                &state,
                Upload {
                    durable: reached,
                    ..upload
                },
            )
            .await?;
        } else if let End::Broken = end {
            return Err(TusRefusal::Broken);
        }
        Ok(reached)
    });
    task.await.map_err(anyhow::Error::from)?
}

enum End {
    Whole,
    /// The line broke, fell silent, or another request took over.
    Broken,
    /// More came than the part's length.
    TooMuch,
}

struct Writing {
    state: Arc<Receive>,
    id: ObjectId,
    length: u64,
    durable: u64,
    /// `None` only while a blocking thread has it.
    partial: Option<Box<dyn Partial>>,
    pending: Vec<Bytes>,
    pending_bytes: usize,
    /// Appended, not yet durable.
    unsafe_bytes: usize,
    last_durable: Instant,
}

impl Writing {
    async fn start(state: &Arc<Receive>, upload: &Upload) -> anyhow::Result<Self> {
        let (objects, id, at) = (
            Arc::clone(&state.objects),
            upload.id.clone(),
            upload.durable,
        );
        let partial = tokio::task::spawn_blocking(move || objects.resume(&id, at)).await??;
        Ok(Self {
            state: Arc::clone(state),
            id: upload.id.clone(),
            length: upload.length,
            durable: upload.durable,
            partial: Some(partial),
            pending: Vec::new(),
            pending_bytes: 0,
            unsafe_bytes: 0,
            last_durable: Instant::now(),
        })
    }

    fn arrived(&self) -> u64 {
        self.durable + (self.unsafe_bytes + self.pending_bytes) as u64
    }

    async fn fill(&mut self, turn: &Turn, mut body: Body) -> anyhow::Result<End> {
        let mut last_byte = Instant::now();
        loop {
            let unsaved = self.unsafe_bytes + self.pending_bytes > 0;
            let frame = tokio::select! {
                frame = body.frame() => frame,
                () = tokio::time::sleep_until(self.last_durable + DURABLE_EVERY), if unsaved => {
                    self.make_durable().await?;
                    continue;
                }
                () = tokio::time::sleep_until(last_byte + SILENCE) => return Ok(End::Broken),
                () = turn.interrupted.cancelled() => return Ok(End::Broken),
            };
            let data = match frame {
                None => return Ok(End::Whole),
                Some(Err(_)) => return Ok(End::Broken),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => data,
                    Err(_trailers) => continue,
                },
            };
            last_byte = Instant::now();
            if self.arrived() + data.len() as u64 > self.length {
                return Ok(End::TooMuch);
            }
            self.pending_bytes += data.len();
            self.pending.push(data);
            if self.unsafe_bytes + self.pending_bytes >= DURABLE_EVERY_BYTES {
                self.make_durable().await?;
            } else if self.pending_bytes >= WRITE_AT {
                self.write(false).await?;
            }
        }
    }

    /// Appends what is pending and, if asked, waits until it survives a power cut.
    async fn write(&mut self, sync: bool) -> anyhow::Result<()> {
        let mut partial = self
            .partial
            .take()
            .ok_or_else(|| anyhow::anyhow!("an earlier write failed"))?;
        let pending = std::mem::take(&mut self.pending);
        let written = std::mem::take(&mut self.pending_bytes);
        let partial = tokio::task::spawn_blocking(move || {
            for bytes in pending {
                partial.append(&bytes)?;
            }
            if sync {
                partial.sync()?;
            }
            std::io::Result::Ok(partial)
        })
        .await??;
        self.partial = Some(partial);
        self.unsafe_bytes += written;
        Ok(())
    }

    async fn make_durable(&mut self) -> anyhow::Result<()> {
        self.write(true).await?;
        let reached = self.durable + self.unsafe_bytes as u64;
        self.record(reached).await?;
        self.durable = reached;
        self.unsafe_bytes = 0;
        self.last_durable = Instant::now();
        Ok(())
    }

    async fn record(&self, reached: u64) -> anyhow::Result<()> {
        let id = self.id.clone();
        let now = UnixMillis::from_system_clock();
        self.state
            .database
            .run(move |db| db.write(|t| uploads::set_durable(t, &id, reached, now)))
            .await
    }

    /// Forgets what a request with too many bytes brought.
    async fn back_to(&mut self, offset: u64) -> anyhow::Result<()> {
        self.partial = None;
        self.record(offset).await
    }
}

/// When all bytes are durable, compares their digest with the one announced. A crash may
/// have come between the last byte and this; so whoever asks for an upload settles it.
pub async fn settle(state: &Arc<Receive>, upload: Upload) -> Result<Upload, TusRefusal> {
    if upload.state != UploadState::Open || upload.durable < upload.length {
        return Ok(upload);
    }
    let s = Arc::clone(state);
    let settled = tokio::task::spawn_blocking(move || -> anyhow::Result<Option<Upload>> {
        let right = digest(s.objects.read(&upload.id)?)? == upload.sha256;
        let state = if right {
            UploadState::Complete
        } else {
            UploadState::Gone
        };
        s.database
            .write(|t| uploads::set_state(t, &upload.id, state))?;
        if !right {
            s.objects.remove(&upload.id)?;
            return Ok(None);
        }
        Ok(Some(Upload { state, ..upload }))
    });
    let settled = settled.await.map_err(anyhow::Error::from)??;
    settled.ok_or(TusRefusal::Checksum)
}

fn digest(mut object: impl Read) -> std::io::Result<Digest> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        let n = object.read(&mut buffer)?;
        if n == 0 {
            return Ok(Digest(hash.finalize().into()));
        }
        hash.update(&buffer[..n]);
    }
}
