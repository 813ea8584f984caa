//! What a technician sees, as data.

use exchange::UnixMillis;
use exchange::work_order::Action;

use super::names::{Act, Device, Hint, Light, Page, Refusal};
use super::row::Row;
use crate::session::view::FieldView;

#[derive(Debug, Clone, PartialEq)]
pub struct MaintenanceView {
    pub page: Page,
    pub who: Who,
    /// The page's table. In the overview, a row with [`Page`] in `opens` is a door.
    pub rows: Vec<Row>,
    /// For each row: where a touch leads, if anywhere.
    pub opens: Vec<Option<Page>>,
    /// Pages that no row leads to, as buttons.
    pub doors: Vec<Page>,
    /// What can be done here, the most likely first.
    pub acts: Vec<Act>,
    /// What the primary button does.
    pub primary: Option<Act>,
    pub fields: Vec<FieldView>,
    /// Of the last act.
    pub outcome: Option<Outcome>,
    /// `Devices`: the tests and what came of them.
    pub tests: Vec<(Device, Light)>,
    /// The test that is going on.
    pub test: Option<TestView>,
    /// `WorkOrder`: what was done.
    pub done: Vec<(Action, bool)>,
    /// Of a long deed, 0 to 100.
    pub percent: Option<u8>,
    /// Something is being worked on.
    pub working: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    Technician {
        name: String,
        valid_until: UnixMillis,
    },
    /// A kiosk that belongs to no office yet is set up by whoever unpacks it.
    Installer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done(Act),
    Refused(Refusal),
}

#[derive(Debug, Clone, PartialEq)]
pub struct TestView {
    pub device: Device,
    pub hint: Option<Hint>,
    /// The technician is asked: yes or no.
    pub asks: bool,
    /// `Touch`: which fields of the grid were touched, row by row.
    pub touched: Vec<bool>,
    /// Columns of the grid.
    pub columns: u8,
    /// `Display`: which of [`COLOURS`] fills the screen.
    pub colour: Option<usize>,
}

/// What fills the screen in the display's test, red, green, blue.
pub const COLOURS: [[u8; 3]; 5] = [
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
    [255, 255, 255],
    [0, 0, 0],
];
