//! Whether this kiosk's own keys still sign. In a TPM they may stop at any time.

use std::sync::Arc;
use std::time::Duration;

use faults::Fault;

use crate::session::event::{DeviceEvent, Event, Failure};
use crate::sync::{DeviceKeyError, SyncError};

use super::asked::failure;
use super::world::Inner;

const WHILE_WELL: Duration = Duration::from_secs(15 * 60);
const WHILE_FAILED: Duration = Duration::from_secs(30);

/// Raises and clears [`Fault::DeviceKeyFailed`]. The first look comes before the first citizen
/// needs the key, and has a TPM load it.
pub(super) async fn watch(world: Arc<Inner>) {
    let mut raised = false;
    loop {
        let looking = world.clone();
        let looked = tokio::task::spawn_blocking(move || looking.probe_keys()).await;
        let failed = match looked {
            Ok(Ok(())) => false,
            Ok(Err(e)) => {
                tracing::error!("{e}");
                true
            }
            Err(e) => {
                tracing::error!("nobody could look at the keys: {e}");
                true
            }
        };
        if failed != raised {
            raised = failed;
            let told = match failed {
                true => DeviceEvent::Raised(Fault::DeviceKeyFailed),
                false => DeviceEvent::Cleared(Fault::DeviceKeyFailed),
            };
            world.events.send(Event::Device(told));
            if let (false, Some(office)) = (failed, &world.link.office) {
                office.uplink.wake();
            }
        }
        let pause = if failed { WHILE_FAILED } else { WHILE_WELL };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = world.key_in_doubt.notified() => {}
        }
    }
}

impl Inner {
    fn probe_keys(&self) -> Result<(), DeviceKeyError> {
        let keys = self.link.identity().map(|i| [i.device_key(), i.tls_key()]);
        keys.into_iter().flatten().try_for_each(|key| key.probe())
    }

    /// What a person is told when something could not be signed.
    pub fn key_failure(&self, e: impl Into<SyncError>) -> Failure {
        self.key_in_doubt.notify_one();
        let e = e.into();
        failure(e.fault(), &e.to_string())
    }
}
