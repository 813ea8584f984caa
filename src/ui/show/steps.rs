//! The steps whose views need more than one line to become properties.

use exchange::Language;
use faults::Fault;

use super::data::{fault_data, kebab, whole};
use super::{Shown, sync};
use crate::session::event::{FolderListing, PhotoSource};
use crate::session::view::{
    Answer, DocumentEntryMark, DocumentFound, DocumentPhase, DocumentPhotoView, DocumentView,
    IssuingView, LivenessView, PasswordView, PhoneCodeView, ReviewView, TokenPinView,
};
use crate::ui::format;
use crate::ui::generated as screen;
use crate::ui::generated::Visit;
use crate::ui::names::{self, Named as _};

impl Shown {
    pub(super) fn phone_code(&self, visit: &Visit<'_>, code: &PhoneCodeView) {
        let typed: Vec<char> = code
            .code
            .text
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect();
        let boxes = (0..usize::from(code.digits))
            .map(|at| {
                typed
                    .get(at)
                    .map_or_else(Default::default, |&c| c.to_string().into())
            })
            .collect();
        sync(&self.code, boxes);
        visit.set_code(screen::CodeData {
            sent_to: (&code.sent_to_masked).into(),
            expires_in: whole(code.expires_in_seconds),
            resend_in: whole(code.resend_in_seconds),
            frozen_for: whole(code.frozen_for_seconds),
            helping: code.helping,
        });
        self.list_fields(&[&code.code]);
    }

    pub(super) fn document(&self, visit: &Visit<'_>, document: &DocumentView, language: Language) {
        let mut data = screen::DocumentData {
            kind: document
                .kind
                .map_or(screen::DocumentName::None, |k| k.name()),
            phase: names::document_phase(&document.phase),
            in_reader: document.in_reader,
            without_chip: document.without_chip,
            ..Default::default()
        };
        let mut trouble = document.trouble;
        match &document.phase {
            DocumentPhase::Camera { hint } => {
                data.hint = hint.map_or(screen::MrzHintName::None, |h| h.name());
            }
            DocumentPhase::Ways { chip } => data.chip = *chip,
            DocumentPhase::Reading { what, .. } => data.reading = what.name(),
            DocumentPhase::Confirm(found) => {
                self.found(visit, found);
                trouble = found.refused.or(trouble);
            }
            _ => {}
        }
        visit.set_document_fault(
            trouble.map_or_else(Default::default, |fault| fault_data(fault, language)),
        );
        visit.set_document(data);
        self.list_fields(&document.fields.iter().collect::<Vec<_>>());
    }

    fn found(&self, visit: &Visit<'_>, found: &DocumentFound) {
        let portrait = found.portrait.and_then(|media| self.pictures.get(&media));
        visit.set_found(screen::FoundData {
            surname: (&found.surname).into(),
            given_name: (&found.given_name).into(),
            patronymic: (&found.patronymic).into(),
            number: (&found.number).into(),
            source: names::document_source(found.source),
            has_portrait: portrait.is_some(),
            refused: found.refused.is_some(),
            of_another: found.refused == Some(Fault::DocumentOfAnother),
        });
        visit.set_portrait(portrait.cloned().unwrap_or_default());
    }

    pub(super) fn liveness(&self, visit: &Visit<'_>, liveness: &LivenessView) {
        sync(
            &self.prompts,
            liveness
                .prompts
                .iter()
                .map(|prompt| prompt.name())
                .collect(),
        );
        visit.set_taken(false);
        visit.set_finding(
            liveness
                .finding
                .map_or(screen::FindingName::None, |f| f.name()),
        );
        visit.set_liveness(screen::LivenessData {
            current: liveness.current.map_or(-1, |at| at as i32),
            elapsed: liveness.elapsed,
            face_lost: liveness.face_lost,
            failed_before: liveness.failed_before.into(),
            tries: liveness.tries.into(),
            done: liveness.done,
            blocked_for: whole(liveness.blocked_for_seconds),
        });
    }

    pub(super) fn document_photo(
        &self,
        visit: &Visit<'_>,
        photo: &DocumentPhotoView,
        language: Language,
    ) {
        visit.set_photo(screen::PhotoData {
            asking_pin: photo.cabinet_pin.is_some(),
            from_drive: photo.source == PhotoSource::UsbDrive,
            drive_present: photo.drive_present,
        });
        self.taken(visit, photo.taken);
        self.folder(visit, photo.listing.as_ref(), "", language);
        self.list_fields(&photo.cabinet_pin.iter().collect::<Vec<_>>());
    }

