//! Coming back: the storage with the pending key is put in and found.

use super::command::{KeyLocation, Request};
use super::event::{Choice, DeviceEvent, Key, Now, PendingKey, Reply, Touch};
use super::step::{Shown, Step, Turn};
use super::view::{PrimaryLabel, Screen};
use super::visit::Visit;

#[derive(Default)]
pub(super) struct CollectStorage {
    pending: Option<PendingKey>,
}

impl CollectStorage {
    fn look(&mut self, visit: &mut Visit) {
        self.pending = None;
        let collect = &visit.answers.collect;
        if let Some(kind) = collect.key_wanted {
            visit.ask(Request::LookAtToken { kind });
        } else if let Some(subject_key_identifier) = collect.subject_key_identifier.clone() {
            visit.ask(Request::FindPendingKey {
                subject_key_identifier,
            });
        }
    }
}

impl Step for CollectStorage {
    fn enter(&mut self, visit: &mut Visit) {
        self.look(visit);
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        match touch {
            Touch::Next | Touch::Key(Key::Enter) => match &self.pending {
                Some(pending) => {
                    visit.answers.location = Some(pending.location.clone());
                    Turn::Forward
                }
                None => {
                    self.look(visit);
                    Turn::Stay
                }
            },
            Touch::Choose(Choice::RefreshStorage) => {
                self.look(visit);
                Turn::Stay
            }
            _ => Turn::Stay,
        }
    }

    fn device(&mut self, event: &DeviceEvent, visit: &mut Visit) -> Turn {
        if matches!(
            event,
            DeviceEvent::DriveInserted { .. }
                | DeviceEvent::DriveRemoved { .. }
                | DeviceEvent::TokenInserted { .. }
                | DeviceEvent::TokenRemoved
        ) {
            self.look(visit);
        }
        Turn::Stay
    }

    fn reply(&mut self, reply: &Reply, _visit: &mut Visit) -> Turn {
        match reply {
            Reply::PendingKey(pending) => self.pending.clone_from(pending),
            // The key is made in it: there is none to be found.
            Reply::TokenSeen(seen) => {
                self.pending = Some(PendingKey {
                    location: KeyLocation {
                        storage: seen.kind,
                        drive: None,
                        path: Vec::new(),
                    },
                    label: seen.label.clone(),
                });
            }
            _ => {}
        }
        Turn::Stay
    }

    fn complete(&self, visit: &Visit) -> bool {
        visit.answers.location.is_some()
    }

    fn show(&self, visit: &Visit, _now: Now) -> Shown {
        let pending = self.pending.as_ref();
        let screen = Screen::CollectStorage {
            listing: None,
            drive_label: pending.map(|p| p.label.clone()).unwrap_or_default(),
            pending_found: pending.is_some(),
            key_wanted: visit.answers.collect.key_wanted,
        };
        let label = match pending {
            Some(_) => PrimaryLabel::Continue,
            None => PrimaryLabel::Retry,
        };
        Shown::new(screen, label, true)
    }
}
