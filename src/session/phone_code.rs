//! The one-time code from 1414, at enrolment, when coming back, and before a
//! certificate is ended. Made, checked and counted by the office; here only its times and the typing.

use std::time::Duration;

use exchange::{Iin, PhoneStanding, SubmissionId, api::CodePurpose};
use faults::Fault;

use super::asked::Asked;
use super::collect_code::opened;
use super::command::Request;
use super::entry::Entry;
use super::event::{Choice, Field, Key, Now, Reply, StepName, Touch};
use super::fields::{Fields, Typed};
use super::phone::is_out_of_reach;
use super::step::{Shown, Step, Turn};
use super::view::{FieldError, KeyboardKind, PhoneCodeView, PrimaryLabel, Screen};
use super::visit::Visit;

/// What the code is to prove the phone for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CodeFor {
    Enrolling,
    Collecting,
    /// The office tells nothing before the code: not even whether one was sent.
    Revoking,
}

/// Lengths of code a screen has boxes for.
const DIGITS: std::ops::RangeInclusive<u8> = 4..=10;

pub(super) struct PhoneCode {
    purpose: CodeFor,
    sent: Option<Sent>,
    /// Boottime until which the office accepts nothing for this number.
    frozen_until: Duration,
    /// "The code does not come" was touched.
    helping: bool,
    fields: Fields,
    digits: u8,
}

/// A code that is on its way or has come.
struct Sent {
    submission: SubmissionId,
    iin: Option<Iin>,
    to_masked: String,
    expires_at: Duration,
    resend_at: Duration,
}

impl PhoneCode {
    pub fn new(purpose: CodeFor) -> Self {
        Self {
            purpose,
            sent: None,
            frozen_until: Duration::ZERO,
            helping: false,
            fields: Fields::of(&[Field::PhoneCode]),
            digits: 6,
        }
    }

    /// For whom the code is.
    fn addressee(&self, visit: &Visit) -> Option<(SubmissionId, Option<Iin>)> {
        match self.purpose {
            CodeFor::Enrolling | CodeFor::Revoking => {
                Some((visit.answers.submission()?, visit.answers.iin.clone()))
            }
            CodeFor::Collecting => Some((visit.answers.collect.submission?, None)),
        }
    }

    fn is_frozen(&self, now: Duration) -> bool {
        now < self.frozen_until
    }

    fn send(&mut self, visit: &mut Visit) {
        self.helping = false;
        if self.is_frozen(visit.now.boottime) {
            return;
        }
        let Some((submission, iin)) = self.addressee(visit) else {
            return;
        };
        let send = |purpose, iin| Request::SendCode {
            purpose,
            submission,
            iin,
        };
        visit.ask(match (self.purpose, iin) {
            (CodeFor::Enrolling, iin) => send(CodePurpose::Enrol, iin),
            (CodeFor::Collecting, iin) => send(CodePurpose::Collect, iin),
            (CodeFor::Revoking, Some(iin)) => Request::SendHolderCode {
                visit: submission,
                iin,
            },
            (CodeFor::Revoking, None) => return,
        });
    }

    fn check(&mut self, visit: &mut Visit) -> Turn {
        let now = visit.now.boottime;
        let Some(sent) = &self.sent else {
            return Turn::Stay;
        };
        if self.is_frozen(now) {
            return Turn::Stay;
        }
        if !self.fields.all_full() {
            self.fields.refuse(Field::PhoneCode, FieldError::Incomplete);
        } else if now >= sent.expires_at {
            self.fields.clear();
            self.fields
                .refuse(Field::PhoneCode, FieldError::CodeExpired);
        } else if let Some(entry) = self.fields.get(Field::PhoneCode) {
            let (submission, code) = (sent.submission, entry.secret().clone());
            let check = |purpose, code| Request::CheckCode {
                purpose,
                submission,
                code,
            };
            visit.ask(match self.purpose {
                CodeFor::Enrolling => check(CodePurpose::Enrol, code),
                CodeFor::Collecting => check(CodePurpose::Collect, code),
                CodeFor::Revoking => Request::ListCertificates {
                    visit: submission,
                    code,
                },
            });
        }
        Turn::Stay
    }

    fn right(&mut self, proof: &str, visit: &mut Visit) -> Turn {
        self.fields.clear();
        self.sent = None;
        match self.purpose {
            CodeFor::Enrolling => {
                visit.answers.phone.standing = Some(PhoneStanding::Proven {
                    proof: proof.to_owned(),
                });
                Turn::Forward
            }
            CodeFor::Collecting => {
                if let Some(receipt_code) = visit.answers.collect.receipt_code.clone() {
                    visit.ask(Request::OpenCollect { receipt_code });
                }
                Turn::Stay
            }
            // What is right there comes with the certificates.
            CodeFor::Revoking => Turn::Stay,
        }
    }

    fn wrong(&mut self, error: FieldError) {
        self.fields.clear();
        self.fields.refuse(Field::PhoneCode, error);
    }
}

