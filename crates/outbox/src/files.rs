//! Files that are durable when the call returns.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use exchange::Digest;
use sha2::{Digest as _, Sha256};

use crate::OutboxError;

fn failed<'a>(what: &'a str, path: &'a Path) -> impl FnOnce(io::Error) -> OutboxError + 'a {
    move |e| OutboxError::io(format!("{what} {}", path.display()), e)
}

/// Readable by the kiosk's user alone.
pub(crate) fn create_private_dir(path: &Path) -> Result<(), OutboxError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(failed("cannot create", path))
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(path: &Path) -> Result<(), OutboxError> {
    File::open(path)
        .and_then(|dir| dir.sync_all())
        .map_err(failed("cannot sync directory", path))
}

pub(crate) fn create_private_file(path: &Path) -> Result<File, OutboxError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(failed("cannot create", path))
}

/// Writes under a temporary name, syncs, renames. The name is durable only
/// after [`sync_dir`] of the folder.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), OutboxError> {
    let temporary = path.with_extension("tmp");
    remove_if_there(&temporary)?;
    let mut file = create_private_file(&temporary)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_data())
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(failed("cannot write", path))
}

pub(crate) fn remove_if_there(path: &Path) -> Result<(), OutboxError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed("cannot remove", path)(e)),
        _ => Ok(()),
    }
}

pub(crate) fn remove_folder_if_there(path: &Path) -> Result<(), OutboxError> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed("cannot remove", path)(e)),
        _ => Ok(()),
    }
}

pub(crate) fn read_dir(path: &Path) -> Result<Vec<fs::DirEntry>, OutboxError> {
    match fs::read_dir(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries
            .and_then(Iterator::collect)
            .map_err(failed("cannot list", path)),
    }
}

/// A process that is ending, or one that is just being started and still has this
/// one's files open, lets go within this.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// The lock goes with the process, however it ends.
pub(crate) fn lock_exclusively(path: &Path) -> Result<File, OutboxError> {
    use rustix::fs::{FlockOperation, flock};
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(failed("cannot open", path))?;
    let begun = Instant::now();
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) if begun.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(LOCK_PAUSE);
            }
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(OutboxError::InUse),
            Err(e) => return Err(failed("cannot lock", path)(e.into())),
        }
    }
}

/// Of the file system that a path lies on.
pub(crate) struct Disk {
    /// Bytes an unprivileged process may still write.
    pub free_bytes: u64,
    pub read_only: bool,
}

pub(crate) fn disk(path: &Path) -> Result<Disk, OutboxError> {
    let stat = rustix::fs::statvfs(path).map_err(|e| failed("cannot ask", path)(e.into()))?;
    Ok(Disk {
        free_bytes: stat.f_bavail.saturating_mul(stat.f_frsize),
        read_only: stat.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY),
    })
}

/// SHA-256 of a whole file.
pub(crate) fn digest(path: &Path) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Digest(hash.finalize().into())),
            n => hash.update(&buffer[..n]),
        }
    }
}
