//! The virtual reader with its card service and the card in it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::card_service::CardService;
use crate::console::{Console, Traffic};
use crate::document::Document;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A reader, and at most one card in it.
pub struct VirtualReader {
    // Dropped in this order: the card is out before its service ends.
    console: Console,
    service: Option<CardService>,
    documents: TempDir,
    made: u32,
}

impl VirtualReader {
    pub fn start() -> VirtualReader {
        VirtualReader {
            console: Console::start(),
            service: Some(CardService::start()),
            documents: TempDir::new().expect("a directory for documents"),
            made: 0,
        }
    }

    /// Makes a document; `spec` has the options of `DocumentSpec` that are not the default.
    pub fn make(&mut self, spec: Value) -> Document {
        self.made += 1;
        let directory = self.documents.path().join(self.made.to_string());
        self.console
            .ask(&json!({"make": spec, "directory": directory}));
        Document::load(&directory)
    }

    /// Puts a document in, in place of the one before; `config` has the options of
    /// `CardConfig` that are not the default. pcscd notices within half a second.
    pub fn insert(&mut self, document: &Document, config: Value) {
        self.console
            .ask(&json!({"insert": config, "directory": document.directory}));
    }

    /// Takes the card out; what was exchanged since it was put in.
    pub fn take_out(&mut self) -> Vec<Traffic> {
        self.console.ask(&json!({"take_out": true}))
    }

    /// Kills pcscd; the card loses its reader.
    pub fn kill_service(&mut self) {
        self.service = None;
    }

    /// Starts pcscd anew.
    pub fn start_service(&mut self) {
        // The former first.
        self.service = None;
        self.service = Some(CardService::start());
    }

    pub fn service(&self) -> Option<&CardService> {
        self.service.as_ref()
    }
}

/// Waits until `condition` holds.
///
/// # Panics
/// It does not hold in half a minute.
pub fn wait(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