impl Step for PhoneCode {
    fn enter(&mut self, visit: &mut Visit) {
        self.helping = false;
        let addressee = self.addressee(visit);
        let still_good = self.sent.as_ref().is_some_and(|s| {
            Some((s.submission, s.iin.clone())) == addressee && visit.now.boottime < s.expires_at
        });
        if !still_good {
            self.sent = None;
            self.fields.clear();
            self.send(visit);
        }
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        match touch {
            Touch::Next | Touch::Key(Key::Enter) => return self.check(visit),
            Touch::Choose(Choice::CodeDoesNotCome) => self.helping = true,
            Touch::Choose(Choice::ResendCode) => {
                let early = |s: &Sent| visit.now.boottime < s.resend_at;
                if !self.sent.as_ref().is_some_and(early) {
                    self.send(visit);
                }
            }
            Touch::Choose(Choice::RegisterNewPhone) if self.purpose == CodeFor::Enrolling => {
                visit.answers.phone.wants_new = true;
                return Turn::To(StepName::Phone);
            }
            _ => match self.fields.touch(touch, visit.now.boottime) {
                Typed::Changed(_) => self.helping = false,
                Typed::Done => return self.check(visit),
                _ => {}
            },
        }
        Turn::Stay
    }

    fn reply(&mut self, reply: &Reply, visit: &mut Visit) -> Turn {
        let now = visit.now.boottime;
        let after = |seconds: u32| now.saturating_add(Duration::from_secs(seconds.into()));
        match reply {
            Reply::CodeSent {
                digits,
                lifetime_seconds,
                resend_after_seconds,
                sent_to_masked,
            } => {
                self.digits = (*digits).clamp(*DIGITS.start(), *DIGITS.end());
                self.fields = Fields::from_entries(vec![Entry::with_length(
                    Field::PhoneCode,
                    usize::from(self.digits),
                )]);
                self.sent = self.addressee(visit).map(|(submission, iin)| Sent {
                    submission,
                    iin,
                    to_masked: sent_to_masked.clone(),
                    expires_at: after(*lifetime_seconds),
                    resend_at: after(*resend_after_seconds),
                });
                Turn::Stay
            }
            Reply::CodeRight { proof } => self.right(proof, visit),
            Reply::CodeWrong { tries_left } => {
                self.wrong(FieldError::CodeWrong {
                    tries_left: *tries_left,
                });
                Turn::Stay
            }
            Reply::CodeExpired => {
                self.wrong(FieldError::CodeExpired);
                Turn::Stay
            }
            Reply::CodesFrozen { seconds } => {
                self.fields.clear();
                self.sent = None;
                self.frozen_until = after(*seconds);
                visit.fault = Some(Fault::CodesFrozen);
                Turn::Stay
            }
            Reply::Certificates(certificates) => {
                self.fields.clear();
                self.sent = None;
                let revocation = &mut visit.answers.revocation;
                revocation.certificates = Some(certificates.clone());
                // Who has only one has chosen.
                revocation.chosen = (certificates.len() == 1).then_some(0);
                Turn::Forward
            }
            Reply::HolderRefused => {
                self.wrong(FieldError::CodeRefused);
                Turn::Stay
            }
            Reply::CollectOpened(state) => opened(state, StepName::CollectPhoneCode, visit),
            _ => Turn::Stay,
        }
    }

    fn failed(&mut self, _asked: Asked, fault: Fault, visit: &mut Visit) -> Turn {
        if self.purpose == CodeFor::Enrolling && is_out_of_reach(fault) {
            // Back at the phone, the number can be typed unproven.
            visit.answers.phone.unreachable = true;
            return Turn::To(StepName::Phone);
        }
        Turn::Stay
    }

    fn tick(&mut self, visit: &mut Visit) -> Turn {
        let thawed = !self.is_frozen(visit.now.boottime);
        if thawed && visit.fault == Some(Fault::CodesFrozen) {
            visit.forget_fault();
        }
        Turn::Stay
    }

    fn complete(&self, visit: &Visit) -> bool {
        match self.purpose {
            CodeFor::Enrolling => !visit.answers.phone.code_needed(),
            CodeFor::Collecting => !visit.answers.collect.code_needed,
            CodeFor::Revoking => visit.answers.revocation.certificates.is_some(),
        }
    }

    fn show(&self, _visit: &Visit, now: Now) -> Shown {
        let until = |moment| Visit::seconds_until(moment, now);
        let sent = self.sent.as_ref();
        let frozen = self.is_frozen(now.boottime);
        let view = PhoneCodeView {
            sent_to_masked: sent.map(|s| s.to_masked.clone()).unwrap_or_default(),
            digits: self.digits,
            code: self.fields.view(Field::PhoneCode, now.boottime),
            expires_in_seconds: sent.map_or(0, |s| until(s.expires_at)),
            resend_in_seconds: sent.map_or(0, |s| until(s.resend_at)),
            frozen_for_seconds: until(self.frozen_until),
            helping: self.helping,
        };
        let screen = match self.purpose {
            CodeFor::Enrolling => Screen::PhoneCode(view),
            CodeFor::Collecting => Screen::CollectPhoneCode(view),
            CodeFor::Revoking => Screen::RevokePhoneCode(view),
        };
        let ready = sent.is_some() && !frozen && self.fields.all_full();
        Shown::new(screen, PrimaryLabel::Confirm, ready)
            .keyboard(KeyboardKind::Digits)
            .discreet()
    }
}
