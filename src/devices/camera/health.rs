//! Is the camera well? Decided from what it sends and when; no device, no clock.

use std::collections::VecDeque;
use std::time::Duration;

use faults::Fault;
use portrait::picture::Brightness;

use super::CameraEvent;

/// Thresholds of the camera's faults.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HealthConfig {
    /// Mean luma (0-255) of a covered lens at most; a dark room is above.
    pub black_mean: f32,
    /// Its standard deviation at most.
    pub black_deviation: f32,
    /// Cameras start dark, so that black counts after this time only.
    pub black_after: Duration,
    /// Without a frame, or with the same frame again and again, for this long.
    pub frozen_after: Duration,
    /// Frames a second at least.
    pub slow_below: f32,
    /// Frames are counted over this time.
    pub slow_window: Duration,
    /// A fault is cleared when all was well for this long.
    pub well_for: Duration,
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            black_mean: 12.0,
            black_deviation: 5.0,
            black_after: Duration::from_millis(1500),
            frozen_after: Duration::from_secs(2),
            slow_below: 8.0,
            slow_window: Duration::from_secs(3),
            well_for: Duration::from_millis(500),
        }
    }
}

/// Follows one camera. All times count from the same arbitrary zero.
pub struct Health {
    config: HealthConfig,
    raised: Option<Fault>,
    missing: bool,
    /// Last frame, or when the camera was opened.
    last: Option<Duration>,
    opened: Duration,
    arrivals: VecDeque<Duration>,
    black_since: Option<Duration>,
    same_since: Option<Duration>,
    digest: Option<u64>,
    well_since: Option<Duration>,
}

impl Health {
    pub fn new(config: HealthConfig) -> Self {
        Self {
            config,
            raised: None,
            missing: false,
            last: None,
            opened: Duration::ZERO,
            arrivals: VecDeque::new(),
            black_since: None,
            same_since: None,
            digest: None,
            well_since: None,
        }
    }

    /// The fault that is raised now.
    pub fn raised(&self) -> Option<Fault> {
        self.raised
    }

    pub fn opened(&mut self, at: Duration) {
        self.missing = false;
        self.opened = at;
        self.last = Some(at);
        self.arrivals.clear();
        self.black_since = None;
        self.same_since = None;
        self.digest = None;
        self.well_since = None;
    }

    /// The camera was closed on purpose: silence means nothing from now on.
    pub fn closed(&mut self) {
        self.last = None;
        self.well_since = None;
    }

    /// No camera is there, or none can be opened.
    pub fn missing(&mut self, at: Duration) -> Vec<CameraEvent> {
        self.missing = true;
        self.decide(at)
    }

    /// `digest` differs between frames that differ.
    pub fn frame(&mut self, at: Duration, digest: u64, brightness: Brightness) -> Vec<CameraEvent> {
        self.last = Some(at);
        self.arrivals.push_back(at);
        let black = brightness.mean <= self.config.black_mean
            && brightness.deviation <= self.config.black_deviation;
        self.black_since = black.then(|| self.black_since.unwrap_or(at));
        let same = self.digest.replace(digest) == Some(digest);
        self.same_since = same.then(|| self.same_since.unwrap_or(at));
        self.decide(at)
    }

    /// Nothing came; to be called several times a second.
    pub fn silence(&mut self, at: Duration) -> Vec<CameraEvent> {
        self.decide(at)
    }

    fn fault(&mut self, at: Duration) -> Option<Fault> {
        let config = self.config;
        let lasts = |since: Option<Duration>, least: Duration| {
            since.is_some_and(|since| at.saturating_sub(since) >= least)
        };
        while self
            .arrivals
            .front()
            .is_some_and(|&t| at.saturating_sub(t) > config.slow_window)
        {
            self.arrivals.pop_front();
        }
        let enough = config.slow_below * config.slow_window.as_secs_f32();
        let judged = at.saturating_sub(self.opened) >= config.slow_window;
        if self.missing {
            Some(Fault::CameraMissing)
        } else if lasts(self.last, config.frozen_after) {
            Some(Fault::CameraFrozen)
        } else if lasts(self.black_since, config.black_after) {
            // Before "frozen": a covered lens may well send equal frames.
            Some(Fault::CameraBlack)
        } else if lasts(self.same_since, config.frozen_after) {
            Some(Fault::CameraFrozen)
        } else if judged && self.last.is_some() && (self.arrivals.len() as f32) < enough {
            Some(Fault::CameraSlow)
        } else {
            None
        }
    }

