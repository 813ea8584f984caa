//! The tests of the devices. Each waits for what the technician puts in, tells what to do,
//! and gives a table; what only eyes can judge is asked by the core afterwards.

mod camera;
mod drive;
mod panel;
mod reader;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use crate::maintenance::{Answer, Device, Light, Row, RowName, Value, Word};
use crate::session::event::Failure;

use super::super::asked::Asked;
use super::super::world::Inner;

/// How long card, token or drive is awaited.
const PATIENCE: Duration = Duration::from_secs(45);
const LOOK_EVERY: Duration = Duration::from_millis(200);

impl Inner {
    pub(super) async fn test_device(
        self: &Arc<Self>,
        asked: &Asked,
        device: Device,
    ) -> Result<Answer, Failure> {
        let rows = match device {
            Device::Camera => self.test_camera().await?,
            Device::Reader => self.test_reader(asked).await,
            Device::Writer => self.test_writer(asked).await?,
            Device::Drive => self.test_drive(asked).await?,
            Device::Panel => self.test_panel(),
            // Eyes and fingers alone: nothing of it comes here.
            Device::Touch | Device::Display => Vec::new(),
        };
        Ok(Answer::Rows(rows))
    }
}

/// Looks until there is something to see, nobody waits for it any more, or it was too long.
async fn awaited<T, F>(asked: &Asked, mut look: impl FnMut() -> F) -> Option<T>
where
    F: Future<Output = Option<T>>,
{
    let end = tokio::time::Instant::now() + PATIENCE;
    while !asked.is_abandoned() && tokio::time::Instant::now() < end {
        if let Some(seen) = look().await {
            return Some(seen);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    None
}

/// A device that this kiosk does not have, by its configuration.
fn not_needed(name: RowName) -> Vec<Row> {
    vec![Row::word(name, Light::None, Word::NotNeeded)]
}

/// Milliseconds as a value.
fn millis(took: Duration) -> Value {
    Value::Millis(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}
