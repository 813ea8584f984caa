//! A [`View`] into the window's properties. Lists are models that live as long
//! as the window and change row by row, so that nothing is drawn twice.

use std::collections::HashMap;
use std::rc::Rc;

use exchange::Language;
use faults::Fault;
use slint::{
    ComponentHandle as _, Image, Model as _, ModelRc, Rgb8Pixel, SharedPixelBuffer, VecModel,
};

use super::format;
use super::generated as screen;
use super::generated::{KioskWindow, Theme, Visit};
use super::names::{self, Named as _};
use crate::session::event::{FolderListing, MediaHandle, StorageFound};
use crate::session::view::{
    Answer, CardState, CollectAnswer, Dialog, DocumentEntryMark, DocumentPhotoView, DocumentView,
    FieldView, IssuingView, KeyboardKind, LivenessView, Outcome, PasswordView, PhoneCodeView,
    ReceiptView, ReviewView, Screen, View,
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
                .map_or_else(Default::default, |fault| fault_data(fault, view.language)),
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
                cannot,
            } => {
                visit.set_can_apply(*can_apply);
                visit.set_can_collect(*can_collect);
                self.list_faults(cannot, view.language);
            }
            Screen::OutOfService { faults } => self.list_faults(faults, view.language),
            Screen::Consent { agreed } => visit.set_agreed(*agreed),
            Screen::IdentityNumber { number } => self.list_fields(&[number]),
            Screen::Phone(phone) => {
                visit.set_phone(screen::PhoneData {
                    registered: text(phone.registered_masked.as_deref()),
                    registering: phone.registering,
                    offline: phone.offline,
                });
                self.list_fields(&[&phone.number]);
            }
            Screen::PhoneCode(code) | Screen::CollectPhoneCode(code) => {
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
            } => {
                visit.set_pending_found(*pending_found);
                self.folder(visit, listing.as_ref(), drive_label, view.language);
            }
            Screen::CollectPassword { password } => {
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
        }
    }

    fn phone_code(&self, visit: &Visit<'_>, code: &PhoneCodeView) {
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

    fn document(&self, visit: &Visit<'_>, document: &DocumentView, language: Language) {
        visit.set_card_fault(match document.card {
            CardState::Failed(fault) => fault_data(fault, language),
            _ => Default::default(),
        });
        visit.set_document(screen::DocumentData {
            kind: document
                .kind
                .map_or(screen::DocumentName::None, |k| k.name()),
            card: match document.card {
                CardState::Absent => screen::CardName::Absent,
                CardState::Reading => screen::CardName::Reading,
                CardState::Noted => screen::CardName::Noted,
                CardState::Failed(_) => screen::CardName::Failed,
            },
            entry: document.entry.map_or(screen::EntryName::None, |e| e.name()),
        });
        self.list_fields(&document.fields.iter().collect::<Vec<_>>());
    }

    fn liveness(&self, visit: &Visit<'_>, liveness: &LivenessView) {
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

    fn document_photo(&self, visit: &Visit<'_>, photo: &DocumentPhotoView, language: Language) {
        use crate::session::event::PhotoSource;

        visit.set_photo(screen::PhotoData {
            asking_pin: photo.cabinet_pin.is_some(),
            from_drive: photo.source == PhotoSource::UsbDrive,
            drive_present: photo.drive_present,
        });
        self.taken(visit, photo.taken);
        self.folder(visit, photo.listing.as_ref(), "", language);
        self.list_fields(&photo.cabinet_pin.iter().collect::<Vec<_>>());
    }

    fn review(&self, visit: &Visit<'_>, review: &ReviewView) {
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

    fn password(&self, visit: &Visit<'_>, password: &PasswordView) {
        let rules = password.rules;
        visit.set_password(screen::PasswordData {
            length: rules.length,
            latin_only: rules.latin_only,
            lower: rules.lower,
            upper: rules.upper,
            digit: rules.digit,
            caps_lock: password.caps_lock,
            new_password: password.new_password,
        });
        if password.new_password {
            self.list_fields(&[&password.password, &password.again]);
        } else {
            self.list_fields(&[&password.password]);
        }
    }

    fn issuing(&self, visit: &Visit<'_>, issuing: &IssuingView, language: Language) {
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

    fn folder(
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
        sync(&self.answers, Vec::new());
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

fn field_data(field: &FieldView) -> screen::FieldData {
    let length = field.text.chars().count();
    let cursor = field.cursor.min(length);
    let split = field
        .text
        .char_indices()
        .nth(cursor)
        .map_or(field.text.len(), |(at, _)| at);
    let (before, after) = field.text.split_at(split);
    let (error, tries_left) = names::field_error(field.error);
    screen::FieldData {
        field: field.field.map_or(screen::FieldName::None, |f| f.name()),
        before: before.into(),
        after: after.into(),
        length: length as i32,
        focused: field.focused,
        error,
        tries_left,
    }
}

fn fault_data(fault: Fault, language: Language) -> screen::FaultData {
    let text = fault.text(names::fault_language(language));
    screen::FaultData {
        present: true,
        code: fault.code().into(),
        cause: text.cause.into(),
        remedy: text.remedy.into(),
    }
}

fn storage_data(storage: &StorageFound, chosen: bool, language: Language) -> screen::StorageData {
    screen::StorageData {
        storage: storage.storage.name(),
        unusable: storage
            .unusable
            .map_or(screen::UnusableName::None, |why| why.name()),
        label: (&storage.label).into(),
        free: storage
            .free_bytes
            .map_or_else(String::new, |free| format::bytes(free, language))
            .into(),
        chosen,
    }
}

fn receipt_data(visit: &Visit<'_>, receipt: &ReceiptView, language: Language) {
    let mut data = screen::ReceiptData {
        code: text(receipt.receipt_code.as_deref()),
        closes_in: whole(receipt.closes_in_seconds),
        ..Default::default()
    };
    match &receipt.outcome {
        Outcome::Installed {
            file_name,
            location,
            valid_until,
        } => {
            data.outcome = screen::OutcomeName::Installed;
            data.file_name = file_name.into();
            data.location = location.into();
            data.valid_until = format::day(*valid_until, language).into();
        }
        Outcome::ComeBack(reason) => {
            use crate::session::event::ComeBackReason;
            data.outcome = match reason {
                ComeBackReason::Offline => screen::OutcomeName::Offline,
                ComeBackReason::Undecided => screen::OutcomeName::Undecided,
                ComeBackReason::PhoneUnproven => screen::OutcomeName::PhoneUnproven,
            };
        }
    }
    let code: Option<String> = receipt
        .receipt_code
        .as_ref()
        .map(|code| code.chars().filter(char::is_ascii_alphanumeric).collect());
    visit.set_receipt_qr(code.and_then(|code| qr(&code)).unwrap_or_default());
    visit.set_receipt(data);
}

/// Black on white, one pixel a module and four around (ISO/IEC 18004 wants that
/// quiet zone); the screen enlarges it in whole modules.
fn qr(code: &str) -> Option<Image> {
    const QUIET: usize = 4;
    let made = qrcode::QrCode::new(code.as_bytes()).ok()?;
    let (modules, side) = (made.to_colors(), made.width());
    let full = side + 2 * QUIET;
    let mut pixels = SharedPixelBuffer::<Rgb8Pixel>::new(full as u32, full as u32);
    let white = Rgb8Pixel {
        r: 255,
        g: 255,
        b: 255,
    };
    pixels.make_mut_slice().fill(white);
    for (row, line) in modules.chunks(side).enumerate() {
        for (column, module) in line.iter().enumerate() {
            if *module == qrcode::Color::Dark {
                let at = (row + QUIET) * full + column + QUIET;
                pixels.make_mut_slice()[at] = Rgb8Pixel { r: 0, g: 0, b: 0 };
            }
        }
    }
    Some(Image::from_rgb8(pixels))
}

fn text(said: Option<&str>) -> slint::SharedString {
    said.unwrap_or_default().into()
}

fn whole(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// `KeyPassword` to `key-password`.
fn kebab(name: &str) -> String {
    let mut made = String::new();
    for sign in name.chars() {
        if sign.is_uppercase() && !made.is_empty() {
            made.push('-');
        }
        made.extend(sign.to_lowercase());
    }
    made
}
