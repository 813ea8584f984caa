//! The identity document: what opens its chip (the machine-readable zone before the
//! camera, or typed; or the card access number), then the chip, then its holder's
//! confirmation. Without a readable chip the zone itself counts, or what is typed.
//!
//! The order of the acts is free: a document may be in the reader before its zone
//! is known or after.

mod opening;
mod progress;
mod reading;
mod typed;

use std::time::Duration;

use chip::mrz::Mrz;
use chip::{AccessKey, MrzKey};
use exchange::DocumentKind;
use faults::Fault;

use super::asked::Asked;
use super::command::{Action, PreviewFor};
use super::event::{
    Choice, DeviceEvent, DocumentEntry, KeyboardLayout, MrzHint, Now, Progress, Reply, StepName,
    Touch,
};
use super::fields::{Fields, Typed};
use super::step::{Shown, Step, Turn};
use super::view::{DocumentPhase, DocumentView, KeyboardKind, PrimaryLabel, Screen};
use super::visit::{Visit, layout_of};
use progress::ReadingProgress;
use reading::{Reading, kind_of};
use typed::TypedFields;

#[derive(Default)]
pub(super) struct Document {
    phase: Phase,
    kind: Option<DocumentKind>,
    /// A card is in the reader.
    in_reader: bool,
    /// Answer to reset, hex, of the card that was inserted last.
    atr: Option<String>,
    /// The card that was inserted last has no application that could be read.
    chipless: bool,
    /// No chip is read of this document any more.
    given_up: bool,
    /// The chip takes no card access number.
    can_refused: bool,
    key: Option<Key>,
    progress: ReadingProgress,
    /// To be confirmed.
    reading: Option<Reading>,
    trouble: Option<Fault>,
    /// Failed reads of this document.
    tries: u8,
    typed: TypedFields,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    Kind,
    Camera {
        hint: Option<MrzHint>,
    },
    Ways,
    Can,
    Mrz,
    Typed,
    Place {
        /// Boottime.
        since: Duration,
    },
    Reading,
    Confirm,
}

/// What opens the chip.
struct Key {
    access: AccessKey,
    /// Where it came from.
    entry: DocumentEntry,
    /// The whole zone; none with a card access number.
    mrz: Option<Mrz>,
}

/// Nothing can be read, whatever the person does.
const OF_READER: [Fault; 2] = [Fault::ReaderMissing, Fault::CardServiceDown];
/// Go with the card.
const OF_CARD: [Fault; 2] = [Fault::CardUnreadable, Fault::CardSilent];

impl Document {
    fn go(&mut self, to: Phase, visit: &mut Visit) {
        let camera = |phase| matches!(phase, Phase::Camera { .. });
        match (camera(self.phase), camera(to)) {
            (false, true) => visit.act(Action::StartPreview(PreviewFor::Mrz)),
            (true, false) => visit.act(Action::StopPreview),
            _ => {}
        }
        self.phase = to;
        self.set_layout(visit);
    }

    fn set_layout(&self, visit: &mut Visit) {
        match self.phase {
            Phase::Mrz => visit.layout = KeyboardLayout::Latin,
            Phase::Typed => visit.layout = layout_of(visit.settings.language),
            _ => {}
        }
    }

    fn show_to_camera(&mut self, visit: &mut Visit) {
        self.go(Phase::Camera { hint: None }, visit);
    }

    fn fields(&self) -> Option<&Fields> {
        match self.phase {
            Phase::Can => Some(&self.typed.can),
            Phase::Mrz => Some(self.typed.mrz(self.kind?)),
            Phase::Typed => Some(&self.typed.names),
            _ => None,
        }
    }

    fn fields_mut(&mut self) -> Option<&mut Fields> {
        match self.phase {
            Phase::Can => Some(&mut self.typed.can),
            Phase::Mrz => Some(self.typed.mrz_mut(self.kind?)),
            Phase::Typed => Some(&mut self.typed.names),
            _ => None,
        }
    }

