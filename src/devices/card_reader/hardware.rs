//! PC/SC readers through the worker: nothing here can hang on a card.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chip::{ReadRequest, Stage};
use faults::Fault;
use tokio::sync::mpsc::UnboundedSender;
use worker::{CallError, CardEvent, DocumentError, Patience, Role, WorkerClient, WorkerConfig};

use super::presence::Presence;
use super::{CardReader, DocumentFailure, DocumentReading, Reading};
use crate::devices::worker_watch::{self, Told};
use crate::session::event::DeviceEvent;

/// Selecting an application takes a card far less than a second.
const READ_DEADLINE: Duration = Duration::from_secs(8);
/// A slow chip with a large portrait takes ten seconds; computing a signature, two.
const DOCUMENT_PATIENCE: Patience = Patience {
    whole: Duration::from_secs(40),
    silence: Duration::from_secs(8),
};

#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The `kiosk-worker` program; none: see [`WorkerConfig::program`].
    pub worker: Option<PathBuf>,
    /// Only readers whose PC/SC name contains this; none: every reader.
    pub reader: Option<String>,
}

/// Ends its worker when dropped.
pub struct PcscReader {
    presence: Arc<Presence>,
    worker: WorkerClient,
}

/// Within a tokio runtime. `sender` must not call back into the reader.
pub fn start(config: Config, sender: impl Fn(DeviceEvent) + Send + Sync + 'static) -> PcscReader {
    let presence = Arc::new(Presence::new(sender));
    let worker = WorkerClient::new(WorkerConfig {
        program: config.worker,
        reader: config.reader,
        ..WorkerConfig::new(Role::Cards)
    });
    tokio::spawn({
        let (presence, asked) = (presence.clone(), worker.clone());
        async move {
            let events = asked.watch_cards().await;
            // So that the worker ends with the reader, and this task with the worker.
            drop(asked);
            worker_watch::follow(events, |told| match told {
                Told::Card(event) => note(&presence, event),
                Told::Back => presence.fault(Fault::WorkerDied, false),
                Told::Away => presence.fault(Fault::WorkerDied, true),
                Told::Token(_) => {}
            })
            .await;
        }
    });
    PcscReader { presence, worker }
}

fn note(presence: &Presence, event: CardEvent) {
    match event {
        CardEvent::Service { up } => presence.fault(Fault::CardServiceDown, !up),
        CardEvent::Reader { present } => presence.fault(Fault::ReaderMissing, !present),
        CardEvent::Inserted { atr } => presence.inserted(atr),
        CardEvent::Mute => presence.fault(Fault::CardUnreadable, true),
        CardEvent::Removed => presence.removed(),
    }
}

impl CardReader for PcscReader {
    fn watch(&self, on: bool) {
        self.presence.watch(on);
    }

    fn read(&self) -> Reading<'_> {
        Box::pin(async {
            let read = self.worker.read_card(READ_DEADLINE).await;
            if let Err(CallError::Silent(fault)) = read {
                self.presence.fault(fault, true);
            }
            read.map_err(|error| {
                tracing::info!(%error, "card not read");
                error.fault()
            })
        })
    }

    fn read_document(
        &self,
        request: ReadRequest,
        progress: UnboundedSender<Stage>,
    ) -> DocumentReading<'_> {
        Box::pin(async move {
            let key = request.access.clone();
            let read = self
                .worker
                .read_document(request, progress, DOCUMENT_PATIENCE)
                .await;
            read.map_err(|error| {
                tracing::info!(%error, "document not read");
                if let DocumentError::Call(CallError::Silent(fault)) = error {
                    self.presence.fault(fault, true);
                }
                DocumentFailure::of(&error, &key)
            })
        })
    }
}
