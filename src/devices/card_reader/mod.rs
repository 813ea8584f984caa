//! The card reader: cards coming and going, and what a card says.

pub mod hardware;
mod presence;
#[cfg(feature = "simulated")]
pub mod simulated;

use std::future::Future;
use std::pin::Pin;

use faults::Fault;
pub use worker::CardRead;

/// Answers once; dropping it gives up waiting.
pub type Reading<'a> = Pin<Box<dyn Future<Output = Result<CardRead, Fault>> + Send + 'a>>;

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
}