    fn decide(&mut self, at: Duration) -> Vec<CameraEvent> {
        let fault = self.fault(at);
        let mut events = Vec::new();
        match (self.raised, fault) {
            (Some(old), Some(new)) if old == new => self.well_since = None,
            (old, Some(new)) => {
                events.extend(old.map(CameraEvent::Cleared));
                events.push(CameraEvent::Raised(new));
                self.raised = Some(new);
                self.well_since = None;
            }
            (Some(old), None) => {
                // A single dark or equal frame less does not make it well.
                let doubtful = self.black_since.is_some() || self.same_since.is_some();
                let since = match self.well_since {
                    Some(since) if !doubtful => since,
                    _ => at,
                };
                self.well_since = (!doubtful).then_some(since);
                if !doubtful && at.saturating_sub(since) >= self.config.well_for {
                    events.push(CameraEvent::Cleared(old));
                    self.raised = None;
                }
            }
            (None, None) => {}
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIT: Brightness = Brightness {
        mean: 120.0,
        deviation: 40.0,
    };
    const BLACK: Brightness = Brightness {
        mean: 3.0,
        deviation: 1.0,
    };

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Feeds a frame every `period` ms over `range`; `look` gives digest and brightness.
    fn feed(
        health: &mut Health,
        range: std::ops::Range<u64>,
        period: usize,
        look: impl Fn(u64) -> (u64, Brightness),
    ) -> Vec<(u64, CameraEvent)> {
        range
            .step_by(period)
            .flat_map(|t| {
                let (digest, brightness) = look(t);
                let events = health.frame(ms(t), digest, brightness);
                events.into_iter().map(move |e| (t, e))
            })
            .collect()
    }

    fn opened() -> Health {
        let mut health = Health::new(HealthConfig::default());
        health.opened(ms(0));
        health
    }

    #[test]
    fn a_lively_camera_raises_nothing() {
        assert_eq!(feed(&mut opened(), 33..20_000, 33, |t| (t, LIT)), []);
    }

    #[test]
    fn a_covered_lens_is_black_and_clears_when_uncovered() {
        let mut health = opened();
        let events = feed(&mut health, 33..9000, 33, |t| {
            if (3000..6000).contains(&t) {
                (t, BLACK)
            } else {
                (t, LIT)
            }
        });
        let [(raised, first), (cleared, second)] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(*first, CameraEvent::Raised(Fault::CameraBlack));
        assert!((4500..4600).contains(raised));
        assert_eq!(*second, CameraEvent::Cleared(Fault::CameraBlack));
        assert!((6500..6700).contains(cleared));
    }

    #[test]
    fn equal_frames_are_frozen_but_black_ones_are_black() {
        let events = feed(&mut opened(), 33..3000, 33, |_| (7, LIT));
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].1, CameraEvent::Raised(Fault::CameraFrozen));
        let events = feed(&mut opened(), 33..9000, 33, |_| (7, BLACK));
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].1, CameraEvent::Raised(Fault::CameraBlack));
    }

    #[test]
    fn silence_is_frozen() {
        let mut health = opened();
        feed(&mut health, 33..1000, 33, |t| (t, LIT));
        assert_eq!(health.silence(ms(2900)), []);
        assert_eq!(
            health.silence(ms(3100)),
            [CameraEvent::Raised(Fault::CameraFrozen)]
        );
    }

    #[test]
    fn four_frames_a_second_are_slow_and_thirty_clear_it() {
        let mut health = opened();
        let events = feed(&mut health, 250..5000, 250, |t| (t, LIT));
        assert_eq!(events, [(3000, CameraEvent::Raised(Fault::CameraSlow))]);
        let events = feed(&mut health, 5000..12_000, 33, |t| (t, LIT));
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].1, CameraEvent::Cleared(Fault::CameraSlow));
    }

    #[test]
    fn an_unplugged_camera_is_missing_until_frames_come_again() {
        let mut health = opened();
        feed(&mut health, 33..1000, 33, |t| (t, LIT));
        assert_eq!(
            health.missing(ms(1000)),
            [CameraEvent::Raised(Fault::CameraMissing)]
        );
        assert_eq!(health.missing(ms(1500)), []);
        health.opened(ms(2000));
        let events = feed(&mut health, 2033..4000, 33, |t| (t, LIT));
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].1, CameraEvent::Cleared(Fault::CameraMissing));
    }

    #[test]
    fn a_closed_camera_is_not_frozen() {
        let mut health = opened();
        health.closed();
        assert_eq!(health.silence(ms(60_000)), []);
    }
}