    fn submit(&mut self, visit: &mut Visit) -> Turn {
        let Some(kind) = self.kind else {
            return Turn::Stay;
        };
        let refused = match self.phase {
            Phase::Can => match self.typed.read_can() {
                Ok(can) => {
                    self.key = Some(Key {
                        access: AccessKey::Can(can),
                        entry: DocumentEntry::Can,
                        mrz: None,
                    });
                    self.open_chip(visit);
                    return Turn::Stay;
                }
                Err(refused) => refused,
            },
            Phase::Mrz => match self.typed.read_mrz(kind) {
                Ok(mrz) => {
                    self.know_mrz(mrz, DocumentEntry::Mrz, visit);
                    return Turn::Stay;
                }
                Err(refused) => refused,
            },
            Phase::Typed => match self.typed.read_names(kind, self.atr.clone()) {
                Ok(document) => {
                    visit.answers.document = Some(document);
                    return Turn::Forward;
                }
                Err(refused) => refused,
            },
            _ => return Turn::Stay,
        };
        if let Some(fields) = self.fields_mut() {
            fields.refuse(refused.0, refused.1);
        }
        Turn::Stay
    }

    /// The whole zone is known, all its check digits right.
    fn know_mrz(&mut self, mrz: Mrz, entry: DocumentEntry, visit: &mut Visit) {
        self.trouble = None;
        self.kind = Some(kind_of(&mrz));
        let printed = Reading::of_mrz(mrz.clone(), self.atr.clone());
        let usable = printed.judge(visit.answers.iin.as_ref(), visit.now).is_ok();
        let access = MrzKey::of(&mrz).ok().filter(|_| self.chip_possible());
        match access {
            Some(access) if usable => {
                self.key = Some(Key {
                    access: AccessKey::Mrz(access),
                    entry,
                    mrz: Some(mrz),
                });
                self.open_chip(visit);
            }
            // No chip makes an expired document, or somebody else's, usable.
            _ => self.confirm(printed, visit),
        }
    }

    fn forget_reading(&mut self, visit: &mut Visit) {
        visit.answers.document = None;
        let old = self.reading.take();
        visit.drop_media(old.and_then(|reading| reading.portrait));
    }

    fn confirm(&mut self, reading: Reading, visit: &mut Visit) {
        self.forget_reading(visit);
        self.kind = Some(reading.kind());
        self.reading = Some(reading);
        self.go(Phase::Confirm, visit);
    }

    /// The zone counts where it is known; else it, or the names, are asked for.
    fn without_chip(&mut self, visit: &mut Visit) {
        match self.key.take().and_then(|key| key.mrz) {
            Some(mrz) => self.confirm(Reading::of_mrz(mrz, self.atr.clone()), visit),
            None => self.show_to_camera(visit),
        }
    }

    fn choose(&mut self, choice: &Choice, visit: &mut Visit) -> Turn {
        match (choice, self.phase) {
            (Choice::Document(kind), Phase::Kind) => {
                self.kind = Some(*kind);
                self.show_to_camera(visit);
            }
            (Choice::OtherWays, Phase::Camera { .. }) => {
                self.trouble = None;
                self.go(Phase::Ways, visit);
            }
            (_, Phase::Kind | Phase::Reading) => {}
            (Choice::EnterDocumentAs(entry), phase) if phase != Phase::Confirm => {
                self.enter_as(*entry, visit);
            }
            (Choice::WithoutChip, Phase::Place { .. }) if self.may_go_without(visit) => {
                self.trouble = None;
                self.give_up(visit);
            }
            (Choice::Retry, Phase::Place { .. }) if self.in_reader => self.read(visit),
            (Choice::AnotherDocument, Phase::Confirm) => self.begin_anew(visit),
            (Choice::CorrectIdentityNumber, Phase::Confirm) => {
                return Turn::To(StepName::IdentityNumber);
            }
            _ => {}
        }
        Turn::Stay
    }

    fn enter_as(&mut self, entry: DocumentEntry, visit: &mut Visit) {
        let phase = match entry {
            DocumentEntry::Camera => Phase::Camera { hint: None },
            DocumentEntry::Can if self.can_possible() => Phase::Can,
            DocumentEntry::Can => return,
            DocumentEntry::Mrz => Phase::Mrz,
            DocumentEntry::Typed => Phase::Typed,
        };
        self.trouble = None;
        self.go(phase, visit);
    }

