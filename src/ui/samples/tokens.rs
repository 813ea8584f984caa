//! Tokens: every phase of the PIN, storages that cannot be used, and what stands
//! at the end.

use exchange::{Secret, StorageType, UnixMillis};
use faults::Fault;

use super::contents::{field, receipt};
use super::{Sample, sample};
use crate::session::event::{
    ComeBackReason, Field, KeyboardLayout, SlotHolds, StorageFound, StorageUnusable, TakenSlot,
};
use crate::session::view::*;

const LABEL: &str = "YubiKey 5C NFC 15820931";

pub(super) fn all() -> Vec<Sample> {
    let mut samples = asking();
    samples.extend(troubles());
    samples.extend(around());
    samples
}

fn token_pin(phase: TokenPinPhase, fields: Vec<FieldView>) -> TokenPinView {
    TokenPinView {
        kind: StorageType::Piv,
        label: LABEL.into(),
        phase,
        fields,
        tries_left: None,
        last_try: false,
        digits: true,
        erases: false,
        taken: Vec::new(),
        to_erase: None,
        caps_lock: false,
        new_puk: Secret::new(),
    }
}

fn token_sample(name: &'static str, view: TokenPinView) -> Sample {
    let (digits, empty) = (view.digits, view.fields.is_empty());
    let sample = sample(name, Some(14), Screen::TokenPin(view));
    match digits {
        _ if empty => sample,
        true => sample.discreet(),
        false => sample.full(KeyboardLayout::Latin).discreet_keyboard(),
    }
}

fn enter(tries: u8, error: Option<FieldError>) -> TokenPinView {
    let typed = if error.is_some() { "" } else { "•••" };
    TokenPinView {
        tries_left: Some(tries),
        last_try: tries == 1,
        ..token_pin(
            TokenPinPhase::Enter,
            vec![field(Field::TokenPin, typed, true, error)],
        )
    }
}

fn wrong(tries: u8) -> Option<FieldError> {
    Some(FieldError::TokenPinWrong {
        tries_left: Some(tries),
    })
}

fn change(error: Option<FieldError>) -> TokenPinView {
    let typed = if error.is_some() {
        ""
    } else {
        "••••••"
    };
    token_pin(
        TokenPinPhase::Change,
        vec![
            field(Field::NewTokenPin, typed, true, error),
            field(Field::NewTokenPinAgain, "", false, None),
        ],
    )
}

fn unblock(tries: u8, error: Option<FieldError>) -> TokenPinView {
    let again = if error.is_some() {
        "••••••"
    } else {
        ""
    };
    TokenPinView {
        tries_left: Some(tries),
        last_try: tries == 1,
        ..token_pin(
            TokenPinPhase::Unblock,
            vec![
                field(Field::Puk, "", true, error),
                field(Field::NewTokenPin, again, false, None),
                field(Field::NewTokenPinAgain, again, false, None),
            ],
        )
    }
}

fn asking() -> Vec<Sample> {
    vec![
        token_sample("token_pin", enter(3, None)).primary(Some(PrimaryLabel::MakeKey)),
        token_sample(
            "token_pin_card",
            TokenPinView {
                kind: StorageType::AKKZIDCardStore,
                label: String::new(),
                erases: true,
                ..enter(3, None)
            },
        )
        .primary(Some(PrimaryLabel::MakeKey)),
        token_sample(
            "token_pin_letters",
            TokenPinView {
                kind: StorageType::AKEToken5110Store,
                label: "eToken 5110".into(),
                digits: false,
                tries_left: None,
                caps_lock: true,
                ..enter(3, Some(FieldError::TokenPinWrong { tries_left: None }))
            },
        )
        .primary(Some(PrimaryLabel::DownloadCertificates)),
        token_sample("token_pin_wrong", enter(2, wrong(2))).primary(Some(PrimaryLabel::MakeKey)),
        token_sample("token_pin_last", enter(1, wrong(1))).primary(Some(PrimaryLabel::MakeKey)),
        token_sample(
            "token_puk_new",
            TokenPinView {
                new_puk: Secret::from("40271963"),
                ..token_pin(TokenPinPhase::NewPuk, vec![])
            },
        )
        .primary(Some(PrimaryLabel::Continue)),
        sample(
            "collect_storage_card",
            Some(3),
            Screen::CollectStorage {
                listing: None,
                drive_label: String::new(),
                pending_found: false,
                key_wanted: Some(StorageType::AKKZIDCardStore),
            },
        ),
        token_sample(
            "token_erases",
            TokenPinView {
                kind: StorageType::AKKZIDCardStore,
                taken: vec![TakenSlot {
                    name: "1".into(),
                    holds: SlotHolds::Certified,
                }],
                ..token_pin(TokenPinPhase::Erases, vec![])
            },
        )
        .primary(Some(PrimaryLabel::EraseKey)),
        sample(
            "receipt_key_later",
            None,
            Screen::Receipt(receipt(Outcome::ComeBack(ComeBackReason::KeyLater), true)),
        )
        .primary(Some(PrimaryLabel::Finish)),
        token_sample(
            "token_occupied",
            TokenPinView {
                taken: [
                    ("9A", SlotHolds::Waiting),
                    ("9C", SlotHolds::Certified),
                    ("9D", SlotHolds::Unknown),
                ]
                .map(|(name, holds)| TakenSlot {
                    name: name.into(),
                    holds,
                })
                .into(),
                to_erase: Some(1),
                ..token_pin(TokenPinPhase::Occupied, vec![])
            },
        )
        .primary(Some(PrimaryLabel::EraseKey)),
        token_sample("token_pin_change", change(None)).primary(Some(PrimaryLabel::SetPin)),
        token_sample(
            "token_pin_rule",
            change(Some(FieldError::TokenPinRule { digits: true })),
        )
        .primary(Some(PrimaryLabel::SetPin)),
        token_sample(
            "token_pin_unchanged",
            change(Some(FieldError::PinUnchanged)),
        )
        .primary(Some(PrimaryLabel::SetPin)),
        token_sample("token_pin_unblock", unblock(3, None)).primary(Some(PrimaryLabel::SetPin)),
        token_sample(
            "token_pin_puk_wrong",
            unblock(
                1,
                Some(FieldError::PukWrong {
                    tries_left: Some(1),
                }),
            ),
        )
        .primary(Some(PrimaryLabel::SetPin)),
    ]
}

