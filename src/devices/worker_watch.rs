//! Following what a watching worker tells, over its deaths and restarts.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until};
use worker::{CardEvent, TokenEvent, WatchEvent};

/// A worker that is back sooner is nobody's trouble.
const RESTART_PATIENCE: Duration = Duration::from_secs(5);

pub(super) enum Told {
    Card(CardEvent),
    Token(TokenEvent),
    /// It works, for the first time or again.
    Back,
    /// It has been away for longer than a restart takes.
    Away,
}

/// Until the worker's client is dropped.
pub(super) async fn follow(mut events: UnboundedReceiver<WatchEvent>, mut tell: impl FnMut(Told)) {
    let mut patience: Option<Instant> = None;
    loop {
        let limit = patience.unwrap_or_else(Instant::now);
        tokio::select! {
            event = events.recv() => match event {
                Some(WatchEvent::Card(event)) => tell(Told::Card(event)),
                Some(WatchEvent::Token(event)) => tell(Told::Token(event)),
                Some(WatchEvent::WorkerStarted) => {
                    patience = None;
                    tell(Told::Back);
                }
                Some(WatchEvent::WorkerDied) => {
                    patience.get_or_insert(Instant::now() + RESTART_PATIENCE);
                }
                None => return,
            },
            () = sleep_until(limit), if patience.is_some() => {
                patience = None;
                tell(Told::Away);
            }
        }
    }
}