    /// What is known of the reader stays known.
    fn begin_anew(&mut self, visit: &mut Visit) {
        self.forget_reading(visit);
        *self = Self {
            in_reader: self.in_reader,
            atr: self.atr.take(),
            chipless: self.chipless,
            ..Self::default()
        };
    }

    fn accept(&mut self, visit: &mut Visit) -> Turn {
        let iin = visit.answers.iin.as_ref();
        match self.reading.as_ref().map(|r| r.judge(iin, visit.now)) {
            Some(Ok(document)) => {
                visit.answers.document = Some(document);
                Turn::Forward
            }
            _ => {
                self.begin_anew(visit);
                Turn::Stay
            }
        }
    }

    fn view(&self, visit: &Visit, now: Now) -> DocumentView {
        let phase = match self.phase {
            Phase::Kind => DocumentPhase::Kind,
            Phase::Camera { hint } => DocumentPhase::Camera { hint },
            Phase::Ways => DocumentPhase::Ways {
                chip: self.can_possible(),
            },
            Phase::Can => DocumentPhase::Can,
            Phase::Mrz => DocumentPhase::Mrz,
            Phase::Typed => DocumentPhase::Typed,
            Phase::Place { .. } => DocumentPhase::Place,
            Phase::Reading => DocumentPhase::Reading {
                what: self.progress.what(),
                share: self.progress.share(),
            },
            Phase::Confirm => match &self.reading {
                Some(reading) => {
                    DocumentPhase::Confirm(reading.found(visit.answers.iin.as_ref(), now))
                }
                None => DocumentPhase::Kind,
            },
        };
        let placing = matches!(self.phase, Phase::Place { .. });
        let chipless =
            matches!(self.phase, Phase::Kind | Phase::Camera { .. } | Phase::Ways) && self.chipless;
        DocumentView {
            kind: self.kind,
            phase,
            in_reader: self.in_reader,
            trouble: self
                .trouble
                .or_else(|| raised(&OF_READER, visit).filter(|_| placing))
                .or_else(|| raised(&OF_CARD, visit).filter(|_| placing))
                .or(chipless.then_some(Fault::DocumentWithoutChip)),
            fields: self
                .fields()
                .map_or_else(Vec::new, |f| f.views(now.boottime)),
            without_chip: self.may_go_without(visit),
        }
    }
}

fn raised(faults: &[Fault], visit: &Visit) -> Option<Fault> {
    let raised = &visit.around.faults;
    faults.iter().copied().find(|fault| raised.contains(fault))
}

impl Step for Document {
    fn enter(&mut self, visit: &mut Visit) {
        match self.phase {
            Phase::Camera { .. } => visit.act(Action::StartPreview(PreviewFor::Mrz)),
            Phase::Reading | Phase::Place { .. } => self.place(visit),
            _ => {}
        }
        self.set_layout(visit);
        visit.act(Action::WatchCard(true));
    }

    fn leave(&mut self, visit: &mut Visit) {
        if matches!(self.phase, Phase::Camera { .. }) {
            visit.act(Action::StopPreview);
        }
        visit.act(Action::WatchCard(false));
        // Told anew when the watch begins again.
        self.in_reader = false;
    }

    fn back(&mut self, visit: &mut Visit) -> Turn {
        if visit.answers.document.is_some() {
            return Turn::Back;
        }
        let to = match self.phase {
            Phase::Kind | Phase::Confirm => return Turn::Back,
            Phase::Camera { .. } => Phase::Kind,
            Phase::Ways => Phase::Camera { hint: None },
            Phase::Can | Phase::Mrz | Phase::Typed => Phase::Ways,
            Phase::Place { .. } | Phase::Reading => match self.key.take().map(|key| key.entry) {
                Some(DocumentEntry::Can) => Phase::Can,
                Some(DocumentEntry::Mrz) => Phase::Mrz,
                _ => Phase::Camera { hint: None },
            },
        };
        visit.abandon();
        visit.forget_fault();
        self.trouble = None;
        self.go(to, visit);
        Turn::Stay
    }

