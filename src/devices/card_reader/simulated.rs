//! A reader without a reader: cards are put in by whoever holds it.

pub mod document;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chip::{ChannelError, ReadError, ReadRequest, Stage};
use faults::Fault;
use specimen::{ChipConfig, Faults, Specimen, SpecimenChip, SystemRandom};
use tokio::sync::mpsc::UnboundedSender;
use worker::DocumentError;

use self::document::Inserted;
use super::presence::Presence;
use super::{CardRead, CardReader, DocumentFailure, DocumentReading, Reading};
use crate::session::event::DeviceEvent;

/// Like that of a passport chip: T=0 and T=1 over ISO 14443 (PC/SC part 3, 3.1.3.2.3).
pub const PASSPORT_ATR: &str = "3B8880010073C8400000900062";
/// How long a simulated card takes to answer.
const ANSWER_TIME: Duration = Duration::from_millis(300);
/// How long a silent card is waited for.
const SILENCE_LIMIT: Duration = Duration::from_secs(2);

/// How the card in the reader behaves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Chip {
    /// Has the eMRTD application: the specimen document.
    #[default]
    Emrtd,
    /// The same, and this goes wrong while it is read.
    Faulty(Faults),
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
    /// The chip of the document; failed tries stay with it.
    document: Arc<Mutex<Option<SpecimenChip>>>,
    config: ChipConfig,
}

/// `config`: of the chips of documents that are put in. `sender` must not call back
/// into the reader.
pub fn start(
    config: ChipConfig,
    sender: impl Fn(DeviceEvent) + Send + Sync + 'static,
) -> SimulatedReader {
    super::super::simulated_in_use("card reader");
    SimulatedReader {
        presence: Arc::new(Presence::new(sender)),
        document: Arc::default(),
        config,
        card: Arc::default(),
        fault: Arc::default(),
    }
}

impl SimulatedReader {
    /// This document is what [`Chip::Emrtd`] means from now on, and lies in the reader.
    pub fn put_in(&self, document: Specimen) {
        self.remove();
        let chip = SpecimenChip::new(document, self.config.clone(), Box::new(SystemRandom));
        *lock(&self.document) = Some(chip);
        self.insert(Chip::Emrtd);
    }

    /// Its holder goes away with it: nothing of it stays here.
    pub fn take_away(&self) {
        self.remove();
        *lock(&self.document) = None;
    }

