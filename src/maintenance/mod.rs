//! A technician's visit as a pure state machine: from the card to the work order.
//!
//! Here: who is let in, which page is shown, what is asked of the world. Not here: what
//! the world finds out (`run/maintenance`), words, pixels. Nothing of a citizen is known
//! here: a visit begins only where no session is open, and no session while one is.

mod ask;
mod names;
mod pages;
mod row;
mod testing;
mod touch;
mod view;
mod visit;

pub use ask::{Answer, Ask, CardSeen, Deed, Step};
pub use names::{Act, Device, Hint, Layer, Light, Page, Refusal, RowName, Word};
pub use row::{Row, Value};
pub use touch::Do;
pub use view::{COLOURS, MaintenanceView, Outcome, TestView, Who};
pub use visit::Maintenance;

use std::time::Duration;

#[derive(Debug, Clone, PartialEq)]
pub struct MaintenanceConfig {
    /// Without a touch for so long, the warning appears.
    pub idle: Duration,
    /// Length of the warning's countdown.
    pub idle_warning: Duration,
    /// The same for a card whose PIN nobody enters; without a warning.
    pub pin_idle: Duration,
}

impl Default for MaintenanceConfig {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(5 * 60),
            idle_warning: Duration::from_secs(30),
            pin_idle: Duration::from_secs(60),
        }
    }
}
