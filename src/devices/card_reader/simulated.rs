//! A reader without a reader: cards are put in by whoever holds it.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use faults::Fault;

use super::presence::Presence;
use super::{CardRead, CardReader, Reading};
use crate::session::event::DeviceEvent;

/// Like that of a passport chip: T=0 and T=1 over ISO 14443 (PC/SC part 3, 3.1.3.2.3).
pub const PASSPORT_ATR: &str = "3B8880010073C8400000900062";
/// How long a simulated card takes to answer.
const ANSWER_TIME: Duration = Duration::from_millis(300);
/// How long a silent card is waited for.
const SILENCE_LIMIT: Duration = Duration::from_secs(2);

/// How the card in the reader behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Chip {
    /// Has the eMRTD application.
    #[default]
    Emrtd,
    /// Answers, but has no application this kiosk reads.
    Other,
    /// Never answers.
    Silent,
    /// Is gone by the time it should answer.
    Pulled,
    /// Put in the wrong way round: no answer to reset.
    Mute,
}

/// Cloned handles work on one reader.
#[derive(Clone)]
pub struct SimulatedReader {
    presence: Arc<Presence>,
    card: Arc<Mutex<Option<Chip>>>,
    fault: Arc<Mutex<Option<Fault>>>,
}

/// `sender` must not call back into the reader.
pub fn start(sender: impl Fn(DeviceEvent) + Send + Sync + 'static) -> SimulatedReader {
    super::super::simulated_in_use("card reader");
    SimulatedReader {
        presence: Arc::new(Presence::new(sender)),
        card: Arc::default(),
        fault: Arc::default(),
    }
}

impl SimulatedReader {
    pub fn insert(&self, chip: Chip) {
        self.remove();
        *lock(&self.card) = Some(chip);
        match chip {
            Chip::Mute => self.presence.fault(Fault::CardUnreadable, true),
            _ => self.presence.inserted(PASSPORT_ATR.into()),
        }
    }

    pub fn remove(&self) {
        *lock(&self.card) = None;
        self.presence.removed();
    }

    /// A fault of the reader itself, such as `ReaderMissing` or `CardServiceDown`.
    pub fn inject(&self, fault: Option<Fault>) {
        let before = std::mem::replace(&mut *lock(&self.fault), fault);
        if let Some(before) = before {
            self.presence.fault(before, false);
        }
        if let Some(fault) = fault {
            self.remove();
            self.presence.fault(fault, true);
        }
    }

    async fn answer(&self) -> Result<CardRead, Fault> {
        let (fault, card) = (*lock(&self.fault), *lock(&self.card));
        if let Some(fault) = fault {
            return Err(fault);
        }
        let emrtd = match card {
            None => return Err(Fault::CardPulled),
            Some(Chip::Mute) => return Err(Fault::CardUnreadable),
            Some(Chip::Emrtd) => true,
            Some(Chip::Other) => false,
            Some(Chip::Pulled) => {
                self.remove();
                return Err(Fault::CardPulled);
            }
            Some(Chip::Silent) => {
                if tokio::time::timeout(SILENCE_LIMIT, pending::<()>())
                    .await
                    .is_err()
                {
                    self.presence.fault(Fault::CardSilent, true);
                }
                return Err(Fault::CardSilent);
            }
        };
        tokio::time::sleep(ANSWER_TIME).await;
        // Taken out meanwhile.
        if lock(&self.card).is_none() {
            return Err(Fault::CardPulled);
        }
        Ok(CardRead {
            atr: PASSPORT_ATR.into(),
            emrtd,
        })
    }
}

impl CardReader for SimulatedReader {
    fn watch(&self, on: bool) {
        self.presence.watch(on);
    }

    fn read(&self) -> Reading<'_> {
        Box::pin(self.answer())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn reader() -> (SimulatedReader, mpsc::Receiver<DeviceEvent>) {
        let (sender, events) = mpsc::channel();
        (start(move |event| sender.send(event).unwrap()), events)
    }

    #[tokio::test]
    async fn a_card_comes_is_read_and_goes() {
        let (reader, events) = reader();
        reader.watch(true);
        reader.insert(Chip::Other);
        let card = reader.read().await.unwrap();
        assert_eq!((card.atr.as_str(), card.emrtd), (PASSPORT_ATR, false));
        reader.remove();
        assert_eq!(reader.read().await.unwrap_err(), Fault::CardPulled);
        let events: Vec<_> = events.try_iter().collect();
        assert!(matches!(
            events[..],
            [DeviceEvent::CardInserted { .. }, DeviceEvent::CardRemoved]
        ));
    }

    #[tokio::test]
    async fn a_card_taken_out_while_it_is_read_is_pulled() {
        let (reader, _events) = reader();
        reader.insert(Chip::Emrtd);
        let other = reader.clone();
        let (read, ()) = tokio::join!(reader.read(), async move { other.remove() });
        assert_eq!(read.unwrap_err(), Fault::CardPulled);
        reader.insert(Chip::Pulled);
        assert_eq!(reader.read().await.unwrap_err(), Fault::CardPulled);
    }

    #[tokio::test]
    async fn a_silent_card_raises_a_fault_until_it_is_taken_out() {
        let (reader, events) = reader();
        reader.insert(Chip::Silent);
        assert_eq!(reader.read().await.unwrap_err(), Fault::CardSilent);
        reader.remove();
        assert_eq!(
            events.try_iter().collect::<Vec<_>>(),
            [
                DeviceEvent::Raised(Fault::CardSilent),
                DeviceEvent::Cleared(Fault::CardSilent)
            ]
        );
    }

    #[tokio::test]
    async fn without_a_reader_nothing_is_read() {
        let (reader, events) = reader();
        reader.inject(Some(Fault::ReaderMissing));
        assert_eq!(reader.read().await.unwrap_err(), Fault::ReaderMissing);
        reader.inject(None);
        assert_eq!(
            events.try_iter().collect::<Vec<_>>(),
            [
                DeviceEvent::Raised(Fault::ReaderMissing),
                DeviceEvent::Cleared(Fault::ReaderMissing)
            ]
        );
    }
}
