//! The bundle of an offered update: asked for by ranges, written to the disk as it comes, whole
//! only when its digest is the offered one.
//!
//! Half of one stays over a cut, a restart and a power cut, and is gone on with. It never lies in
//! memory, and it never takes the room that submissions need. The half becomes the whole by a
//! rename; what needs its size a second time is the installation.

use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use exchange::{BundleCheck, BundleError, Signed, UpdateOffer, update};
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, RANGE};
use reqwest::{Method, Response, StatusCode};
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;

use super::client::refusal;
use super::{OfficeClient, SyncError, private_file};

/// Where the steward looks for it.
const WHOLE: &str = "bundle.raucb";
const HALF: &str = "part";
/// A line that gives nothing for so long is dead.
const SILENCE: Duration = Duration::from_secs(60);
/// Written out, and the disk looked at, this often: bytes.
const SYNC_EVERY: u64 = 8 << 20;
const READ: usize = 1 << 20;

#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error(transparent)]
    Sync(#[from] SyncError),
    #[error("there is no room for the bundle beside what submissions need")]
    NoRoom,
    /// What there was of it is gone.
    #[error("{0}")]
    NotOffered(BundleError),
    #[error("a citizen waits for the line")]
    GaveWay,
}

/// The folder in which it lies.
#[derive(Clone, Debug)]
pub struct BundleFolder {
    dir: PathBuf,
    /// Bytes that stay free.
    floor: u64,
}

impl BundleFolder {
    /// # Errors
    /// The disk's.
    pub fn open(dir: PathBuf, floor: u64) -> Result<Self, SyncError> {
        private_file::create_dir(&dir)?;
        Ok(Self { dir, floor })
    }

    /// Whether the whole of this bundle lies here. Reads it: blocks.
    pub fn has(&self, offer: &UpdateOffer) -> bool {
        let mut check = BundleCheck::of(offer);
        feed(&self.dir.join(WHOLE), &mut check).is_ok_and(|fits| fits) && check.finish().is_ok()
    }

    /// Removes whatever is not of this offer; of none, everything.
    ///
    /// # Errors
    /// The disk's.
    pub fn keep_only(&self, offer: Option<&UpdateOffer>) -> Result<(), SyncError> {
        let half = offer.map(|offer| self.half(offer));
        let failed = |e| private_file::failed("list", &self.dir, e);
        for entry in std::fs::read_dir(&self.dir).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let is_bundle = path.extension().is_some_and(|e| e == HALF || e == "raucb");
            let wanted = Some(&path) == half.as_ref()
                || (path.ends_with(WHOLE) && offer.is_some_and(|offer| self.has(offer)));
            if is_bundle && !wanted {
                private_file::remove(&path)?;
            }
        }
        Ok(())
    }

    /// What was fetched so far, beside the whole.
    pub fn half(&self, offer: &UpdateOffer) -> PathBuf {
        self.dir.join(format!("{}.{HALF}", offer.sha256))
    }

    fn free(&self) -> Result<u64, SyncError> {
        let disk = rustix::fs::statvfs(&self.dir)
            .map_err(|e| private_file::failed("look at", &self.dir, e.into()))?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// Fetches what is missing. `waits`: whose submission goes before everything else; its
    /// coming ends the fetch.
    ///
    /// # Errors
    /// See [`FetchError`]. What came lies here, and the next call goes on behind it.
    pub async fn fetch<W: Clone>(
        &self,
        client: &OfficeClient,
        offer: &UpdateOffer,
        waits: &mut watch::Receiver<Option<W>>,
    ) -> Result<(), FetchError> {
        let half = self.half(offer);
        let mut check = half_of(&half, offer).await?;
        let disk = |e| FetchError::Sync(private_file::failed("write", &half, e));
        let missing = offer.length - check.length();
        // The steward makes a copy of it beside this one, for rauc wants a file that the kiosk's
        // user cannot change: a rename would leave whoever has it open able to.
        let needed = missing
            .saturating_add(offer.length)
            .saturating_add(self.floor);
        if self.free()? < needed {
            return Err(FetchError::NoRoom);
        }
        let mut file = tokio::fs::OpenOptions::new();
        let mut file = file.append(true).open(&half).await.map_err(disk)?;
        if missing > 0 {
            if waits.borrow().is_some() {
                return Err(FetchError::GaveWay);
            }
            let mut response = client.bundle_from(offer, check.length()).await?;
            let mut synced = check.length();
            let came = loop {
                let chunk = match next(&mut response, waits).await {
                    Ok(Some(chunk)) => chunk,
                    Ok(None) => break Ok(()),
                    Err(e) => break Err(e),
                };
                if let Err(e) = check.add(&chunk) {
                    break Err(FetchError::NotOffered(e));
                }
                file.write_all(&chunk).await.map_err(disk)?;
                if check.length() - synced >= SYNC_EVERY {
                    file.flush().await.map_err(disk)?;
                    file.sync_data().await.map_err(disk)?;
                    synced = check.length();
                    if self.free()? < self.floor {
                        break Err(FetchError::NoRoom);
                    }
                }
            };
            file.flush().await.map_err(disk)?;
            file.sync_data().await.map_err(disk)?;
            if let Err(FetchError::NotOffered(_)) = came {
                private_file::remove(&half)?;
            }
            came?;
        }
        match check.finish() {
            Ok(()) => {}
            Err(e @ BundleError::Shorter { .. }) => {
                return Err(SyncError::Unreachable(e.to_string()).into());
            }
            Err(e) => {
                private_file::remove(&half)?;
                return Err(FetchError::NotOffered(e));
            }
        }
        private_file::rename(&half, &self.dir.join(WHOLE))?;
        Ok(())
    }
}

