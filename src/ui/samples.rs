//! A view for every screen, with the longest contents it must hold: what the
//! layout test and the contact sheet are made from. All values are invented.

mod camera;
mod contents;
mod device_tests;
mod maintenance;
mod renewal;
mod revocation;
mod tokens;

use exchange::{DocumentKind, Language};
use faults::Fault;

pub use camera::camera_frame;
use contents::*;

use crate::session::event::{
    ComeBackReason, FaceFinding, Field, KeyboardLayout, MediaHandle, MrzHint, PhotoSource, TextSize,
};
use crate::session::view::*;

/// A name for a file, and what to show.
pub struct Sample {
    pub name: &'static str,
    pub view: View,
}

/// The media that the samples name.
pub const PICTURE: MediaHandle = MediaHandle(1);
/// The holder's face on a document: upright, 3:4.
pub const PORTRAIT: MediaHandle = MediaHandle(2);

/// Every screen, most in more than one state; in Kazakh, 100 %, normal contrast.
pub fn all() -> Vec<Sample> {
    let mut samples = journey();
    samples.extend(troubles());
    samples.extend(coming_back());
    samples.extend(tokens::all());
    samples.extend(revocation::all());
    samples.extend(renewal::all());
    samples
}

/// Maintenance mode: every page, most in more than one state.
pub fn maintenance() -> Vec<Sample> {
    maintenance::all()
}

/// One picture a step, as a citizen sees it: what the contact sheet shows.
pub fn journey() -> Vec<Sample> {
    vec![
        sample("welcome", None, welcome(&[])).primary(None),
        sample("consent", Some(1), Screen::Consent { agreed: true })
            .primary(Some(PrimaryLabel::Agree)),
        sample(
            "identity_number",
            Some(2),
            identity_number("8804 1240 1006", None),
        )
        .digits(),
        sample(
            "phone",
            Some(3),
            phone(Some("+7 7•• ••• •• 45"), false, false, ""),
        )
        .primary(Some(PrimaryLabel::GetCode)),
        sample(
            "phone_code",
            Some(4),
            Screen::PhoneCode(phone_code("123", None)),
        )
        .primary(Some(PrimaryLabel::Confirm))
        .digits(),
        document_sample("document", document(None, DocumentPhase::Kind)).primary(None),
        document_sample(
            "document_camera",
            document(
                Some(DocumentKind::IdCard),
                DocumentPhase::Camera {
                    hint: Some(MrzHint::CutOff),
                },
            ),
        )
        .primary(None),
        document_sample(
            "document_place",
            document(Some(DocumentKind::IdCard), DocumentPhase::Place),
        )
        .primary(None),
        document_sample(
            "document_reading",
            DocumentView {
                in_reader: true,
                ..document(
                    Some(DocumentKind::IdCard),
                    DocumentPhase::Reading {
                        what: ReadingWhat::Portrait,
                        share: 0.6,
                    },
                )
            },
        )
        .primary(None)
        .with(|view| {
            view.busy = Some(Busy {
                what: BusyWith::Card,
                progress: Some(0.6),
                since_seconds: 2,
            });
        }),
        document_sample(
            "document_confirm",
            document(
                Some(DocumentKind::IdCard),
                found(DocumentSource::Chip { proven: true }, None),
            ),
        )
        .primary(Some(PrimaryLabel::Confirm)),
        sample(
            "selfie",
            Some(6),
            Screen::Selfie {
                finding: Some(FaceFinding::Good),
                taken: None,
            },
        )
        .primary(Some(PrimaryLabel::TakePicture)),
        sample("liveness", Some(7), Screen::Liveness(liveness())).primary(None),
        sample(
            "account_pin",
            Some(8),
            Screen::AccountPin {
                pin: field(Field::AccountPin, "••••••", false, None),
                again: field(Field::AccountPinAgain, "•••", true, None),
            },
        )
        .primary(Some(PrimaryLabel::SetPin))
        .discreet(),
        sample(
            "document_photo",
            Some(9),
            document_photo(PhotoSource::Camera, None, None),
        )
        .primary(Some(PrimaryLabel::TakePicture)),
        sample(
            "email",
            Some(10),
            email("aigerim@gmial.com", Some("aigerim@gmail.com"), None),
        )
        .full(KeyboardLayout::Latin),
        sample("storage", Some(11), storage(true)),
        sample("storage_location", Some(12), storage_location(true))
            .primary(Some(PrimaryLabel::ChooseThisFolder)),
        sample("review", Some(13), Screen::Review(review(true)))
            .primary(Some(PrimaryLabel::SubmitApplication)),
        sample(
            "key_password",
            Some(14),
            Screen::KeyPassword(password(None)),
        )
        .primary(Some(PrimaryLabel::MakeKey))
        .full(KeyboardLayout::Latin)
        .discreet_keyboard(),
        sample("issuing", Some(15), Screen::Issuing(issuing())).primary(None),
        sample(
            "receipt",
            Some(16),
            Screen::Receipt(receipt(installed(), false)),
        )
        .primary(Some(PrimaryLabel::Finish)),
    ]
}

