//! Where the token is put in: a reader of a real card service, or the serial writer.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use virtual_card::{CardService, PORT};
use virtual_reader::{InsertedCard, ReaderModel, VirtualSerialReader};
use virtual_token::{Behind, CountedCard, RelayedCard};
use worker::TokenPlace;

use super::Trouble;
use crate::soak::children_named;

/// From one card to the next. pcscd looks every 400 ms; a card that is exchanged in
/// between, while the end of a killed client resets it, counts as absent for good.
const HAND: Duration = Duration::from_millis(1500);

/// A place for tokens that can be lost.
pub enum Stand {
    Pcsc {
        /// None: killed.
        service: Arc<Mutex<Option<CardService>>>,
        card: Option<RelayedCard>,
    },
    Serial {
        writer: VirtualSerialReader,
        lost: Arc<Mutex<bool>>,
        /// The tty has the same name when the writer is plugged in again.
        names: TempDir,
    },
}

impl Stand {
    /// Within [`virtual_card::apart`] only.
    pub fn pcsc() -> Stand {
        Stand::Pcsc {
            service: Arc::new(Mutex::new(Some(CardService::start()))),
            card: None,
        }
    }

    pub fn serial() -> Stand {
        let stand = Stand::Serial {
            writer: VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin()),
            lost: Arc::default(),
            names: tempfile::tempdir().unwrap(),
        };
        stand.name_tty();
        stand
    }

    pub fn place(&self) -> TokenPlace {
        match self {
            Stand::Pcsc { .. } => TokenPlace::Pcsc {
                reader: "Virtual PCD".into(),
            },
            Stand::Serial { names, .. } => TokenPlace::Serial {
                tty: tty_name(names),
            },
        }
    }

    /// Puts the card in, pulling it first where it was, after service or writer came back
    /// if they were lost.
    pub fn put_in(&mut self, counted: &CountedCard) {
        match self {
            Stand::Pcsc { service, card } => {
                if card.take().is_some() {
                    std::thread::sleep(HAND);
                }
                let mut service = service.lock().unwrap();
                if service.is_none() {
                    *service = Some(CardService::start());
                }
                *card = Some(RelayedCard::at(PORT, counted.clone()));
            }
            Stand::Serial { writer, lost, .. } => {
                let mut lost = lost.lock().unwrap();
                if std::mem::take(&mut *lost) {
                    *writer = VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin());
                } else {
                    writer.take_out();
                }
                drop(lost);
                let powered = counted.clone();
                writer.insert(InsertedCard::reset_by(move || powered.power_up()));
                self.name_tty();
            }
        }
    }

    /// What happens at the card.
    pub fn happening(&self, trouble: Trouble) -> Box<dyn FnOnce() -> Behind + Send> {
        match (trouble, self) {
            (Trouble::CardPulled, _) => Box::new(|| Behind::Pulled),
            (Trouble::WorkerKilled, _) => Box::new(|| {
                for worker in children_named("kiosk-worker") {
                    let worker = i32::try_from(worker).ok().and_then(Pid::from_raw);
                    // It may have ended by itself.
                    let _ = kill_process(worker.expect("a process"), Signal::KILL);
                }
                Behind::Answers
            }),
            (Trouble::ReaderLost, Stand::Pcsc { service, .. }) => {
                let service = service.clone();
                Box::new(move || {
                    *service.lock().unwrap() = None;
                    Behind::Pulled
                })
            }
            (Trouble::ReaderLost, Stand::Serial { lost, .. }) => {
                let lost = lost.clone();
                Box::new(move || {
                    *lost.lock().unwrap() = true;
                    Behind::ReaderGone
                })
            }
        }
    }

    fn name_tty(&self) {
        let Stand::Serial { writer, names, .. } = self else {
            return;
        };
        let next = names.path().join("next");
        std::os::unix::fs::symlink(writer.path(), &next).unwrap();
        std::fs::rename(next, tty_name(names)).unwrap();
    }
}

fn tty_name(names: &TempDir) -> PathBuf {
    names.path().join("token-writer")
}

impl std::fmt::Display for Stand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Stand::Pcsc { .. } => "card service",
            Stand::Serial { .. } => "serial writer",
        })
    }
}
