//! What is on the line: CCID messages in the framing of the GemPC Twin.
//!
//! `03 06`, the message, the exclusive or of all bytes before; `03 15 16` asks for the
//! last frame again; `50 02` and `50 03` say that a card was taken out or put in; one
//! byte from 80 up asks for more time. Bytes in, frames out: no input or output here.

use zeroize::Zeroizing;

use crate::message::HEADER;

const SYNC: u8 = 0x03;
const ACK: u8 = 0x06;
const NOT_ACK: u8 = 0x15;
const SLOT_CHANGE: u8 = 0x50;
const ABSENT: u8 = 0x02;
const PRESENT: u8 = 0x03;

/// Asks for the last frame again.
pub const NAK: [u8; 3] = [SYNC, NOT_ACK, SYNC ^ NOT_ACK];

/// Data of the longest message: a short APDU, which no T=1 block exceeds.
pub const LONGEST_DATA: usize = 261;

/// Around a message.
const OVERHEAD: usize = 3;

/// One message as it goes out. It may hold a PIN.
pub fn encode(message: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut frame = Zeroizing::new(Vec::with_capacity(message.len() + OVERHEAD));
    frame.extend([SYNC, ACK]);
    frame.extend_from_slice(message);
    let check = exclusive_or(&frame);
    frame.push(check);
    frame
}

/// Something whole that came in.
#[derive(Clone, PartialEq, Eq)]
pub enum Received {
    /// A CCID message: header and as much data as the header announces.
    Message(Zeroizing<Vec<u8>>),
    /// The other side asks for the last frame again.
    Nak,
    SlotChange {
        present: bool,
    },
    TimeRequest,
    /// A frame with a wrong check byte, an impossible length, or half of one.
    Damaged {
        /// By its type it was a command: an echo.
        echo: bool,
    },
}

/// Without the data.
impl std::fmt::Debug for Received {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Received::Message(message) => write!(f, "Message({} bytes)", message.len()),
            Received::Nak => f.write_str("Nak"),
            Received::SlotChange { present } => write!(f, "SlotChange({present})"),
            Received::TimeRequest => f.write_str("TimeRequest"),
            Received::Damaged { echo } => write!(f, "Damaged(echo: {echo})"),
        }
    }
}

/// Finds frames among whatever bytes come.
pub struct FrameReader {
    pending: Zeroizing<Vec<u8>>,
    /// `pending` begins with the 03 of a slot change that was given out already; where
    /// 06 follows, its 50 was noise and the 03 begins a frame.
    given: bool,
}

impl Default for FrameReader {
    fn default() -> Self {
        FrameReader {
            // Not outgrown by one frame and one read: nothing is left behind in memory.
            pending: Zeroizing::new(Vec::with_capacity(1024)),
            given: false,
        }
    }
}

impl FrameReader {
    pub fn push(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// Whether a frame has begun and not ended.
    pub fn is_partial(&self) -> bool {
        self.pending.len() > usize::from(self.given)
    }

    /// Drops what is pending; how it was damaged, where a frame had begun.
    pub fn abandon(&mut self) -> Option<Received> {
        let begun = self.is_partial().then(|| self.damaged());
        self.pending.clear();
        self.given = false;
        begun
    }

    /// The next whole thing. None: more bytes are needed.
    pub fn next_received(&mut self) -> Option<Received> {
        loop {
            if self.given {
                match self.pending.get(1)? {
                    &ACK | &NOT_ACK => {}
                    _ => self.skip(1),
                }
                self.given = false;
            }
            match *self.pending.first()? {
                SYNC => match *self.pending.get(1)? {
                    ACK => return self.message(),
                    NOT_ACK if *self.pending.get(2)? == NAK[2] => {
                        self.skip(NAK.len());
                        return Some(Received::Nak);
                    }
                    _ => self.skip(1),
                },
                SLOT_CHANGE => match *self.pending.get(1)? {
                    PRESENT => {
                        self.skip(1);
                        self.given = true;
                        return Some(Received::SlotChange { present: true });
                    }
                    ABSENT => {
                        self.skip(2);
                        return Some(Received::SlotChange { present: false });
                    }
                    _ => self.skip(1),
                },
                0x80.. => {
                    self.skip(1);
                    return Some(Received::TimeRequest);
                }
                _ => self.skip(1),
            }
        }
    }

    /// `pending` begins with SYNC ACK.
    fn message(&mut self) -> Option<Received> {
        let announced = self.pending.get(3..7)?.first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*announced)).unwrap_or(usize::MAX);
        if length > LONGEST_DATA {
            let damaged = self.damaged();
            self.skip(2);
            return Some(damaged);
        }
        let end = 2 + HEADER + length;
        let check = *self.pending.get(end)?;
        let right = exclusive_or(&self.pending[..end]) == check;
        let received = match right {
            true => Received::Message(Zeroizing::new(self.pending[2..end].to_vec())),
            false => self.damaged(),
        };
        self.skip(end + 1);
        Some(received)
    }

    /// Types of answers have their highest bit set (USB CCID 1.1, 6.2).
    fn damaged(&self) -> Received {
        let echo = matches!(self.pending[..], [SYNC, ACK, kind, ..] if kind & 0x80 == 0);
        Received::Damaged { echo }
    }

    fn skip(&mut self, count: usize) {
        self.pending.drain(..count);
    }
}

