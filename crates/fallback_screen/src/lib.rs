//! What stands on the kiosk's screen when the kiosk itself cannot start: out of service, the
//! fault's code and cause, what to do, whom to call, in Kazakh, Russian and English.
//!
//! It draws whole frames on Linux' framebuffer without Slint, DRM or a font of the system,
//! so that what stopped the kiosk does not stop it too. A dead interface must not mean a
//! screwdriver either: on a drive that is put in, the steward is asked to write the journal
//! or to install an update. Nothing is mounted, read or installed here.

pub mod canvas;
pub mod drives;
pub mod framebuffer;
pub mod input;
pub mod letters;
pub mod page;
pub mod pixels;
pub mod words;
