//! The queue: opened, set aside where it is damaged, its room watched.

use std::sync::Arc;
use std::time::Duration;

use faults::Fault;
use outbox::{Limits, Outbox, OutboxError};

use super::Inner;
use crate::config::{self, Config};
use crate::session::event::{DeviceEvent, Event};

/// The queue's room is looked at this often.
const CAPACITY_EVERY: Duration = Duration::from_secs(5);

/// A damaged database was set aside by the queue; what its sealed files tell is
/// taken over, and the office learns of it: a fault beside a queue.
pub(super) fn open_outbox(config: &Config) -> (Option<Outbox>, Option<Fault>) {
    let dir = config.data_dir.join("outbox");
    let mut rebuilt = None;
    let opened = match Outbox::open(&dir, limits(&config.storage)) {
        Err(e @ (OutboxError::Damaged { .. } | OutboxError::DatabaseMissing)) => {
            tracing::error!("{e}; rebuilding it from the sealed files");
            rebuilt = Some(Fault::QueueRebuilt);
            Outbox::rebuild(&dir, limits(&config.storage))
        }
        other => other,
    };
    match opened {
        Ok(outbox) => (Some(outbox), rebuilt),
        Err(e) => {
            tracing::error!("no queue: {e}");
            (None, Some(e.fault()))
        }
    }
}

fn limits(storage: &config::Storage) -> Limits {
    Limits {
        media_floor_bytes: storage.floor_bytes,
        ballast_bytes: storage.ballast_bytes,
        deepest: storage.most_waiting,
        at_boundary: crate::run::boundary::hook(),
        ..Limits::default()
    }
}

/// Raises and clears what keeps the next submission from being kept.
pub(super) async fn watch_capacity(world: Arc<Inner>) {
    let mut raised: Option<Fault> = None;
    while let Some(outbox) = world.outbox.clone() {
        let now = world.clock.now().wall;
        let looked = tokio::task::spawn_blocking(move || {
            outbox.capacity().map(|c| c.refusal(outbox.limits(), now))
        })
        .await;
        let refusal = match looked {
            Ok(Ok(refusal)) => refusal,
            Ok(Err(e)) => Some(e.fault()),
            Err(_) => Some(Fault::Internal),
        };
        if refusal != raised {
            if let Some(fault) = raised.take() {
                world
                    .events
                    .send(Event::Device(DeviceEvent::Cleared(fault)));
            }
            if let Some(fault) = refusal {
                world.events.send(Event::Device(DeviceEvent::Raised(fault)));
            }
            raised = refusal;
        }
        tokio::time::sleep(CAPACITY_EVERY).await;
    }
}
