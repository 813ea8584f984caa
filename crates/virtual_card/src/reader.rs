//! The virtual reader of a real card service.

use std::time::{Duration, Instant};

use crate::card_service::CardService;
use crate::cards::Cards;

/// vpcd's own.
pub const PORT: u16 = 35963;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A reader, with pcscd behind it. pcscd notices a card within half a second.
pub struct VirtualReader {
    // Dropped in this order: the card is out before its service ends.
    pub cards: Cards,
    service: Option<CardService>,
}

impl VirtualReader {
    /// Within [`apart`](crate::apart) only.
    pub fn start() -> VirtualReader {
        VirtualReader {
            cards: Cards::for_reader_at(PORT),
            service: Some(CardService::start()),
        }
    }

    /// Kills pcscd; the card loses its reader.
    pub fn kill_service(&mut self) {
        self.service = None;
    }

    /// Starts pcscd, after [`kill_service`](Self::kill_service) or in place of the
    /// running one.
    pub fn start_service(&mut self) {
        self.kill_service();
        self.service = Some(CardService::start());
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
