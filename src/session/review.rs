//! All answers at one glance, each with a way back to it, and whether to wait
//! for the certificate here.

use exchange::{Iin, PhoneStanding, ReadBy};

use super::answers::Answers;
use super::event::{Choice, Key, Now, StepName, Touch};
use super::step::{Shown, Step, Turn};
use super::view::{Answer, DocumentEntryMark, PrimaryLabel, ReviewView, Screen};
use super::visit::Visit;

#[derive(Default)]
pub(super) struct Review {
    /// The person chose between waiting and coming back.
    decided: bool,
}

/// Steps whose answers can be changed from here.
const EDITABLE: [StepName; 11] = [
    StepName::RenewKey,
    StepName::IdentityNumber,
    StepName::Phone,
    StepName::Document,
    StepName::Selfie,
    StepName::Liveness,
    StepName::AccountPin,
    StepName::DocumentPhoto,
    StepName::Email,
    StepName::Storage,
    StepName::StorageLocation,
];

impl Step for Review {
    fn enter(&mut self, visit: &mut Visit) {
        if !self.decided {
            visit.answers.wait_here = visit.answers.can_wait(visit.around.link_up);
        }
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        match touch {
            Touch::Next | Touch::Key(Key::Enter) => Turn::Forward,
            Touch::Choose(Choice::Edit(step)) if is_editable(*step, &visit.answers) => {
                Turn::To(*step)
            }
            Touch::Choose(Choice::WaitHere(wait)) => {
                self.decided = true;
                visit.answers.wait_here = *wait;
                Turn::Stay
            }
            _ => Turn::Stay,
        }
    }

    fn complete(&self, _visit: &Visit) -> bool {
        true
    }

    fn show(&self, visit: &Visit, _now: Now) -> Shown {
        let can_wait = visit.answers.can_wait(visit.around.link_up);
        let screen = Screen::Review(ReviewView {
            answers: list(&visit.answers),
            wait_here: can_wait && visit.answers.wait_here,
            can_wait,
            wait_seconds: visit.config.wait_seconds.filter(|_| can_wait),
        });
        Shown::new(screen, PrimaryLabel::SubmitApplication, true)
    }
}

fn is_editable(step: StepName, answers: &Answers) -> bool {
    let proves_otherwise = match step {
        StepName::RenewKey => answers.renewal.is_none(),
        StepName::IdentityNumber
        | StepName::Document
        | StepName::Selfie
        | StepName::Liveness
        | StepName::AccountPin
        | StepName::DocumentPhoto => answers.renewal.is_some(),
        _ => false,
    };
    EDITABLE.contains(&step) && !proves_otherwise
}

/// The address stands in full, because a mistyped one is noticed only here; the
/// numbers are masked.
fn list(answers: &Answers) -> Vec<(StepName, Answer)> {
    let phone = match &answers.phone.standing {
        Some(PhoneStanding::Requested { number } | PhoneStanding::Unproven { number }) => {
            Some(number.masked())
        }
        _ => answers.phone.registered_masked.clone(),
    };
    let document = answers.document.as_ref().map(|d| {
        let mark = match d.read_by {
            ReadBy::Typed => DocumentEntryMark::Typed,
            ReadBy::Mrz => DocumentEntryMark::Mrz,
            ReadBy::Chip => DocumentEntryMark::Chip,
        };
        Answer::Document(d.kind, mark)
    });
    let location = answers.location.as_ref().filter(|l| l.drive.is_some());
    let label = answers.storage.as_ref().map_or("", |s| s.label.as_str());
    let place = location.map(|l| {
        let parts: Vec<&str> = [label]
            .into_iter()
            .chain(l.path.iter().map(String::as_str))
            .collect();
        Answer::Text(parts.join(" / "))
    });
    let renewal = answers.renewal.as_ref();
    let holder = renewal.and_then(|renewal| renewal.holder.as_ref());
    // In a renewal the certificate says it.
    let iin = answers.iin.as_ref().filter(|_| renewal.is_none());
    let all = [
        (
            StepName::RenewKey,
            holder.map(|holder| Answer::Text(holder.common_name())),
        ),
        (StepName::IdentityNumber, iin.map(masked)),
        (StepName::Phone, phone.map(Answer::Text)),
        (StepName::Document, document),
        (StepName::Selfie, answers.selfie.map(Answer::Picture)),
        (StepName::Liveness, answers.video.map(|_| Answer::Done)),
        (
            StepName::AccountPin,
            answers.account_pin.as_ref().map(|_| Answer::Done),
        ),
        (
            StepName::DocumentPhoto,
            answers.document_photo.map(Answer::Picture),
        ),
        (
            StepName::Email,
            answers
                .email
                .as_ref()
                .map(|e| Answer::Text(e.expose().to_owned())),
        ),
        (
            StepName::Storage,
            answers.storage.as_ref().map(|s| Answer::Storage(s.kind)),
        ),
        (StepName::StorageLocation, place),
    ];
    all.into_iter()
        .filter_map(|(step, answer)| Some((step, answer?)))
        .collect()
}

fn masked(iin: &Iin) -> Answer {
    Answer::Text(format!("•••• •••• {}", &iin.expose()[8..]))
}
