//! The drives that are there now, and the calls on them that real and simulated
//! drives share.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use faults::Fault;

use super::trouble::{SharedMedium, Space, fault};
use super::{DriveFound, Folder, UsbDrives, folder, listing};
use crate::session::event::{DeviceEvent, DriveId, FolderListing};

/// A drive as it was found.
#[derive(Clone)]
pub(super) struct Slot {
    /// Tells this visit of a drive apart from the next one of the same drive.
    pub(super) key: String,
    pub(super) label: String,
    pub(super) root: PathBuf,
    pub(super) medium: SharedMedium,
}

pub(super) struct Drives {
    sender: Box<dyn Fn(DeviceEvent) + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last_id: u32,
    present: Vec<(DriveId, Slot)>,
}

impl Drives {
    /// `sender` must not call back into the drives.
    pub(super) fn new(sender: impl Fn(DeviceEvent) + Send + Sync + 'static) -> Self {
        Drives {
            sender: Box::new(sender),
            state: Mutex::default(),
        }
    }

    /// Takes in what is there now and tells what changed.
    pub(super) fn update(&self, found: Vec<Slot>) {
        let mut state = self.state();
        state.present.retain(|(drive, slot)| {
            let stays = found.iter().any(|other| other.key == slot.key);
            if !stays {
                (self.sender)(DeviceEvent::DriveRemoved { drive: *drive });
            }
            stays
        });
        for slot in found {
            if state.present.iter().any(|(_, known)| known.key == slot.key) {
                continue;
            }
            state.last_id += 1;
            let drive = DriveId(state.last_id);
            let label = slot.label.clone();
            state.present.push((drive, slot));
            (self.sender)(DeviceEvent::DriveInserted { drive, label });
        }
    }

    fn slot(&self, drive: DriveId) -> Result<Slot, Fault> {
        let state = self.state();
        let found = state.present.iter().find(|(id, _)| *id == drive);
        found.map(|(_, slot)| slot.clone()).ok_or(Fault::UsbMissing)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn space(&self) -> std::io::Result<Space> {
        self.medium.touch()?;
        Ok(self.medium.space(folder::space(&self.root)?))
    }
}

impl UsbDrives for Drives {
    fn drives(&self) -> Vec<DriveFound> {
        let present = self.state().present.clone();
        present
            .into_iter()
            .filter_map(|(id, slot)| {
                let Space {
                    free_bytes,
                    writable,
                } = slot.space().ok()?;
                Some(DriveFound {
                    id,
                    label: slot.label,
                    free_bytes,
                    writable,
                })
            })
            .collect()
    }

    fn list(
        &self,
        drive: DriveId,
        path: &[String],
        pictures: bool,
    ) -> Result<FolderListing, Fault> {
        let slot = self.slot(drive)?;
        let folder = Folder::open(&slot.root, path, slot.medium.clone())?;
        let (folders, files) = listing::list(&folder, pictures)?;
        let Space {
            free_bytes,
            writable,
        } = slot.space().map_err(|error| folder.fault(&error))?;
        Ok(FolderListing {
            drive,
            path: path.to_vec(),
            folders,
            files,
            free_bytes,
            writable,
        })
    }

    fn folder(&self, drive: DriveId, path: &[String]) -> Result<Folder, Fault> {
        let slot = self.slot(drive)?;
        let chosen = slot.medium.choose();
        chosen.map_err(|error| fault(&*slot.medium, &error))?;
        Folder::open(&slot.root, path, slot.medium)
    }

    fn open_file(&self, drive: DriveId, path: &[String]) -> Result<OwnedFd, Fault> {
        let slot = self.slot(drive)?;
        let opened = slot
            .medium
            .touch()
            .and_then(|()| folder::open_file(&slot.root, path));
        opened.map_err(|error| match fault(&*slot.medium, &error) {
            Fault::UsbPulled => Fault::UsbPulled,
            _ => Fault::FileUnreadable,
        })
    }
}
