//! Where the key will live. Finding the storages is also the key-provider check.

use super::answers::Storage as Chosen;
use super::command::Request;
use super::event::{Choice, DeviceEvent, Key, Now, Reply, StorageFound, StorageUnusable, Touch};
use super::step::{Shown, Step, Turn};
use super::view::{PrimaryLabel, Screen};
use super::visit::Visit;

use exchange::StorageType;

#[derive(Default)]
pub(super) struct Storage {
    found: Vec<StorageFound>,
    chosen: Option<StorageType>,
}

/// A full token can: whoever chose it is asked which of its keys may go.
fn can_be_used(found: &StorageFound) -> bool {
    matches!(found.unusable, None | Some(StorageUnusable::Occupied))
}

impl Storage {
    fn usable(&self, kind: StorageType) -> Option<&StorageFound> {
        let mut all = self.found.iter();
        all.find(|s| s.storage == kind && can_be_used(s))
    }

    fn next(&mut self, visit: &mut Visit) -> Turn {
        let Some(found) = self.chosen.and_then(|kind| self.usable(kind)) else {
            return Turn::Stay;
        };
        visit.answers.set_storage(Chosen {
            kind: found.storage,
            drive: found.drive,
            label: found.label.clone(),
            generation_erases: found.generation_erases,
            gone: false,
        });
        Turn::Forward
    }
}

impl Step for Storage {
    fn enter(&mut self, visit: &mut Visit) {
        visit.ask(Request::FindStorages);
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        match touch {
            Touch::Next | Touch::Key(Key::Enter) => return self.next(visit),
            Touch::Choose(Choice::Storage(kind)) if self.usable(*kind).is_some() => {
                self.chosen = Some(*kind);
            }
            Touch::Choose(Choice::RefreshStorage) => visit.ask(Request::FindStorages),
            _ => {}
        }
        Turn::Stay
    }

    fn device(&mut self, event: &DeviceEvent, visit: &mut Visit) -> Turn {
        if matches!(
            event,
            DeviceEvent::DriveInserted { .. }
                | DeviceEvent::DriveRemoved { .. }
                | DeviceEvent::TokenInserted { .. }
                | DeviceEvent::TokenRemoved
        ) {
            visit.ask(Request::FindStorages);
        }
        Turn::Stay
    }

    fn reply(&mut self, reply: &Reply, _visit: &mut Visit) -> Turn {
        if let Reply::Storages(found) = reply {
            self.found.clone_from(found);
            self.chosen = self.chosen.filter(|&kind| self.usable(kind).is_some());
        }
        Turn::Stay
    }

    fn complete(&self, visit: &Visit) -> bool {
        visit.answers.storage.as_ref().is_some_and(|s| !s.gone)
    }

    fn show(&self, _visit: &Visit, _now: Now) -> Shown {
        let chosen = self.chosen.filter(|&kind| self.usable(kind).is_some());
        let screen = Screen::Storage {
            found: self.found.clone(),
            chosen,
            provider_ready: self.found.iter().any(|s| s.unusable.is_none()),
        };
        Shown::new(screen, PrimaryLabel::Continue, chosen.is_some())
    }
}
