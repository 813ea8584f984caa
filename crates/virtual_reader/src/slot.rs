//! The slot and its card: what the reader does with CCID messages.

use std::time::{Duration, Instant};

use apdu::{CardChannel, ChannelError};

use crate::block_card::{ABORT, BlockCard, INFORMATION_SIZE, MORE_TIME, exclusive_or};
use crate::fault::{CardFault, Due};
use crate::model::{InsertedCard, ReaderModel};

/// The card's clock, Hz.
const CLOCK: f64 = 4_000_000.0;

/// Of the slot error register.
const ICC_MUTE: u8 = 0xFE;
const PARITY: u8 = 0xFD;

#[derive(Default)]
pub(crate) struct Slot {
    card: Option<InsertedCard>,
    powered: Option<Powered>,
    /// The card's channel says that the whole reader is gone.
    pub reader_gone: bool,
    pub faults: Due<CardFault>,
}

struct Powered {
    channel: Box<dyn CardChannel + Send>,
    protocol: BlockCard,
    /// A block was sent: no selection any more.
    speaking: bool,
    /// Fi and Di as in TA1.
    speed: u8,
    parameters: [u8; 7],
}

/// A command's answer before it has a number.
pub(crate) struct Done {
    kind: u8,
    status: u8,
    error: u8,
    specific: u8,
    data: Vec<u8>,
}

impl Slot {
    pub fn insert(&mut self, card: InsertedCard) {
        self.take_out();
        self.card = Some(card);
    }

    pub fn take_out(&mut self) {
        self.power_off();
        self.card = None;
    }

    pub fn has_card(&self) -> bool {
        self.card.is_some()
    }

    fn power_off(&mut self) {
        let powered = self.powered.take();
        if let (Some(card), Some(powered)) = (&mut self.card, powered) {
            card.channel = Some(powered.channel);
        }
    }

    /// What a message is answered with; `clock` goes on by what the contacts take.
    pub fn answer(&mut self, model: &ReaderModel, message: &[u8], clock: &mut Instant) -> Vec<u8> {
        let data = &message[10..];
        let done = match message[0] {
            0x62 => self.power_on(),
            0x63 => {
                self.power_off();
                self.done(0x81, 0, &[])
            }
            0x65 => self.done(0x81, 0, &[]),
            0x6F => self.transfer(data, clock),
            0x61 if model.sets_parameters => self.set_parameters(data),
            0x6C => self.parameters(),
            // "Get firmware", as pcscd's driver asks, and how cards are told of.
            0x6B if data == [2] => self.done(0x83, 0, b"Virtual serial reader"),
            0x6B => self.done(0x83, 0, &[]),
            _ => self.failed(0x81, 0),
        };
        encode(&done, message[6])
    }

    /// "Later", with a command's number.
    pub fn time_extension(&self, sequence: u8) -> Vec<u8> {
        let mut done = self.done(0x80, 1, &[]);
        done.status |= 0x80;
        encode(&done, sequence)
    }

    /// An answer to another command.
    pub fn stale(&self, sequence: u8) -> Vec<u8> {
        encode(&self.done(0x80, 0, &[0, 0, 2, 0x6F, 0, 0x6D]), sequence)
    }

    fn status(&self) -> u8 {
        match (&self.card, &self.powered) {
            (None, _) => 2,
            (_, None) => 1,
            _ => 0,
        }
    }

    fn done(&self, kind: u8, error: u8, data: &[u8]) -> Done {
        Done {
            kind,
            status: self.status(),
            error,
            specific: 0,
            data: data.to_vec(),
        }
    }

    fn failed(&self, kind: u8, error: u8) -> Done {
        let mut done = self.done(kind, error, &[]);
        done.status |= 0x40;
        done
    }

    fn power_on(&mut self) -> Done {
        self.power_off();
        let Some(card) = &mut self.card else {
            return self.failed(0x80, ICC_MUTE);
        };
        let channel = match &mut card.power_up {
            Some(power_up) => Some(power_up()),
            None => card.channel.take(),
        };
        let Some(channel) = channel else {
            return self.failed(0x80, ICC_MUTE);
        };
        let atr = card.atr.clone();
        self.powered = Some(Powered {
            channel,
            protocol: BlockCard::new(),
            speaking: false,
            speed: 0x11,
            parameters: [0x11, 0x10, 0, 0x4D, 0, 32, 0],
        });
        self.done(0x80, 0, &atr)
    }

