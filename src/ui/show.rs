//! A [`View`] into the window's properties. Lists are models that live as long
//! as the window and change row by row, so that nothing is drawn twice.

mod data;
mod maintenance;
mod steps;

use std::collections::HashMap;
use std::rc::Rc;

use exchange::certificates::HeldCertificate;
use exchange::{Language, StorageType};
use faults::Fault;
use slint::{
    ComponentHandle as _, Image, Model as _, ModelRc, Rgb8Pixel, SharedPixelBuffer, VecModel,
};

use super::generated as screen;
use super::generated::{KioskWindow, Theme, Visit};
use super::names::{self, Named as _};
use crate::session::event::MediaHandle;
use crate::session::view::{CollectAnswer, Dialog, FieldView, KeyboardKind, Screen, View};
use data::{
    certificate_data, fault_data, field_data, holder_data, key_data, receipt_data, revocation_data,
    storage_data, text, whole,
};

/// What the window shows, and the lists it shows it from.
pub(super) struct Shown {
    last: Option<View>,
    pictures: HashMap<MediaHandle, Image>,
    fields: Rc<VecModel<screen::FieldData>>,
    faults: Rc<VecModel<screen::FaultData>>,
    code: Rc<VecModel<slint::SharedString>>,
    prompts: Rc<VecModel<screen::PromptName>>,
    entries: Rc<VecModel<screen::EntryData>>,
    storages: Rc<VecModel<screen::StorageData>>,
    answers: Rc<VecModel<screen::AnswerData>>,
    phases: Rc<VecModel<screen::PhaseName>>,
    certificates: Rc<VecModel<screen::CertificateData>>,
    slots: Rc<VecModel<screen::SlotData>>,
    keys: Rc<VecModel<screen::KeyData>>,
    maintenance: maintenance::Lists,
}

impl Shown {
    pub(super) fn new(window: &KioskWindow) -> Self {
        let shown = Self {
            last: None,
            pictures: HashMap::new(),
            fields: Rc::default(),
            faults: Rc::default(),
            code: Rc::default(),
            prompts: Rc::default(),
            entries: Rc::default(),
            storages: Rc::default(),
            answers: Rc::default(),
            phases: Rc::default(),
            certificates: Rc::default(),
            slots: Rc::default(),
            keys: Rc::default(),
            maintenance: maintenance::Lists::new(window),
        };
        let visit = window.global::<Visit>();
        visit.set_fields(ModelRc::from(shown.fields.clone()));
        visit.set_faults(ModelRc::from(shown.faults.clone()));
        visit.set_code_characters(ModelRc::from(shown.code.clone()));
        visit.set_prompts(ModelRc::from(shown.prompts.clone()));
        visit.set_entries(ModelRc::from(shown.entries.clone()));
        visit.set_storages(ModelRc::from(shown.storages.clone()));
        visit.set_answers(ModelRc::from(shown.answers.clone()));
        visit.set_phases(ModelRc::from(shown.phases.clone()));
        visit.set_certificates(ModelRc::from(shown.certificates.clone()));
        visit.set_slots(ModelRc::from(shown.slots.clone()));
        visit.set_keys(ModelRc::from(shown.keys.clone()));
        shown
    }

    pub(super) fn show(&mut self, window: &KioskWindow, view: &View) {
        if self.last.as_ref() == Some(view) {
            return;
        }
        let visit = window.global::<Visit>();
        if self.last.as_ref().map(|last| last.language) != Some(view.language) {
            // Fails only where no translation was bundled; a test holds that they are.
            let _ = slint::select_bundled_translation(view.language.code());
            visit.set_language(view.language.name());
        }
        let theme = window.global::<Theme>();
        theme.set_percent(names::percent(view.text_size));
        theme.set_high_contrast(view.high_contrast);
        self.frame(&visit, view);
        self.screen(&visit, view);
        self.maintenance.show(window, view);
        // Last: a screen that has just come finds its properties set.
        visit.set_screen(names::screen_name(&view.screen));
        self.last = Some(view.clone());
    }

