//! What identity documents say of themselves to a machine.
//!
//! Here: the machine-readable zone (ICAO 9303) and the answer to reset of a
//! contact card (ISO 7816-3). Not here: readers, cameras, what a document's
//! data is used for.

pub mod atr;
pub mod mrz;
mod mrz_layout;

pub use atr::{Atr, AtrError};
pub use mrz::{Mrz, MrzError, MrzField, MrzFormat, Sex};
