//! The service manager's watchdog (sd_watchdog_enabled(3)): fed only while window, core,
//! queue and the link's task answer, each by the way its work takes.
//!
//! A thread of its own, because everything else here can be what hangs.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use sd_notify::NotifyState;

use super::world::Pulse;

/// What has to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Window,
    Core,
    Queue,
}

/// Asks a part; it answers through the sender, whenever it comes to it.
pub(super) type Ask = Box<dyn Fn(mpsc::Sender<Part>) + Send>;

/// Whether the kiosk ends is looked at so often while an answer is awaited.
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub(super) struct Watchdog {
    /// Silent for so long, the service manager kills the kiosk. None: nobody watches.
    limit: Option<Duration>,
    asks: Vec<(Part, Ask)>,
    link: Option<Pulse>,
}

impl Watchdog {
    pub fn new(asks: Vec<(Part, Ask)>, link: Option<Pulse>) -> Self {
        Self {
            limit: sd_notify::watchdog_enabled(),
            asks,
            link,
        }
    }

    /// Until `end` is dropped. Says that the kiosk is ready once everything has answered
    /// for the first time: its first screen is drawn then.
    pub fn run(mut self, end: &mpsc::Receiver<()>) {
        // Two rounds may be missed before the third is too late.
        let every = self.limit.unwrap_or(Duration::from_secs(15)) / 3;
        let mut ready = false;
        loop {
            let begun = Instant::now();
            match self.silent(every, end) {
                None if !ready => {
                    ready = true;
                    tell(&[NotifyState::Ready, NotifyState::Watchdog]);
                }
                None => tell(&[NotifyState::Watchdog]),
                Some(silent) if ready => tracing::error!("no answer: {silent}"),
                Some(_) => {}
            }
            if ready && self.limit.is_none() {
                // Nobody watches, and whoever waits for the start was told.
                return;
            }
            let rest = every.saturating_sub(begun.elapsed());
            match end.recv_timeout(rest) {
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                _ => return,
            }
        }
    }

    /// The first part that does not answer within this time.
    fn silent(&mut self, within: Duration, ended: &mpsc::Receiver<()>) -> Option<String> {
        let end = Instant::now() + within;
        let (answer, answers) = mpsc::channel();
        for (_, ask) in &self.asks {
            ask(answer.clone());
        }
        let mut awaited: Vec<Part> = self.asks.iter().map(|(part, _)| *part).collect();
        while !awaited.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            let over = left.is_zero() || ended.try_recv() == Err(mpsc::TryRecvError::Disconnected);
            match answers.recv_timeout(left.min(LOOK_EVERY)) {
                Ok(part) => awaited.retain(|waiting| *waiting != part),
                Err(_) if over => return Some(format!("{:?}", awaited[0])),
                Err(_) => {}
            }
        }
        let stands_still = self.link.as_mut().is_some_and(Pulse::stands_still);
        stands_still.then(|| "the link's task".to_owned())
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(e) = sd_notify::notify(states) {
        tracing::warn!("the service manager was not told: {e}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(50);

    /// A kiosk that goes on.
    fn goes_on<T>(look: impl FnOnce(&mpsc::Receiver<()>) -> T) -> T {
        let (end, ended) = mpsc::channel();
        let seen = look(&ended);
        drop(end);
        seen
    }

    fn dog(asks: Vec<(Part, Ask)>) -> Watchdog {
        Watchdog {
            limit: None,
            asks,
            link: None,
        }
    }

    fn answers(part: Part) -> (Part, Ask) {
        let ask = move |answer: mpsc::Sender<Part>| answer.send(part).unwrap();
        (part, Box::new(ask))
    }

    #[test]
    fn all_that_answer_are_well() {
        let mut dog = dog(vec![answers(Part::Window), answers(Part::Core)]);
        let silent = goes_on(|ended| dog.silent(Duration::from_secs(60), ended));
        assert_eq!(silent, None);
    }

    #[test]
    fn the_one_that_hangs_is_named() {
        let hangs: (Part, Ask) = (Part::Queue, Box::new(std::mem::forget));
        let mut dog = dog(vec![answers(Part::Core), hangs]);
        let silent = goes_on(|ended| dog.silent(SOON, ended));
        assert_eq!(silent.as_deref(), Some("Queue"));
    }

    #[test]
    fn one_part_does_not_answer_for_another() {
        let twice: (Part, Ask) = (
            Part::Window,
            Box::new(|answer| {
                answer.send(Part::Window).unwrap();
                answer.send(Part::Window).unwrap();
            }),
        );
        let gone: (Part, Ask) = (Part::Core, Box::new(drop));
        let silent = goes_on(|ended| dog(vec![twice, gone]).silent(SOON, ended));
        assert_eq!(silent.as_deref(), Some("Core"));
    }

    #[test]
    fn the_end_of_the_kiosk_is_not_waited_for() {
        let hangs: (Part, Ask) = (Part::Window, Box::new(std::mem::forget));
        let (end, ended) = mpsc::channel();
        drop(end);
        // Without looking at the end this would take an hour.
        let silent = dog(vec![hangs]).silent(Duration::from_secs(3600), &ended);
        assert_eq!(silent.as_deref(), Some("Window"));
    }
}