    /// What stands around every screen.
    fn frame(&self, visit: &Visit<'_>, view: &View) {
        visit.set_offline(view.offline);
        let (position, positions) = view.position.unwrap_or((0, 0));
        visit.set_position(position.into());
        visit.set_positions(positions.into());
        visit.set_can_go_back(view.can_go_back);
        visit.set_can_cancel(view.can_cancel);
        visit.set_primary(
            view.primary
                .map_or(screen::PrimaryName::None, |primary| primary.label.name()),
        );
        visit.set_primary_enabled(view.primary.is_some_and(|primary| primary.enabled));
        visit.set_layout(view.keyboard.layout.name());
        visit.set_discreet(view.keyboard.discreet);
        visit.set_keyboard(match view.keyboard.kind {
            KeyboardKind::None => screen::KeyboardName::None,
            kind => kind.name(),
        });
        visit.set_busy(match view.busy {
            None => screen::BusyData {
                what: screen::BusyName::None,
                progress: -1.0,
                seconds: 0,
            },
            Some(busy) => screen::BusyData {
                what: busy.what.name(),
                progress: busy.progress.unwrap_or(-1.0),
                seconds: whole(busy.since_seconds),
            },
        });
        visit.set_fault(
            view.fault
                .map_or_else(Default::default, |fault| match view.screen {
                    Screen::Maintenance(_) => maintenance::fault_data(fault, view.language),
                    _ => fault_data(fault, view.language),
                }),
        );
        match view.dialog {
            None => visit.set_dialog(screen::DialogName::None),
            Some(Dialog::ConfirmCancel) => visit.set_dialog(screen::DialogName::ConfirmCancel),
            Some(Dialog::Help) => visit.set_dialog(screen::DialogName::Help),
            Some(Dialog::IdleWarning { seconds_left }) => {
                visit.set_idle_seconds(seconds_left.into());
                visit.set_dialog(screen::DialogName::IdleWarning);
            }
        }
    }

    fn screen(&self, visit: &Visit<'_>, view: &View) {
        match &view.screen {
            Screen::Welcome {
                can_apply,
                can_collect,
                can_renew,
                can_revoke,
                cannot,
            } => {
                visit.set_can_apply(*can_apply);
                visit.set_can_collect(*can_collect);
                visit.set_can_renew(*can_renew);
                visit.set_can_revoke(*can_revoke);
                self.list_faults(cannot, view.language);
            }
            Screen::OutOfService { faults } => self.list_faults(faults, view.language),
            Screen::Consent { agreed } => visit.set_agreed(*agreed),
            Screen::IdentityNumber { number } | Screen::RevokeIdentity { number } => {
                self.list_fields(&[number])
            }
            Screen::Phone(phone) => {
                visit.set_phone(screen::PhoneData {
                    registered: text(phone.registered_masked.as_deref()),
                    registering: phone.registering,
                    offline: phone.offline,
                });
                self.list_fields(&[&phone.number]);
            }
            Screen::PhoneCode(code)
            | Screen::CollectPhoneCode(code)
            | Screen::RevokePhoneCode(code) => {
                self.phone_code(visit, code);
            }
            Screen::Document(document) => self.document(visit, document, view.language),
            Screen::Selfie { finding, taken } => {
                visit.set_finding(finding.map_or(screen::FindingName::None, |f| f.name()));
                self.taken(visit, *taken);
            }
            Screen::Liveness(liveness) => self.liveness(visit, liveness),
            Screen::AccountPin { pin, again } => self.list_fields(&[pin, again]),
            Screen::DocumentPhoto(photo) => self.document_photo(visit, photo, view.language),
            Screen::Email { email, suggestion } => {
                visit.set_suggestion(text(suggestion.as_deref()));
                self.list_fields(&[email]);
            }
            Screen::Storage {
                found,
                chosen,
                provider_ready,
            } => {
                visit.set_provider_ready(*provider_ready);
                let rows = found
                    .iter()
                    .map(|storage| {
                        storage_data(storage, *chosen == Some(storage.storage), view.language)
                    })
                    .collect();
                sync(&self.storages, rows);
            }
            Screen::StorageLocation {
                listing,
                drive_label,
            } => self.folder(visit, listing.as_ref(), drive_label, view.language),
            Screen::Review(review) => self.review(visit, review),
            Screen::KeyPassword(password) => self.password(visit, password),
            Screen::TokenPin(token) => self.token_pin(visit, token),
            Screen::Issuing(issuing) | Screen::Collecting(issuing) => {
                self.issuing(visit, issuing, view.language);
            }
            Screen::Receipt(receipt) | Screen::Collected(receipt) => {
                receipt_data(visit, receipt, view.language);
            }
            Screen::CollectCode { code } => self.list_fields(&[code]),
            Screen::CollectStorage {
                listing,
                drive_label,
                pending_found,
                key_wanted,
            } => {
                visit.set_pending_found(*pending_found);
                visit.set_key_wanted(key_wanted.is_some());
                visit.set_card_wanted(*key_wanted == Some(StorageType::AKKZIDCardStore));
                self.folder(visit, listing.as_ref(), drive_label, view.language);
            }
            Screen::CollectPassword { password } | Screen::RenewPassword { password } => {
                visit.set_password(screen::PasswordData::default());
                self.list_fields(&[password]);
            }
            Screen::CollectAnswer(answer) => visit.set_answer(match answer {
                CollectAnswer::Undecided => screen::CollectAnswerData {
                    kind: screen::CollectAnswerName::Undecided,
                    said: Default::default(),
                },
                CollectAnswer::Rejected { reason } => screen::CollectAnswerData {
                    kind: screen::CollectAnswerName::Rejected,
                    said: reason.into(),
                },
                CollectAnswer::AskAgain { what } => screen::CollectAnswerData {
                    kind: screen::CollectAnswerName::AskAgain,
                    said: what.into(),
                },
            }),
            Screen::RevokeCertificate {
                certificates,
                chosen,
            } => self.list_certificates(certificates, *chosen, view.language),
            Screen::Revoking {
                certificate,
                reason,
            } => {
                self.list_certificates(std::slice::from_ref(certificate), None, view.language);
                visit.set_revocation(screen::RevocationData {
                    reason: reason.map_or(screen::ReasonName::None, |r| r.name()),
                    ..Default::default()
                });
            }
            Screen::Maintenance(shown) => {
                self.list_fields(&shown.fields.iter().collect::<Vec<_>>());
            }
            Screen::RenewKey { found, chosen } => {
                visit.set_looked_through(found.is_some());
                let keys = found.iter().flatten().enumerate();
                let rows = keys.map(|(at, key)| key_data(key, at, *chosen == Some(at)));
                sync(&self.keys, rows.collect());
            }
            Screen::RenewHolder { holder, over } => {
                visit.set_holder(holder_data(holder.as_ref(), *over, view.language));
            }
            Screen::Revoked {
                standing,
                closes_in_seconds,
            } => visit.set_revocation(revocation_data(standing, *closes_in_seconds, view.language)),
        }
    }

