//! The selfie: the face in the circle, then the picture, then sealed.

use exchange::SubmissionId;

use super::asked::Asked;
use super::command::{Action, PreviewFor, Request};
use super::event::{Choice, DeviceEvent, FaceFinding, Key, MediaHandle, Now, Reply, Touch};
use super::step::{Shown, Step, Turn};
use super::view::{PrimaryLabel, Screen};
use super::visit::Visit;

#[derive(Default)]
pub(super) struct Selfie {
    finding: Option<FaceFinding>,
    taken: Option<MediaHandle>,
}

impl Selfie {
    fn next(&mut self, visit: &mut Visit) -> Turn {
        match (self.taken, visit.answers.submission()) {
            (None, _) => {
                if self.finding == Some(FaceFinding::Good) {
                    visit.ask(Request::CaptureSelfie);
                }
                Turn::Stay
            }
            (Some(media), _) if visit.answers.selfie == Some(media) => Turn::Forward,
            (Some(media), Some(submission)) => seal(media, submission, visit),
            (Some(_), None) => Turn::Stay,
        }
    }
}

fn seal(media: MediaHandle, submission: SubmissionId, visit: &mut Visit) -> Turn {
    visit.ask(Request::SealSelfie { submission, media });
    Turn::Stay
}

impl Step for Selfie {
    fn enter(&mut self, visit: &mut Visit) {
        self.finding = None;
        self.taken = self.taken.or(visit.answers.selfie);
        if self.taken.is_none() {
            visit.act(Action::StartPreview(PreviewFor::Face));
        }
    }

    fn leave(&mut self, visit: &mut Visit) {
        visit.act(Action::StopPreview);
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        match touch {
            Touch::Next | Touch::Key(Key::Enter) => return self.next(visit),
            Touch::Choose(Choice::TakePicture) if self.taken.is_none() => return self.next(visit),
            Touch::Choose(Choice::RetakePicture) => {
                // The sealed one stays the answer until another replaces it.
                let old = self.taken.take();
                visit.drop_media(old.filter(|m| visit.answers.selfie != Some(*m)));
                self.finding = None;
                visit.act(Action::StartPreview(PreviewFor::Face));
            }
            _ => {}
        }
        Turn::Stay
    }

    fn device(&mut self, event: &DeviceEvent, _visit: &mut Visit) -> Turn {
        if let DeviceEvent::Face(finding) = event {
            self.finding = Some(*finding);
        }
        Turn::Stay
    }

    fn reply(&mut self, reply: &Reply, visit: &mut Visit) -> Turn {
        match reply {
            Reply::Picture { media } => {
                self.taken = Some(*media);
                visit.act(Action::StopPreview);
                Turn::Stay
            }
            Reply::Sealed => {
                let old = std::mem::replace(&mut visit.answers.selfie, self.taken);
                visit.drop_media(old.filter(|m| self.taken != Some(*m)));
                Turn::Forward
            }
            _ => Turn::Stay,
        }
    }

    fn complete(&self, visit: &Visit) -> bool {
        visit.answers.selfie.is_some()
    }

    fn show(&self, visit: &Visit, _now: Now) -> Shown {
        let screen = Screen::Selfie {
            finding: self.finding.filter(|_| self.taken.is_none()),
            taken: self.taken,
        };
        let good = self.finding == Some(FaceFinding::Good);
        match self.taken {
            Some(_) => Shown::new(screen, PrimaryLabel::Continue, true),
            None => {
                let free = !visit.is_asking(Asked::CaptureSelfie);
                Shown::new(screen, PrimaryLabel::TakePicture, good && free)
            }
        }
    }
}
