//! What is said to a chip: commands, answers, and the way they take (ISO 7816-4).
//!
//! Here: APDUs as bytes and the trait of whatever carries them. Not here: readers,
//! files, applications.

mod channel;
mod command;
mod response;

pub use channel::{CardChannel, ChannelError};
pub use command::Command;
pub use response::{Response, StatusWord};
