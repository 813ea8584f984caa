//! The durable queue of a kiosk: what a citizen was told is "saved" stays saved
//! until the office signs that it holds it.
//!
//! State lives in SQLite, sealed media in files beside it: a 10 MiB part costs
//! once its bytes as a file, two to four times as a blob. Here: staging, the
//! commit order, what to upload next, receipts and the deletion they allow,
//! quarantine, capacity, recovery. Not here: sealing, signing, HTTP.
//!
//! ```text
//! outbox/
//!   outbox.db            state (WAL, synchronous=FULL)
//!   lock                 held by the one kiosk process
//!   ballast              freed when the disk is full, so that deletion can work
//!   last-manifest.json   newest manifest whose files are gone: the chain survives a lost database
//!   media/<submission>/<part>.age, manifest.json
//!   damaged-<millis>/    a database that was set aside
//! ```

mod backoff;
mod ballast;
mod boundary;
mod capacity;
mod commit;
mod database;
mod deletion;
mod error;
mod files;
mod jobs;
mod listing;
mod outcome;
mod rebuild;
mod recovery;
mod staging;

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard};

use exchange::SubmissionId;
use rusqlite::Connection;

pub use backoff::{LONGEST_BACKOFF, SHORTEST_BACKOFF, backoff};
pub use boundary::Boundary;
pub use capacity::{Capacity, Limits};
pub use commit::ChainHead;
pub use error::OutboxError;
pub use jobs::{Job, Postponement, Task};
pub use listing::{Listed, ListedPart, Shown, State};
pub use staging::StagedWriter;

/// The queue. Cheap to clone; every call blocks on the disk, so asynchronous
/// callers use a blocking thread.
#[derive(Clone)]
pub struct Outbox {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    limits: Limits,
    /// The one writer of this process.
    database: Mutex<Connection>,
    staged: Mutex<HashMap<SubmissionId, staging::Staged>>,
    /// Milliseconds of the last commit's syncs, 0 before the first.
    last_commit_millis: AtomicU32,
    /// `None` when opened beside a running kiosk.
    lock: Option<File>,
}

impl Outbox {
    /// Opens the queue for the kiosk and recovers: staged files and temporary
    /// files left by a crash go, interrupted deletions are completed.
    ///
    /// # Errors
    /// [`OutboxError::InUse`] when another process holds it;
    /// [`OutboxError::Damaged`] when the database is damaged: it was moved aside, and
    /// [`Outbox::rebuild`] makes a new one from the sealed files;
    /// [`OutboxError::DatabaseMissing`] when only the files are there: rebuild as well.
    pub fn open(dir: &Path, limits: Limits) -> Result<Self, OutboxError> {
        files::create_private_dir(dir)?;
        let lock = files::lock_exclusively(&dir.join("lock"))?;
        files::create_private_dir(&dir.join("media"))?;
        files::sync_dir(dir)?;
        if !dir.join(database::FILE).exists() && rebuild::anything_to_adopt(dir)? {
            return Err(OutboxError::DatabaseMissing);
        }
        let connection = match database::open(&dir.join(database::FILE)) {
            Err(OutboxError::Damaged { cause, .. }) => {
                let moved_to = rebuild::set_aside(dir)?;
                return Err(OutboxError::Damaged { cause, moved_to });
            }
            other => other?,
        };
        let outbox = Self::with(dir, limits, connection, Some(lock));
        outbox.recover()?;
        outbox.restore_ballast();
        Ok(outbox)
    }

    /// Opens the queue of a kiosk that may be running, to list, show, retry or
    /// export. Recovers nothing and cannot stage or commit.
    ///
    /// # Errors
    /// No queue there, or it is damaged.
    pub fn open_beside(dir: &Path) -> Result<Self, OutboxError> {
        let file = dir.join(database::FILE);
        if !file.exists() {
            return Err(OutboxError::DatabaseMissing);
        }
        let connection = database::open(&file)?;
        Ok(Self::with(dir, Limits::default(), connection, None))
    }

    fn with(dir: &Path, limits: Limits, connection: Connection, lock: Option<File>) -> Self {
        Self {
            inner: Arc::new(Inner {
                dir: dir.to_owned(),
                limits,
                database: Mutex::new(connection),
                staged: Mutex::default(),
                last_commit_millis: AtomicU32::new(0),
                lock,
            }),
        }
    }

    /// Tells whoever watches (a crash test) that a step is complete.
    pub fn pass(&self, boundary: Boundary) {
        if let Some(hook) = &self.inner.limits.at_boundary {
            hook(boundary);
        }
    }

    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    fn folder(&self, submission: SubmissionId) -> PathBuf {
        self.inner.dir.join("media").join(submission.to_string())
    }

    /// A panic while holding it would be a bug of SQLite's binding; the
    /// transaction was rolled back then, so the connection stays usable.
    fn database(&self) -> MutexGuard<'_, Connection> {
        self.inner
            .database
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn staged(&self) -> MutexGuard<'_, HashMap<SubmissionId, staging::Staged>> {
        self.inner
            .staged
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn owned(&self) -> Result<(), OutboxError> {
        match self.inner.lock {
            Some(_) => Ok(()),
            None => Err(OutboxError::InUse),
        }
    }
}

/// Of the SQLite that is built in.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}