/// The same screens when something is wrong or longer than usual.
pub fn troubles() -> Vec<Sample> {
    vec![
        sample("welcome_cannot", None, welcome(&[Fault::UsbMissing])).primary(None),
        sample(
            "out_of_service",
            None,
            Screen::OutOfService {
                faults: vec![Fault::CameraMissing],
            },
        )
        .primary(None),
        sample(
            "identity_number_wrong",
            Some(2),
            identity_number("8804 1240 1007", Some(FieldError::IinCheckDigit)),
        )
        .digits(),
        sample(
            "phone_new",
            Some(3),
            phone(Some("+7 7•• ••• •• 45"), true, false, "+7 701 123 45"),
        )
        .primary(Some(PrimaryLabel::SendRequest))
        .digits(),
        sample(
            "phone_offline",
            Some(3),
            phone(None, true, true, "+7 701 123 45 67"),
        )
        .digits(),
        sample(
            "phone_code_wrong",
            Some(4),
            Screen::PhoneCode(phone_code(
                "123456",
                Some(FieldError::CodeWrong { tries_left: 3 }),
            )),
        )
        .primary(Some(PrimaryLabel::Confirm))
        .digits(),
        sample(
            "phone_code_helping",
            Some(4),
            Screen::PhoneCode(PhoneCodeView {
                helping: true,
                resend_in_seconds: 0,
                ..phone_code("", None)
            }),
        )
        .primary(Some(PrimaryLabel::Confirm))
        .digits(),
        sample(
            "phone_code_frozen",
            Some(4),
            Screen::PhoneCode(PhoneCodeView {
                frozen_for_seconds: 1742,
                ..phone_code("", None)
            }),
        )
        .primary(Some(PrimaryLabel::Confirm)),
        document_sample(
            "document_camera_refused",
            DocumentView {
                in_reader: true,
                trouble: Some(Fault::DocumentKeyWrong),
                ..document(
                    Some(DocumentKind::Passport),
                    DocumentPhase::Camera { hint: None },
                )
            },
        )
        .primary(None),
        document_sample(
            "document_ways",
            document(
                Some(DocumentKind::IdCard),
                DocumentPhase::Ways { chip: true },
            ),
        )
        .primary(None),
        document_sample(
            "document_can",
            document(Some(DocumentKind::IdCard), DocumentPhase::Can),
        )
        .digits(),
        document_sample(
            "document_mrz",
            document(Some(DocumentKind::IdCard), DocumentPhase::Mrz),
        )
        .mrz(),
        document_sample(
            "document_typed",
            document(Some(DocumentKind::Passport), DocumentPhase::Typed),
        )
        .full(KeyboardLayout::Kazakh),
        document_sample(
            "document_pulled",
            DocumentView {
                trouble: Some(Fault::CardPulled),
                without_chip: true,
                ..document(Some(DocumentKind::Passport), DocumentPhase::Place)
            },
        )
        .primary(None),
        document_sample(
            "document_silent",
            DocumentView {
                in_reader: true,
                trouble: Some(Fault::CardSilent),
                without_chip: true,
                ..document(Some(DocumentKind::IdCard), DocumentPhase::Place)
            },
        )
        .primary(Some(PrimaryLabel::Retry)),
        document_sample(
            "document_confirm_mrz",
            document(
                Some(DocumentKind::Passport),
                found(DocumentSource::Mrz, None),
            ),
        )
        .primary(Some(PrimaryLabel::Confirm)),
        document_sample(
            "document_of_another",
            document(
                Some(DocumentKind::IdCard),
                found(DocumentSource::Mrz, Some(Fault::DocumentOfAnother)),
            ),
        )
        .primary(Some(PrimaryLabel::AnotherDocument)),
        document_sample(
            "document_not_genuine",
            document(
                Some(DocumentKind::IdCard),
                found(
                    DocumentSource::Chip { proven: false },
                    Some(Fault::DocumentNotGenuine),
                ),
            ),
        )
        .primary(Some(PrimaryLabel::AnotherDocument)),
        sample(
            "selfie_dark",
            Some(6),
            Screen::Selfie {
                finding: Some(FaceFinding::TooDark),
                taken: None,
            },
        )
        .primary(Some(PrimaryLabel::TakePicture)),
        sample(
            "selfie_taken",
            Some(6),
            Screen::Selfie {
                finding: None,
                taken: Some(PICTURE),
            },
        ),
        sample(
            "liveness_blocked",
            Some(7),
            Screen::Liveness(LivenessView {
                current: None,
                blocked_for_seconds: 893,
                ..liveness()
            }),
        )
        .primary(Some(PrimaryLabel::StartRecording)),
        sample(
            "liveness_again",
            Some(7),
            Screen::Liveness(LivenessView {
                current: None,
                failed_before: 1,
                ..liveness()
            }),
        )
        .primary(Some(PrimaryLabel::StartRecording)),
        sample("document_photo_pin", Some(9), document_photo_pin())
            .primary(Some(PrimaryLabel::OpenCabinet))
            .discreet(),
        sample(
            "document_photo_file",
            Some(9),
            document_photo(PhotoSource::UsbDrive, Some(listing(true)), None),
        )
        .primary(None),
        sample(
            "document_photo_taken",
            Some(9),
            document_photo(PhotoSource::Camera, None, Some(PICTURE)),
        ),
        sample(
            "email_wrong",
            Some(10),
            email("қайрат@mail.kz", None, Some(FieldError::EmailNotLatin)),
        )
        .full(KeyboardLayout::Kazakh),
        sample("storage_none", Some(11), storage(false)),
        sample(
            "storage_location_missing",
            Some(12),
            storage_location(false),
        )
        .primary(Some(PrimaryLabel::ChooseThisFolder)),
        sample("review_offline", Some(13), Screen::Review(review(false)))
            .primary(Some(PrimaryLabel::SubmitApplication)),
        sample(
            "key_password_wrong",
            Some(14),
            Screen::KeyPassword(password(Some(FieldError::PasswordsDiffer))),
        )
        .primary(Some(PrimaryLabel::MakeKey))
        .full(KeyboardLayout::Latin),
        sample(
            "receipt_offline",
            Some(16),
            Screen::Receipt(receipt(Outcome::ComeBack(ComeBackReason::Offline), true)),
        )
        .primary(Some(PrimaryLabel::Finish)),
        sample(
            "phone_busy",
            Some(3),
            phone(Some("+7 7•• ••• •• 45"), false, false, ""),
        )
        .with(|view| {
            view.primary = Some(Primary {
                label: PrimaryLabel::GetCode,
                enabled: false,
            });
            view.busy = Some(Busy {
                what: BusyWith::Office,
                progress: None,
                since_seconds: 12,
            });
        }),
        sample(
            "phone_fault",
            Some(3),
            phone(Some("+7 7•• ••• •• 45"), false, false, ""),
        )
        .primary(Some(PrimaryLabel::GetCode))
        .with(|view| view.fault = Some(Fault::CodeNotSent)),
        sample("dialog_cancel", Some(1), Screen::Consent { agreed: false })
            .with(|view| view.dialog = Some(Dialog::ConfirmCancel)),
        sample(
            "dialog_help",
            Some(3),
            phone(Some("+7 7•• ••• •• 45"), false, false, ""),
        )
        .with(|view| view.dialog = Some(Dialog::Help)),
        sample("dialog_idle", Some(1), Screen::Consent { agreed: false })
            .with(|view| view.dialog = Some(Dialog::IdleWarning { seconds_left: 21 })),
    ]
}

