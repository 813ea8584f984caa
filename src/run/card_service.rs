//! Asks the steward for a new card service when the one there is down or hangs, and not
//! too often: what a restart does not mend, ten do not.

use std::path::PathBuf;
use std::time::Duration;

use steward::{Answer, Request, client};
use tokio::sync::watch;
use tokio::time::Instant;

/// One that was only restarted is back by then.
const PATIENCE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// When the steward may be asked again.
#[derive(Debug, Default)]
struct Pace {
    asked: Option<Instant>,
    pause: Duration,
}

impl Pace {
    fn may_ask_at(&self, down_since: Instant) -> Instant {
        let patient = down_since + PATIENCE;
        self.asked
            .map_or(patient, |at| patient.max(at + self.pause))
    }

    fn asked(&mut self, now: Instant) {
        let long_well = self.asked.is_none_or(|at| now - at > 2 * LONGEST_PAUSE);
        self.pause = match long_well {
            true => FIRST_PAUSE,
            false => (2 * self.pause).min(LONGEST_PAUSE),
        };
        self.asked = Some(now);
    }
}

/// Until `down` has no sender any more.
pub(super) async fn revive(socket: PathBuf, mut down: watch::Receiver<bool>) {
    let mut pace = Pace::default();
    while down.wait_for(|down| *down).await.is_ok() {
        let since = Instant::now();
        loop {
            tokio::select! {
                up = down.wait_for(|down| !*down) => match up {
                    Ok(_) => break,
                    Err(_) => return,
                },
                () = tokio::time::sleep_until(pace.may_ask_at(since)) => {}
            }
            pace.asked(Instant::now());
            let request = Request::RestartCardService {};
            match client::ask(&socket, &request, |_, _| ()).await {
                Ok(Answer::Done {}) => tracing::info!("the card service was started anew"),
                Ok(answer) => tracing::warn!(?answer, "no new card service"),
                Err(e) => tracing::warn!("no new card service: {e}"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_pauses_grow_and_begin_anew_after_a_long_time() {
        let start = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.may_ask_at(start), start + PATIENCE);
        let mut now = start + PATIENCE;
        let mut pauses = Vec::new();
        for _ in 0..7 {
            pace.asked(now);
            let next = pace.may_ask_at(start);
            pauses.push((next - now).as_secs());
            now = next;
        }
        assert_eq!(pauses, [60, 120, 240, 480, 900, 900, 900]);
        let much_later = now + 3 * LONGEST_PAUSE;
        assert_eq!(pace.may_ask_at(much_later), much_later + PATIENCE);
        pace.asked(much_later);
        assert_eq!(pace.pause, FIRST_PAUSE);
    }

    #[tokio::test]
    async fn without_anybody_to_revive_it_ends() {
        let (down, told) = watch::channel(false);
        drop(down);
        revive(PathBuf::from("/no/socket"), told).await;
    }
}
