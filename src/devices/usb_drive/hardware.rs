//! Drives as the system mounts them: each mount point in the configured folder is one
//! drive. Mounting is done by udev and systemd, not here.
//!
//! A folder that is not mounted is never taken for a drive: a key written there would
//! stay in the kiosk.

mod mounts;
mod opened;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use faults::Fault;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::drives::{Drives, Slot};
use super::trouble::Medium;
use super::{DriveFound, Folder, UsbDrives};
use crate::session::event::{DeviceEvent, DriveId, FolderListing};
use mounts::Mount;
use opened::OpenedDrive;

/// The kernel wakes us when a mount comes or goes; a pulled drive is looked for this often.
const LOOK: Timespec = Timespec {
    tv_sec: 1,
    tv_nsec: 0,
};
/// When the list of mounts itself cannot be watched.
const PAUSE: Duration = Duration::from_secs(1);

/// Lets the drive of this name be written; may take seconds.
pub type Opener = Arc<dyn Fn(&str) -> std::io::Result<()> + Send + Sync>;

#[derive(Clone)]
pub struct Config {
    /// Each mount point directly in it is one drive.
    pub root: PathBuf,
    /// `root` itself is one drive, mounted or not (a developer's folder).
    pub root_is_drive: bool,
    /// Types of file system that are taken.
    pub file_systems: Vec<String>,
    /// Where drives are mounted read-only until a person chose one; none: they are as they are.
    pub opener: Option<Opener>,
}

impl Config {
    pub fn new(root: PathBuf) -> Self {
        Config {
            root,
            root_is_drive: false,
            file_systems: ["vfat", "exfat"].map(String::from).to_vec(),
            opener: None,
        }
    }
}

/// The watch ends with it.
pub struct MountedDrives {
    drives: Arc<Drives>,
    ended: Arc<AtomicBool>,
}

/// `sender` must not call back into the drives.
pub fn start(
    config: Config,
    sender: impl Fn(DeviceEvent) + Send + Sync + 'static,
) -> std::io::Result<MountedDrives> {
    let drives = Arc::new(Drives::new(sender));
    let ended = Arc::new(AtomicBool::new(false));
    // What is there already is known when this returns.
    look(&config, &drives);
    let watched = (Arc::downgrade(&drives), ended.clone());
    std::thread::Builder::new()
        .name("usb drives".into())
        .spawn(move || watch(&config, &watched.0, &watched.1))?;
    Ok(MountedDrives { drives, ended })
}

fn watch(config: &Config, drives: &Weak<Drives>, ended: &AtomicBool) {
    let mounts = std::fs::File::open(mounts::TABLE);
    while !ended.load(Ordering::Relaxed) {
        match &mounts {
            Ok(table) => {
                let mut wait = [PollFd::new(table, PollFlags::PRI)];
                // Woken, timed out or disturbed: look again in any case.
                let _ = poll(&mut wait, Some(&LOOK));
            }
            Err(_) => std::thread::sleep(PAUSE),
        }
        let Some(drives) = drives.upgrade() else {
            return;
        };
        look(config, &drives);
    }
}

fn look(config: &Config, drives: &Drives) {
    let found = if config.root_is_drive {
        own_folder(&config.root).into_iter().collect()
    } else {
        let mounts = std::fs::read(mounts::TABLE).unwrap_or_default();
        mounts::parse(&mounts)
            .into_iter()
            .filter(|mount| mount.point.parent() == Some(&config.root))
            .filter(|mount| mount.is_fit(&config.file_systems) && mount.is_present())
            .map(|mount| slot(mount, config.opener.as_ref()))
            .collect()
    };
    drives.update(found);
}

fn slot(mount: Mount, opener: Option<&Opener>) -> Slot {
    let (label, root) = (label(&mount.point), mount.point.clone());
    Slot {
        key: format!("{}@{}", mount.id, mount.device),
        medium: match opener {
            Some(opener) => Arc::new(OpenedDrive::new(mount, label.clone(), opener.clone())),
            None => Arc::new(mount),
        },
        label,
        root,
    }
}

fn label(root: &Path) -> String {
    root.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// There as long as the folder is.
fn own_folder(root: &Path) -> Option<Slot> {
    let root = root.canonicalize().ok().filter(|root| root.is_dir())?;
    Some(Slot {
        key: root.display().to_string(),
        label: label(&root),
        medium: Arc::new(OwnFolder(root.clone())),
        root,
    })
}

struct OwnFolder(PathBuf);

impl Medium for OwnFolder {
    fn is_present(&self) -> bool {
        self.0.is_dir()
    }
}

impl Medium for Mount {
    fn is_present(&self) -> bool {
        Mount::is_present(self)
    }
}

impl Drop for MountedDrives {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

impl UsbDrives for MountedDrives {
    fn drives(&self) -> Vec<DriveFound> {
        self.drives.drives()
    }

    fn list(
        &self,
        drive: DriveId,
        path: &[String],
        pictures: bool,
    ) -> Result<FolderListing, Fault> {
        self.drives.list(drive, path, pictures)
    }

    fn folder(&self, drive: DriveId, path: &[String]) -> Result<Folder, Fault> {
        self.drives.folder(drive, path)
    }

    fn open_file(&self, drive: DriveId, path: &[String]) -> Result<std::os::fd::OwnedFd, Fault> {
        self.drives.open_file(drive, path)
    }
}
