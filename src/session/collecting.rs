//! Coming back: the key is proven, the certificate installed and confirmed.

use faults::Fault;

use super::answers::Answers;
use super::asked::Asked;
use super::command::Request;
use super::event::{Choice, IssuingPhase, Key, Now, Progress, Reply, StepName, Touch};
use super::issuing::{Work, is_about_password};
use super::step::{Shown, Step, Turn};
use super::view::{Outcome, PrimaryLabel, Screen};
use super::visit::Visit;

const PHASES: [IssuingPhase; 5] = [
    IssuingPhase::MakingKey,
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
        match request(&visit.answers) {
            Some(request) => visit.ask(request),
            None => visit.fault = Some(Fault::Internal),
        }
    }
}

/// None: an answer is missing.
fn request(answers: &Answers) -> Option<Request> {
    let collect = &answers.collect;
    let submission = collect.submission?;
    let location = answers.location.clone()?;
    let password = answers.key_password.clone()?;
    Some(match collect.key_wanted {
        Some(_) => Request::MakeCollected {
            submission,
            location,
            password,
        },
        None => Request::InstallCollected {
            submission,
            subject_key_identifier: collect.subject_key_identifier.clone()?,
            location,
            password,
        },
    })
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
        let makes = visit.answers.collect.key_wanted.is_some();
        let phases = if makes { &PHASES[..] } else { &PHASES[1..] };
        let screen = Screen::Collecting(self.work.view(phases, false, now));
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