fn troubles() -> Vec<Sample> {
    vec![
        token_sample("token_pin_look", token_pin(TokenPinPhase::Look, Vec::new()))
            .primary(None)
            .with(|view| {
                view.busy = Some(Busy {
                    what: BusyWith::Token,
                    progress: None,
                    since_seconds: 12,
                });
            }),
        token_sample(
            "token_pin_pulled",
            token_pin(TokenPinPhase::Insert, Vec::new()),
        )
        .primary(Some(PrimaryLabel::Retry))
        .with(|view| view.fault = Some(Fault::TokenPulled)),
        token_sample(
            "token_pin_card_missing",
            TokenPinView {
                kind: StorageType::AKKZIDCardStore,
                ..token_pin(TokenPinPhase::Insert, Vec::new())
            },
        )
        .primary(Some(PrimaryLabel::Retry))
        .with(|view| view.fault = Some(Fault::TokenMissing)),
        token_sample(
            "token_pin_puk_blocked",
            token_pin(TokenPinPhase::Refused, Vec::new()),
        )
        .primary(Some(PrimaryLabel::AnotherStorage))
        .with(|view| view.fault = Some(Fault::TokenPukBlocked)),
        token_sample(
            "token_pin_several",
            token_pin(TokenPinPhase::Refused, Vec::new()),
        )
        .primary(Some(PrimaryLabel::Retry))
        .with(|view| view.fault = Some(Fault::TokenSeveral)),
    ]
}

/// Before and after the PIN.
fn around() -> Vec<Sample> {
    let done = |ok| SignatureTrial::Done {
        signer: "ӘБДІҒАППАРҚЫЗЫ-ҮЙСІНБАЕВА ӘЙГЕРІМ".into(),
        valid_until: UnixMillis(1_874_000_000_000),
        ok,
    };
    let receipt = |trial| {
        let installed = Outcome::Installed {
            file_name: None,
            location: LABEL.into(),
            valid_until: UnixMillis(1_874_000_000_000),
        };
        Screen::Receipt(ReceiptView {
            trial: Some(trial),
            ..receipt(installed, false)
        })
    };
    vec![
        sample("storage_tokens", Some(11), storages()),
        sample("receipt_token", Some(16), receipt(SignatureTrial::Offered))
            .primary(Some(PrimaryLabel::Finish)),
        sample("receipt_trying", Some(16), receipt(SignatureTrial::Running))
            .primary(Some(PrimaryLabel::Finish))
            .with(|view| {
                view.busy = Some(Busy {
                    what: BusyWith::Signature,
                    progress: None,
                    since_seconds: 3,
                });
            }),
        sample("receipt_tried", Some(16), receipt(done(true))).primary(Some(PrimaryLabel::Finish)),
        sample("receipt_tried_wrong", Some(16), receipt(done(false)))
            .primary(Some(PrimaryLabel::Finish)),
    ]
}

fn storages() -> Screen {
    let token = |storage, label: &str, unusable| StorageFound {
        storage,
        unusable,
        drive: None,
        label: label.into(),
        free_bytes: None,
        generation_erases: false,
    };
    Screen::Storage {
        found: vec![
            token(StorageType::Piv, LABEL, None),
            token(
                StorageType::AKKaztokenStore,
                "KAZTOKEN 04127",
                Some(StorageUnusable::Occupied),
            ),
            token(
                StorageType::AKEToken5110Store,
                "",
                Some(StorageUnusable::Several),
            ),
            token(
                StorageType::AKJaCartaStore,
                "JaCarta",
                Some(StorageUnusable::Blocked),
            ),
            token(StorageType::AKAKEYStore, "", Some(StorageUnusable::Unknown)),
        ],
        chosen: Some(StorageType::Piv),
        provider_ready: true,
    }
}