    fn set_parameters(&mut self, data: &[u8]) -> Done {
        let Some(powered) = &mut self.powered else {
            return self.failed(0x82, ICC_MUTE);
        };
        let Ok(parameters) = data.try_into() else {
            return self.failed(0x82, 1);
        };
        powered.parameters = parameters;
        powered.speed = powered.parameters[0];
        self.parameters()
    }

    fn parameters(&self) -> Done {
        match &self.powered {
            Some(powered) => Done {
                specific: 1,
                ..self.done(0x82, 0, &powered.parameters)
            },
            None => self.failed(0x82, ICC_MUTE),
        }
    }

    fn transfer(&mut self, block: &[u8], clock: &mut Instant) -> Done {
        let selects = self.card.as_ref().is_some_and(|card| card.selects);
        let Some(powered) = &mut self.powered else {
            return self.failed(0x80, ICC_MUTE);
        };
        if block.first() == Some(&0xFF) && !powered.speaking {
            return match selects && exclusive_or(block) == 0 {
                true => self.done(0x80, 0, block),
                false => self.failed(0x80, ICC_MUTE),
            };
        }
        powered.speaking = true;
        let fault = self.faults.next();
        match fault {
            Some(CardFault::BlockLost) => return self.failed(0x80, ICC_MUTE),
            Some(CardFault::Pulled) => {
                self.take_out();
                return self.failed(0x80, ICC_MUTE);
            }
            Some(CardFault::PowerLost) => {
                self.power_off();
                return self.failed(0x80, ICC_MUTE);
            }
            Some(CardFault::Confused) => powered.protocol.confuse(),
            Some(CardFault::MoreTime(times)) => powered.protocol.ask_first(MORE_TIME, Some(times)),
            Some(CardFault::ShorterBlocks(size)) => {
                powered.protocol.ask_first(INFORMATION_SIZE, Some(size));
            }
            Some(CardFault::Abort) => powered.protocol.ask_first(ABORT, None),
            _ => {}
        }
        let begun = Instant::now();
        let taken = powered.protocol.take(block, powered.channel.as_mut());
        let answered = taken.as_ref().ok().and_then(Option::as_ref);
        let bytes = block.len() + answered.map_or(0, Vec::len);
        // What the card itself took, too.
        *clock += begun.elapsed() + transfer_time(powered.speed, bytes);
        match (taken, fault) {
            (Err(error @ (ChannelError::Removed | ChannelError::ReaderGone)), _) => {
                self.reader_gone = error == ChannelError::ReaderGone;
                self.take_out();
                self.failed(0x80, ICC_MUTE)
            }
            (Err(_) | Ok(None), _) | (_, Some(CardFault::AnswerLost)) => {
                self.failed(0x80, ICC_MUTE)
            }
            (_, Some(CardFault::Parity)) => self.failed(0x80, PARITY),
            (Ok(Some(mut block)), fault) => {
                match fault {
                    Some(CardFault::WrongCheck) => block[2] ^= 0x80,
                    Some(CardFault::WrongSequence) => {
                        // N(S) is bit 7, N(R) bit 5.
                        let bit = if block[1] & 0x80 == 0 { 0x40 } else { 0x10 };
                        block[1] ^= bit;
                        *block.last_mut().expect("a check byte") ^= bit;
                    }
                    _ => {}
                }
                self.done(0x80, 0, &block)
            }
        }
    }
}

/// Of blocks both ways: 12 etu a character, 22 between the two (ISO 7816-3, 11.2).
fn transfer_time(speed: u8, bytes: usize) -> Duration {
    let f = match speed >> 4 {
        9 => 512.0,
        _ => 372.0,
    };
    let d = match speed & 0x0F {
        8 => 12.0,
        9 => 20.0,
        shift @ 1..=7 => f64::from(1 << (shift - 1)),
        _ => 1.0,
    };
    Duration::from_secs_f64((12 * bytes + 22) as f64 * f / (d * CLOCK))
}

fn encode(done: &Done, sequence: u8) -> Vec<u8> {
    let mut message = vec![done.kind];
    message.extend((done.data.len() as u32).to_le_bytes());
    message.extend([0, sequence, done.status, done.error, done.specific]);
    message.extend_from_slice(&done.data);
    message
}
