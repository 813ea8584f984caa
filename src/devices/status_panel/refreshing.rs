//! A panel written anew again and again by a thread of its own, so that one that lost its
//! power comes back by itself, and one that is gone is noticed while nothing changes.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use faults::Fault;

use super::{PanelState, StatusPanel};
use crate::session::event::DeviceEvent;

/// Its thread ends with it, after the last state was written.
pub struct RefreshedPanel {
    states: Option<Sender<PanelState>>,
    thread: Option<JoinHandle<()>>,
}

/// `write` puts a state on the panel and says when that failed.
pub(super) fn start<E: std::fmt::Display>(
    every: Duration,
    write: impl FnMut(PanelState) -> Result<(), E> + Send + 'static,
    tell: impl Fn(DeviceEvent) + Send + 'static,
) -> std::io::Result<RefreshedPanel> {
    let (sender, states) = mpsc::channel();
    let thread = std::thread::Builder::new()
        .name("status panel".into())
        .spawn(move || run(every, write, &tell, &states))?;
    Ok(RefreshedPanel {
        states: Some(sender),
        thread: Some(thread),
    })
}

impl StatusPanel for RefreshedPanel {
    fn show(&self, state: PanelState) {
        if let Some(states) = &self.states {
            // The thread ends only with the panel.
            let _ = states.send(state);
        }
    }
}

impl Drop for RefreshedPanel {
    fn drop(&mut self) {
        self.states = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A panel that failed is tried again so much sooner.
const SOONER: u32 = 6;

fn run<E: std::fmt::Display>(
    every: Duration,
    mut write: impl FnMut(PanelState) -> Result<(), E>,
    tell: &impl Fn(DeviceEvent),
    states: &Receiver<PanelState>,
) {
    let mut shown = None;
    let mut works = true;
    loop {
        let patience = if works { every } else { every / SOONER };
        match states.recv_timeout(patience) {
            // Only the newest counts.
            Ok(state) => shown = Some(states.try_iter().last().unwrap_or(state)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let Some(state) = shown else { continue };
        let written = write(state);
        if written.is_ok() == works {
            continue;
        }
        works = written.is_ok();
        match written {
            Ok(()) => tell(DeviceEvent::Cleared(Fault::PanelMissing)),
            Err(error) => {
                tracing::warn!(%error, "status panel");
                tell(DeviceEvent::Raised(Fault::PanelMissing));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_panel_that_goes_is_told_once_and_again_when_it_is_back() {
        let gone = Arc::new(AtomicBool::new(true));
        let (sender, events) = mpsc::channel();
        let panel = start(
            Duration::from_millis(20),
            {
                let gone = gone.clone();
                move |_| match gone.load(Ordering::Relaxed) {
                    true => Err("no answer"),
                    false => Ok(()),
                }
            },
            move |event| sender.send(event).unwrap(),
        )
        .unwrap();
        panel.show(PanelState::Ready);
        panel.show(PanelState::InUse);
        let raised = DeviceEvent::Raised(Fault::PanelMissing);
        assert_eq!(events.recv().unwrap(), raised);
        gone.store(false, Ordering::Relaxed);
        let cleared = DeviceEvent::Cleared(Fault::PanelMissing);
        assert_eq!(
            events.recv().unwrap(),
            cleared,
            "by itself, with nothing new to show"
        );
        drop(panel);
        assert_eq!(events.try_iter().count(), 0);
    }
}
