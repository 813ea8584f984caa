//! The kiosk's end of a worker with a place for tokens.
#![allow(dead_code, reason = "each test program uses some of it")]

use std::time::Duration;

use exchange::StorageType;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::UnboundedReceiver;
use worker::{RemoteToken, Role, TokenEvent, TokenPlace, WatchEvent, WorkerClient, WorkerConfig};

/// Longer than anything takes on a busy machine.
pub const SOON: Duration = Duration::from_secs(60);

pub struct Kiosk {
    pub runtime: Runtime,
    pub worker: WorkerClient,
    events: UnboundedReceiver<WatchEvent>,
}

impl Kiosk {
    pub fn with(place: TokenPlace) -> Kiosk {
        let runtime = Runtime::new().unwrap();
        let (worker, events) = runtime.block_on(async {
            let worker = WorkerClient::new(WorkerConfig {
                program: Some(env!("CARGO_BIN_EXE_kiosk-worker").into()),
                tokens: Some(place),
                ..WorkerConfig::new(Role::Tokens)
            });
            let events = worker.watch_tokens().await;
            (worker, events)
        });
        Kiosk {
            runtime,
            worker,
            events,
        }
    }

    /// Waits until this is told; what is told before is passed over.
    pub fn told(&mut self, wanted: TokenEvent) {
        self.told_any(WatchEvent::Token(wanted));
    }

    pub fn told_any(&mut self, wanted: WatchEvent) {
        self.runtime.block_on(async {
            let mut before = Vec::new();
            loop {
                match tokio::time::timeout(SOON, self.events.recv()).await {
                    Ok(Some(event)) if event == wanted => return,
                    Ok(Some(event)) => before.push(event),
                    _ => panic!("{wanted:?} not told, only {before:?}"),
                }
            }
        });
    }

    /// The one that is in.
    pub fn token(&self, kind: StorageType) -> RemoteToken {
        let runtime = self.runtime.handle().clone();
        RemoteToken::new(self.worker.clone(), runtime, kind)
    }
}
