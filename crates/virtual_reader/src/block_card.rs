//! The card's side of T=1 (ISO 7816-3, section 11).

use apdu::{CardChannel, ChannelError};

/// State since power-up.
pub(crate) struct BlockCard {
    /// N(S) of the next information block.
    send: u8,
    /// N(S) of the next one from the reader.
    receive: u8,
    /// Longest information field that the reader takes.
    reader_size: usize,
    command: Vec<u8>,
    answer: Vec<u8>,
    /// For repetition.
    last: Vec<u8>,
    /// What is asked of the reader before the next answer.
    request: Option<(u8, Option<u8>)>,
    /// The command has come to its end.
    whole: bool,
    confused: bool,
}

/// A block with its check byte.
fn block(control: u8, information: &[u8]) -> Vec<u8> {
    let mut block = vec![0, control, information.len() as u8];
    block.extend_from_slice(information);
    block.push(exclusive_or(&block));
    block
}

pub(crate) fn exclusive_or(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}

/// Supervisory requests of the card.
pub(crate) const INFORMATION_SIZE: u8 = 0xC1;
pub(crate) const ABORT: u8 = 0xC2;
pub(crate) const MORE_TIME: u8 = 0xC3;

const RESPONSE: u8 = 0x20;

impl BlockCard {
    pub fn new() -> BlockCard {
        BlockCard {
            send: 0,
            receive: 0,
            reader_size: 32,
            command: Vec::new(),
            answer: Vec::new(),
            last: Vec::new(),
            request: None,
            whole: false,
            confused: false,
        }
    }

    /// The card asks this before its next answer.
    pub fn ask_first(&mut self, control: u8, information: Option<u8>) {
        self.request = Some((control, information));
    }

    pub fn confuse(&mut self) {
        self.confused = true;
    }

    /// One block and the one that answers it; none where the card stays mute.
    ///
    /// # Errors
    /// The card behind is gone.
    pub fn take(
        &mut self,
        bytes: &[u8],
        card: &mut dyn CardChannel,
    ) -> Result<Option<Vec<u8>>, ChannelError> {
        let well_formed = bytes.len() >= 4
            && bytes[0] == 0
            && usize::from(bytes[2]) == bytes.len() - 4
            && exclusive_or(bytes) == 0;
        if self.confused && !(well_formed && bytes[1] == 0xC0) {
            return Ok(None);
        }
        let answer = match bytes {
            _ if !well_formed => self.complain(1),
            [_, control, _, information @ .., _] => match control {
                0..=0x7F => self.information(*control, information, card)?,
                0x80..=0xBF => self.acknowledged(*control),
                _ => self.supervisory(*control, information, card)?,
            },
            _ => self.complain(2),
        };
        self.last.clone_from(&answer);
        Ok(Some(answer))
    }

    fn information(
        &mut self,
        control: u8,
        information: &[u8],
        card: &mut dyn CardChannel,
    ) -> Result<Vec<u8>, ChannelError> {
        if control >> 6 & 1 != self.receive {
            return Ok(self.complain(2));
        }
        self.receive ^= 1;
        self.command.extend_from_slice(information);
        self.whole = control & 0x20 == 0;
        // More time is for a whole command only.
        let whole = self.whole;
        let request = self
            .request
            .take_if(|(control, _)| whole || *control != MORE_TIME);
        match request {
            Some((control, information)) => Ok(block(control, information.as_slice())),
            None => self.go_on(card),
        }
    }

    fn go_on(&mut self, card: &mut dyn CardChannel) -> Result<Vec<u8>, ChannelError> {
        match self.whole {
            true => self.work(card),
            false => Ok(self.ready(0)),
        }
    }

    fn work(&mut self, card: &mut dyn CardChannel) -> Result<Vec<u8>, ChannelError> {
        self.answer = card.transmit(&std::mem::take(&mut self.command))?;
        Ok(self.next_piece())
    }

    fn next_piece(&mut self) -> Vec<u8> {
        let length = self.answer.len().min(self.reader_size);
        let piece: Vec<u8> = self.answer.drain(..length).collect();
        let more = u8::from(!self.answer.is_empty());
        let control = self.send << 6 | more << 5;
        self.send ^= 1;
        block(control, &piece)
    }

    fn acknowledged(&mut self, control: u8) -> Vec<u8> {
        let expected = control >> 4 & 1;
        match self.last.get(1) {
            // An information block was the last: again, or the next.
            Some(last @ 0..=0x7F) if last >> 6 == expected => self.last.clone(),
            Some(last @ 0..=0x7F) if last & 0x20 != 0 => self.next_piece(),
            // The reader's block did not arrive here.
            Some(0..=0x7F) | None => self.ready(0),
            Some(_) => self.last.clone(),
        }
    }

    fn supervisory(
        &mut self,
        control: u8,
        information: &[u8],
        card: &mut dyn CardChannel,
    ) -> Result<Vec<u8>, ChannelError> {
        match (control, information) {
            (0xC0, []) => *self = BlockCard::resynchronised(self.reader_size),
            (0xC1, &[size]) => self.reader_size = usize::from(size),
            (0xC2, []) => self.answer.clear(),
            // Responses: the card goes on where it asked.
            (0xE1 | 0xE3, _) => return self.go_on(card),
            (0xE2, _) => {
                self.command.clear();
                return Ok(self.ready(0));
            }
            _ => return Ok(self.complain(2)),
        }
        Ok(block(control | RESPONSE, information))
    }

    fn resynchronised(reader_size: usize) -> BlockCard {
        BlockCard {
            reader_size,
            ..BlockCard::new()
        }
    }

    fn complain(&mut self, error: u8) -> Vec<u8> {
        match self.last.get(1) {
            // A request without its response is made again.
            Some(0xC0..=0xDF) => self.last.clone(),
            _ => self.ready(error),
        }
    }

    fn ready(&self, error: u8) -> Vec<u8> {
        block(0x80 | self.receive << 4 | error, &[])
    }
}
