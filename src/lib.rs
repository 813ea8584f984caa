//! The kiosk at which a citizen obtains an electronic digital signature.
//!
//! The pure core is [`station`], [`session`] and [`maintenance`]; everything that touches the
//! world stands around it, and `run` is the only place where both meet.

pub mod config;
pub mod devices;
pub mod maintenance;
pub mod run;
pub mod secrecy;
pub mod session;
pub mod station;
pub mod sync;
#[cfg(feature = "ui")]
pub mod ui;
