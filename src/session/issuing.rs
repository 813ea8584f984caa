//! The key is made, the application saved, and, while the person waits, the
//! certificate obtained.

use std::time::Duration;

use exchange::Secret;
use faults::Fault;

use super::asked::Asked;
use super::command::Request;
use super::event::{
    Choice, ComeBackReason, IssuingPhase, Key, Now, Progress, Reply, StepName, Touch,
};
use super::phone::is_out_of_reach;
use super::step::{Shown, Step, Turn};
use super::view::{IssuingView, Outcome, PrimaryLabel, Screen};
use super::visit::Visit;

const PHASES: [IssuingPhase; 9] = [
    IssuingPhase::MakingKey,
    IssuingPhase::Sealing,
    IssuingPhase::Saving,
    IssuingPhase::Uploading,
    IssuingPhase::AwaitingDecision,
    IssuingPhase::ProvingKey,
    IssuingPhase::AwaitingCertificate,
    IssuingPhase::Installing,
    IssuingPhase::Confirming,
];

/// What has been done, for this screen and for collecting.
#[derive(Default)]
pub(super) struct Work {
    phase: Option<IssuingPhase>,
    uploaded: Option<(u64, u64)>,
    /// Boottime of the start.
    since: Duration,
}

impl Work {
    pub fn start(&mut self, now: Duration) {
        *self = Self {
            since: now,
            ..Self::default()
        };
    }

    /// Behind the commit: what comes next is to send.
    pub fn sends(&mut self) {
        self.phase = Some(IssuingPhase::Uploading);
        self.uploaded = None;
    }

    pub fn phase(&self) -> Option<IssuingPhase> {
        self.phase
    }

    pub fn progress(&mut self, progress: &Progress) {
        match progress {
            Progress::Phase(phase) => self.phase = Some(*phase),
            Progress::Upload { sent, total } => self.uploaded = Some((*sent.min(total), *total)),
            Progress::Prompt { .. }
            | Progress::FaceLost(_)
            | Progress::DocumentRead(_)
            | Progress::Maintenance(_) => {}
        }
    }

    /// `phases`: those of this work, in order.
    pub fn view(&self, phases: &[IssuingPhase], saved: bool, now: Now) -> IssuingView {
        let current = self.phase.and_then(|p| phases.iter().position(|q| *q == p));
        let seconds = now.boottime.saturating_sub(self.since).as_secs();
        IssuingView {
            phases: phases.to_vec(),
            current: current.unwrap_or(0),
            uploaded: self.uploaded,
            saved,
            seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
        }
    }
}

#[derive(Default)]
pub(super) struct Issuing {
    work: Work,
    /// The person waits here for the certificate.
    waits: bool,
}

impl Issuing {
    fn submit(&mut self, visit: &mut Visit) {
        self.work.start(visit.now.boottime);
        self.waits = visit.answers.wait_here && visit.answers.can_wait(visit.around.link_up);
        let submission = match visit.answers.renewal.is_some() {
            true => renewal(visit),
            false if visit.answers.key_comes_later() => keyless(visit),
            false => enrolment(visit),
        };
        match submission {
            Some(submission) => visit.ask(submission),
            None => visit.fault = Some(Fault::Internal),
        }
    }

    fn obtain(&mut self, visit: &mut Visit) -> Turn {
        if !visit.around.link_up {
            return come_back(ComeBackReason::Offline, visit);
        }
        let answers = &visit.answers;
        // There is no key yet, and nothing to open.
        let none = answers.key_comes_later().then(Secret::new);
        let (Some(submission), Some(location), Some(password)) = (
            answers.submission(),
            answers.location.clone(),
            answers.key_password.clone().or(none),
        ) else {
            return come_back(ComeBackReason::Undecided, visit);
        };
        self.work.sends();
        visit.ask(Request::Obtain {
            submission,
            location,
            password,
            wait: self.waits,
        });
        Turn::Stay
    }

    /// What is true when the person goes before the certificate is there.
    fn reason(&self, visit: &Visit) -> ComeBackReason {
        if self.work.phase < Some(IssuingPhase::AwaitingDecision) {
            ComeBackReason::Offline
        } else if visit.answers.key_comes_later() {
            ComeBackReason::KeyLater
        } else if visit.answers.phone.proven() {
            ComeBackReason::Undecided
        } else {
            ComeBackReason::PhoneUnproven
        }
    }

    /// Whether going now leaves nothing half done: until the authority is asked
    /// to sign.
    fn can_go(&self, visit: &Visit) -> bool {
        let waiting = self.work.phase <= Some(IssuingPhase::AwaitingDecision);
        visit.answers.saved && (waiting || visit.outstanding().is_none())
    }

    fn go(&mut self, visit: &mut Visit) -> Turn {
        if !self.can_go(visit) {
            return Turn::Stay;
        }
        come_back(self.reason(visit), visit)
    }
}

