//! A file that is given up when the disk is full.
//!
//! In WAL mode even a DELETE needs room to write; without this reserve a full
//! disk could not be emptied by the very receipts that allow it.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use rusqlite::Connection;
use rustix::fs::{FallocateFlags, fallocate};

use crate::error::is_database_full;
use crate::{Outbox, OutboxError, files};

impl Outbox {
    fn ballast_file(&self) -> PathBuf {
        self.inner.dir.join("ballast")
    }

    pub(crate) fn ballast_is_whole(&self) -> bool {
        let length = std::fs::metadata(self.ballast_file()).map_or(0, |m| m.len());
        length >= self.inner.limits.ballast_bytes
    }

    /// Takes the reserve (again) when there is room above the media floor for it.
    pub(crate) fn restore_ballast(&self) {
        let want = self.inner.limits.ballast_bytes;
        let floor = self.inner.limits.media_floor_bytes;
        if self.ballast_is_whole() {
            return;
        }
        match files::disk(&self.inner.dir) {
            Ok(disk) if disk.free_bytes >= floor.saturating_add(want) => {}
            _ => return,
        }
        let path = self.ballast_file();
        let taken = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .and_then(|file| {
                fallocate(&file, FallocateFlags::empty(), 0, want)?;
                file.sync_all()
            });
        if let Err(e) = taken {
            tracing::warn!("cannot reserve the ballast: {e}");
            let _ = std::fs::remove_file(path);
        }
    }

    fn release_ballast(&self) {
        tracing::warn!("the disk is full: the ballast is released");
        if let Err(e) = files::remove_if_there(&self.ballast_file()) {
            tracing::error!("the ballast cannot be released: {e}");
        }
    }

    /// Runs a change that must work on a full disk: once more without the ballast.
    pub(crate) fn even_when_full<T>(
        &self,
        mut change: impl FnMut(&mut Connection) -> Result<T, OutboxError>,
    ) -> Result<T, OutboxError> {
        match change(&mut self.database()) {
            Err(OutboxError::Database(e)) if is_database_full(&e) => {}
            other => return other,
        }
        self.release_ballast();
        change(&mut self.database())
    }
}
