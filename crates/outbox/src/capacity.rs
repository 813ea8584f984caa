//! Whether the next citizen's submission can be kept.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use exchange::UnixMillis;
use faults::Fault;
use serde::Serialize;

use crate::{Boundary, Outbox, OutboxError, State, files};

/// What the queue may use and how old it may grow.
#[derive(Clone)]
pub struct Limits {
    /// Free bytes below which nothing new is captured: room for one whole submission and the
    /// database's own growth.
    pub media_floor_bytes: u64,
    /// Bytes held back for deletions on a full disk.
    pub ballast_bytes: u64,
    /// Most submissions waiting.
    pub deepest: u32,
    /// Oldest waiting submission that still allows new ones, milliseconds.
    pub oldest_millis: i64,
    /// Called at every completed step; for crash tests.
    pub at_boundary: Option<Arc<dyn Fn(Boundary) + Send + Sync>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            media_floor_bytes: 64 << 20,
            ballast_bytes: 16 << 20,
            deepest: 2_000,
            oldest_millis: 14 * 24 * 3_600_000,
            at_boundary: None,
        }
    }
}

/// The state of the queue as the capacity gate and the heartbeat see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Capacity {
    pub free_bytes: u64,
    /// As a file system is after an error (errors=remount-ro, mount(8)).
    pub read_only: bool,
    pub media_floor_bytes: u64,
    /// False while the reserve for deletions is used up.
    pub ballast_whole: bool,
    /// Submissions waiting for the office.
    pub waiting: u32,
    pub quarantined: u32,
    /// When the oldest waiting submission was committed.
    pub oldest_waiting: Option<UnixMillis>,
    /// How long the syncs of the last commit took.
    pub last_commit_millis: Option<u32>,
    /// Databases that were damaged and moved aside, for the technician.
    pub set_aside: Vec<PathBuf>,
}

impl Capacity {
    /// Why no new submission may be begun, if so.
    pub fn refusal(&self, limits: &Limits, now: UnixMillis) -> Option<Fault> {
        if self.read_only {
            return Some(Fault::DiskReadOnly);
        }
        if self.free_bytes < limits.media_floor_bytes || !self.ballast_whole {
            return Some(Fault::DiskFull);
        }
        if self.waiting >= limits.deepest {
            return Some(Fault::QueueFull);
        }
        let stale = |oldest: UnixMillis| now.0.saturating_sub(oldest.0) > limits.oldest_millis;
        self.oldest_waiting
            .is_some_and(stale)
            .then_some(Fault::QueueStale)
    }
}

impl Outbox {
    /// # Errors
    /// The disk's or the database's.
    pub fn capacity(&self) -> Result<Capacity, OutboxError> {
        let disk = files::disk(&self.inner.dir)?;
        if !disk.read_only {
            self.restore_ballast();
        }
        let (waiting, oldest, quarantined) = {
            let database = self.database();
            let (waiting, oldest): (u32, Option<i64>) = database.query_row(
                "SELECT count(*), min(committed_at) FROM submission WHERE state = ?1",
                [State::Waiting.as_str()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            let quarantined: u32 = database.query_row(
                "SELECT count(*) FROM submission WHERE state = ?1",
                [State::Quarantined.as_str()],
                |row| row.get(0),
            )?;
            (waiting, oldest, quarantined)
        };
        let last = self.inner.last_commit_millis.load(Ordering::Relaxed);
        Ok(Capacity {
            free_bytes: disk.free_bytes,
            read_only: disk.read_only,
            media_floor_bytes: self.inner.limits.media_floor_bytes,
            ballast_whole: self.ballast_is_whole(),
            waiting,
            quarantined,
            oldest_waiting: oldest.map(UnixMillis),
            last_commit_millis: (last > 0).then_some(last),
            set_aside: crate::rebuild::set_aside_before(&self.inner.dir)?,
        })
    }

    /// Nothing new is taken on a disk that is nearly full: what is committed must still be sent
    /// and deleted.
    pub(crate) fn require_room(&self) -> Result<(), OutboxError> {
        let disk = files::disk(&self.inner.dir)?;
        if disk.read_only {
            return Err(OutboxError::DiskReadOnly);
        }
        if disk.free_bytes < self.inner.limits.media_floor_bytes {
            return Err(OutboxError::DiskFull);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_names_what_is_missing() {
        let limits = Limits::default();
        let good = Capacity {
            free_bytes: 1 << 30,
            read_only: false,
            media_floor_bytes: limits.media_floor_bytes,
            ballast_whole: true,
            waiting: 3,
            quarantined: 9,
            oldest_waiting: Some(UnixMillis(1_000)),
            last_commit_millis: None,
            set_aside: Vec::new(),
        };
        let now = UnixMillis(limits.oldest_millis);
        assert_eq!(good.refusal(&limits, now), None);
        let refusal = |change: fn(&mut Capacity)| {
            let mut capacity = good.clone();
            change(&mut capacity);
            capacity.refusal(&limits, now)
        };
        assert_eq!(refusal(|c| c.free_bytes = 1 << 20), Some(Fault::DiskFull));
        assert_eq!(refusal(|c| c.read_only = true), Some(Fault::DiskReadOnly));
        assert_eq!(refusal(|c| c.ballast_whole = false), Some(Fault::DiskFull));
        assert_eq!(refusal(|c| c.waiting = 2_000), Some(Fault::QueueFull));
        assert_eq!(
            refusal(|c| c.oldest_waiting = Some(UnixMillis(-1))),
            Some(Fault::QueueStale)
        );
    }
}
