//! What the kiosk has in its hands: a folder a device, each with the trait,
//! `hardware.rs` and `simulated.rs`. Simulated devices are built only with the
//! feature `simulated`.

pub mod camera;
pub mod card_reader;
pub mod status_panel;
pub mod token_writer;
pub mod usb_drive;
mod worker_watch;

/// Stands in the log when a simulated device is used, and in every program that has
/// one built in: `cargo xtask device` looks for it.
#[cfg(feature = "simulated")]
const SIMULATED_MARK: &str = "qoltanba-simulated-device";

/// Told by each simulated device as it starts.
#[cfg(feature = "simulated")]
fn simulated_in_use(device: &str) {
    tracing::info!("{SIMULATED_MARK}: {device}");
}