/// Digests what there is of it; makes the file where there is none.
async fn half_of(half: &Path, offer: &UpdateOffer) -> Result<BundleCheck, SyncError> {
    let (half, offer) = (half.to_owned(), offer.clone());
    let digested = tokio::task::spawn_blocking(move || {
        let failed = |e| private_file::failed("read", &half, e);
        let mut made = std::fs::OpenOptions::new();
        made.append(true)
            .create(true)
            .mode(0o600)
            .open(&half)
            .map_err(failed)?;
        let mut check = BundleCheck::of(&offer);
        if feed(&half, &mut check).map_err(failed)? {
            return Ok(check);
        }
        // Longer than the whole: not ours any more.
        std::fs::File::create(&half).map_err(failed)?;
        Ok(BundleCheck::of(&offer))
    });
    digested
        .await
        .map_err(|e| SyncError::Unexpected(format!("a thread: {e}")))?
}

/// False: it is longer than the bundle.
fn feed(path: &Path, check: &mut BundleCheck) -> std::io::Result<bool> {
    let mut file = std::fs::File::open(path)?;
    let mut bytes = vec![0; READ];
    loop {
        match file.read(&mut bytes) {
            Ok(0) => return Ok(true),
            Ok(n) if check.add(&bytes[..n]).is_err() => return Ok(false),
            Err(e) if e.kind() != std::io::ErrorKind::Interrupted => return Err(e),
            _ => {}
        }
    }
}

async fn next<W: Clone>(
    response: &mut Response,
    waits: &mut watch::Receiver<Option<W>>,
) -> Result<Option<Bytes>, FetchError> {
    tokio::select! {
        biased;
        Ok(_) = waits.wait_for(Option::is_some) => Err(FetchError::GaveWay),
        chunk = tokio::time::timeout(SILENCE, response.chunk()) => match chunk {
            Ok(chunk) => Ok(chunk.map_err(SyncError::from)?),
            Err(_) => {
                let told = format!("nothing came for {} s", SILENCE.as_secs());
                Err(SyncError::Unreachable(told).into())
            }
        },
    }
}

impl OfficeClient {
    /// `None`: there is nothing for this kiosk. What the office says is not yet accepted.
    ///
    /// # Errors
    /// See [`SyncError`].
    pub async fn ask_update(&self) -> Result<Option<Signed<UpdateOffer>>, SyncError> {
        self.get_if_any(update::OFFER).await
    }

    /// The rest of the bundle behind `from` (RFC 9110 section 14.2).
    async fn bundle_from(&self, offer: &UpdateOffer, from: u64) -> Result<Response, SyncError> {
        let request = self
            .request(Method::GET, &offer.bundle_path())?
            .header(RANGE, format!("bytes={from}-"));
        let response = tokio::time::timeout(SILENCE, request.send())
            .await
            .map_err(|_| SyncError::Unreachable("no answer".into()))??;
        let header = |name| response.headers().get(name).and_then(|v| v.to_str().ok());
        if response.status() != StatusCode::PARTIAL_CONTENT {
            return Err(refusal(response).await);
        }
        if header(CONTENT_TYPE) != Some("application/octet-stream") {
            let told = "something other than a bundle";
            return Err(SyncError::CaptivePortal(told.into()));
        }
        let expected = format!("bytes {from}-{}/{}", offer.length - 1, offer.length);
        if header(CONTENT_RANGE) != Some(&expected) {
            return Err(SyncError::Unexpected("another range of a bundle".into()));
        }
        Ok(response)
    }
}
