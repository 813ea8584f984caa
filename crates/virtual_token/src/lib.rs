//! The PIV card of `tests/virtual_piv`, built and run.
//!
//! For tests only: whatever is missing ends the test with a sentence. The program is a
//! workspace of its own; it is built at the first call, into `virtual_piv` in the target
//! directory, which takes some minutes once.

mod card;
mod incident;
mod inserted;
mod program;
mod relayed;

pub use card::{Cut, PivCard, PivChannel};
pub use incident::{Behind, CountedCard};
pub use inserted::InsertedCard;
pub use program::program;
pub use relayed::RelayedCard;
