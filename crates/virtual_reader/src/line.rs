//! The reader's end of the line: framing, and time.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use serialport::{SerialPort, TTYPort};

use crate::block_card::exclusive_or;
use crate::model::ReaderModel;

/// A start bit, eight data bits, two stop bits.
const BYTE: Duration = Duration::from_nanos(11_000_000_000 / 115_200);

/// Written at once when time matters.
const PIECE: usize = 16;

const NAK: [u8; 3] = [3, 0x15, 0x16];

/// What came from the host.
pub(crate) enum Heard {
    /// A message with the right check byte, and its frame.
    Message(Vec<u8>, Vec<u8>),
    /// A frame with a wrong one.
    Damaged(Vec<u8>),
    /// The last answer is asked for again.
    Nak,
}

pub(crate) struct Line {
    master: TTYPort,
    heard: Vec<u8>,
    /// When the last byte would have arrived here.
    arrived: Instant,
    /// When the reader would have come so far. Kept apart from the real time, so that a
    /// thread that wakes late is not taken for a slow line.
    pub clock: Instant,
}

impl Line {
    pub fn new(mut master: TTYPort) -> Line {
        master
            .set_timeout(Duration::from_millis(2))
            .expect("a time-out");
        Line {
            master,
            heard: Vec::new(),
            arrived: Instant::now(),
            clock: Instant::now(),
        }
    }

    /// The next frame, where there is a whole one within some milliseconds.
    pub fn hear(&mut self) -> Option<Heard> {
        let mut bytes = [0; 512];
        match self.master.read(&mut bytes) {
            Ok(count) => {
                let now = Instant::now();
                self.arrived = self.arrived.max(now) + BYTE * count as u32;
                self.heard.extend_from_slice(&bytes[..count]);
            }
            Err(error) if error.kind() == ErrorKind::TimedOut => {}
            // Nobody has the other end open.
            Err(_) => std::thread::sleep(Duration::from_millis(2)),
        }
        let heard = self.frame()?;
        self.clock = self.arrived;
        Some(heard)
    }

    fn frame(&mut self) -> Option<Heard> {
        loop {
            let skip = match self.heard[..] {
                [3, 6, _, a, b, c, d, ..] => {
                    let end = 12 + u32::from_le_bytes([a, b, c, d]) as usize;
                    if self.heard.len() <= end {
                        return None;
                    }
                    let frame: Vec<u8> = self.heard.drain(..=end).collect();
                    return Some(match exclusive_or(&frame) {
                        0 => Heard::Message(frame[2..end].to_vec(), frame),
                        _ => Heard::Damaged(frame),
                    });
                }
                [3, 0x15, 0x16, ..] => {
                    self.heard.drain(..3);
                    return Some(Heard::Nak);
                }
                [3] | [3, 6, ..] | [3, 0x15] | [] => return None,
                _ => 1,
            };
            self.heard.drain(..skip);
        }
    }

    pub fn nak(&mut self, model: &ReaderModel) {
        self.write(model, &NAK);
    }

    pub fn message(&mut self, model: &ReaderModel, message: &[u8]) {
        self.write(model, &framed(message));
    }

    pub fn write(&mut self, model: &ReaderModel, bytes: &[u8]) {
        let (size, pause) = match model.pieces {
            Some((size, pause)) => (size, Some(pause)),
            None if model.paced => (PIECE, None),
            None => (bytes.len().max(1), None),
        };
        for piece in bytes.chunks(size) {
            if model.paced {
                self.clock += BYTE * piece.len() as u32;
                std::thread::sleep(self.clock.saturating_duration_since(Instant::now()));
            }
            // A host that closed its end does not hear it.
            let _ = self.master.write_all(piece);
            pause.into_iter().for_each(std::thread::sleep);
        }
    }

    /// What the reader hears leaves it at once: both directions at the same time.
    pub fn echo(&mut self, bytes: &[u8]) {
        let _ = self.master.write_all(bytes);
    }
}

pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    let mut frame = [&[3, 6], message].concat();
    frame.push(exclusive_or(&frame));
    frame
}
