//! What stands on the sample screens: the longest a person may meet.

use exchange::{DocumentKind, StorageType, UnixMillis};
use faults::Fault;

use super::{PICTURE, PORTRAIT};
use crate::session::command::Prompt;
use crate::session::event::{
    DriveId, FaceFinding, Field, FileEntry, FolderListing, IssuingPhase, MediaHandle, PhotoSource,
    StepName, StorageFound, StorageUnusable,
};
use crate::session::view::*;

pub(super) fn field(
    field: Field,
    text: &str,
    focused: bool,
    error: Option<FieldError>,
) -> FieldView {
    FieldView {
        field: Some(field),
        text: text.to_owned(),
        cursor: text.chars().count(),
        focused,
        error,
    }
}

pub(super) fn welcome(cannot: &[Fault]) -> Screen {
    Screen::Welcome {
        can_apply: cannot.is_empty(),
        can_collect: true,
        can_renew: true,
        can_revoke: true,
        cannot: cannot.to_vec(),
    }
}

pub(super) fn identity_number(text: &str, error: Option<FieldError>) -> Screen {
    Screen::IdentityNumber {
        number: field(Field::IdentityNumber, text, true, error),
    }
}

pub(super) fn phone(
    registered: Option<&str>,
    registering: bool,
    offline: bool,
    typed: &str,
) -> Screen {
    Screen::Phone(PhoneView {
        registered_masked: registered.map(str::to_owned),
        registering,
        offline,
        number: field(Field::Phone, typed, registering, None),
    })
}

pub(super) fn phone_code(typed: &str, error: Option<FieldError>) -> PhoneCodeView {
    PhoneCodeView {
        sent_to_masked: "+7 7•• ••• •• 45".into(),
        digits: 6,
        code: field(Field::PhoneCode, typed, true, error),
        expires_in_seconds: 132,
        resend_in_seconds: 42,
        frozen_for_seconds: 0,
        helping: false,
    }
}

pub(super) fn document(kind: Option<DocumentKind>, phase: DocumentPhase) -> DocumentView {
    let fields = match &phase {
        DocumentPhase::Can => vec![field(
            Field::Can,
            "318742",
            true,
            Some(FieldError::CanRefused { tries_left: 3 }),
        )],
        DocumentPhase::Mrz => vec![
            field(
                Field::MrzLine1,
                "IDKAZ0412365878880412401006<<<",
                false,
                Some(FieldError::MrzRefused { tries_left: 2 }),
            ),
            field(
                Field::MrzLine2,
                "8804123F3104116KAZ<<<<<<<<<<<2",
                false,
                None,
            ),
            field(Field::MrzLine3, "", true, None),
        ],
        DocumentPhase::Typed => vec![
            field(Field::Surname, LONG_NAME[0], true, None),
            field(Field::GivenName, LONG_NAME[1], false, None),
            field(Field::Patronymic, "", false, Some(FieldError::Name)),
            field(Field::DocumentNumber, "N00000001", false, None),
        ],
        _ => Vec::new(),
    };
    DocumentView {
        kind,
        phase,
        in_reader: false,
        trouble: None,
        fields,
        without_chip: false,
    }
}

const LONG_NAME: [&str; 3] = ["ӘБДІҒАППАРҚЫЗЫ-ҮЙСІНБАЕВА", "ӘЙГЕРІМ", "НҰРСҰЛТАНҚЫЗЫ"];

pub(super) fn found(source: DocumentSource, refused: Option<Fault>) -> DocumentPhase {
    let shown = |text: &str| match refused {
        None => text.to_owned(),
        Some(_) => String::new(),
    };
    DocumentPhase::Confirm(DocumentFound {
        surname: shown(LONG_NAME[0]),
        given_name: shown(LONG_NAME[1]),
        patronymic: shown(LONG_NAME[2]),
        number: shown("041236587"),
        portrait: match source {
            DocumentSource::Chip { .. } if refused.is_none() => Some(PORTRAIT),
            _ => None,
        },
        source,
        refused,
    })
}

pub(super) fn liveness() -> LivenessView {
    LivenessView {
        prompts: vec![
            Prompt::LookStraight,
            Prompt::TurnLeft,
            Prompt::TurnRight,
            Prompt::Blink,
        ],
        current: Some(2),
        elapsed: 0.4,
        finding: Some(FaceFinding::Good),
        face_lost: false,
        failed_before: 0,
        tries: 3,
        done: false,
        blocked_for_seconds: 0,
    }
}

pub(super) fn document_photo(
    source: PhotoSource,
    listing: Option<FolderListing>,
    taken: Option<MediaHandle>,
) -> Screen {
    Screen::DocumentPhoto(DocumentPhotoView {
        cabinet_pin: None,
        source,
        listing,
        taken,
        drive_present: true,
    })
}

pub(super) fn document_photo_pin() -> Screen {
    Screen::DocumentPhoto(DocumentPhotoView {
        cabinet_pin: Some(field(
            Field::CabinetPin,
            "••••",
            true,
            Some(FieldError::PinWrong { tries_left: 2 }),
        )),
        source: PhotoSource::Camera,
        listing: None,
        taken: None,
        drive_present: false,
    })
}

