//! Whether the kiosk's own disk keeps what it is given.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use faults::Fault;
use rustix::fs::{StatVfsMountFlags, statvfs};

use crate::maintenance::{Answer, Light, Row, RowName, Value, Word};
use crate::session::event::Failure;

use super::super::asked::{blocking, failure};
use super::super::world::Inner;

/// Slower and every commit makes a citizen wait.
const SLOW: Duration = Duration::from_millis(500);

impl Inner {
    pub(super) async fn examine_storage(self: &Arc<Self>) -> Result<Answer, Failure> {
        let world = self.clone();
        blocking(move || {
            let mut rows = file_system(&world.config.data_dir);
            let outbox = world.outbox()?;
            let capacity = outbox
                .capacity()
                .map_err(|e| failure(e.fault(), &e.to_string()))?;
            let enough = capacity.free_bytes >= capacity.media_floor_bytes;
            let free = Row::new(
                RowName::FreeSpace,
                if enough { Light::Good } else { Light::Bad },
                Value::Bytes(capacity.free_bytes),
            );
            rows.push(if enough {
                free
            } else {
                free.with(Fault::DiskFull)
            });
            rows.push(Row::new(
                RowName::SpaceFloor,
                Light::None,
                Value::Bytes(capacity.media_floor_bytes),
            ));
            rows.push(if capacity.ballast_whole {
                Row::word(RowName::Ballast, Light::Good, Word::Yes)
            } else {
                Row::word(RowName::Ballast, Light::Warning, Word::No).with(Fault::DiskFull)
            });
            let folder = world.config.data_dir.join("outbox");
            let database = Row::new(
                RowName::DatabaseBytes,
                Light::None,
                Value::Bytes(length(&folder.join("outbox.db"))),
            );
            // One that was damaged lies beside it, for whoever looks into why.
            rows.push(match capacity.set_aside.is_empty() {
                true => database,
                false => database.with(Fault::QueueDamaged),
            });
            rows.push(Row::new(
                RowName::WalBytes,
                Light::None,
                Value::Bytes(length(&folder.join("outbox.db-wal"))),
            ));
            rows.push(Row::text(
                RowName::DatabaseVersion,
                format!("SQLite {}", outbox::sqlite_version()),
            ));
            Ok(Answer::Rows(rows))
        })
        .await
    }
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Whether it can be written, and how long it takes until a byte is on the disk.
fn file_system(folder: &Path) -> Vec<Row> {
    let read_only =
        statvfs(folder).is_ok_and(|space| space.f_flag.contains(StatVfsMountFlags::RDONLY));
    if read_only {
        return vec![
            Row::word(RowName::FileSystem, Light::Bad, Word::ReadOnly).with(Fault::DiskReadOnly),
        ];
    }
    match synced(folder) {
        Ok(took) => vec![
            Row::word(RowName::FileSystem, Light::Good, Word::Writable),
            Row::new(
                RowName::SyncTime,
                if took < SLOW {
                    Light::Good
                } else {
                    Light::Warning
                },
                Value::Millis(took.as_millis() as u64),
            ),
        ],
        Err(e) => {
            tracing::warn!("a test file on the kiosk's disk: {e}");
            let fault = match e.kind() {
                io::ErrorKind::StorageFull => Fault::DiskFull,
                io::ErrorKind::ReadOnlyFilesystem => Fault::DiskReadOnly,
                _ => Fault::DiskFailed,
            };
            vec![Row::word(RowName::FileSystem, Light::Bad, Word::Failed).with(fault)]
        }
    }
}

fn synced(folder: &Path) -> io::Result<Duration> {
    let path = folder.join("sync-test");
    let began = Instant::now();
    let done = File::create(&path).and_then(|mut file| {
        file.write_all(&[0x5a; 4096])?;
        file.sync_all()
    });
    let took = began.elapsed();
    let removed = fs::remove_file(&path);
    done.and(removed).map(|()| took)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_can_be_written_says_how_fast() {
        let dir = tempfile::tempdir().unwrap();
        let rows = file_system(dir.path());
        assert_eq!(rows[0].value, Value::Word(Word::Writable));
        assert_eq!(rows[1].name, RowName::SyncTime);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_failed_disk() {
        let rows = file_system(Path::new("/nowhere/at/all"));
        assert_eq!(rows[0].fault, Some(Fault::DiskFailed));
    }
}
