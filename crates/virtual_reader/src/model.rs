//! What kind of reader and card it is.

use std::time::Duration;

use apdu::CardChannel;

/// How a make of reader behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderModel {
    /// Sends back what it hears, before it answers.
    pub echo: bool,
    /// Tells of cards without being asked.
    pub notifies: bool,
    /// Bytes take the time they would at 115200 bit/s with 8N2, and between reader and
    /// card at the card's speed.
    pub paced: bool,
    /// Bytes written at once, and the pause behind. None: a whole frame.
    pub pieces: Option<(usize, Duration)>,
    /// Knows PC_to_RDR_SetParameters.
    pub sets_parameters: bool,
}

impl ReaderModel {
    pub fn gem_pc_twin() -> ReaderModel {
        ReaderModel {
            echo: true,
            notifies: true,
            paced: false,
            pieces: None,
            sets_parameters: true,
        }
    }

    pub fn gem_core_sim_pro() -> ReaderModel {
        ReaderModel {
            echo: false,
            notifies: false,
            ..Self::gem_pc_twin()
        }
    }
}

/// Powers a card up: gives a channel to it, reset.
type PowerUp = Box<dyn FnMut() -> Box<dyn CardChannel + Send> + Send>;

/// A card to put in.
pub struct InsertedCard {
    pub(crate) atr: Vec<u8>,
    pub(crate) channel: Option<Box<dyn CardChannel + Send>>,
    pub(crate) power_up: Option<PowerUp>,
    /// Agrees to a protocol and parameters selection.
    pub selects: bool,
}

impl InsertedCard {
    /// A card that keeps its state over resets.
    pub fn new(channel: Box<dyn CardChannel + Send>) -> InsertedCard {
        InsertedCard {
            atr: token_atr(),
            channel: Some(channel),
            power_up: None,
            selects: true,
        }
    }

    /// A card whose every power-up is `power_up`.
    pub fn reset_by(
        power_up: impl FnMut() -> Box<dyn CardChannel + Send> + Send + 'static,
    ) -> InsertedCard {
        InsertedCard {
            atr: token_atr(),
            channel: None,
            power_up: Some(Box::new(power_up)),
            selects: true,
        }
    }

    /// A piece of plastic.
    pub fn without_chip() -> InsertedCard {
        InsertedCard {
            atr: token_atr(),
            channel: None,
            power_up: None,
            selects: false,
        }
    }

    pub fn with_atr(self, atr: Vec<u8>) -> InsertedCard {
        InsertedCard { atr, ..self }
    }

    pub fn that_refuses_selection(self) -> InsertedCard {
        InsertedCard {
            selects: false,
            ..self
        }
    }
}

/// An answer to reset (ISO 7816-3, 8.2): all but the check byte TCK, which is added.
pub fn atr(bytes: &[u8]) -> Vec<u8> {
    let check = bytes[1..].iter().fold(0, |sum, byte| sum ^ byte);
    [bytes, &[check]].concat()
}

/// Of a token with T=1 alone: Fi 372, Di 12, IFSC 254, BWI 0, CWI 5.
pub fn token_atr() -> Vec<u8> {
    atr(b"\x3B\x95\x18\x81\x31\xFE\x05token")
}