/// Whether only another password or PIN, or what makes one anew, can help.
pub(super) fn is_about_password(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::KeyPasswordWrong
            | Fault::TokenPinWrong
            | Fault::TokenPinBlocked
            | Fault::TokenPinDefault
    )
}

/// None: an answer is missing.
fn enrolment(visit: &mut Visit) -> Option<Request> {
    let (language, algorithm) = (visit.settings.language, visit.config.algorithm);
    let form = visit.answers.form(language, &visit.config)?;
    let answers = &visit.answers;
    Some(Request::Submit {
        submission: answers.submission()?,
        form: Box::new(form),
        location: answers.location.clone()?,
        algorithm,
        password: answers.key_password.clone()?,
    })
}

/// None: an answer is missing.
fn keyless(visit: &mut Visit) -> Option<Request> {
    let language = visit.settings.language;
    let form = visit.answers.form(language, &visit.config)?;
    Some(Request::SubmitKeyless {
        submission: visit.answers.submission()?,
        form: Box::new(form),
    })
}

/// None: an answer is missing.
fn renewal(visit: &mut Visit) -> Option<Request> {
    let (language, algorithm) = (visit.settings.language, visit.config.algorithm);
    let form = visit.answers.renewal_form(language, &visit.config)?;
    let answers = &visit.answers;
    let old = answers.renewal.as_ref()?;
    Some(Request::SubmitRenewal {
        submission: answers.submission()?,
        form: Box::new(form),
        old: Box::new(old.key.clone()?),
        old_password: old.secret.clone()?,
        location: answers.location.clone()?,
        algorithm,
        password: answers.key_password.clone()?,
    })
}

fn come_back(reason: ComeBackReason, visit: &mut Visit) -> Turn {
    let reason = match reason {
        ComeBackReason::Undecided if visit.answers.key_comes_later() => ComeBackReason::KeyLater,
        reason => reason,
    };
    visit.answers.outcome = Some(Outcome::ComeBack(reason));
    Turn::Forward
}

impl Step for Issuing {
    fn enter(&mut self, visit: &mut Visit) {
        if !visit.answers.saved {
            self.submit(visit);
        }
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        match touch {
            Touch::Next | Touch::Key(Key::Enter) if visit.answers.saved => self.go(visit),
            Touch::Next | Touch::Key(Key::Enter) | Touch::Choose(Choice::Retry)
                if visit.outstanding().is_none() =>
            {
                if visit.answers.saved {
                    self.obtain(visit)
                } else {
                    self.submit(visit);
                    Turn::Stay
                }
            }
            _ => Turn::Stay,
        }
    }

    fn heeds_while_busy(&self, touch: &Touch, visit: &Visit) -> bool {
        matches!(touch, Touch::Next | Touch::Key(Key::Enter)) && self.can_go(visit)
    }

    fn progress(&mut self, progress: &Progress, _visit: &mut Visit) {
        self.work.progress(progress);
    }

    fn reply(&mut self, reply: &Reply, visit: &mut Visit) -> Turn {
        match reply {
            Reply::Saved => {
                visit.answers.saved = true;
                self.obtain(visit)
            }
            Reply::Installed(installed) => {
                visit.answers.outcome = Some(Outcome::Installed {
                    file_name: installed.file_name.clone(),
                    location: installed.location.clone(),
                    valid_until: installed.valid_until,
                });
                Turn::Forward
            }
            Reply::ComeBack(reason) => come_back(*reason, visit),
            _ => Turn::Stay,
        }
    }

    fn failed(&mut self, asked: Asked, fault: Fault, visit: &mut Visit) -> Turn {
        match asked {
            Asked::Obtain if is_out_of_reach(fault) => come_back(self.reason(visit), visit),
            Asked::Submit if is_about_password(fault) => {
                visit.answers.key_password = None;
                Turn::To(StepName::KeyPassword)
            }
            _ => Turn::Stay,
        }
    }

    fn idle(&mut self, visit: &mut Visit) -> Turn {
        if visit.answers.saved {
            // Nobody answers, but the receipt must have been shown.
            come_back(self.reason(visit), visit)
        } else {
            Turn::End
        }
    }

    fn complete(&self, visit: &Visit) -> bool {
        visit.answers.outcome.is_some()
    }

    fn show(&self, visit: &Visit, now: Now) -> Shown {
        let saved = visit.answers.saved;
        let phases = if self.waits {
            &PHASES[..]
        } else {
            &PHASES[..4]
        };
        let screen = Screen::Issuing(self.work.view(phases, saved, now));
        let idle = visit.outstanding().is_none();
        // Saved: going with the receipt is always the way; trying again is the other.
        let mut shown = match saved {
            true => Shown::new(screen, PrimaryLabel::Finish, self.can_go(visit)),
            false => Shown::new(screen, PrimaryLabel::Retry, idle),
        };
        if !saved && !idle {
            shown.primary = None;
        }
        shown.back = !saved && idle;
        shown.cancel = !saved && idle;
        shown
    }
}
