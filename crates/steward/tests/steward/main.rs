//! The steward behind a real socket, with small programs where the image has its own.

mod local;
mod offered;
mod place;
mod socket;
mod verbs;