    pub(super) fn review(&self, visit: &Visit<'_>, review: &ReviewView) {
        let rows = review
            .answers
            .iter()
            .map(|(step, answer)| {
                let mut row = screen::AnswerData {
                    step: step.name(),
                    identity: slint::format!("edit-{}", kebab(&format!("{step:?}"))),
                    ..Default::default()
                };
                match answer {
                    Answer::Text(said) => {
                        row.kind = screen::AnswerKind::Text;
                        row.text = said.into();
                    }
                    Answer::Document(kind, mark) => {
                        row.document = kind.name();
                        row.kind = match mark {
                            DocumentEntryMark::Chip => screen::AnswerKind::DocumentChip,
                            DocumentEntryMark::Mrz => screen::AnswerKind::DocumentMrz,
                            DocumentEntryMark::Typed => screen::AnswerKind::DocumentTyped,
                        };
                    }
                    Answer::Picture(media) => {
                        row.kind = screen::AnswerKind::Picture;
                        row.picture = self.pictures.get(media).cloned().unwrap_or_default();
                    }
                    Answer::Done => row.kind = screen::AnswerKind::Done,
                    Answer::Storage(storage) => {
                        row.kind = screen::AnswerKind::Storage;
                        row.storage = storage.name();
                    }
                }
                row
            })
            .collect();
        sync(&self.answers, rows);
        visit.set_review(screen::ReviewData {
            wait_here: review.wait_here,
            can_wait: review.can_wait,
            wait_seconds: review.wait_seconds.map_or(-1, whole),
        });
    }

    pub(super) fn password(&self, visit: &Visit<'_>, password: &PasswordView) {
        let rules = password.rules;
        visit.set_password(screen::PasswordData {
            length: rules.length,
            latin_only: rules.latin_only,
            lower: rules.lower,
            upper: rules.upper,
            digit: rules.digit,
            caps_lock: password.caps_lock,
        });
        self.list_fields(&[&password.password, &password.again]);
    }

    pub(super) fn token_pin(&self, visit: &Visit<'_>, token: &TokenPinView) {
        visit.set_token(screen::TokenPinData {
            storage: token.kind.name(),
            label: (&token.label).into(),
            phase: token.phase.name(),
            tries_left: token.tries_left.map_or(-1, i32::from),
            last_try: token.last_try,
            digits: token.digits,
            erases: token.erases,
            caps_lock: token.caps_lock,
            new_puk: format::in_fours(token.new_puk.expose()).into(),
        });
        let slots = token.taken.iter().enumerate();
        let slots = slots.map(|(at, slot)| screen::SlotData {
            name: (&slot.name).into(),
            holds: slot.holds.name(),
            chosen: token.to_erase == Some(at),
            index: i32::try_from(at).unwrap_or(i32::MAX),
        });
        sync(&self.slots, slots.collect());
        self.list_fields(&token.fields.iter().collect::<Vec<_>>());
    }

    pub(super) fn issuing(&self, visit: &Visit<'_>, issuing: &IssuingView, language: Language) {
        sync(
            &self.phases,
            issuing.phases.iter().map(|phase| phase.name()).collect(),
        );
        let (sent, total) = issuing.uploaded.unwrap_or((0, 0));
        visit.set_issuing(screen::IssuingData {
            current: issuing.current as i32,
            sent: format::bytes(sent, language).into(),
            total: format::bytes(total, language).into(),
            share: if total > 0 {
                (sent as f64 / total as f64) as f32
            } else {
                -1.0
            },
            saved: issuing.saved,
            seconds: whole(issuing.seconds),
        });
    }

    pub(super) fn folder(
        &self,
        visit: &Visit<'_>,
        listing: Option<&FolderListing>,
        label: &str,
        language: Language,
    ) {
        let Some(listing) = listing else {
            visit.set_folder(screen::FolderData {
                label: label.into(),
                ..Default::default()
            });
            sync(&self.entries, Vec::new());
            return;
        };
        let mut path = vec![if label.is_empty() { "USB" } else { label }];
        path.extend(listing.path.iter().map(String::as_str));
        visit.set_folder(screen::FolderData {
            present: true,
            label: label.into(),
            path: path.join(" / ").into(),
            at_root: listing.path.is_empty(),
            free: format::bytes(listing.free_bytes, language).into(),
            writable: listing.writable,
        });
        let folders = listing
            .folders
            .iter()
            .zip(0..)
            .map(|(name, index)| screen::EntryData {
                name: name.into(),
                size: Default::default(),
                folder: true,
                index,
            });
        let files = listing
            .files
            .iter()
            .zip(0..)
            .map(|(file, index)| screen::EntryData {
                name: (&file.name).into(),
                size: format::bytes(file.bytes, language).into(),
                folder: false,
                index,
            });
        sync(&self.entries, folders.chain(files).collect());
    }
}
