//! Why, and the last question: it cannot be undone.

use exchange::certificates::RevocationReason;

use crate::session::command::Request;
use crate::session::event::{Choice, Now, Reply, Touch};
use crate::session::step::{Shown, Step, Turn};
use crate::session::view::{PrimaryLabel, Screen};
use crate::session::visit::Visit;

#[derive(Default)]
pub(in crate::session) struct Revoking {
    reason: Option<RevocationReason>,
}

impl Revoking {
    fn revoke(&self, visit: &mut Visit) {
        let answers = &visit.answers;
        if let (Some(reason), Some(submission), Some(certificate)) = (
            self.reason,
            answers.submission(),
            answers.revocation.certificate(),
        ) {
            let certificate = certificate.sha256;
            visit.ask(Request::Revoke {
                visit: submission,
                certificate,
                reason,
            });
        }
    }
}

impl Step for Revoking {
    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        match touch {
            Touch::Choose(Choice::RevokeBecause(reason)) => self.reason = Some(*reason),
            // Not by Enter: a key that was still held down would end a certificate.
            Touch::Next => self.revoke(visit),
            _ => {}
        }
        Turn::Stay
    }

    fn reply(&mut self, reply: &Reply, visit: &mut Visit) -> Turn {
        match reply {
            Reply::Revocation(standing) => {
                visit.answers.revocation.standing = Some(standing.clone());
                Turn::Forward
            }
            _ => Turn::Stay,
        }
    }

    fn complete(&self, visit: &Visit) -> bool {
        visit.answers.revocation.standing.is_some()
    }

    fn show(&self, visit: &Visit, _now: Now) -> Shown {
        let screen = match visit.answers.revocation.certificate() {
            Some(certificate) => Screen::Revoking {
                certificate: certificate.clone(),
                reason: self.reason,
            },
            None => Screen::RevokeCertificate {
                certificates: Vec::new(),
                chosen: None,
            },
        };
        Shown::new(
            screen,
            PrimaryLabel::RevokeCertificate,
            self.reason.is_some(),
        )
    }
}