/// The way back with a receipt code.
pub fn coming_back() -> Vec<Sample> {
    vec![
        sample(
            "collect_code",
            Some(1),
            Screen::CollectCode {
                code: field(Field::ReceiptCode, "7K2M P4Q9 X", true, None),
            },
        )
        .full(KeyboardLayout::Latin),
        sample("collect_phone_code", Some(2), Screen::CollectPhoneCode(phone_code("12", None)))
            .primary(Some(PrimaryLabel::Confirm))
            .digits(),
        sample(
            "collect_storage",
            Some(3),
            Screen::CollectStorage {
                listing: None,
                drive_label: String::new(),
                pending_found: false,
                key_wanted: None,
            },
        ),
        sample(
            "collect_storage_found",
            Some(3),
            Screen::CollectStorage {
                listing: Some(listing(false)),
                drive_label: "KINGSTON".into(),
                pending_found: true,
                key_wanted: None,
            },
        ),
        sample(
            "collect_password",
            Some(4),
            Screen::CollectPassword {
                password: field(Field::KeyPassword, "••••••••k", true, None),
            },
        )
        .primary(Some(PrimaryLabel::DownloadCertificates))
        .full(KeyboardLayout::Latin),
        sample("collecting", Some(5), Screen::Collecting(collecting())).primary(None),
        sample("collected", Some(5), Screen::Collected(receipt(installed(), false)))
            .primary(Some(PrimaryLabel::Finish)),
        sample("collect_answer", None, Screen::CollectAnswer(CollectAnswer::AskAgain {
            what: "Жеке куәліктің суреті анық емес, әріптері оқылмайды. Құжатты жарық жерде қайта суретке түсіріңіз."
                .into(),
        }))
        .primary(Some(PrimaryLabel::Finish)),
    ]
}

