//! The folder on the USB drive in which the key file will lie.

use exchange::StorageType;
use faults::Fault;

use super::asked::Asked;
use super::command::{KeyLocation, Request};
use super::event::{Choice, DeviceEvent, FolderListing, Key, Now, Reply, Touch};
use super::folder::Folder;
use super::step::{Shown, Step, Turn};
use super::view::{PrimaryLabel, Screen};
use super::visit::Visit;

/// A key file with its certificates is some 5 KB; there it is for a moment twice.
const ROOM: u64 = 64 * 1024;

#[derive(Default)]
pub(super) struct StorageLocation {
    folder: Option<Folder>,
}

impl StorageLocation {
    /// Lists the folder shown before, on the drive that was chosen.
    fn list(&mut self, visit: &mut Visit) {
        let storage = visit.answers.storage.as_ref().filter(|s| !s.gone);
        let Some(drive) = storage.and_then(|s| s.drive) else {
            visit.fault = Some(Fault::UsbMissing);
            return;
        };
        let folder = self
            .folder
            .get_or_insert_with(|| Folder::root_of(drive, false));
        if folder.drive() != drive {
            *folder = Folder::root_of(drive, false);
        }
        visit.ask(folder.list());
    }

    fn next(&mut self, visit: &mut Visit) -> Turn {
        let Some(listing) = self.folder.as_ref().and_then(Folder::listing) else {
            self.list(visit);
            return Turn::Stay;
        };
        if let Some(fault) = unfit(&listing) {
            visit.fault = Some(fault);
            return Turn::Stay;
        }
        visit.answers.location = Some(KeyLocation {
            storage: StorageType::Pkcs12,
            drive: Some(listing.drive),
            path: listing.path,
        });
        Turn::Forward
    }

    fn browse(&mut self, to: impl FnOnce(&mut Folder) -> Option<Request>, visit: &mut Visit) {
        if let Some(request) = self.folder.as_mut().and_then(to) {
            visit.ask(request);
        }
    }
}

fn unfit(listing: &FolderListing) -> Option<Fault> {
    if !listing.writable {
        Some(Fault::UsbReadOnly)
    } else if listing.free_bytes < ROOM {
        Some(Fault::UsbFull)
    } else {
        None
    }
}

impl Step for StorageLocation {
    fn enter(&mut self, visit: &mut Visit) {
        self.list(visit);
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        match touch {
            Touch::Next | Touch::Key(Key::Enter) => return self.next(visit),
            Touch::Choose(Choice::OpenFolder(at)) => self.browse(|f| f.open(*at), visit),
            Touch::Choose(Choice::FolderUp) => self.browse(Folder::up, visit),
            Touch::Choose(Choice::RefreshStorage | Choice::Retry) => self.list(visit),
            _ => {}
        }
        Turn::Stay
    }

    fn device(&mut self, event: &DeviceEvent, visit: &mut Visit) -> Turn {
        let here = self.folder.as_ref().map(Folder::drive);
        match event {
            DeviceEvent::DriveRemoved { drive } if here == Some(*drive) => {
                visit.abandon();
                visit.forget_fault();
                visit.fault = Some(Fault::UsbPulled);
                if let Some(folder) = &mut self.folder {
                    folder.moved_to(*drive);
                }
            }
            // The session has already seen whether it is the chosen drive again.
            DeviceEvent::DriveInserted { drive, .. } => {
                let storage = visit.answers.storage.as_ref();
                if storage.is_some_and(|s| s.drive == Some(*drive) && !s.gone) {
                    if let Some(folder) = &mut self.folder {
                        folder.moved_to(*drive);
                    }
                    self.list(visit);
                }
            }
            _ => {}
        }
        Turn::Stay
    }

    fn reply(&mut self, reply: &Reply, visit: &mut Visit) -> Turn {
        if let Reply::Folder(listing) = reply
            && !self.folder.as_mut().is_some_and(|f| f.take(listing))
        {
            visit.fault = Some(Fault::UsbFailed);
        }
        Turn::Stay
    }

    fn failed(&mut self, _asked: Asked, _fault: Fault, _visit: &mut Visit) -> Turn {
        self.folder = self.folder.take().and_then(Folder::back_to_shown);
        Turn::Stay
    }

    fn complete(&self, visit: &Visit) -> bool {
        visit.answers.location.is_some()
    }

    fn show(&self, visit: &Visit, _now: Now) -> Shown {
        let listing = self.folder.as_ref().and_then(Folder::listing);
        let storage = visit.answers.storage.as_ref();
        let label = match listing {
            Some(_) => PrimaryLabel::ChooseThisFolder,
            None => PrimaryLabel::Retry,
        };
        let screen = Screen::StorageLocation {
            listing,
            drive_label: storage.map(|s| s.label.clone()).unwrap_or_default(),
        };
        Shown::new(screen, label, true)
    }
}