    pub fn insert(&self, chip: Chip) {
        self.remove();
        let mute = chip == Chip::Mute;
        *lock(&self.card) = Some(chip);
        if mute {
            self.presence.fault(Fault::CardUnreadable, true);
        } else {
            self.presence.inserted(PASSPORT_ATR.into());
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
        let (fault, card) = (*lock(&self.fault), lock(&self.card).clone());
        if let Some(fault) = fault {
            return Err(fault);
        }
        let emrtd = match card {
            None => return Err(Fault::CardPulled),
            Some(Chip::Mute) => return Err(Fault::CardUnreadable),
            Some(Chip::Emrtd | Chip::Faulty(_)) => true,
            Some(Chip::Other) => false,
            Some(Chip::Pulled) => {
                self.remove();
                return Err(Fault::CardPulled);
            }
            Some(Chip::Silent) => {
                tokio::time::sleep(SILENCE_LIMIT).await;
                return Err(self.silent());
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

    fn silent(&self) -> Fault {
        self.presence.fault(Fault::CardSilent, true);
        Fault::CardSilent
    }

    async fn document(
        &self,
        request: ReadRequest,
        progress: UnboundedSender<Stage>,
    ) -> Result<chip::ChipRead, DocumentFailure> {
        let (fault, card) = (*lock(&self.fault), lock(&self.card).clone());
        if let Some(fault) = fault {
            return Err(fault.into());
        }
        let faults = match card {
            None => return Err(Fault::CardPulled.into()),
            Some(Chip::Mute) => return Err(Fault::CardUnreadable.into()),
            Some(Chip::Other) => return Err(DocumentFailure::NoApplication),
            Some(Chip::Silent) => {
                tokio::time::sleep(SILENCE_LIMIT).await;
                return Err(self.silent().into());
            }
            Some(Chip::Emrtd) => Faults::default(),
            Some(Chip::Faulty(faults)) => faults,
            Some(Chip::Pulled) => {
                self.remove();
                return Err(Fault::CardPulled.into());
            }
        };
        let key = request.access.clone();
        let stays_silent = faults.silent_after.is_some();
        // Gone when this future is dropped: who gave up the read has no use for the rest.
        let asker = Arc::new(());
        let (reader, wanted) = (self.clone(), Arc::downgrade(&asker));
        let reading = tokio::task::spawn_blocking(move || {
            reader.exchange(&request, faults, &progress, || wanted.strong_count() > 0)
        });
        let read = reading
            .await
            .map_err(|_| DocumentFailure::Fault(Fault::WorkerDied))?;
        read.map_err(|error| match error {
            // The worker, too, gives up a chip that says nothing.
            ReadError::Channel(ChannelError::Failed) if stays_silent => self.silent().into(),
            ReadError::Channel(ChannelError::Removed) => {
                self.remove();
                Fault::CardPulled.into()
            }
            error => DocumentFailure::of(&DocumentError::Read(error), &key),
        })
    }

    /// The whole conversation; takes as long as a chip does.
    fn exchange(
        &self,
        request: &ReadRequest,
        faults: Faults,
        progress: &UnboundedSender<Stage>,
        wanted: impl Fn() -> bool,
    ) -> Result<chip::ChipRead, ReadError> {
        let mut document = lock(&self.document);
        let Some(chip) = document.as_mut() else {
            return Err(ChannelError::Removed.into());
        };
        chip.power_on();
        chip.set_faults(Faults {
            silence: SILENCE_LIMIT,
            ..faults
        });
        let there = || match (*lock(&self.fault), &*lock(&self.card)) {
            (Some(Fault::CardServiceDown), _) => Err(ChannelError::ServiceDown),
            (Some(_), _) => Err(ChannelError::ReaderGone),
            (None, None) => Err(ChannelError::Removed),
            (None, Some(_)) if wanted() => Ok(()),
            (None, Some(_)) => Err(ChannelError::Reset),
        };
        let mut channel = Inserted { chip, there };
        chip::read_document(&mut channel, request, &mut |stage| {
            // Nobody need listen.
            let _ = progress.send(stage);
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

    fn read_document(
        &self,
        request: ReadRequest,
        progress: UnboundedSender<Stage>,
    ) -> DocumentReading<'_> {
        Box::pin(self.document(request, progress))
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
        let document = document::identity_card(&document::Holder::default()).unwrap();
        let config = ChipConfig {
            tries: Some(3),
            ..ChipConfig::default()
        };
        let reader = start(config, move |event| {
            // A reader may outlive whoever listens to it.
            let _ = sender.send(event);
        });
        reader.put_in(document);
        reader.remove();
        (reader, events)
    }

    fn request(can: &str) -> ReadRequest {
        ReadRequest {
            access: chip::AccessKey::Can(chip::Can::parse(can).unwrap()),
            data_groups: ReadRequest::DATA_GROUPS.to_vec(),
            challenge: [7; 8],
            short_only: false,
        }
    }

    async fn read_document(
        reader: &SimulatedReader,
        can: &str,
    ) -> Result<chip::ChipRead, DocumentFailure> {
        let (progress, _stages) = tokio::sync::mpsc::unbounded_channel();
        reader.read_document(request(can), progress).await
    }

    const CAN: &str = "123456";

    #[tokio::test]
    async fn its_document_is_read_and_proven_genuine_by_its_authority() {
        let (reader, _events) = reader();
        reader.insert(Chip::Emrtd);
        let (progress, mut stages) = tokio::sync::mpsc::unbounded_channel();
        let read = reader.read_document(request(CAN), progress).await.unwrap();
        assert_eq!(stages.recv().await, Some(Stage::Access));

        let authority = document::authority().unwrap();
        let trust = chip::trust::Trust::from_der(authority.csca_der()).unwrap();
        let mut checks = chip::passive::verify(&read.files, &trust, 1_795_000_000);
        checks.extend(read.checks);
        let doubtful: Vec<_> = checks
            .iter()
            .filter(|check| {
                // A specimen's authority revokes nothing and says nothing of it.
                check.name != chip::CheckName::SignerRevocation
                    && check.outcome != chip::Outcome::Passed
            })
            .collect();
        assert!(doubtful.is_empty(), "{doubtful:?}");
    }

    #[tokio::test]
    async fn a_document_that_was_taken_away_is_not_there_any_more() {
        let (reader, _events) = reader();
        reader.insert(Chip::Emrtd);
        assert!(read_document(&reader, CAN).await.is_ok());
        reader.take_away();
        reader.insert(Chip::Emrtd);
        let gone = DocumentFailure::Fault(Fault::CardPulled);
        assert_eq!(read_document(&reader, CAN).await.unwrap_err(), gone);
    }

    #[tokio::test]
    async fn a_wrong_key_costs_a_try_and_the_right_one_opens() {
        let (reader, _events) = reader();
        reader.insert(Chip::Emrtd);
        let failure = read_document(&reader, "654321").await.unwrap_err();
        let tries_left = Some(2);
        assert_eq!(failure, DocumentFailure::WrongKey { tries_left });
        assert!(read_document(&reader, CAN).await.is_ok());
        reader.insert(Chip::Other);
        let failure = read_document(&reader, CAN).await.unwrap_err();
        assert_eq!(failure, DocumentFailure::NoApplication);
    }

    #[tokio::test]
    async fn each_fault_of_a_chip_is_named_and_the_next_read_is_whole() {
        let (reader, events) = reader();
        let cases = [
            (
                Faults {
                    remove_after: Some(9),
                    ..Faults::default()
                },
                Fault::CardPulled,
            ),
            (
                Faults {
                    wrong_mac_after: Some(9),
                    ..Faults::default()
                },
                Fault::CardTampered,
            ),
            (
                Faults {
                    silent_after: Some(9),
                    ..Faults::default()
                },
                Fault::CardSilent,
            ),
        ];
        for (faults, expected) in cases {
            reader.insert(Chip::Faulty(faults));
            let failure = read_document(&reader, CAN).await.unwrap_err();
            assert_eq!(failure, DocumentFailure::Fault(expected));
            reader.insert(Chip::Emrtd);
            assert!(read_document(&reader, CAN).await.is_ok(), "{expected}");
        }
        let told: Vec<_> = events.try_iter().collect();
        assert_eq!(
            told,
            [
                DeviceEvent::Raised(Fault::CardSilent),
                DeviceEvent::Cleared(Fault::CardSilent)
            ]
        );
    }

    #[tokio::test]
    async fn a_document_taken_out_while_it_is_read_is_pulled() {
        let (reader, _events) = reader();
        reader.insert(Chip::Emrtd);
        let (progress, mut stages) = tokio::sync::mpsc::unbounded_channel();
        let taken = reader.clone();
        let (read, ()) = tokio::join!(reader.read_document(request(CAN), progress), async move {
            stages.recv().await.unwrap();
            taken.remove();
        });
        let pulled = DocumentFailure::Fault(Fault::CardPulled);
        assert_eq!(read.unwrap_err(), pulled);
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
