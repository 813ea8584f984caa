//! The window's callbacks, as touches in the session's words.

use std::rc::Rc;

use exchange::certificates::RevocationReason;
use slint::ComponentHandle as _;

use super::generated::{Act, KioskWindow, Maintenance, SpecialKey, Visit};
use super::names;
use crate::maintenance::Do;
use crate::session::event::{Choice, DocumentEntry, Key, PhotoSource, Touch};

/// Every callback of the window tells `told`, until the window ends.
pub(super) fn connect(window: &KioskWindow, told: Rc<dyn Fn(Touch)>) {
    let visit = window.global::<Visit>();
    let tell = told.clone();
    connect_maintenance(window, Rc::new(move |what| tell(Touch::Maintain(what))));

    let tell = told.clone();
    visit.on_act(move |act| tell(touch(act)));
    let tell = told.clone();
    visit.on_speak(move |name| {
        if let Some(language) = names::language(name) {
            tell(Touch::ChooseLanguage(language));
        }
    });
    let tell = told.clone();
    visit.on_text_size(move |percent| tell(Touch::SetTextSize(names::text_size(percent))));
    let tell = told.clone();
    visit.on_focus_field(move |name| {
        if let Some(field) = names::field(name) {
            tell(Touch::Focus(field));
        }
    });
    let tell = told.clone();
    visit.on_key(move |text| {
        let mut signs = text.chars();
        if let (Some(sign), None) = (signs.next(), signs.next()) {
            tell(Touch::Key(Key::Char(sign)));
        }
    });
    let tell = told.clone();
    visit.on_special(move |key| tell(Touch::Key(special(key))));
    let tell = told.clone();
    visit.on_choose_layout(move |name| {
        if let Some(layout) = names::layout(name) {
            tell(Touch::Layout(layout));
        }
    });
    let tell = told.clone();
    visit.on_caps_lock(move |on| tell(Touch::CapsLock(on)));
    let tell = told.clone();
    visit.on_reveal(move |position| {
        tell(Touch::RevealCharacter {
            position: position.max(0) as usize,
        });
    });
    let tell = told.clone();
    visit.on_open_folder(move |index| {
        tell(Touch::Choose(Choice::OpenFolder(index.max(0) as usize)));
    });
    let tell = told.clone();
    visit.on_pick_file(move |index| {
        tell(Touch::Choose(Choice::PickFile(index.max(0) as usize)));
    });
    let tell = told.clone();
    visit.on_choose_storage(move |name| {
        if let Some(storage) = names::storage(name) {
            tell(Touch::Choose(Choice::Storage(storage)));
        }
    });
    let tell = told.clone();
    visit.on_choose_certificate(move |index| {
        tell(Touch::Choose(Choice::Certificate(index.max(0) as usize)));
    });
    let tell = told.clone();
    visit.on_choose_key(move |index| {
        tell(Touch::Choose(Choice::CertifiedKey(index.max(0) as usize)));
    });
    let tell = told.clone();
    visit.on_erase_slot(move |index| {
        tell(Touch::Choose(Choice::EraseSlot(index.max(0) as usize)));
    });
    visit.on_edit(move |title| {
        if let Some(step) = names::step(title) {
            told(Touch::Choose(Choice::Edit(step)));
        }
    });
}

fn connect_maintenance(window: &KioskWindow, told: Rc<dyn Fn(Do)>) {
    let maintenance = window.global::<Maintenance>();

    let tell = told.clone();
    maintenance.on_set_up(move || tell(Do::SetUp));
    let tell = told.clone();
    maintenance.on_open(move |name| {
        if let Some(page) = names::page(name) {
            tell(Do::Open(page));
        }
    });
    let tell = told.clone();
    maintenance.on_row(move |index| tell(Do::Row(index.max(0) as usize)));
    let tell = told.clone();
    maintenance.on_act(move |name| {
        if let Some(act) = names::act(name) {
            tell(Do::Act(act));
        }
    });
    let tell = told.clone();
    maintenance.on_test_device(move |name| {
        if let Some(device) = names::device(name) {
            tell(Do::Test(device));
        }
    });
    let tell = told.clone();
    maintenance.on_skip_test(move || tell(Do::SkipTest));
    let tell = told.clone();
    maintenance.on_judge(move |right| tell(Do::Judge(right)));
    let tell = told.clone();
    maintenance.on_cell(move |cell| tell(Do::Cell(cell.max(0) as usize)));
    maintenance.on_toggle(move |name| {
        if let Some(action) = names::action(name) {
            told(Do::Toggle(action));
        }
    });
}

