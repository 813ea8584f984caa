//! The screen that is nobody's.

use crate::session::Settings;
use crate::session::event::KeyboardLayout;
use crate::session::view::{Dialog, Keyboard, KeyboardKind, Primary, PrimaryLabel, Screen, View};

pub(super) fn view(settings: Settings, link_up: bool, helping: bool, screen: Screen) -> View {
    let primary = match screen {
        Screen::Welcome { can_apply, .. } => Some(Primary {
            label: PrimaryLabel::Start,
            enabled: can_apply,
        }),
        _ => None,
    };
    View {
        language: settings.language,
        text_size: settings.text_size,
        high_contrast: settings.high_contrast,
        offline: !link_up,
        position: None,
        can_go_back: false,
        can_cancel: false,
        primary,
        keyboard: Keyboard {
            kind: KeyboardKind::None,
            layout: KeyboardLayout::default(),
            discreet: false,
        },
        busy: None,
        fault: None,
        dialog: helping.then_some(Dialog::Help),
        screen,
    }
}
