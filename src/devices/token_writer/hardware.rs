//! The place for tokens through the worker: a token or its maker's module can hang
//! there, not here.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use exchange::StorageType;
use faults::Fault;
use keystore::Token;
use tokio::runtime::Handle;
use worker::{CardEvent, RemoteToken, Role, TokenEvent, TokenPlace, WorkerClient, WorkerConfig};

use super::TokenWriter;
use crate::devices::worker_watch::{self, Told};
use crate::session::event::DeviceEvent;

#[derive(Debug, Clone)]
pub struct Config {
    /// The `kiosk-worker` program; none: see [`WorkerConfig::program`].
    pub worker: Option<PathBuf>,
    pub place: TokenPlace,
}

/// Ends its worker when dropped.
pub struct WorkerWriter {
    worker: WorkerClient,
    runtime: Handle,
    seen: Arc<Seen>,
    /// One piece of work at a time.
    work: Mutex<()>,
}

/// What was told of the place last.
struct Seen {
    event: Mutex<TokenEvent>,
    tell: Box<dyn Fn(DeviceEvent) + Send + Sync>,
}

/// The fault that stands as long as this is in the place.
fn fault_of(event: TokenEvent) -> Option<Fault> {
    match event {
        TokenEvent::Removed | TokenEvent::Inserted(_) => None,
        TokenEvent::Unknown => Some(Fault::TokenUnknown),
        TokenEvent::Several => Some(Fault::TokenSeveral),
        TokenEvent::PlaceGone => Some(Fault::WriterSilent),
    }
}

fn kind_of(event: TokenEvent) -> Option<StorageType> {
    match event {
        TokenEvent::Inserted(kind) => Some(kind),
        _ => None,
    }
}

impl Seen {
    fn take(&self, event: TokenEvent) {
        let before = std::mem::replace(
            &mut *self.event.lock().unwrap_or_else(PoisonError::into_inner),
            event,
        );
        if before == event {
            return;
        }
        if kind_of(before).is_some() {
            (self.tell)(DeviceEvent::TokenRemoved);
        }
        if let Some(fault) = fault_of(before) {
            (self.tell)(DeviceEvent::Cleared(fault));
        }
        if let Some(fault) = fault_of(event) {
            (self.tell)(DeviceEvent::Raised(fault));
        }
        if let Some(kind) = kind_of(event) {
            (self.tell)(DeviceEvent::TokenInserted { kind });
        }
    }
}

/// Within a tokio runtime. `sender` must not call back into the writer.
pub fn start(config: Config, sender: impl Fn(DeviceEvent) + Send + Sync + 'static) -> WorkerWriter {
    let seen = Arc::new(Seen {
        event: Mutex::new(TokenEvent::Removed),
        tell: Box::new(sender),
    });
    let worker = WorkerClient::new(WorkerConfig {
        program: config.worker,
        tokens: Some(config.place),
        ..WorkerConfig::new(Role::Tokens)
    });
    tokio::spawn({
        let (seen, asked) = (seen.clone(), worker.clone());
        async move {
            let events = asked.watch_tokens().await;
            // So that the worker ends with the writer, and this task with the worker.
            drop(asked);
            worker_watch::follow(events, |told| match told {
                Told::Token(event) => seen.take(event),
                Told::Away | Told::Card(CardEvent::Service { up: false }) => {
                    seen.take(TokenEvent::PlaceGone);
                }
                // What is in the place is told at once after this.
                Told::Back | Told::Card(_) => {}
            })
            .await;
        }
    });
    WorkerWriter {
        worker,
        runtime: Handle::current(),
        seen,
        work: Mutex::new(()),
    }
}

impl TokenWriter for WorkerWriter {
    fn inserted(&self) -> Option<StorageType> {
        kind_of(
            *self
                .seen
                .event
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn with_token(&self, work: &mut dyn FnMut(&mut dyn Token)) -> Result<(), Fault> {
        let _alone = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = self.inserted().ok_or(Fault::TokenMissing)?;
        work(&mut RemoteToken::new(
            self.worker.clone(),
            self.runtime.clone(),
            kind,
        ));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn each_change_is_told_once_and_takes_back_what_stood() {
        let (sender, told) = mpsc::channel();
        let seen = Seen {
            event: Mutex::new(TokenEvent::Removed),
            tell: Box::new(move |event| sender.send(event).unwrap()),
        };
        let kind = StorageType::Piv;
        for event in [
            TokenEvent::Removed,
            TokenEvent::Inserted(kind),
            TokenEvent::Inserted(kind),
            TokenEvent::Several,
            TokenEvent::Removed,
        ] {
            seen.take(event);
        }
        assert_eq!(
            told.try_iter().collect::<Vec<_>>(),
            [
                DeviceEvent::TokenInserted { kind },
                DeviceEvent::TokenRemoved,
                DeviceEvent::Raised(Fault::TokenSeveral),
                DeviceEvent::Cleared(Fault::TokenSeveral),
            ]
        );
    }
}