fn document_sample(name: &'static str, view: DocumentView) -> Sample {
    sample(name, Some(5), Screen::Document(view))
}

fn sample(name: &'static str, position: Option<u8>, screen: Screen) -> Sample {
    let within = position.is_some();
    Sample {
        name,
        view: View {
            language: Language::Kk,
            text_size: TextSize::Percent100,
            high_contrast: false,
            offline: false,
            position: position.map(|at| (at, 16)),
            can_go_back: within,
            can_cancel: within,
            primary: Some(Primary {
                label: PrimaryLabel::Continue,
                enabled: true,
            }),
            keyboard: Keyboard {
                kind: KeyboardKind::None,
                layout: KeyboardLayout::Kazakh,
                discreet: false,
            },
            busy: None,
            fault: None,
            dialog: None,
            screen,
        },
    }
}

impl Sample {
    fn with(mut self, change: impl FnOnce(&mut View)) -> Self {
        change(&mut self.view);
        self
    }
    fn primary(self, label: Option<PrimaryLabel>) -> Self {
        self.with(|view| {
            view.primary = label.map(|label| Primary {
                label,
                enabled: true,
            });
        })
    }
    fn digits(self) -> Self {
        self.with(|view| view.keyboard.kind = KeyboardKind::Digits)
    }
    fn discreet(self) -> Self {
        self.digits().discreet_keyboard()
    }
    fn discreet_keyboard(self) -> Self {
        self.with(|view| view.keyboard.discreet = true)
    }
    fn mrz(self) -> Self {
        self.with(|view| view.keyboard.kind = KeyboardKind::Mrz)
    }
    fn full(self, layout: KeyboardLayout) -> Self {
        self.with(|view| {
            view.keyboard.kind = KeyboardKind::Full;
            view.keyboard.layout = layout;
        })
    }
}
