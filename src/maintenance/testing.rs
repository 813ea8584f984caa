//! The tests of the devices: one alone, or all in order.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::names::{Device, Hint, Light};
use super::row::Row;
use super::view::{COLOURS, TestView};

const COLUMNS: usize = 4;
const ROWS: usize = 6;
/// Nobody needs longer for the grid.
const GRID_LIMIT: Duration = Duration::from_secs(60);

/// What came of the tests, and the one that goes on.
#[derive(Debug, Clone, Default)]
pub(super) struct Testing {
    lights: BTreeMap<Device, Light>,
    next: VecDeque<Device>,
    running: Option<Test>,
}

#[derive(Debug, Clone)]
struct Test {
    device: Device,
    hint: Option<Hint>,
    asks: bool,
    touched: Vec<bool>,
    colour: Option<usize>,
    /// Boottime.
    since: Duration,
    light: Light,
}

/// What the test that has just begun needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// The world tests it.
    World(Device),
    /// The technician alone does.
    Person,
    /// There is none left.
    Nothing,
}

impl Testing {
    pub fn begin(&mut self, devices: &[Device], now: Duration) -> Needs {
        self.next = devices.iter().copied().collect();
        self.go_on(now)
    }

    /// The next of those that were asked for.
    pub fn go_on(&mut self, now: Duration) -> Needs {
        let Some(device) = self.next.pop_front() else {
            self.running = None;
            return Needs::Nothing;
        };
        self.lights.insert(device, Light::Running);
        let (hint, touched, colour) = match device {
            Device::Touch => (
                Some(Hint::TouchEveryField),
                vec![false; COLUMNS * ROWS],
                None,
            ),
            Device::Display => (Some(Hint::JudgeColour), Vec::new(), Some(0)),
            _ => (None, Vec::new(), None),
        };
        self.running = Some(Test {
            device,
            hint,
            asks: device == Device::Display,
            touched,
            colour,
            since: now,
            light: Light::Good,
        });
        match device {
            Device::Touch | Device::Display => Needs::Person,
            other => Needs::World(other),
        }
    }

    pub fn running(&self) -> Option<Device> {
        self.running.as_ref().map(|test| test.device)
    }

    pub fn hint(&mut self, hint: Hint) {
        if let Some(test) = &mut self.running {
            test.hint = Some(hint);
        }
    }

    /// The world is done with the device; true when the technician still has to judge.
    pub fn found(&mut self, rows: &[Row]) -> bool {
        let Some(test) = &mut self.running else {
            return false;
        };
        test.light = worst(rows);
        let judged = match test.device {
            Device::Camera => Some(Hint::JudgePicture),
            Device::Panel => Some(Hint::JudgePanel),
            _ => None,
        };
        // What is not there or does not work at all need not be looked at.
        let works = matches!(test.light, Light::Good | Light::Warning);
        test.asks = judged.is_some() && works;
        test.hint = judged.filter(|_| test.asks);
        test.asks
    }

    /// True when the test is over.
    pub fn judge(&mut self, right: bool) -> bool {
        let Some(test) = &mut self.running else {
            return false;
        };
        if !test.asks {
            return false;
        }
        if !right {
            test.light = Light::Bad;
            return true;
        }
        match &mut test.colour {
            Some(shown) if *shown + 1 < COLOURS.len() => {
                *shown += 1;
                false
            }
            _ => true,
        }
    }

    /// True when every field of the grid was touched.
    pub fn touch(&mut self, cell: usize) -> bool {
        let Some(test) = &mut self.running else {
            return false;
        };
        if let Some(touched) = test.touched.get_mut(cell) {
            *touched = true;
        }
        !test.touched.is_empty() && test.touched.iter().all(|touched| *touched)
    }

    /// A grid that nobody gets full.
    pub fn is_overdue(&self, now: Duration) -> bool {
        let grid = self
            .running
            .as_ref()
            .filter(|test| test.device == Device::Touch);
        grid.is_some_and(|test| now.saturating_sub(test.since) >= GRID_LIMIT)
    }

    pub fn fail(&mut self) {
        if let Some(test) = &mut self.running {
            test.light = Light::Bad;
        }
    }

    /// Notes what came of the test and takes it away.
    pub fn close(&mut self, skipped: bool) {
        if let Some(test) = self.running.take() {
            let light = if skipped { Light::None } else { test.light };
            self.lights.insert(test.device, light);
        }
    }

    /// None of the tests goes on.
    pub fn stop(&mut self) {
        self.next.clear();
        self.close(true);
    }

    pub fn lights(&self) -> Vec<(Device, Light)> {
        let light = |device: &Device| self.lights.get(device).copied().unwrap_or(Light::None);
        Device::ALL.iter().map(|d| (*d, light(d))).collect()
    }

    pub fn view(&self) -> Option<TestView> {
        let test = self.running.as_ref()?;
        Some(TestView {
            device: test.device,
            hint: test.hint,
            asks: test.asks,
            touched: test.touched.clone(),
            columns: COLUMNS as u8,
            colour: test.colour,
        })
    }
}

/// `None`: of a device that this kiosk does not have.
fn worst(rows: &[Row]) -> Light {
    let has = |light: &Light| rows.iter().any(|row| row.light == *light);
    let order = [Light::Bad, Light::Warning, Light::Good];
    order.into_iter().find(has).unwrap_or(Light::None)
}
