//! The old key is opened, and whom its certificate names is shown.

use faults::Fault;

use crate::session::asked::Asked;
use crate::session::command::Request;
use crate::session::event::{DeviceEvent, Key, KeyHolder, Now, Reply, StepName, Touch};
use crate::session::issuing::is_about_password;
use crate::session::step::{Shown, Step, Turn};
use crate::session::view::{PrimaryLabel, Screen};
use crate::session::visit::Visit;

#[derive(Default)]
pub(in crate::session) struct RenewHolder {
    holder: Option<KeyHolder>,
}

impl RenewHolder {
    fn open(&mut self, visit: &mut Visit) {
        self.holder = None;
        let renewal = visit.answers.renewal.as_ref();
        let opened = renewal.and_then(|r| Some((r.key.clone()?, r.secret.clone()?)));
        match opened {
            Some((key, password)) => visit.ask(Request::OpenCertifiedKey { key, password }),
            None => visit.fault = Some(Fault::Internal),
        }
    }

    fn is_over(&self, now: Now) -> bool {
        let holder = self.holder.as_ref();
        holder.is_some_and(|holder| holder.valid_until <= now.wall)
    }
}

impl Step for RenewHolder {
    fn enter(&mut self, visit: &mut Visit) {
        self.open(visit);
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        if !matches!(touch, Touch::Next | Touch::Key(Key::Enter)) {
            return Turn::Stay;
        }
        match (&self.holder, &mut visit.answers.renewal) {
            (Some(_), _) if self.is_over(visit.now) => Turn::Stay,
            (Some(found), Some(renewal)) => {
                renewal.holder = Some(found.holder.clone());
                let iin = found.iin.clone();
                visit.answers.set_iin(iin);
                Turn::Forward
            }
            _ => {
                self.open(visit);
                Turn::Stay
            }
        }
    }

    fn device(&mut self, event: &DeviceEvent, visit: &mut Visit) -> Turn {
        let renewal = visit.answers.renewal.as_ref();
        let location = renewal.and_then(|r| r.key.as_ref()).map(|k| &k.location);
        let gone = location.is_some_and(|at| match event {
            DeviceEvent::DriveRemoved { drive } => at.drive == Some(*drive),
            DeviceEvent::TokenRemoved => at.drive.is_none(),
            _ => false,
        });
        match gone {
            true => Turn::To(StepName::RenewKey),
            false => Turn::Stay,
        }
    }

    fn reply(&mut self, reply: &Reply, _visit: &mut Visit) -> Turn {
        if let Reply::KeyOpened(holder) = reply {
            self.holder = Some((**holder).clone());
        }
        Turn::Stay
    }

    fn failed(&mut self, _asked: Asked, fault: Fault, visit: &mut Visit) -> Turn {
        if is_about_password(fault) {
            if let Some(renewal) = &mut visit.answers.renewal {
                renewal.secret = None;
            }
            return Turn::To(StepName::RenewSecret);
        }
        match fault {
            Fault::UsbMissing | Fault::UsbPulled | Fault::TokenMissing | Fault::TokenPulled => {
                Turn::To(StepName::RenewKey)
            }
            _ => Turn::Stay,
        }
    }

    fn complete(&self, visit: &Visit) -> bool {
        let renewal = visit.answers.renewal.as_ref();
        renewal.is_some_and(|renewal| renewal.holder.is_some())
    }

    fn show(&self, visit: &Visit, now: Now) -> Shown {
        let over = self.is_over(now);
        let screen = Screen::RenewHolder {
            holder: self.holder.clone(),
            over,
        };
        let (label, enabled) = match &self.holder {
            Some(_) => (PrimaryLabel::Continue, !over),
            None => (PrimaryLabel::Retry, visit.outstanding().is_none()),
        };
        Shown::new(screen, label, enabled)
    }
}
