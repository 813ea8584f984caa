//! What the kiosk needs root for, and nothing else: a few fixed verbs over a Unix socket.
//!
//! The kiosk and the screen that stands in for it have no privileges. They ask in one JSON
//! line and get JSON lines back: progress, then one last answer. Who asks is known by the
//! kernel (`SO_PEERCRED`), what is asked is made of checked values, and every verb has a
//! deadline. Paths, programs and units are the steward's own: no caller names one.
//!
//! Here: verbs, protocol, and [`client`] for those who ask. Not here: mounting drives
//! (udev and systemd), checking an update's signature (rauc), knowing what time it is.

pub mod activation;
pub mod client;
pub mod config;
pub mod drive;
pub mod install;
pub mod local;
pub mod logs;
pub mod network;
pub mod program;
pub mod protocol;
pub mod recent;
pub mod serve;
pub mod slots;
pub mod time;
pub mod verbs;
pub mod version;
pub mod wipe;

pub use config::Config;
pub use drive::DriveName;
pub use protocol::{Answer, Reason, Refusal, Request};