    fn list_certificates(
        &self,
        certificates: &[HeldCertificate],
        chosen: Option<usize>,
        language: Language,
    ) {
        let rows = certificates.iter().enumerate();
        let rows = rows.map(|(at, held)| certificate_data(held, at, chosen == Some(at), language));
        sync(&self.certificates, rows.collect());
    }

    fn taken(&self, visit: &Visit<'_>, taken: Option<MediaHandle>) {
        let picture = taken.and_then(|media| self.pictures.get(&media).cloned());
        visit.set_picture(picture.unwrap_or_default());
        visit.set_taken(taken.is_some());
    }

    fn list_fields(&self, fields: &[&FieldView]) {
        let rows = fields.iter().map(|field| field_data(field)).collect();
        sync(&self.fields, rows);
    }

    fn list_faults(&self, faults: &[Fault], language: Language) {
        let rows = faults
            .iter()
            .map(|&fault| fault_data(fault, language))
            .collect();
        sync(&self.faults, rows);
    }

    pub(super) fn set_picture(
        &mut self,
        window: &KioskWindow,
        media: MediaHandle,
        picture: SharedPixelBuffer<Rgb8Pixel>,
    ) {
        self.pictures.insert(media, Image::from_rgb8(picture));
        // The view that names it may have come before it.
        if let Some(view) = self.last.take() {
            self.screen(&window.global::<Visit>(), &view);
            self.last = Some(view);
        }
    }

    pub(super) fn forget_pictures(&mut self, window: &KioskWindow) {
        self.pictures.clear();
        let visit = window.global::<Visit>();
        visit.set_picture(Image::default());
        visit.set_preview(Image::default());
        visit.set_portrait(Image::default());
        visit.set_found(screen::FoundData::default());
        visit.set_trial(screen::TrialData::default());
        sync(&self.answers, Vec::new());
        sync(&self.certificates, Vec::new());
        sync(&self.keys, Vec::new());
        visit.set_holder(screen::HolderData::default());
    }
}

/// Makes the list hold these rows; rows that are the same are not told of.
fn sync<T: Clone + PartialEq + 'static>(list: &VecModel<T>, rows: Vec<T>) {
    while list.row_count() > rows.len() {
        list.remove(list.row_count() - 1);
    }
    for (at, row) in rows.into_iter().enumerate() {
        match list.row_data(at) {
            None => list.push(row),
            Some(old) if old != row => list.set_row_data(at, row),
            Some(_) => {}
        }
    }
}
