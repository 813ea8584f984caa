//! What the session names, as the rows and records of the screens.

use exchange::Language;
use exchange::certificates::{HeldCertificate, RevocationStanding};
use faults::Fault;

use crate::session::event::{CertifiedKey, ComeBackReason, Field, KeyHolder, StorageFound};
use crate::session::view::{FieldView, Outcome, ReceiptView, SignatureTrial};
use crate::ui::generated as screen;
use crate::ui::generated::Visit;
use crate::ui::names::{self, Named as _};
use crate::ui::{format, qr};

pub(super) fn field_data(field: &FieldView) -> screen::FieldData {
    let length = field.text.chars().count();
    let cursor = field.cursor.min(length);
    let split = field
        .text
        .char_indices()
        .nth(cursor)
        .map_or(field.text.len(), |(at, _)| at);
    let (before, after) = field.text.split_at(split);
    let (error, tries_left) = names::field_error(field.error);
    let is_mrz = matches!(
        field.field,
        Some(Field::MrzLine1 | Field::MrzLine2 | Field::MrzLine3)
    );
    let drawn = |part: &str| {
        if is_mrz {
            fillers_apart(part).into()
        } else {
            part.into()
        }
    };
    screen::FieldData {
        field: field.field.map_or(screen::FieldName::None, |f| f.name()),
        before: drawn(before),
        after: drawn(after),
        length: length as i32,
        focused: field.focused,
        error,
        tries_left,
    }
}

/// The font joins two fillers to one sign, and people count them: a sign without
/// width keeps them apart.
fn fillers_apart(line: &str) -> String {
    line.replace('<', "<\u{200C}")
}

pub(super) fn fault_data(fault: Fault, language: Language) -> screen::FaultData {
    let text = fault.text(names::fault_language(language));
    screen::FaultData {
        present: true,
        code: fault.code().into(),
        cause: text.cause.into(),
        remedy: text.remedy.into(),
    }
}

pub(super) fn storage_data(
    storage: &StorageFound,
    chosen: bool,
    language: Language,
) -> screen::StorageData {
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

pub(super) fn receipt_data(visit: &Visit<'_>, receipt: &ReceiptView, language: Language) {
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
            data.file_name = text(file_name.as_deref());
            data.location = location.into();
            data.valid_until = format::day(*valid_until, language).into();
        }
        Outcome::ComeBack(reason) => {
            data.outcome = match reason {
                ComeBackReason::Offline => screen::OutcomeName::Offline,
                ComeBackReason::Undecided => screen::OutcomeName::Undecided,
                ComeBackReason::KeyLater => screen::OutcomeName::KeyLater,
                ComeBackReason::PhoneUnproven => screen::OutcomeName::PhoneUnproven,
            };
        }
    }
    let code: Option<String> = receipt
        .receipt_code
        .as_ref()
        .map(|code| code.chars().filter(char::is_ascii_alphanumeric).collect());
    visit.set_receipt_qr(code.and_then(|code| qr::image(&code)).unwrap_or_default());
    visit.set_receipt(data);
    visit.set_trial(trial_data(receipt.trial.as_ref(), language));
}

pub(super) fn certificate_data(
    held: &HeldCertificate,
    index: usize,
    chosen: bool,
    language: Language,
) -> screen::CertificateData {
    screen::CertificateData {
        // As certificate viewers write it.
        serial: held.serial_tail.to_uppercase().into(),
        storage: held.storage.name(),
        valid_from: format::day(held.not_before, language).into(),
        valid_until: format::day(held.not_after, language).into(),
        chosen,
        index: i32::try_from(index).unwrap_or(i32::MAX),
    }
}

pub(super) fn key_data(key: &CertifiedKey, index: usize, chosen: bool) -> screen::KeyData {
    let identifier = &key.subject_key_identifier;
    let tail = identifier.len().saturating_sub(8);
    screen::KeyData {
        storage: key.location.storage.name(),
        label: (&key.label).into(),
        path: key.location.path.join(" / ").into(),
        identifier: identifier.get(tail..).unwrap_or_default().into(),
        chosen,
        index: i32::try_from(index).unwrap_or(i32::MAX),
    }
}

pub(super) fn holder_data(
    holder: Option<&KeyHolder>,
    over: bool,
    language: Language,
) -> screen::HolderData {
    let Some(found) = holder else {
        return screen::HolderData::default();
    };
    let name = [
        found.holder.surname(),
        found.holder.given_name(),
        found.holder.patronymic(),
    ];
    screen::HolderData {
        name: name.join(" ").trim_end().into(),
        iin: found.iin.expose().into(),
        valid_until: format::day(found.valid_until, language).into(),
        over,
    }
}

pub(super) fn revocation_data(
    standing: &RevocationStanding,
    closes_in_seconds: u32,
    language: Language,
) -> screen::RevocationData {
    let revoked_at = match standing {
        RevocationStanding::Revoked { at } => format::day(*at, language),
        RevocationStanding::Waiting => String::new(),
    };
    screen::RevocationData {
        revoked_at: revoked_at.into(),
        closes_in: whole(closes_in_seconds),
        ..Default::default()
    }
}

fn trial_data(trial: Option<&SignatureTrial>, language: Language) -> screen::TrialData {
    use screen::TrialName;
    let plain = |trial| screen::TrialData {
        trial,
        ..Default::default()
    };
    match trial {
        None => plain(TrialName::None),
        Some(SignatureTrial::Offered) => plain(TrialName::Offered),
        Some(SignatureTrial::Running) => plain(TrialName::Running),
        Some(SignatureTrial::Done { ok: false, .. }) => plain(TrialName::Wrong),
        Some(SignatureTrial::Done {
            signer,
            valid_until,
            ok: true,
        }) => screen::TrialData {
            trial: TrialName::Right,
            signer: signer.into(),
            valid_until: format::day(*valid_until, language).into(),
        },
    }
}

pub(super) fn text(said: Option<&str>) -> slint::SharedString {
    said.unwrap_or_default().into()
}

pub(super) fn whole(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// `KeyPassword` to `key-password`.
pub(super) fn kebab(name: &str) -> String {
    let mut made = String::new();
    for sign in name.chars() {
        if sign.is_uppercase() && !made.is_empty() {
            made.push('-');
        }
        made.extend(sign.to_lowercase());
    }
    made
}
