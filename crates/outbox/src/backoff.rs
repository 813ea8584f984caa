//! How long to wait after a failure.

use std::time::Duration;

/// Ceiling of the first wait.
pub const SHORTEST_BACKOFF: Duration = Duration::from_secs(5);
/// Ceiling of every later wait; it is never given up.
pub const LONGEST_BACKOFF: Duration = Duration::from_secs(30 * 60);

/// Full jitter: uniform between nothing and a ceiling that doubles with every
/// failure from 5 s to 30 min, so that kiosks that lost the office together do
/// not come back together.
///
/// `failures`: in a row, 1 after the first. `random`: uniform over all `u32`.
pub fn backoff(failures: u32, random: u32) -> Duration {
    let doubled = SHORTEST_BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(16));
    let ceiling = doubled.min(LONGEST_BACKOFF);
    ceiling.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_from_5_s_to_30_min_and_stays() {
        let ceiling = |failures| backoff(failures, u32::MAX).as_secs();
        assert_eq!(ceiling(1), 5);
        assert_eq!(ceiling(2), 10);
        assert_eq!(ceiling(9), 1280);
        assert_eq!(ceiling(10), 1800);
        assert_eq!(ceiling(u32::MAX), 1800);
        assert_eq!(backoff(10, 0), Duration::ZERO);
        assert_eq!(backoff(10, u32::MAX / 2).as_secs(), 899);
    }
}
