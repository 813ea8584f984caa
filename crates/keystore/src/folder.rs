//! A folder on a citizen's drive: files that survive a pulled drive or are not
//! there at all, and no way out of the drive.

use std::{
    ffi::OsStr,
    fs::File,
    io::{Read, Write},
    os::fd::OwnedFd,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{
        Advice, AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, StatVfsMountFlags,
        fadvise, fstat, fstatvfs, fsync, openat, openat2, renameat, unlinkat,
    },
    io::Errno,
};

use crate::StorageError;

/// What a file that is being written is called until it is whole.
const UNFINISHED: &str = ".part";

/// An opened folder. Everything goes through its descriptor, so that a path
/// exchanged later leads nowhere.
pub struct Folder {
    fd: OwnedFd,
}

impl Folder {
    /// Opens a folder below the drive's root. Symbolic links and `..` are
    /// refused, and so is what is mounted inside the drive.
    ///
    /// # Errors
    /// [`StorageError::Missing`] when the root or the folder is not there.
    pub fn open<S: AsRef<str>>(root: &Path, path: &[S]) -> Result<Self, StorageError> {
        let missing = |e| match e {
            Errno::NOENT => StorageError::Missing,
            other => other.into(),
        };
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let fd = openat(CWD, root, flags, Mode::empty()).map_err(missing)?;
        if path.is_empty() {
            return Ok(Self { fd });
        }
        let mut relative = PathBuf::new();
        for name in path {
            plain(name.as_ref())?;
            relative.push(name.as_ref());
        }
        let resolve = ResolveFlags::BENEATH
            | ResolveFlags::NO_SYMLINKS
            | ResolveFlags::NO_MAGICLINKS
            | ResolveFlags::NO_XDEV;
        let fd = openat2(fd, relative, flags, Mode::empty(), resolve).map_err(missing)?;
        Ok(Self { fd })
    }

    /// Takes a folder that someone else opened.
    pub fn from_fd(fd: OwnedFd) -> Self {
        Self { fd }
    }

    /// Bytes that can be written.
    pub fn free_bytes(&self) -> Result<u64, StorageError> {
        let stat = fstatvfs(&self.fd)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// Whether the drive is mounted read-only.
    pub fn is_read_only(&self) -> Result<bool, StorageError> {
        Ok(fstatvfs(&self.fd)?
            .f_flag
            .contains(StatVfsMountFlags::RDONLY))
    }

    /// Names of the entries, without those that are not Unicode.
    pub fn names(&self) -> Result<Vec<String>, StorageError> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.fd)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if let Some(name) = name.to_str().filter(|n| *n != "." && *n != "..") {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// The whole of a plain file, none when there is none of this name. Read
    /// from the drive, not from the kernel's memory of what was written.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when it is longer than `limit` bytes.
    pub fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, StorageError> {
        plain(name)?;
        // Not to wait for ever where someone put a pipe.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = match openat(&self.fd, name, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(None),
            other => other?,
        };
        if FileType::from_raw_mode(fstat(&fd)?.st_mode) != FileType::RegularFile {
            return Err(StorageError::PathRefused);
        }
        // Only a hint: a file system that cannot drop its pages still reads right.
        let _ = fadvise(&fd, 0, None, Advice::DontNeed);
        let mut bytes = Vec::new();
        File::from(fd).take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(StorageError::Damaged);
        }
        Ok(Some(bytes))
    }

    /// Writes a file that is there whole or not at all: under an unfinished
    /// name, synced, renamed over what had the name before, folder synced.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StorageError> {
        plain(name)?;
        let unfinished = format!("{name}{UNFINISHED}");
        self.remove(&unfinished)?;
        let written = self
            .write_unfinished(&unfinished, bytes)
            .and_then(|()| Ok(renameat(&self.fd, &unfinished, &self.fd, name)?))
            .and_then(|()| self.sync());
        if written.is_err() {
            // The drive may be gone; then this fails too and nothing is lost.
            let _ = self.remove(&unfinished);
        }
        written
    }

    fn write_unfinished(&self, name: &str, bytes: &[u8]) -> Result<(), StorageError> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = openat(&self.fd, name, flags, Mode::RUSR | Mode::WUSR)?;
        let mut file = File::from(fd);
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(())
    }

    /// Removes a file and syncs the folder; one that is not there is no error.
    pub fn remove(&self, name: &str) -> Result<(), StorageError> {
        plain(name)?;
        match unlinkat(&self.fd, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            Err(other) => Err(other.into()),
            Ok(()) => self.sync(),
        }
    }

    fn sync(&self) -> Result<(), StorageError> {
        match fsync(&self.fd) {
            // Some file systems cannot sync a folder and write it at once instead.
            Err(Errno::INVAL) => Ok(()),
            other => Ok(other?),
        }
    }
}

/// The name that an unfinished file was meant to get.
pub(crate) fn finished_name(name: &str) -> Option<&str> {
    name.strip_suffix(UNFINISHED)
}

/// One component of a path, and not a way up.
fn plain(name: &str) -> Result<(), StorageError> {
    let refused = name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']);
    if refused {
        return Err(StorageError::PathRefused);
    }
    Ok(())
}
