//! The block protocol T=1 from the reader's side (ISO 7816-3, 11.6).
//!
//! Chaining both ways, information field sizes, waiting time extensions, and what is
//! done about errors (rule 7), each a bounded number of times.

use apdu::ChannelError;
use zeroize::Zeroizing;

use crate::block::{Acknowledges, Block, BlockError, BlockKind, LONGEST_INFORMATION, Supervisory};

/// Successive attempts for one block after the first (rule 7.4.1).
const RETRIES: u32 = 2;

/// Requests for resynchronisation (rule 7.4.3).
const RESYNCHRONISATIONS: u32 = 3;

/// No answer is longer: 65536 bytes and the status word.
const LONGEST_ANSWER: usize = 0x1_0002;

/// What carries single blocks.
pub(crate) trait BlockLine {
    /// Sends a block and gives the one that comes back. The card may take `waiting`
    /// times its block waiting time; 0 and 1 alike.
    fn exchange(&mut self, block: &[u8], waiting: u8) -> Result<Zeroizing<Vec<u8>>, BlockFault>;
}

/// Why no block came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockFault {
    /// The block waiting time passed.
    Mute,
    /// Bytes between card and reader were damaged.
    Damaged,
    /// Nothing more can be sent this way.
    Channel(ChannelError),
}

/// Why an exchange ended without an answer.
enum Broken {
    Channel(ChannelError),
    /// After all attempts. The card cannot have begun the command when its last block
    /// was not sent yet.
    Lost {
        command_complete: bool,
    },
}

/// State of one card's protocol since its power-up.
pub(crate) struct BlockProtocol {
    /// N(S) of the next information block.
    send: bool,
    /// N(S) of the next one from the card.
    receive: bool,
    /// Longest information field the card takes, 1 to 254.
    information_size: usize,
    /// Both sides may think differently of the sequence numbers.
    lost: bool,
}

impl BlockProtocol {
    pub fn new(information_size: u8) -> BlockProtocol {
        BlockProtocol {
            send: false,
            receive: false,
            information_size: usize::from(information_size).clamp(1, LONGEST_INFORMATION),
            lost: false,
        }
    }

    pub fn information_size(&self) -> usize {
        self.information_size
    }

