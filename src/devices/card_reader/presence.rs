//! What has been told of reader and card, so that only changes are told.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use faults::Fault;

use crate::session::event::DeviceEvent;

/// Faults that go with the card when it is taken out.
const FAULTS_OF_A_CARD: [Fault; 2] = [Fault::CardSilent, Fault::CardUnreadable];

const FAULTS_OF_THE_READER: [Fault; 2] = [Fault::ReaderMissing, Fault::CardServiceDown];

pub(super) struct Presence {
    sender: Box<dyn Fn(DeviceEvent) + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    watched: bool,
    /// Its answer to reset, hex.
    card: Option<String>,
    raised: BTreeSet<Fault>,
    /// Of the reader itself: looked at at least once.
    looked: BTreeSet<Fault>,
}

impl Presence {
    /// `sender` must not call back into the reader.
    pub(super) fn new(sender: impl Fn(DeviceEvent) + Send + Sync + 'static) -> Self {
        Presence {
            sender: Box::new(sender),
            state: Mutex::default(),
        }
    }

    pub(super) fn watch(&self, on: bool) {
        let mut state = self.state();
        let begins = on && !state.watched;
        state.watched = on;
        if let (true, Some(atr)) = (begins, state.card.clone()) {
            (self.sender)(DeviceEvent::CardInserted { atr });
        }
    }

    pub(super) fn inserted(&self, atr: String) {
        let mut state = self.state();
        if state.card.as_ref() == Some(&atr) {
            return;
        }
        self.take_out(&mut state);
        state.card = Some(atr.clone());
        if state.watched {
            (self.sender)(DeviceEvent::CardInserted { atr });
        }
    }

    pub(super) fn removed(&self) {
        let mut state = self.state();
        self.take_out(&mut state);
        for fault in FAULTS_OF_A_CARD {
            self.set(&mut state, fault, false);
        }
    }

    pub(super) fn fault(&self, fault: Fault, raised: bool) {
        let mut state = self.state();
        // That the first look found nothing is told too: somebody waits for it.
        if FAULTS_OF_THE_READER.contains(&fault) && state.looked.insert(fault) && !raised {
            state.raised.insert(fault);
        }
        self.set(&mut state, fault, raised);
    }

    fn take_out(&self, state: &mut State) {
        if state.card.take().is_some() && state.watched {
            (self.sender)(DeviceEvent::CardRemoved);
        }
    }

    fn set(&self, state: &mut State, fault: Fault, raised: bool) {
        if raised && state.raised.insert(fault) {
            (self.sender)(DeviceEvent::Raised(fault));
        } else if !raised && state.raised.remove(&fault) {
            (self.sender)(DeviceEvent::Cleared(fault));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn presence() -> (Presence, mpsc::Receiver<DeviceEvent>) {
        let (sender, events) = mpsc::channel();
        (
            Presence::new(move |event| sender.send(event).unwrap()),
            events,
        )
    }

    fn inserted(atr: &str) -> DeviceEvent {
        DeviceEvent::CardInserted { atr: atr.into() }
    }

    #[test]
    fn a_card_that_was_there_before_is_told_when_the_watch_begins() {
        let (presence, events) = presence();
        presence.inserted("3B00".into());
        assert_eq!(events.try_iter().count(), 0);
        presence.watch(true);
        presence.watch(true);
        assert_eq!(events.try_iter().collect::<Vec<_>>(), [inserted("3B00")]);
        presence.watch(false);
        presence.removed();
        assert_eq!(events.try_iter().count(), 0);
    }

    #[test]
    fn the_same_card_told_again_after_a_restart_is_told_once() {
        let (presence, events) = presence();
        presence.watch(true);
        presence.inserted("3B00".into());
        presence.inserted("3B00".into());
        presence.inserted("3B01".into());
        presence.removed();
        presence.removed();
        assert_eq!(
            events.try_iter().collect::<Vec<_>>(),
            [
                inserted("3B00"),
                DeviceEvent::CardRemoved,
                inserted("3B01"),
                DeviceEvent::CardRemoved
            ]
        );
    }

    #[test]
    fn a_fault_of_the_card_goes_with_the_card_and_one_of_the_reader_stays() {
        let (presence, events) = presence();
        for _ in 0..2 {
            presence.fault(Fault::CardSilent, true);
            presence.fault(Fault::ReaderMissing, true);
        }
        presence.removed();
        assert_eq!(
            events.try_iter().collect::<Vec<_>>(),
            [
                DeviceEvent::Raised(Fault::CardSilent),
                DeviceEvent::Raised(Fault::ReaderMissing),
                DeviceEvent::Cleared(Fault::CardSilent)
            ]
        );
    }
}
