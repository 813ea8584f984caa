//! A hardware keyboard: what is typed goes to the session, Tab and the arrows move
//! the focus, Enter and Space act on what has it, Escape goes back.

use std::cell::Cell;
use std::rc::Rc;

use slint::ComponentHandle as _;
use slint::platform::Key as Hardware;

use super::focus::{Act, Focus, Way};
use super::generated::{self, DialogName, KioskWindow, Scroll, Visit};
use crate::maintenance::Do;
use crate::session::event::{Key, Touch};

/// Every key of the window tells `told`, until the window ends.
pub(super) fn connect(window: &KioskWindow, focus: Rc<Focus>, told: impl Fn(Touch) + 'static) {
    let keys = Keys {
        window: window.as_weak(),
        focus,
        caps: Cell::new(false),
        told: Box::new(told),
    };
    let visit = window.global::<Visit>();
    visit.on_hardware_key(move |text, shift, repeats| keys.press(&text, shift, repeats));
}

struct Keys {
    window: slint::Weak<KioskWindow>,
    focus: Rc<Focus>,
    /// Caps Lock, as the last letter gave it away.
    caps: Cell<bool>,
    told: Box<dyn Fn(Touch)>,
}

/// What a key is for.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Meaning {
    Go(Way),
    /// Left or right: of the cursor in a field.
    Beside(Way, Key),
    /// Enter or Space: typed in a field.
    Strike(Key),
    Type(Key),
    Leave,
    Turn(i32),
}

impl Keys {
    /// False when the key means nothing here.
    fn press(&self, text: &str, shift: bool, repeats: bool) -> bool {
        let (Some(meaning), Some(window)) = (meaning(text, shift), self.window.upgrade()) else {
            return false;
        };
        let global = window.global::<generated::Focus>();
        global.set_shown(true);
        let typing = global.get_in_field() || global.get_current().is_empty();
        match meaning {
            Meaning::Go(way) => self.go(&window, way),
            Meaning::Beside(way, _) if !typing => self.go(&window, way),
            // Held down it would run through screens that nobody has read.
            Meaning::Strike(_) | Meaning::Leave if repeats => {}
            Meaning::Strike(_) if !typing => self.focus.act(Act::Strike),
            Meaning::Beside(_, key) | Meaning::Strike(key) | Meaning::Type(key) => {
                self.type_key(&window, key, shift);
            }
            Meaning::Leave => self.leave(&window),
            Meaning::Turn(pages) => {
                let scroll = window.global::<Scroll>();
                scroll.set_pages(pages);
                scroll.set_turns(scroll.get_turns().wrapping_add(1));
            }
        }
        true
    }

    fn go(&self, window: &KioskWindow, way: Way) {
        // Whoever looks round is still here; on the warning that asks, the button says so.
        if window.global::<generated::Focus>().get_dialog() == DialogName::None {
            (self.told)(Touch::StillHere);
        }
        self.focus.act(Act::Go(way));
    }

    fn type_key(&self, window: &KioskWindow, key: Key, shift: bool) {
        // The session knows of all dialogs but this, under which nothing is typed.
        if window.global::<generated::Focus>().get_dialog() == DialogName::Display {
            return;
        }
        if let Key::Char(sign) = key
            && let Some(on) = caps_lock(sign, shift)
            && self.caps.replace(on) != on
        {
            (self.told)(Touch::CapsLock(on));
        }
        (self.told)(Touch::Key(key));
        if key != Key::Enter && !window.global::<generated::Focus>().get_in_field() {
            self.focus.act(Act::GoToTyping);
        }
    }

    fn leave(&self, window: &KioskWindow) {
        let visit = window.global::<Visit>();
        match window.global::<generated::Focus>().get_dialog() {
            DialogName::Display => visit.set_display_open(false),
            DialogName::Colour => (self.told)(Touch::Maintain(Do::SkipTest)),
            DialogName::IdleWarning => (self.told)(Touch::StillHere),
            DialogName::ConfirmCancel | DialogName::Help => (self.told)(Touch::DismissDialog),
            DialogName::None if visit.get_can_go_back() => (self.told)(Touch::Back),
            DialogName::None => {}
        }
    }
}

/// None for keys that do nothing.
fn meaning(text: &str, shift: bool) -> Option<Meaning> {
    let mut signs = text.chars();
    let (Some(sign), None) = (signs.next(), signs.next()) else {
        return None;
    };
    let is = |key: Hardware| sign == char::from(key);
    Some(if is(Hardware::Backtab) || is(Hardware::Tab) && shift {
        Meaning::Go(Way::Previous)
    } else if is(Hardware::Tab) {
        Meaning::Go(Way::Next)
    } else if is(Hardware::UpArrow) {
        Meaning::Go(Way::Up)
    } else if is(Hardware::DownArrow) {
        Meaning::Go(Way::Down)
    } else if is(Hardware::LeftArrow) {
        Meaning::Beside(Way::Left, Key::Left)
    } else if is(Hardware::RightArrow) {
        Meaning::Beside(Way::Right, Key::Right)
    } else if is(Hardware::Return) {
        Meaning::Strike(Key::Enter)
    } else if is(Hardware::Space) {
        Meaning::Strike(Key::Char(' '))
    } else if is(Hardware::Escape) {
        Meaning::Leave
    } else if is(Hardware::PageUp) {
        Meaning::Turn(-1)
    } else if is(Hardware::PageDown) {
        Meaning::Turn(1)
    } else if is(Hardware::Backspace) {
        Meaning::Type(Key::Backspace)
    } else if sign.is_control() || ('\u{e000}'..='\u{f8ff}').contains(&sign) {
        // Slint names keys that type nothing by control and private-use characters.
        return None;
    } else {
        Meaning::Type(Key::Char(sign))
    })
}

/// The state of Caps Lock as a letter gives it away; none for other signs.
fn caps_lock(sign: char, shift: bool) -> Option<bool> {
    if sign.is_uppercase() {
        Some(!shift)
    } else if sign.is_lowercase() {
        Some(shift)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_gives_caps_lock_away() {
        assert_eq!(caps_lock('Ә', false), Some(true));
        assert_eq!(caps_lock('Ә', true), Some(false));
        assert_eq!(caps_lock('a', true), Some(true));
        assert_eq!(caps_lock('7', true), None);
    }

    #[test]
    fn keys_that_type_nothing_are_not_typed() {
        let typed = |sign| Some(Meaning::Type(Key::Char(sign)));
        assert_eq!(meaning("қ", false), typed('қ'));
        assert_eq!(meaning("\u{8}", false), Some(Meaning::Type(Key::Backspace)));
        assert_eq!(meaning("\u{f704}", false), None, "F1");
        assert_eq!(meaning("", false), None);
    }

    #[test]
    fn tab_goes_either_way() {
        let back = Some(Meaning::Go(Way::Previous));
        assert_eq!(meaning("\t", false), Some(Meaning::Go(Way::Next)));
        assert_eq!(meaning("\t", true), back);
        assert_eq!(meaning("\u{19}", true), back);
    }
}