fn touch(act: Act) -> Touch {
    match act {
        Act::Start => Touch::Start,
        Act::StartCollect => Touch::StartCollect,
        Act::StartRenew => Touch::StartRenew,
        Act::StartRevoke => Touch::StartRevoke,
        Act::Next => Touch::Next,
        Act::Back => Touch::Back,
        Act::Cancel => Touch::Cancel,
        Act::ConfirmCancel => Touch::ConfirmCancel,
        Act::DismissDialog => Touch::DismissDialog,
        Act::Help => Touch::Help,
        Act::StillHere => Touch::StillHere,
        Act::ContrastHigh => Touch::SetHighContrast(true),
        Act::ContrastNormal => Touch::SetHighContrast(false),
        Act::Agree => Touch::Choose(Choice::Consent(true)),
        Act::Disagree => Touch::Choose(Choice::Consent(false)),
        Act::RegisterNewPhone => Touch::Choose(Choice::RegisterNewPhone),
        Act::UseRegisteredPhone => Touch::Choose(Choice::UseRegisteredPhone),
        Act::ResendCode => Touch::Choose(Choice::ResendCode),
        Act::CodeDoesNotCome => Touch::Choose(Choice::CodeDoesNotCome),
        Act::IdCard => Touch::Choose(Choice::Document(exchange::DocumentKind::IdCard)),
        Act::Passport => Touch::Choose(Choice::Document(exchange::DocumentKind::Passport)),
        Act::OtherWays => Touch::Choose(Choice::OtherWays),
        Act::EnterCan => Touch::Choose(Choice::EnterDocumentAs(DocumentEntry::Can)),
        Act::EnterMrz => Touch::Choose(Choice::EnterDocumentAs(DocumentEntry::Mrz)),
        Act::EnterTyped => Touch::Choose(Choice::EnterDocumentAs(DocumentEntry::Typed)),
        Act::WithoutChip => Touch::Choose(Choice::WithoutChip),
        Act::AnotherDocument => Touch::Choose(Choice::AnotherDocument),
        Act::CorrectIin => Touch::Choose(Choice::CorrectIdentityNumber),
        Act::RetakePicture => Touch::Choose(Choice::RetakePicture),
        Act::PhotoFromCamera => Touch::Choose(Choice::DocumentPhotoFrom(PhotoSource::Camera)),
        Act::PhotoFromDrive => Touch::Choose(Choice::DocumentPhotoFrom(PhotoSource::UsbDrive)),
        Act::FolderUp => Touch::Choose(Choice::FolderUp),
        Act::AcceptSuggestion => Touch::Choose(Choice::AcceptSuggestion),
        Act::KeepAsTyped => Touch::Choose(Choice::KeepAsTyped),
        Act::RefreshStorage => Touch::Choose(Choice::RefreshStorage),
        Act::WaitHere => Touch::Choose(Choice::WaitHere(true)),
        Act::ComeBack => Touch::Choose(Choice::WaitHere(false)),
        Act::KeyCompromise => because(RevocationReason::KeyCompromise),
        Act::Superseded => because(RevocationReason::Superseded),
        Act::CessationOfOperation => because(RevocationReason::CessationOfOperation),
        Act::TrySignature => Touch::Choose(Choice::TrySignature),
        Act::Retry => Touch::Choose(Choice::Retry),
    }
}

fn because(reason: RevocationReason) -> Touch {
    Touch::Choose(Choice::RevokeBecause(reason))
}

fn special(key: SpecialKey) -> Key {
    match key {
        SpecialKey::Backspace => Key::Backspace,
        SpecialKey::Left => Key::Left,
        SpecialKey::Right => Key::Right,
        SpecialKey::Enter => Key::Enter,
    }
}
