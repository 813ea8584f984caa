//! The small panel on the outside of the kiosk: can it be used, and if not, why.
//!
//! 128 x 64 points, one colour. Kazakh first, Russian below it; the fault code is the
//! same in every language.

mod drawing;
pub mod hardware;
mod letters;
mod refreshing;
#[cfg(feature = "simulated")]
pub mod simulated;

use faults::Fault;

pub use drawing::{HEIGHT, WIDTH, draw};

/// What the panel shows. Never anything of a citizen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PanelState {
    Ready,
    InUse,
    /// Works, but what is made waits here: so many submissions.
    Offline {
        queue: u32,
    },
    OutOfService {
        fault: Fault,
    },
    /// A technician is at work.
    Maintenance,
    /// Half of all points lit, in a frame: every defect shows.
    Test,
}

/// Shows a state until the next one.
pub trait StatusPanel: Send + Sync {
    /// Returns at once; a panel that cannot be reached is a fault, and tried again.
    fn show(&self, state: PanelState);
}
