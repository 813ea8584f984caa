//! A card reader on a serial line, in software: the other end of a pseudo terminal.
//!
//! CCID in GemPC Twin framing with a T=1 card behind it, which is any
//! [`apdu::CardChannel`]: a specimen document, a token in software, [`FileCard`]. It
//! shares no code with the driver, so that a mistake of one does not meet itself in the
//! other; pcscd's own driver reads it too. For tests only: what cannot be done panics.

mod block_card;
mod fault;
mod file_card;
mod line;
mod model;
mod reader;
mod slot;

pub use fault::{CardFault, LineFault};
pub use file_card::FileCard;
pub use model::{InsertedCard, ReaderModel, atr, token_atr};
pub use reader::VirtualSerialReader;
