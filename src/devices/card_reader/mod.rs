//! The card reader: cards coming and going, and what a card says.

pub mod hardware;
mod presence;
#[cfg(feature = "simulated")]
pub mod simulated;

use std::future::Future;
use std::pin::Pin;

use chip::{AccessKey, ChipRead, ReadError, ReadRequest, Stage};
use faults::Fault;
use tokio::sync::mpsc::UnboundedSender;
pub use worker::CardRead;
use worker::DocumentError;

/// Answers once; dropping it gives up waiting.
pub type Reading<'a> = Pin<Box<dyn Future<Output = Result<CardRead, Fault>> + Send + 'a>>;

/// Answers once; dropping it gives up the read.
pub type DocumentReading<'a> =
    Pin<Box<dyn Future<Output = Result<ChipRead, DocumentFailure>> + Send + 'a>>;

/// Why a document's chip was not read. Everything but a fault is an answer of the
/// chip: reader and card are well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentFailure {
    /// The chip refused MRZ or CAN.
    WrongKey {
        /// As the chip says; most say nothing.
        tries_left: Option<u8>,
    },
    /// It has blocked the CAN, or knows none: the MRZ may still open it.
    CanNotTaken,
    /// No eMRTD application, or none whose protocols are known.
    NoApplication,
    Fault(Fault),
}

impl DocumentFailure {
    /// `key`: with what the chip was to be opened.
    pub fn of(error: &DocumentError, key: &AccessKey) -> DocumentFailure {
        let DocumentError::Read(read) = error else {
            return DocumentFailure::Fault(error.fault());
        };
        match read {
            ReadError::WrongAccessKey { tries_left } => DocumentFailure::WrongKey {
                tries_left: *tries_left,
            },
            ReadError::Blocked => DocumentFailure::CanNotTaken,
            ReadError::NotSupported(_) if matches!(key, AccessKey::Can(_)) => {
                DocumentFailure::CanNotTaken
            }
            ReadError::NoApplication | ReadError::NotSupported(_) => DocumentFailure::NoApplication,
            ReadError::Channel(_)
            | ReadError::SecureMessaging(_)
            | ReadError::Protocol { .. }
            | ReadError::File { .. } => DocumentFailure::Fault(error.fault()),
        }
    }
}

impl From<Fault> for DocumentFailure {
    fn from(fault: Fault) -> Self {
        DocumentFailure::Fault(fault)
    }
}

/// A reader for identity documents. Faults of the reader itself (`ReaderMissing`,
/// `CardServiceDown`) are told from the start; cards only while they are watched.
pub trait CardReader: Send + Sync {
    /// While on, `CardInserted` and `CardRemoved` are told; `CardInserted` at once if a
    /// card is there.
    fn watch(&self, on: bool);

    /// Reads the card that is in the reader.
    ///
    /// # Errors
    /// `CardSilent`, `CardPulled` (also: none is there), `CardUnreadable`,
    /// `ReaderMissing`, `CardServiceDown`, `WorkerDied`.
    fn read(&self) -> Reading<'_>;

    /// Reads the chip of the document that is in the reader, telling how far it is. After
    /// any failure it can be tried again with the document where it is.
    ///
    /// # Errors
    /// See [`DocumentFailure`]; its faults are those of [`CardReader::read`] and
    /// `CardTampered`.
    fn read_document(
        &self,
        request: ReadRequest,
        progress: UnboundedSender<Stage>,
    ) -> DocumentReading<'_>;
}
