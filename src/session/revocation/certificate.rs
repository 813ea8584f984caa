//! Which certificate is meant.

use crate::session::event::{Choice, Key, Now, Touch};
use crate::session::step::{Shown, Step, Turn};
use crate::session::view::{PrimaryLabel, Screen};
use crate::session::visit::Visit;

/// Has nothing of its own: list and choice are answers.
pub(in crate::session) struct WhichCertificate;

impl Step for WhichCertificate {
    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        let revocation = &mut visit.answers.revocation;
        match touch {
            Touch::Choose(Choice::Certificate(index)) => {
                let there = revocation.certificates.iter().flatten().count();
                if *index < there {
                    revocation.chosen = Some(*index);
                }
                Turn::Stay
            }
            Touch::Next | Touch::Key(Key::Enter) => match &revocation.certificates {
                Some(none) if none.is_empty() => Turn::End,
                _ if revocation.certificate().is_some() => Turn::Forward,
                _ => Turn::Stay,
            },
            _ => Turn::Stay,
        }
    }

    fn complete(&self, visit: &Visit) -> bool {
        visit.answers.revocation.certificate().is_some()
    }

    fn show(&self, visit: &Visit, _now: Now) -> Shown {
        let revocation = &visit.answers.revocation;
        let certificates = revocation.certificates.clone().unwrap_or_default();
        let (label, enabled) = match certificates.is_empty() {
            true => (PrimaryLabel::Finish, true),
            false => (PrimaryLabel::Continue, revocation.certificate().is_some()),
        };
        let screen = Screen::RevokeCertificate {
            certificates,
            chosen: revocation.chosen,
        };
        // The code that led here is used up.
        Shown::new(screen, label, enabled).without_back()
    }
}
