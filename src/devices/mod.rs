//! What the kiosk has in its hands: a folder a device, each with the trait,
//! `hardware.rs` and `simulated.rs`. Simulated devices are built only with the
//! feature `simulated`.

pub mod camera;
pub mod card_reader;
pub mod status_panel;
pub mod token_writer;
pub mod usb_drive;
