//! Reads the machine-readable zone (ICAO 9303, OCR-B) off a picture of an identity
//! document: [`read_frame`] for a camera's, [`read_picture`] for a still.
//!
//! How: dark shapes are found ([`blob`]), shapes in a row at an even pitch are lines
//! ([`text_line`]), two or three lines of 30, 36 or 44 columns are a zone, through
//! whose shapes a projective lattice is laid ([`zone`], [`homography`]); each cell
//! is cut out straight ([`patch`]) and recognised ([`recogniser`]); where every cell
//! is sure and every check digit matches there is a candidate ([`reading`]).
//! [`MrzCollector`] believes three pictures that agree.
//!
//! Here: pixels to [`chip::Mrz`], and what hinders it ([`Hint`]). Not here:
//! cameras, decoding of files, what a person is told about a hint. What is read is
//! personal data: it is wiped when dropped, and `Debug` does not show it.
//!
//! The typeface in `fonts/`, from which the weights were made, and its licence:
//! `README.md`.

mod blob;
mod collector;
mod frame;
mod grey;
mod hint;
mod homography;
mod look_alike;
mod patch;
mod reading;
mod recogniser;
mod text_line;
mod zone;

pub use collector::MrzCollector;
pub use frame::{Frame, read_frame, read_picture};
pub use grey::{Grey, GreyError, MAX_SIDE};
pub use hint::Hint;