    /// Tells the card that it may send 254 bytes in a block (rule 4). A card that does not
    /// take it goes on with 32.
    pub fn announce_information_size(
        &mut self,
        line: &mut impl BlockLine,
    ) -> Result<(), ChannelError> {
        let size = [LONGEST_INFORMATION as u8];
        let request = Block::supervisory(Supervisory::InformationFieldSize, false, &size);
        let response = Block::supervisory(Supervisory::InformationFieldSize, true, &size);
        for _ in 0..=RETRIES {
            match line.exchange(&request.encode(), 0) {
                Ok(bytes) if Block::parse(&bytes).is_ok_and(|block| block == response) => {
                    return Ok(());
                }
                Ok(_) | Err(BlockFault::Mute | BlockFault::Damaged) => {}
                Err(BlockFault::Channel(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// One command APDU and its answer.
    pub fn transmit(
        &mut self,
        line: &mut impl BlockLine,
        command: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, ChannelError> {
        let mut restarts = 0;
        loop {
            if self.lost {
                self.resynchronise(line)?;
            }
            self.lost = true;
            let mut exchange = Exchange::new(self, command);
            match exchange.run(line) {
                Ok(answer) => {
                    self.lost = false;
                    return Ok(answer);
                }
                // Sent again only where the card cannot do it twice: a PIN that is
                // verified twice costs a second try.
                Err(Broken::Lost {
                    command_complete: false,
                }) if restarts == 0 => restarts += 1,
                Err(Broken::Lost { .. }) => return Err(ChannelError::Failed),
                Err(Broken::Channel(error)) => return Err(error),
            }
        }
    }

    /// Both sides begin at zero again (rule 6); what was under way is forgotten.
    fn resynchronise(&mut self, line: &mut impl BlockLine) -> Result<(), ChannelError> {
        let request = Block::supervisory(Supervisory::Resynchronise, false, &[]);
        let response = Block::supervisory(Supervisory::Resynchronise, true, &[]);
        for _ in 0..RESYNCHRONISATIONS {
            match line.exchange(&request.encode(), 0) {
                Ok(bytes) if Block::parse(&bytes).is_ok_and(|block| block == response) => {
                    (self.send, self.receive, self.lost) = (false, false, false);
                    return Ok(());
                }
                Ok(_) | Err(BlockFault::Mute | BlockFault::Damaged) => {}
                Err(BlockFault::Channel(error)) => return Err(error),
            }
        }
        Err(ChannelError::Failed)
    }
}

/// One command on its way, then its answer.
struct Exchange<'a> {
    protocol: &'a mut BlockProtocol,
    /// Of the command, not sent yet.
    rest: &'a [u8],
    /// The last information block: the card may ask for it again.
    last: Block,
    outgoing: Block,
    /// For the next block only, after the card asked for it.
    waiting: u8,
    /// The card has begun to answer.
    answering: bool,
    answer: Zeroizing<Vec<u8>>,
    attempts: u32,
}

impl<'a> Exchange<'a> {
    fn new(protocol: &'a mut BlockProtocol, command: &'a [u8]) -> Exchange<'a> {
        let nothing = Block::receive_ready(false, Acknowledges::WithoutError);
        let mut exchange = Exchange {
            protocol,
            rest: command,
            last: nothing.clone(),
            outgoing: nothing,
            waiting: 0,
            answering: false,
            // Grows rarely: what it leaves behind may be secret.
            answer: Zeroizing::new(Vec::with_capacity(512)),
            attempts: 0,
        };
        exchange.send_next();
        exchange
    }

    /// Puts the next piece of the command into `outgoing`.
    fn send_next(&mut self) {
        let length = self.rest.len().min(self.protocol.information_size);
        let (piece, rest) = self.rest.split_at(length);
        self.rest = rest;
        let kind = BlockKind::Information {
            sequence: self.protocol.send,
            more: !rest.is_empty(),
        };
        self.protocol.send = !self.protocol.send;
        self.last = Block::new(kind, piece);
        self.outgoing = self.last.clone();
        self.attempts = 0;
    }

    fn run(&mut self, line: &mut impl BlockLine) -> Result<Zeroizing<Vec<u8>>, Broken> {
        loop {
            let waiting = std::mem::take(&mut self.waiting);
            let received = match line.exchange(&self.outgoing.encode(), waiting) {
                Ok(bytes) => Block::parse(&bytes).map_err(|error| match error {
                    BlockError::Check => Acknowledges::CheckError,
                    BlockError::Length | BlockError::Unknown => Acknowledges::OtherError,
                }),
                Err(BlockFault::Mute) => Err(Acknowledges::OtherError),
                Err(BlockFault::Damaged) => Err(Acknowledges::CheckError),
                Err(BlockFault::Channel(error)) => return Err(Broken::Channel(error)),
            };
            match received {
                Ok(block) => {
                    if self.take(&block, line)? {
                        return Ok(std::mem::take(&mut self.answer));
                    }
                }
                Err(acknowledges) => self.complain(acknowledges)?,
            }
        }
    }

    /// Prepares what follows a valid block. True: the answer is whole.
    fn take(&mut self, block: &Block, line: &mut impl BlockLine) -> Result<bool, Broken> {
        match block.kind {
            BlockKind::Information { sequence, more }
                if sequence == self.protocol.receive && self.rest.is_empty() =>
            {
                if self.answer.len() + block.information.len() > LONGEST_ANSWER {
                    return Err(self.lost());
                }
                self.answer.extend_from_slice(&block.information);
                self.protocol.receive = !self.protocol.receive;
                self.answering = true;
                self.attempts = 0;
                self.outgoing =
                    Block::receive_ready(self.protocol.receive, Acknowledges::WithoutError);
                return Ok(!more);
            }
            BlockKind::ReceiveReady { sequence, .. } if self.answering => {
                // It asks for the last acknowledgement again.
                match sequence == self.protocol.send {
                    true => self.again(Block::receive_ready(
                        self.protocol.receive,
                        Acknowledges::WithoutError,
                    ))?,
                    false => self.complain(Acknowledges::OtherError)?,
                }
            }
            BlockKind::ReceiveReady { sequence, .. } => {
                let expects_next = sequence == self.protocol.send;
                match (expects_next, self.rest.is_empty()) {
                    (true, false) => self.send_next(),
                    (false, _) => self.again(self.last.clone())?,
                    // Everything was sent: an answer is due, not an acknowledgement.
                    (true, true) => self.complain(Acknowledges::OtherError)?,
                }
            }
            BlockKind::Supervisory {
                purpose,
                response: false,
            } => self.obey(purpose, &block.information, line)?,
            _ => self.complain(Acknowledges::OtherError)?,
        }
        Ok(false)
    }

    /// A request of the card (rules 3, 4 and 9).
    fn obey(
        &mut self,
        purpose: Supervisory,
        information: &[u8],
        line: &mut impl BlockLine,
    ) -> Result<(), Broken> {
        match (purpose, information) {
            // The line's deadline ends a card that asks for ever.
            (Supervisory::WaitingTimeExtension, &[multiplier]) => self.waiting = multiplier,
            (Supervisory::InformationFieldSize, &[size @ 1..=254]) => {
                self.protocol.information_size = usize::from(size);
            }
            (Supervisory::Abort, []) => {
                let response = Block::supervisory(purpose, true, &[]).encode();
                return match line.exchange(&response, 0) {
                    Err(BlockFault::Channel(error)) => Err(Broken::Channel(error)),
                    // Resynchronised before the next command, whatever came.
                    _ => Err(self.lost()),
                };
            }
            _ => return self.complain(Acknowledges::OtherError),
        }
        self.outgoing = Block::supervisory(purpose, true, information);
        Ok(())
    }

    /// After an invalid block or none (rules 7.1 and 7.2): an acknowledgement goes out
    /// again as it was, after anything else one that says what is expected.
    fn complain(&mut self, acknowledges: Acknowledges) -> Result<(), Broken> {
        let block = match self.outgoing.kind {
            BlockKind::ReceiveReady { .. } => self.outgoing.clone(),
            _ => Block::receive_ready(self.protocol.receive, acknowledges),
        };
        self.again(block)
    }

    fn again(&mut self, block: Block) -> Result<(), Broken> {
        self.attempts += 1;
        if self.attempts > RETRIES {
            return Err(self.lost());
        }
        self.outgoing = block;
        Ok(())
    }

    fn lost(&self) -> Broken {
        Broken::Lost {
            command_complete: self.rest.is_empty(),
        }
    }
}

#[cfg(test)]
#[path = "block_protocol_tests.rs"]
mod tests;
