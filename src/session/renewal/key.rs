//! Which key shall sign for the new one.

use crate::session::answers::Renewal;
use crate::session::command::Request;
use crate::session::event::{CertifiedKey, Choice, DeviceEvent, Key, Now, Reply, Touch};
use crate::session::step::{Shown, Step, Turn};
use crate::session::view::{PrimaryLabel, Screen};
use crate::session::visit::Visit;

#[derive(Default)]
pub(in crate::session) struct RenewKey {
    /// None until the storages were looked through.
    found: Option<Vec<CertifiedKey>>,
    chosen: Option<usize>,
}

impl RenewKey {
    fn look(&mut self, visit: &mut Visit) {
        *self = Self::default();
        visit.ask(Request::FindCertifiedKeys);
    }

    fn chosen(&self) -> Option<&CertifiedKey> {
        self.found.as_ref()?.get(self.chosen?)
    }
}

impl Step for RenewKey {
    fn enter(&mut self, visit: &mut Visit) {
        // Another key may belong to another person.
        visit.answers.renewal = Some(Renewal::default());
        self.look(visit);
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        match touch {
            Touch::Choose(Choice::CertifiedKey(at)) => {
                let there = self.found.iter().flatten().count();
                self.chosen = Some(*at).filter(|at| *at < there);
                Turn::Stay
            }
            Touch::Choose(Choice::RefreshStorage) => {
                self.look(visit);
                Turn::Stay
            }
            Touch::Next | Touch::Key(Key::Enter) => match self.chosen() {
                Some(key) => {
                    visit.answers.renewal = Some(Renewal {
                        key: Some(key.clone()),
                        ..Renewal::default()
                    });
                    Turn::Forward
                }
                None => Turn::Stay,
            },
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
        if let Reply::CertifiedKeys(found) = reply {
            // Who has only one has chosen.
            self.chosen = (found.len() == 1).then_some(0);
            self.found = Some(found.clone());
        }
        Turn::Stay
    }

    fn complete(&self, visit: &Visit) -> bool {
        let renewal = visit.answers.renewal.as_ref();
        renewal.is_some_and(|renewal| renewal.key.is_some())
    }

    fn show(&self, _visit: &Visit, _now: Now) -> Shown {
        let screen = Screen::RenewKey {
            found: self.found.clone(),
            chosen: self.chosen,
        };
        Shown::new(screen, PrimaryLabel::Continue, self.chosen().is_some())
    }
}
