//! Small files for the kiosk's user alone, written whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use super::SyncError;

pub(crate) fn failed(what: &str, path: &Path, source: io::Error) -> SyncError {
    SyncError::File {
        what: format!("cannot {what} {}", path.display()),
        source,
    }
}

/// Mode 0700.
pub(crate) fn create_dir(path: &Path) -> Result<(), SyncError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|e| failed("create", path, e))
}

/// Mode 0600; durable when it returns.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), SyncError> {
    let temporary = path.with_extension("new");
    let written = (|| {
        match fs::remove_file(&temporary) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        fs::rename(&temporary, path)?;
        sync_dir_of(path)
    })();
    written.map_err(|e| failed("write", path, e))
}

/// Durable when it returns.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), SyncError> {
    fs::rename(from, to)
        .and_then(|()| sync_dir_of(to))
        .map_err(|e| failed("rename", from, e))
}

/// Durable when it returns; there may be none.
pub(crate) fn remove(path: &Path) -> Result<(), SyncError> {
    let removed = match fs::remove_file(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other,
    };
    removed
        .and_then(|()| sync_dir_of(path))
        .map_err(|e| failed("remove", path, e))
}

fn sync_dir_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

/// `None` when there is none.
///
/// # Errors
/// The disk's; or others than the owner may read it.
pub(crate) fn read(path: &Path) -> Result<Option<Zeroizing<String>>, SyncError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed("read", path, e)),
    };
    let mode = fs::metadata(path)
        .map_err(|e| failed("read", path, e))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        let open = io::Error::other(format!("mode {:o} lets others read it", mode & 0o777));
        return Err(failed("trust", path, open));
    }
    Ok(Some(text))
}
