//! What a technician did, in maintenance mode's words.

use exchange::work_order::Action;

use super::names::{Act, Device, Page};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Do {
    /// From the out-of-service screen of a kiosk that no office knows yet.
    SetUp,
    Open(Page),
    /// The row of this index.
    Row(usize),
    Act(Act),
    Test(Device),
    /// This test is left out.
    SkipTest,
    /// The technician's answer to what a test asks.
    Judge(bool),
    /// A field of the touch grid.
    Cell(usize),
    /// `WorkOrder`: this was done, or was not.
    Toggle(Action),
}
