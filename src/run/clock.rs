//! Boot time for time-outs, wall time for statements, and how far to trust it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use exchange::{TimeTrust, UnixMillis};
use faults::Fault;

use crate::session::event::{DeviceEvent, Event, Now};

use super::Events;

/// The clocks, and what the office said of the time.
#[derive(Default)]
pub struct Clock(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// The last office-signed time: the wall clock cannot be before it.
    floor: Option<UnixMillis>,
    heard: Option<Heard>,
}

/// What the office said since this start, and when that was by the clock that never jumps.
#[derive(Clone, Copy)]
struct Heard {
    signed: UnixMillis,
    boottime: Duration,
}

/// The wall clock may differ this much from the office's and still count as confirmed.
const AGREES_WITHIN_MILLIS: i64 = 120_000;
/// Beyond this it is no drift: the battery died, or somebody set it.
pub(super) const FAR_OFF_MILLIS: i64 = 86_400_000;

impl Known {
    /// By how much the wall clock is ahead of the office's, if that was heard.
    fn ahead(&self, wall: UnixMillis, boottime: Duration) -> Option<i64> {
        let heard = self.heard?;
        let since = boottime.saturating_sub(heard.boottime).as_millis() as i64;
        Some(wall.0 - heard.signed.0 - since)
    }

    fn trust(&self, wall: UnixMillis, boottime: Duration) -> TimeTrust {
        match self.ahead(wall, boottime) {
            Some(ahead) if ahead.abs() <= AGREES_WITHIN_MILLIS => TimeTrust::OfficeConfirmed,
            Some(_) => TimeTrust::Doubtful,
            None if self.floor.is_some_and(|floor| wall >= floor) => TimeTrust::AboveFloor,
            None => TimeTrust::Doubtful,
        }
    }

    fn fault(&self, wall: UnixMillis, boottime: Duration) -> Option<Fault> {
        let off = match self.ahead(wall, boottime) {
            Some(ahead) => ahead.abs(),
            // Only how far it is behind can be known.
            None => self.floor.map_or(0, |floor| floor.0 - wall.0),
        };
        match self.trust(wall, boottime) {
            _ if off > FAR_OFF_MILLIS => Some(Fault::ClockWrong),
            TimeTrust::Doubtful => Some(Fault::ClockDoubtful),
            TimeTrust::AboveFloor | TimeTrust::OfficeConfirmed => None,
        }
    }
}

impl Clock {
    /// `last_signed`: the floor kept from earlier runs.
    pub fn new(last_signed: Option<UnixMillis>) -> Self {
        Self(Mutex::new(Known {
            floor: last_signed,
            heard: None,
        }))
    }

    pub fn now(&self) -> Now {
        let (wall, boottime) = (UnixMillis::from_system_clock(), boottime());
        Now {
            boottime,
            wall,
            trust: self.known().trust(wall, boottime),
        }
    }

    /// The later of the wall clock and what the office last signed: what has an end does not
    /// begin anew when a clock falls back.
    pub fn not_before(&self) -> UnixMillis {
        let wall = UnixMillis::from_system_clock();
        self.last_signed().map_or(wall, |signed| wall.max(signed))
    }

    /// The newest time that the office ever signed.
    pub fn last_signed(&self) -> Option<UnixMillis> {
        self.known().floor
    }

    /// The office's signature over `signed` was verified just now.
    pub fn office_says(&self, signed: UnixMillis) {
        let mut known = self.known();
        known.floor = known.floor.max(Some(signed));
        known.heard = Some(Heard {
            signed,
            boottime: boottime(),
        });
    }

    /// What is wrong with the wall clock now.
    pub fn fault(&self) -> Option<Fault> {
        self.known()
            .fault(UnixMillis::from_system_clock(), boottime())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Raises and clears what is wrong with the clock; it may be set at any moment.
pub(super) async fn watch(clock: Arc<Clock>, events: Events) {
    let mut raised = None;
    loop {
        // Whatever is wrong at the start may be over with the office's first word.
        tokio::time::sleep(LOOK_EVERY).await;
        let found = clock.fault();
        if found == raised {
            continue;
        }
        if let Some(fault) = raised.take() {
            tracing::info!(%fault, "the clock is right again");
            events.send(Event::Device(DeviceEvent::Cleared(fault)));
        }
        if let Some(fault) = found {
            tracing::warn!(%fault, "the clock");
            events.send(Event::Device(DeviceEvent::Raised(fault)));
        }
        raised = found;
    }
}

/// CLOCK_BOOTTIME: goes on through a suspend, never jumps.
pub(super) fn boottime() -> Duration {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(t.tv_sec.unsigned_abs(), t.tv_nsec.unsigned_abs() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR: i64 = 365 * 86_400_000;

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

    #[test]
    fn years_off_are_another_fault_than_minutes() {
        let wall = UnixMillis::from_system_clock();
        for (office, fault, trust) in [
            (0, None, TimeTrust::OfficeConfirmed),
            (600_000, Some(Fault::ClockDoubtful), TimeTrust::Doubtful),
            (-600_000, Some(Fault::ClockDoubtful), TimeTrust::Doubtful),
            (20 * YEAR, Some(Fault::ClockWrong), TimeTrust::Doubtful),
            (-20 * YEAR, Some(Fault::ClockWrong), TimeTrust::Doubtful),
        ] {
            let clock = Clock::new(None);
            clock.office_says(wall.plus_millis(office));
            assert_eq!(clock.fault(), fault, "{office}");
            assert_eq!(clock.now().trust, trust, "{office}");
        }
    }

    #[test]
    fn before_the_office_has_spoken_the_kept_floor_decides() {
        let wall = UnixMillis::from_system_clock();
        let kept = |before: i64| Clock::new(Some(wall.plus_millis(-before))).fault();
        assert_eq!(kept(10 * YEAR), None);
        assert_eq!(kept(-600_000), Some(Fault::ClockDoubtful));
        assert_eq!(kept(-10 * YEAR), Some(Fault::ClockWrong));
        assert_eq!(Clock::new(None).fault(), Some(Fault::ClockDoubtful));
    }

    /// The office need not be asked again: boot time went on meanwhile.
    #[test]
    fn a_clock_set_right_is_right_at_once() {
        let known = Known {
            floor: None,
            heard: Some(Heard {
                signed: UnixMillis(50 * YEAR),
                boottime: Duration::from_secs(100),
            }),
        };
        let after = Duration::from_secs(160);
        let wrong = UnixMillis(30 * YEAR);
        assert_eq!(known.fault(wrong, after), Some(Fault::ClockWrong));
        let right = UnixMillis(50 * YEAR + 60_000);
        assert_eq!(known.fault(right, after), None);
        assert_eq!(known.trust(right, after), TimeTrust::OfficeConfirmed);
    }
}
