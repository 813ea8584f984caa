//! What carries APDUs to a chip and back.

use serde::{Deserialize, Serialize};

/// One chip, as long as it is powered.
///
/// `transmit` may block for as long as the chip thinks: whoever needs a deadline
/// runs the reading in a process that can be ended.
pub trait CardChannel {
    /// Sends a command APDU as it stands and gives the whole answer, SW1 SW2 last
    /// (ISO 7816-3, 12.1.1). An answer has at least two bytes.
    ///
    /// # Errors
    /// The card, the reader or the service behind it is gone.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError>;
}

/// Why an APDU had no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum ChannelError {
    #[error("the card was taken away")]
    Removed,
    /// Another program reset the card: what had been agreed with it is forgotten.
    #[error("the card was reset")]
    Reset,
    #[error("the reader is gone")]
    ReaderGone,
    #[error("the card service does not answer")]
    ServiceDown,
    /// Shorter than a status word, or an error of the transport without a name.
    #[error("the transport failed")]
    Failed,
}
