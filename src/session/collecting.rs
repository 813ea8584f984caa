//! Coming back: the key is proven, the certificate installed and confirmed.

use faults::Fault;

use super::asked::Asked;
use super::command::Request;
use super::event::{Choice, IssuingPhase, Key, Now, Progress, Reply, StepName, Touch};
use super::issuing::{Work, is_about_password};
use super::step::{Shown, Step, Turn};
use super::view::{Outcome, PrimaryLabel, Screen};
use super::visit::Visit;

const PHASES: [IssuingPhase; 4] = [
    IssuingPhase::ProvingKey,
    IssuingPhase::AwaitingCertificate,
    IssuingPhase::Installing,
    IssuingPhase::Confirming,
];

#[derive(Default)]
pub(super) struct Collecting {
    work: Work,
}

impl Collecting {
    fn install(&mut self, visit: &mut Visit) {
        self.work.start(visit.now.boottime);
        let answers = &visit.answers;
        let (Some(submission), Some(ski), Some(location), Some(password)) = (
            answers.collect.submission,
            answers.collect.subject_key_identifier.clone(),
            answers.location.clone(),
            answers.key_password.clone(),
        ) else {
            visit.fault = Some(Fault::Internal);
            return;
        };
        visit.ask(Request::InstallCollected {
            submission,
            subject_key_identifier: ski,
            location,
            password,
        });
    }
}

impl Step for Collecting {
    fn enter(&mut self, visit: &mut Visit) {
        self.install(visit);
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        if matches!(
            touch,
            Touch::Next | Touch::Key(Key::Enter) | Touch::Choose(Choice::Retry)
        ) {
            self.install(visit);
        }
        Turn::Stay
    }

    fn progress(&mut self, progress: &Progress, _visit: &mut Visit) {
        self.work.progress(progress);
    }

    fn reply(&mut self, reply: &Reply, visit: &mut Visit) -> Turn {
        if let Reply::Installed(installed) = reply {
            visit.answers.outcome = Some(Outcome::Installed {
                file_name: installed.file_name.clone(),
                location: installed.location.clone(),
                valid_until: installed.valid_until,
            });
            return Turn::Forward;
        }
        Turn::Stay
    }

    fn failed(&mut self, _asked: Asked, fault: Fault, visit: &mut Visit) -> Turn {
        match fault {
            _ if is_about_password(fault) => {
                visit.answers.key_password = None;
                Turn::To(StepName::CollectPassword)
            }
            Fault::KeyPendingMissing
            | Fault::UsbMissing
            | Fault::UsbPulled
            | Fault::TokenMissing
            | Fault::TokenPulled => Turn::To(StepName::CollectStorage),
            _ => Turn::Stay,
        }
    }

    fn complete(&self, visit: &Visit) -> bool {
        visit.answers.outcome.is_some()
    }

    fn show(&self, visit: &Visit, now: Now) -> Shown {
        let screen = Screen::Collecting(self.work.view(&PHASES, false, now));
        let rests = visit.outstanding().is_none();
        let mut shown = Shown::new(screen, PrimaryLabel::Retry, rests);
        if !rests {
            shown.primary = None;
        }
        // Once the authority was asked to sign, going would leave a certificate
        // that nobody has.
        let proving = self.work.phase() <= Some(IssuingPhase::ProvingKey);
        shown.back = rests;
        shown.cancel = rests || proving;
        shown
    }
}
