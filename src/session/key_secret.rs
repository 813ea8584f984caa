//! What opens the key: the password of a file or, where the key lives in a token,
//! its PIN. The same step of the journey either way.

use exchange::StorageType;
use faults::Fault;

use super::asked::Asked;
use super::event::{DeviceEvent, Now, Reply, Touch};
use super::step::{Shown, Step, Turn};
use super::token_pin::TokenPin;
use super::visit::Visit;

/// `F`: the step of a file's password.
pub(super) struct KeySecret<F> {
    in_token: bool,
    file: F,
    token: TokenPin,
}

impl<F: Step> KeySecret<F> {
    pub fn new(file: F, token: TokenPin) -> Self {
        Self {
            in_token: false,
            file,
            token,
        }
    }

    fn step(&self) -> &dyn Step {
        if self.in_token {
            &self.token
        } else {
            &self.file
        }
    }

    fn step_mut(&mut self) -> &mut dyn Step {
        if self.in_token {
            &mut self.token
        } else {
            &mut self.file
        }
    }
}

impl<F: Step> Step for KeySecret<F> {
    fn enter(&mut self, visit: &mut Visit) {
        let storage = visit.answers.storage_of_secret();
        self.in_token = storage.is_some_and(|kind| kind != StorageType::Pkcs12);
        self.step_mut().enter(visit);
    }

    fn leave(&mut self, visit: &mut Visit) {
        self.step_mut().leave(visit);
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        self.step_mut().touch(touch, visit)
    }

    fn back(&mut self, visit: &mut Visit) -> Turn {
        self.step_mut().back(visit)
    }

    fn device(&mut self, event: &DeviceEvent, visit: &mut Visit) -> Turn {
        self.step_mut().device(event, visit)
    }

    fn reply(&mut self, reply: &Reply, visit: &mut Visit) -> Turn {
        self.step_mut().reply(reply, visit)
    }

    fn failed(&mut self, asked: Asked, fault: Fault, visit: &mut Visit) -> Turn {
        self.step_mut().failed(asked, fault, visit)
    }

    fn complete(&self, visit: &Visit) -> bool {
        self.step().complete(visit)
    }

    fn show(&self, visit: &Visit, now: Now) -> Shown {
        self.step().show(visit, now)
    }
}
