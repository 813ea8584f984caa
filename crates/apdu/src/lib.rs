//! What is said to a chip: commands, answers, and the way they take (ISO 7816-4).
//!
//! Here: APDUs as bytes, the trait of whatever carries them, and what a contact card
//! says of itself first (ISO 7816-3). Not here: readers, files, applications.

mod atr;
mod channel;
mod command;
mod response;

pub use atr::{Atr, AtrError, Convention, InterfaceBytes};
pub use channel::{CardChannel, ChannelError};
pub use command::Command;
pub use response::{Response, StatusWord};
