//! The same person with a hardware keyboard.

use anyhow::{Result, bail};
use slint::platform::{Key, WindowEvent};
use slint::{ComponentHandle as _, SharedString};

use super::super::generated::Focus;
use super::Driver;

impl Driver {
    /// From now on the person does everything by keys; pointer events are refused.
    pub fn use_keyboard(&mut self) {
        self.by_keyboard = true;
    }

    /// One key of a hardware keyboard, e.g. `"\t"` or `Key::Return`.
    ///
    /// # Errors
    /// When the event cannot be delivered.
    pub fn press_key(&mut self, key: impl Into<SharedString>) -> Result<()> {
        let text: SharedString = key.into();
        self.dispatch(WindowEvent::KeyPressed { text: text.clone() })?;
        self.dispatch(WindowEvent::KeyReleased { text })?;
        self.pump()
    }

    /// Tab, to the next element that answers to keys.
    ///
    /// # Errors
    /// When the event cannot be delivered.
    pub fn press_tab(&mut self) -> Result<()> {
        self.press_key(Key::Tab)
    }

    /// The element around which the ring is drawn.
    pub fn focused(&self) -> Option<String> {
        let focus = self.ui.window.global::<Focus>();
        let current = focus.get_current();
        (focus.get_shown() && !current.is_empty()).then(|| current.into())
    }

    /// Brings the focus to this element as a person would: in a list by the arrow,
    /// else by Tab, and to the top bar by the shorter way, Shift+Tab.
    ///
    /// # Errors
    /// When it is not met.
    pub fn focus_by_keys(&mut self, id: &str) -> Result<()> {
        let round = match id.starts_with("language-") {
            true => Key::Backtab,
            false => Key::Tab,
        };
        for key in [Key::DownArrow, round] {
            // The first press may only show where the focus is; round is once more.
            let mut met = Vec::new();
            while self.focused().as_deref() != Some(id) {
                self.press_key(key)?;
                let now = self.focused();
                if met.contains(&now) {
                    break;
                }
                met.push(now);
            }
            if self.focused().as_deref() == Some(id) {
                return Ok(());
            }
        }
        bail!("`{id}` is not reached by keys")
    }

    pub(super) fn act_by_keys(&mut self, id: &str) -> Result<()> {
        if let Some(key) = id.strip_prefix("key-") {
            return match key {
                "backspace" => self.press_key(Key::Backspace),
                "space" => self.press_key(Key::Space),
                _ => bail!("`{id}` is on no hardware keyboard"),
            };
        }
        self.wait_for(id)?;
        self.focus_by_keys(id)?;
        // A field is typed into; Enter would leave it.
        match id.starts_with("field-") {
            true => Ok(()),
            false => self.press_key(Key::Return),
        }
    }

    pub(super) fn turn_page(&mut self, pixels: f32) -> Result<()> {
        self.press_key(if pixels < 0.0 {
            Key::PageUp
        } else {
            Key::PageDown
        })
    }

    pub(super) fn type_by_keys(&mut self, sign: char) -> Result<()> {
        self.wait_for_keys()?;
        if !sign.is_uppercase() {
            return self.press_key(sign);
        }
        let shift = SharedString::from(Key::Shift);
        self.dispatch(WindowEvent::KeyPressed {
            text: shift.clone(),
        })?;
        self.press_key(sign)?;
        self.dispatch(WindowEvent::KeyReleased { text: shift })
    }
}
