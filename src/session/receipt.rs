//! What the person now has, where it is, and what comes next; at the end of
//! enrolling and of collecting; and one signature, to see that it works.

use std::time::Duration;

use exchange::{Secret, StorageType};
use faults::Fault;

use super::asked::Asked;
use super::command::Request;
use super::event::{Choice, ComeBackReason, DeviceEvent, Key, Now, Reply, Touch};
use super::step::{Shown, Step, Turn};
use super::view::{Outcome, PrimaryLabel, ReceiptView, Screen, SignatureTrial};
use super::visit::Visit;

pub(super) struct Receipt {
    collected: bool,
    /// Boottime at which the screen is wiped.
    closes_at: Duration,
    /// Of the key, for one trial; gone with the first try or with the storage.
    password: Option<Secret>,
    tried: Option<SignatureTrial>,
}

impl Receipt {
    pub fn after_issuing() -> Self {
        Self::new(false)
    }

    pub fn after_collecting() -> Self {
        Self::new(true)
    }

    fn new(collected: bool) -> Self {
        Self {
            collected,
            closes_at: Duration::ZERO,
            password: None,
            tried: None,
        }
    }

    fn try_signature(&mut self, visit: &mut Visit) {
        if let (Some(password), Some(location)) =
            (self.password.take(), visit.answers.location.clone())
        {
            visit.ask(Request::TrySignature { location, password });
        }
    }

    fn trial(&self, visit: &Visit) -> Option<SignatureTrial> {
        if visit.is_asking(Asked::TrySignature) {
            return Some(SignatureTrial::Running);
        }
        let offered = self.password.as_ref().map(|_| SignatureTrial::Offered);
        self.tried.clone().or(offered)
    }

    fn stay(&mut self, visit: &Visit) {
        let until = visit
            .now
            .boottime
            .saturating_add(visit.config.receipt_stays);
        self.closes_at = until;
    }
}

impl Step for Receipt {
    fn enter(&mut self, visit: &mut Visit) {
        let installed = matches!(visit.answers.outcome, Some(Outcome::Installed { .. }));
        let password = visit.answers.key_password.take();
        self.password = password.filter(|_| installed);
        self.stay(visit);
    }

    fn leave(&mut self, _visit: &mut Visit) {
        self.password = None;
        self.tried = None;
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        if matches!(touch, Touch::Next | Touch::Key(Key::Enter)) {
            return Turn::End;
        }
        if *touch == Touch::Choose(Choice::TrySignature) {
            self.try_signature(visit);
        }
        self.stay(visit);
        Turn::Stay
    }

    fn device(&mut self, event: &DeviceEvent, visit: &mut Visit) -> Turn {
        let location = visit.answers.location.as_ref();
        let gone = location.is_some_and(|at| match event {
            DeviceEvent::DriveRemoved { drive } => at.drive == Some(*drive),
            DeviceEvent::TokenRemoved => at.storage != StorageType::Pkcs12,
            _ => false,
        });
        if gone {
            self.password = None;
        }
        Turn::Stay
    }

    fn reply(&mut self, reply: &Reply, visit: &mut Visit) -> Turn {
        if let Reply::SignatureTried {
            signer,
            valid_until,
            ok,
        } = reply
        {
            self.tried = Some(SignatureTrial::Done {
                signer: signer.clone(),
                valid_until: *valid_until,
                ok: *ok,
            });
            self.stay(visit);
        }
        Turn::Stay
    }

    fn failed(&mut self, _asked: Asked, fault: Fault, visit: &mut Visit) -> Turn {
        // With the request goes the password in it.
        visit.forget_fault();
        visit.fault = Some(fault);
        self.stay(visit);
        Turn::Stay
    }

    fn tick(&mut self, visit: &mut Visit) -> Turn {
        if visit.now.boottime >= self.closes_at {
            Turn::End
        } else {
            Turn::Stay
        }
    }

    fn closes_itself(&self) -> bool {
        true
    }

    fn complete(&self, _visit: &Visit) -> bool {
        true
    }

    fn show(&self, visit: &Visit, now: Now) -> Shown {
        let receipt_code = match self.collected {
            true => None,
            false => visit.answers.receipt_code.as_ref().map(|c| c.grouped()),
        };
        let view = ReceiptView {
            outcome: visit
                .answers
                .outcome
                .clone()
                .unwrap_or(Outcome::ComeBack(ComeBackReason::Undecided)),
            receipt_code,
            trial: self.trial(visit),
            closes_in_seconds: Visit::seconds_until(self.closes_at, now),
        };
        let screen = match self.collected {
            true => Screen::Collected(view),
            false => Screen::Receipt(view),
        };
        let mut shown = Shown::new(screen, PrimaryLabel::Finish, true);
        shown.back = false;
        shown.cancel = false;
        shown
    }
}
