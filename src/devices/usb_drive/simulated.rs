//! A folder in place of a drive, with the faults of real drives on demand.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use faults::Fault;
use rustix::io::Errno;

use super::drives::{Drives, Slot};
use super::trouble::{Medium, Space};
use super::{DriveFound, Folder, UsbDrives};
use crate::session::event::{DeviceEvent, DriveId, FolderListing};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DriveFault {
    #[default]
    None,
    /// Not in the slot.
    Absent,
    ReadOnly,
    Full,
    /// Gives read and write errors although it is there.
    Broken,
}

/// Cloned handles work on one drive.
#[derive(Clone)]
pub struct SimulatedDrives {
    drives: Arc<Drives>,
    root: PathBuf,
    label: String,
    fault: Arc<Mutex<DriveFault>>,
    /// Counts the times it was put in.
    visit: Arc<Mutex<u32>>,
}

/// One drive whose content is the folder `root`. `sender` must not call back into the
/// drives.
pub fn start(
    root: PathBuf,
    label: &str,
    sender: impl Fn(DeviceEvent) + Send + Sync + 'static,
) -> SimulatedDrives {
    super::super::simulated_in_use("USB drives");
    let drives = SimulatedDrives {
        drives: Arc::new(Drives::new(sender)),
        root,
        label: label.to_owned(),
        fault: Arc::default(),
        visit: Arc::default(),
    };
    drives.look();
    drives
}

impl SimulatedDrives {
    pub fn inject(&self, fault: DriveFault) {
        let before = std::mem::replace(&mut *lock(&self.fault), fault);
        if before == DriveFault::Absent && fault != DriveFault::Absent {
            *lock(&self.visit) += 1;
        }
        self.look();
    }

    fn look(&self) {
        let found = if *lock(&self.fault) == DriveFault::Absent {
            Vec::new()
        } else {
            vec![Slot {
                key: lock(&self.visit).to_string(),
                label: self.label.clone(),
                root: self.root.clone(),
                medium: Arc::new(Injected(self.fault.clone())),
            }]
        };
        self.drives.update(found);
    }
}

struct Injected(Arc<Mutex<DriveFault>>);

impl Medium for Injected {
    fn is_present(&self) -> bool {
        *lock(&self.0) != DriveFault::Absent
    }

    fn touch(&self) -> io::Result<()> {
        match *lock(&self.0) {
            DriveFault::Absent => Err(Errno::NODEV.into()),
            DriveFault::Broken => Err(Errno::IO.into()),
            DriveFault::None | DriveFault::ReadOnly | DriveFault::Full => Ok(()),
        }
    }

    fn space(&self, measured: Space) -> Space {
        let fault = *lock(&self.0);
        Space {
            free_bytes: match fault {
                DriveFault::Full => 0,
                _ => measured.free_bytes,
            },
            writable: measured.writable && fault != DriveFault::ReadOnly,
        }
    }
}

impl UsbDrives for SimulatedDrives {
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

    fn open_file(&self, drive: DriveId, path: &[String]) -> Result<OwnedFd, Fault> {
        self.drives.open_file(drive, path)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