fn exclusive_or(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(reader: &mut FrameReader) -> Vec<Received> {
        std::iter::from_fn(|| reader.next_received()).collect()
    }

    fn read(bytes: &[u8]) -> Vec<Received> {
        let mut reader = FrameReader::default();
        reader.push(bytes);
        all(&mut reader)
    }

    fn message(data: &[u8]) -> Vec<u8> {
        let mut message = vec![0x80];
        message.extend((data.len() as u32).to_le_bytes());
        message.extend([0, 7, 0, 0, 0]);
        message.extend_from_slice(data);
        message
    }

    fn received(data: &[u8]) -> Received {
        Received::Message(Zeroizing::new(message(data)))
    }

    /// PC_to_RDR_GetSlotStatus, the first of all messages.
    #[test]
    fn a_frame_byte_by_byte() {
        let frame = encode(&[0x65, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(
            frame[..],
            hex::decode("03066500000000000000000060").unwrap()
        );
    }

    #[test]
    fn everything_the_line_can_carry() {
        let frame = encode(&message(b"abc"));
        let bytes = [&NAK[..], &[0x50, 2], &[0x50, 3], &[0x9F], &frame].concat();
        assert_eq!(
            read(&bytes),
            [
                Received::Nak,
                Received::SlotChange { present: false },
                Received::SlotChange { present: true },
                Received::TimeRequest,
                received(b"abc"),
            ]
        );
    }

    #[test]
    fn a_wrong_check_byte_is_told() {
        let mut frame = encode(&message(b"abc"));
        frame[13] ^= 1;
        frame.extend(encode(&message(b"next")).iter());
        assert_eq!(
            read(&frame),
            [Received::Damaged { echo: false }, received(b"next")]
        );
    }

    #[test]
    fn an_impossible_length_is_told_at_once() {
        let first = |bytes: &[u8]| read(bytes).swap_remove(0);
        let answer = first(&[3, 6, 0x80, 0, 0, 1, 0]);
        assert_eq!(answer, Received::Damaged { echo: false });
        let command = first(&[3, 6, 0x6F, 0xFF, 0xFF, 0xFF, 0xFF]);
        assert_eq!(command, Received::Damaged { echo: true });
    }

    #[test]
    fn half_a_frame_is_abandoned() {
        let mut reader = FrameReader::default();
        reader.push(&encode(&message(b"abc"))[..9]);
        assert!(all(&mut reader).is_empty() && reader.is_partial());
        assert_eq!(reader.abandon(), Some(Received::Damaged { echo: false }));
        assert!(!reader.is_partial());
        assert_eq!(reader.abandon(), None);
    }

    /// A stray 50 takes the first byte of a frame for its own.
    #[test]
    fn noise_that_looks_like_a_slot_change_costs_no_frame() {
        let frame = encode(&message(b"abc"));
        for at in 0..2 {
            let mut reader = FrameReader::default();
            reader.push(&[0x50]);
            reader.push(&frame[..at]);
            let mut got = all(&mut reader);
            reader.push(&frame[at..]);
            got.extend(all(&mut reader));
            assert_eq!(got.last(), Some(&received(b"abc")), "{at}");
        }
    }

    #[test]
    fn debug_tells_no_data() {
        let shown = format!("{:?}", received(b"\xAB\xAB"));
        assert_eq!(shown, "Message(12 bytes)");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_alike_however_they_come(
            bytes in prop::collection::vec(
                prop_oneof![any::<u8>(), Just(3), Just(6), Just(0), Just(0x50), Just(0x15)], 0..600),
            cuts in prop::collection::vec(1_usize..40, 0..30),
        ) {
            let whole = read(&bytes);
            let mut reader = FrameReader::default();
            let (mut rest, mut pieces) = (&bytes[..], Vec::new());
            for cut in cuts {
                let (piece, behind) = rest.split_at(cut.min(rest.len()));
                reader.push(piece);
                pieces.extend(all(&mut reader));
                rest = behind;
            }
            reader.push(rest);
            pieces.extend(all(&mut reader));
            prop_assert_eq!(whole, pieces);
        }

        #[test]
        fn a_frame_is_found_behind_noise(
            // Neither a frame's first byte nor a slot change's.
            noise in prop::collection::vec(
                any::<u8>().prop_filter("noise", |b| ![3, 0x50].contains(b)), 0..60),
            data in prop::collection::vec(any::<u8>(), 0..=LONGEST_DATA),
        ) {
            let bytes = [&noise[..], &encode(&message(&data))].concat();
            let got = read(&bytes);
            prop_assert_eq!(got.last(), Some(&received(&data)));
        }

        /// One byte changed between the header's length and the end.
        #[test]
        fn no_change_goes_unnoticed(
            data in prop::collection::vec(any::<u8>(), 0..=LONGEST_DATA),
            at in any::<prop::sample::Index>(),
            change in 1_u8..,
        ) {
            let mut frame = encode(&message(&data));
            let behind_length = 7 + at.index(frame.len() - 7);
            frame[behind_length] ^= change;
            prop_assert_eq!(read(&frame), [Received::Damaged { echo: false }]);
        }
    }
}