    fn touch(&mut self, touch: &Touch, visit: &mut Visit) -> Turn {
        match (touch, self.phase) {
            (Touch::Choose(choice), _) => return self.choose(choice, visit),
            (Touch::Next, Phase::Confirm) => return self.accept(visit),
            (Touch::Next, Phase::Place { .. }) if self.in_reader => self.read(visit),
            (Touch::Next, _) => return self.submit(visit),
            _ => {
                let now = visit.now.boottime;
                let typed = self.fields_mut().map(|f| f.touch(touch, now));
                if typed == Some(Typed::Done) {
                    return self.submit(visit);
                }
            }
        }
        Turn::Stay
    }

    fn device(&mut self, event: &DeviceEvent, visit: &mut Visit) -> Turn {
        match (event, self.phase) {
            (DeviceEvent::MrzHint(seen), Phase::Camera { .. }) => {
                if *seen == MrzHint::Reading {
                    // The person is about it.
                    self.trouble = None;
                }
                self.phase = Phase::Camera { hint: Some(*seen) };
            }
            (DeviceEvent::MrzSeen(mrz), Phase::Camera { .. }) => {
                self.know_mrz((**mrz).clone(), DocumentEntry::Camera, visit);
            }
            (DeviceEvent::CardInserted { atr }, _) => self.inserted(atr, visit),
            (DeviceEvent::CardRemoved, _) => self.removed(visit),
            _ => {}
        }
        Turn::Stay
    }

    fn progress(&mut self, progress: &Progress, _visit: &mut Visit) {
        if let Progress::DocumentRead(stage) = progress {
            self.progress.at(*stage);
        }
    }

    fn reply(&mut self, reply: &Reply, visit: &mut Visit) -> Turn {
        match reply {
            Reply::CardSeen { atr, emrtd } => {
                self.atr = Some(atr.clone());
                self.chipless = !emrtd;
            }
            Reply::DocumentRead(chip) => {
                let reading = Reading::of_chip((**chip).clone(), self.atr.clone());
                self.confirm(reading, visit);
            }
            Reply::DocumentRefused(refusal) => self.refused(*refusal, visit),
            _ => {}
        }
        Turn::Stay
    }

    fn failed(&mut self, asked: Asked, fault: Fault, visit: &mut Visit) -> Turn {
        // Stands by the document; the step has its own ways on.
        visit.forget_fault();
        self.trouble = Some(fault);
        if asked == Asked::ReadDocument {
            // A hand that slipped is no failure of the chip.
            if fault != Fault::CardPulled {
                self.tries = self.tries.saturating_add(1);
            }
            self.place(visit);
        }
        Turn::Stay
    }

    fn complete(&self, visit: &Visit) -> bool {
        visit.answers.document.is_some()
    }

    fn show(&self, visit: &Visit, now: Now) -> Shown {
        let view = self.view(visit, now);
        let refused = match &view.phase {
            DocumentPhase::Confirm(found) => found.refused.is_some(),
            _ => false,
        };
        let screen = Screen::Document(view);
        match self.phase {
            Phase::Kind | Phase::Camera { .. } | Phase::Ways | Phase::Reading => {
                Shown::new(screen, PrimaryLabel::Continue, false).without_primary()
            }
            Phase::Can => Shown::new(screen, PrimaryLabel::Continue, self.typed.can.all_full())
                .keyboard(KeyboardKind::Digits),
            Phase::Mrz => {
                let ready = self.fields().is_some_and(Fields::all_full);
                Shown::new(screen, PrimaryLabel::Continue, ready).keyboard(KeyboardKind::Mrz)
            }
            Phase::Typed => {
                let ready = self.typed.names_are_there();
                Shown::new(screen, PrimaryLabel::Continue, ready).keyboard(KeyboardKind::Full)
            }
            Phase::Place { .. } if self.in_reader => Shown::new(screen, PrimaryLabel::Retry, true),
            Phase::Place { .. } => {
                Shown::new(screen, PrimaryLabel::Continue, false).without_primary()
            }
            Phase::Confirm if refused => Shown::new(screen, PrimaryLabel::AnotherDocument, true),
            Phase::Confirm => Shown::new(screen, PrimaryLabel::Confirm, true),
        }
    }
}
