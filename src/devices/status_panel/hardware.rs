//! An SSD1306 display of 128 x 64 points on an I2C bus.

use std::path::{Path, PathBuf};
use std::time::Duration;

use linux_embedded_hal::I2cdev;
use ssd1306::mode::DisplayConfig;
use ssd1306::prelude::{DisplayRotation, DisplaySize128x64};
use ssd1306::{I2CDisplayInterface, Ssd1306};

use super::refreshing::{self, RefreshedPanel};
use super::{PanelState, draw};
use crate::session::event::DeviceEvent;

/// Written again so often.
const REFRESH: Duration = Duration::from_secs(30);

/// `bus`: e.g. `/dev/i2c-1`. A panel that is missing is a fault, and tried again.
///
/// # Errors
/// The system gives no thread.
pub fn start(
    bus: PathBuf,
    tell: impl Fn(DeviceEvent) + Send + 'static,
) -> std::io::Result<RefreshedPanel> {
    refreshing::start(REFRESH, move |state| write(&bus, state), tell)
}

#[derive(Debug, thiserror::Error)]
enum PanelError {
    #[error("the bus cannot be opened: {0}")]
    Bus(#[from] linux_embedded_hal::i2cdev::linux::LinuxI2CError),
    #[error("the display does not answer: {0}")]
    Display(String),
}

/// From the beginning each time: it takes some 30 ms and survives every interruption.
fn write(bus: &Path, state: PanelState) -> Result<(), PanelError> {
    let interface = I2CDisplayInterface::new(I2cdev::new(bus)?);
    let mut display = Ssd1306::new(interface, DisplaySize128x64, DisplayRotation::Rotate0)
        .into_buffered_graphics_mode();
    display
        .init()
        .and_then(|()| draw(&mut display, state))
        .and_then(|()| display.flush())
        .map_err(|error| PanelError::Display(format!("{error:?}")))
}
