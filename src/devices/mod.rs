//! What the kiosk has in its hands: a folder a device, each with the trait,
//! `hardware.rs` and `simulated.rs`.
