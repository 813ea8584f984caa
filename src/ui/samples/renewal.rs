//! A new key by the old one.

use exchange::{HolderName, Iin, IinPolicy, StorageType, UnixMillis};

use super::contents::field;
use super::{Sample, sample};
use crate::session::command::KeyLocation;
use crate::session::event::{CertifiedKey, DriveId, Field, KeyHolder, KeyboardLayout};
use crate::session::view::*;

pub(super) fn all() -> Vec<Sample> {
    let keys = vec![
        key(
            StorageType::Pkcs12,
            &["Құжаттар", "ЭЦҚ кілттері"],
            "KINGSTON",
        ),
        key(StorageType::AKEToken72KStore, &[], "eToken PRO 0271a9c5"),
    ];
    let holder = |over| Screen::RenewHolder {
        holder: holder(),
        over,
    };
    let none = Screen::RenewKey {
        found: Some(Vec::new()),
        chosen: None,
    };
    let several = Screen::RenewKey {
        found: Some(keys),
        chosen: Some(1),
    };
    let password = Screen::RenewPassword {
        password: field(Field::KeyPassword, "••••••••k", true, None),
    };
    vec![
        sample("renew_key_none", Some(2), none),
        sample("renew_key", Some(2), several),
        sample("renew_password", Some(3), password)
            .full(KeyboardLayout::Latin)
            .discreet_keyboard(),
        sample("renew_holder", Some(4), holder(false)),
        sample("renew_holder_over", Some(4), holder(true)),
    ]
}

fn key(storage: StorageType, path: &[&str], label: &str) -> CertifiedKey {
    CertifiedKey {
        location: KeyLocation {
            storage,
            drive: (storage == StorageType::Pkcs12).then_some(DriveId(1)),
            path: path.iter().map(|&part| part.to_owned()).collect(),
        },
        subject_key_identifier: "5e7d1c9b0a2f4c6e8d13f70b92a4c5d6e7f80912".into(),
        label: label.into(),
    }
}

fn holder() -> Option<KeyHolder> {
    Some(KeyHolder {
        holder: HolderName::new("ӘБДІҒАППАРҚЫЗЫ-ҮЙСІНБАЕВА", "ӘЙГЕРІМ", "НҰРСҰЛТАНҚЫЗЫ").ok()?,
        iin: Iin::parse("880412401006", IinPolicy::Strict).ok()?,
        valid_until: UnixMillis(1_827_300_000_000),
    })
}
