//! The panel outside, with a pattern that shows every defect.

use crate::devices::status_panel::PanelState;
use crate::maintenance::{Light, Row, RowName, Word};

use super::super::super::world::Inner;
use super::not_needed;

impl Inner {
    /// The pattern stays until the panel has something else to say.
    pub(super) fn test_panel(&self) -> Vec<Row> {
        match self.show_on_panel(PanelState::Test) {
            true => vec![Row::word(RowName::PanelPicture, Light::Good, Word::Works)],
            false => not_needed(RowName::Panel),
        }
    }
}