pub(super) fn email(text: &str, suggestion: Option<&str>, error: Option<FieldError>) -> Screen {
    Screen::Email {
        email: field(Field::Email, text, true, error),
        suggestion: suggestion.map(str::to_owned),
    }
}

pub(super) fn storage(inserted: bool) -> Screen {
    let token = |storage, unusable| StorageFound {
        storage,
        unusable: Some(unusable),
        drive: None,
        label: String::new(),
        free_bytes: None,
        generation_erases: false,
    };
    Screen::Storage {
        found: vec![
            StorageFound {
                storage: StorageType::Pkcs12,
                unusable: (!inserted).then_some(StorageUnusable::NotInserted),
                drive: inserted.then_some(DriveId(1)),
                label: if inserted { "KINGSTON" } else { "" }.into(),
                free_bytes: inserted.then_some(15_900_000_000),
                generation_erases: false,
            },
            token(StorageType::AKKaztokenStore, StorageUnusable::NotInserted),
            token(
                StorageType::AKKZIDCardStore,
                StorageUnusable::NotSupportedHere,
            ),
        ],
        chosen: inserted.then_some(StorageType::Pkcs12),
        provider_ready: inserted,
    }
}

pub(super) fn listing(pictures: bool) -> FolderListing {
    FolderListing {
        drive: DriveId(1),
        path: vec!["Құжаттар".into(), "Кілттер".into()],
        folders: vec!["Мұрағат 2025".into(), "Жұмыс".into()],
        files: if pictures {
            vec![
                FileEntry {
                    name: "zheke-kualik-aldyngy-beti-2026.jpg".into(),
                    bytes: 1_449_000,
                },
                FileEntry {
                    name: "passport.png".into(),
                    bytes: 812_000,
                },
            ]
        } else {
            Vec::new()
        },
        free_bytes: 15_900_000_000,
        writable: true,
    }
}

pub(super) fn storage_location(inserted: bool) -> Screen {
    Screen::StorageLocation {
        listing: inserted.then(|| listing(false)),
        drive_label: if inserted { "KINGSTON" } else { "" }.into(),
    }
}

pub(super) fn review(can_wait: bool) -> ReviewView {
    ReviewView {
        answers: vec![
            (
                StepName::IdentityNumber,
                Answer::Text("8804 •••• ••06".into()),
            ),
            (StepName::Phone, Answer::Text("+7 7•• ••• •• 45".into())),
            (
                StepName::Document,
                Answer::Document(DocumentKind::IdCard, DocumentEntryMark::Chip),
            ),
            (StepName::Selfie, Answer::Picture(PICTURE)),
            (StepName::Liveness, Answer::Done),
            (StepName::AccountPin, Answer::Done),
            (StepName::DocumentPhoto, Answer::Picture(PICTURE)),
            (StepName::Email, Answer::Text("ai•••••@mail.kz".into())),
            (StepName::Storage, Answer::Storage(StorageType::Pkcs12)),
            (
                StepName::StorageLocation,
                Answer::Text("KINGSTON / Құжаттар / Кілттер".into()),
            ),
        ],
        wait_here: can_wait,
        can_wait,
        wait_seconds: can_wait.then_some(170),
    }
}

pub(super) fn password(error: Option<FieldError>) -> PasswordView {
    PasswordView {
        password: field(Field::KeyPassword, "•••••••k", error.is_none(), None),
        again: field(Field::KeyPasswordAgain, "•••", error.is_some(), error),
        rules: PasswordRules {
            length: true,
            latin_only: true,
            lower: true,
            upper: false,
            digit: true,
        },
        caps_lock: error.is_some(),
    }
}

pub(super) fn issuing() -> IssuingView {
    IssuingView {
        phases: vec![
            IssuingPhase::MakingKey,
            IssuingPhase::Sealing,
            IssuingPhase::Saving,
            IssuingPhase::Uploading,
            IssuingPhase::AwaitingDecision,
            IssuingPhase::ProvingKey,
            IssuingPhase::AwaitingCertificate,
            IssuingPhase::Installing,
            IssuingPhase::Confirming,
        ],
        current: 3,
        uploaded: Some((7_200_000, 11_900_000)),
        saved: true,
        seconds: 17,
    }
}

pub(super) fn collecting() -> IssuingView {
    IssuingView {
        phases: vec![
            IssuingPhase::ProvingKey,
            IssuingPhase::AwaitingCertificate,
            IssuingPhase::Installing,
            IssuingPhase::Confirming,
        ],
        current: 2,
        uploaded: None,
        saved: false,
        seconds: 4,
    }
}

pub(super) fn installed() -> Outcome {
    Outcome::Installed {
        file_name: Some("RSA256_0f3c5a7e9b1d2f4068ac13579bdf02468ace1357.p12".into()),
        location: "KINGSTON / Құжаттар / Кілттер".into(),
        valid_until: UnixMillis(1_811_000_000_000),
    }
}

pub(super) fn receipt(outcome: Outcome, with_code: bool) -> ReceiptView {
    ReceiptView {
        outcome,
        receipt_code: with_code.then(|| "7K2M P4Q9 XW3TD".into()),
        trial: None,
        closes_in_seconds: 118,
    }
}
