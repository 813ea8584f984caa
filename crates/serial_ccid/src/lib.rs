//! Cards in a reader on a serial line.
//!
//! The reader speaks CCID (USB CCID revision 1.1, chapter 6) in the framing of the
//! GemPC Twin: [`frame`], [`message`]. It carries single blocks, so that T=1
//! (ISO 7816-3, section 11) is spoken here: [`block`]. [`SerialReader`] is the reader,
//! [`SerialCard`] a powered card in it, an [`apdu::CardChannel`].
//!
//! Every call ends: in the time of [`Timing`] when nothing answers, and at its longest
//! when something answers without an end. Not here: applications of cards, and which
//! reader a kiosk has.

pub mod block;
mod block_protocol;
mod card;
mod card_service;
pub mod frame;
mod line;
pub mod message;
mod parameters;
mod port;
mod reader;
mod slot_error;

pub use apdu::{Atr, CardChannel, ChannelError};
pub use card::{ConnectError, SerialCard};
pub use line::{LineCounters, Timing};
pub use port::OpenError;
pub use reader::{ReaderSettings, SerialReader};
pub use slot_error::SlotError;

pub use message::SlotStatus;
