//! Opening folders and files of a drive, and never anything outside it.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use faults::Fault;
use rustix::fs::{
    Access, AtFlags, DirEntry, FileType, Mode, OFlags, ResolveFlags, StatVfsMountFlags, accessat,
    fstatvfs, openat2, statat,
};

use super::trouble::{SharedMedium, Space, fault};

/// Beneath the root, through no link, never onto another file system.
const RESOLVE: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_MAGICLINKS)
    .union(ResolveFlags::NO_XDEV);

/// An open folder of a drive. Keeps the drive busy while it lives: drop it soon.
pub struct Folder {
    folder: OwnedFd,
    medium: SharedMedium,
}

impl std::fmt::Debug for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Folder(..)")
    }
}

impl Folder {
    /// # Errors
    /// `UsbFailed` for a name that is no name; else see [`fault`].
    pub(super) fn open(root: &Path, path: &[String], medium: SharedMedium) -> Result<Self, Fault> {
        let opened = medium
            .touch()
            .and_then(|()| open_root(root))
            .and_then(|root| open_beneath(&root, path, OFlags::RDONLY | OFlags::DIRECTORY));
        match opened {
            Ok(folder) => Ok(Folder { folder, medium }),
            Err(error) => Err(fault(&*medium, &error)),
        }
    }

    /// A path that leads to exactly this folder, whatever happens to its name, for as
    /// long as the folder is open. Only within this process.
    pub fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.folder.as_raw_fd()).into()
    }

    /// The drive is still in its slot. After a failed write this tells a pulled drive
    /// from a broken one.
    pub fn is_present(&self) -> bool {
        self.medium.is_present()
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }

    pub(super) fn fault(&self, error: &io::Error) -> Fault {
        fault(&*self.medium, error)
    }
}

/// What the file system says.
pub(super) fn space(root: &Path) -> io::Result<Space> {
    let root = open_root(root)?;
    let space = fstatvfs(&root)?;
    let read_only = space.f_flag.contains(StatVfsMountFlags::RDONLY);
    let permitted = accessat(&root, ".", Access::WRITE_OK, AtFlags::empty()).is_ok();
    Ok(Space {
        free_bytes: space.f_bavail.saturating_mul(space.f_frsize),
        writable: !read_only && permitted,
    })
}

/// A plain file, without waiting for the other end of a pipe.
pub(super) fn open_file(root: &Path, path: &[String]) -> io::Result<OwnedFd> {
    let root = open_root(root)?;
    let file = File::from(open_beneath(
        &root,
        path,
        OFlags::RDONLY | OFlags::NONBLOCK,
    )?);
    if file.metadata()?.is_file() {
        Ok(file.into())
    } else {
        Err(io::ErrorKind::InvalidInput.into())
    }
}

/// The drive's own word if it says the type; else a look at the file.
pub(super) fn file_type(folder: BorrowedFd<'_>, entry: &DirEntry) -> FileType {
    match entry.file_type() {
        FileType::Unknown => statat(folder, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)
            .map_or(FileType::Unknown, |stat| {
                FileType::from_raw_mode(stat.st_mode)
            }),
        known => known,
    }
}

fn open_root(root: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::open(root, flags, Mode::empty())?)
}

fn open_beneath(root: &OwnedFd, path: &[String], flags: OFlags) -> io::Result<OwnedFd> {
    if !path.iter().all(|name| is_name(name)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let path = if path.is_empty() {
        ".".to_owned()
    } else {
        path.join("/")
    };
    let flags = flags | OFlags::CLOEXEC;
    Ok(openat2(root, path, flags, Mode::empty(), RESOLVE)?)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\0'])
}
