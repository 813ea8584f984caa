//! Boot time for time-outs, wall time for statements, and how far to trust it.

use std::sync::Mutex;
use std::time::Duration;

use exchange::{TimeTrust, UnixMillis};

use crate::session::event::Now;

/// The clocks, and what the office said of the time.
#[derive(Default)]
pub struct Clock(Mutex<Floor>);

#[derive(Default)]
struct Floor {
    /// The last office-signed time: the wall clock cannot be before it.
    last_signed: Option<UnixMillis>,
    confirmed_since_boot: bool,
}

/// The wall clock may differ this much from the office's and still count as confirmed.
const AGREES_WITHIN_MILLIS: i64 = 120_000;

impl Clock {
    /// `last_signed`: the floor kept from earlier runs.
    pub fn new(last_signed: Option<UnixMillis>) -> Self {
        Self(Mutex::new(Floor {
            last_signed,
            confirmed_since_boot: false,
        }))
    }

    pub fn now(&self) -> Now {
        let wall = UnixMillis::from_system_clock();
        let floor = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let trust = match floor.last_signed {
            Some(signed) if wall >= signed && floor.confirmed_since_boot => {
                TimeTrust::OfficeConfirmed
            }
            Some(signed) if wall >= signed => TimeTrust::AboveFloor,
            _ => TimeTrust::Doubtful,
        };
        Now {
            boottime: boottime(),
            wall,
            trust,
        }
    }

    /// The later of the wall clock and what the office last signed: what has an end does not
    /// begin anew when a clock falls back.
    pub fn not_before(&self) -> UnixMillis {
        let wall = UnixMillis::from_system_clock();
        let floor = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        floor.last_signed.map_or(wall, |signed| wall.max(signed))
    }

    /// The newest time that the office ever signed.
    pub fn last_signed(&self) -> Option<UnixMillis> {
        let floor = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        floor.last_signed
    }

    /// The office's signature over `signed` was verified just now.
    pub fn office_says(&self, signed: UnixMillis) {
        let wall = UnixMillis::from_system_clock();
        let mut floor = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        floor.confirmed_since_boot = (wall.0 - signed.0).abs() <= AGREES_WITHIN_MILLIS;
        floor.last_signed = floor.last_signed.max(Some(signed));
    }
}

/// CLOCK_BOOTTIME: goes on through a suspend, never jumps.
fn boottime() -> Duration {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(t.tv_sec.unsigned_abs(), t.tv_nsec.unsigned_abs() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_follows_the_signed_floor() {
        let wall = UnixMillis::from_system_clock();
        assert_eq!(Clock::new(None).now().trust, TimeTrust::Doubtful);
        let ahead = Clock::new(Some(wall.plus_millis(86_400_000)));
        assert_eq!(ahead.now().trust, TimeTrust::Doubtful);
        let behind = Clock::new(Some(wall.plus_millis(-86_400_000)));
        assert_eq!(behind.now().trust, TimeTrust::AboveFloor);
        behind.office_says(wall.plus_millis(-500));
        assert_eq!(behind.now().trust, TimeTrust::OfficeConfirmed);
    }
}
