//! An SSD1306 display of 128 x 64 points on an I2C bus.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use linux_embedded_hal::I2cdev;
use ssd1306::mode::DisplayConfig;
use ssd1306::prelude::{DisplayRotation, DisplaySize128x64};
use ssd1306::{I2CDisplayInterface, Ssd1306};

use super::{PanelState, StatusPanel, draw};

/// Written again so often, so that a panel that lost its power comes back by itself.
const REFRESH: Duration = Duration::from_secs(30);

/// Its thread ends with it.
pub struct I2cPanel(Sender<PanelState>);

/// `bus`: e.g. `/dev/i2c-1`. A panel that is missing is logged and tried again.
pub fn start(bus: PathBuf) -> std::io::Result<I2cPanel> {
    let (sender, states) = mpsc::channel();
    std::thread::Builder::new()
        .name("status panel".into())
        .spawn(move || run(&bus, &states))?;
    Ok(I2cPanel(sender))
}

impl StatusPanel for I2cPanel {
    fn show(&self, state: PanelState) {
        // The thread ends only with the panel.
        let _ = self.0.send(state);
    }
}

fn run(bus: &Path, states: &Receiver<PanelState>) {
    let mut shown = None;
    let mut works = true;
    loop {
        match states.recv_timeout(REFRESH) {
            // Only the newest counts.
            Ok(state) => shown = Some(states.try_iter().last().unwrap_or(state)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let Some(state) = shown else { continue };
        match write(bus, state) {
            Ok(()) => works = true,
            Err(error) => {
                if std::mem::replace(&mut works, false) {
                    tracing::warn!(%error, "status panel");
                }
            }
        }
    }
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
