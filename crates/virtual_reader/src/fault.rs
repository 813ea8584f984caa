//! What goes wrong.

use std::time::Duration;

/// Between host and reader. Each comes once, with one frame from the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineFault {
    /// The answer has a wrong check byte.
    WrongLrc,
    /// Half of the answer is missing.
    HalfAnswer,
    /// The command arrived damaged: it is asked for again.
    Nak,
    /// The command did not arrive.
    LostCommand,
    LostAnswer,
    /// The answer has another command's number.
    WrongSequence,
    /// An answer to another command comes first.
    StaleAnswer,
    /// These bytes come before the answer.
    Garbage(Vec<u8>),
    /// So many answers that say "later".
    TimeExtension(u32),
    /// So many bytes that ask for time.
    TimeRequest(u32),
    /// The answer comes later.
    Delay(Duration),
    /// The echo is damaged.
    WrongEcho,
    /// The card is pulled, which is told; the command has no answer.
    PulledWithoutAnswer,
    /// Nothing is answered from here on.
    Dead,
}

/// Between reader and card. Each comes once, with one block to the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CardFault {
    /// The card does not get the block.
    BlockLost,
    /// The card's block is lost.
    AnswerLost,
    /// The card's block comes with a parity error.
    Parity,
    /// The card's block has a wrong check byte.
    WrongCheck,
    /// N(S) or N(R) of the card's block is the other one.
    WrongSequence,
    /// The card first asks for so many block waiting times.
    MoreTime(u8),
    /// The card first asks for shorter blocks.
    ShorterBlocks(u8),
    /// The card gives up the chain.
    Abort,
    /// The card answers to nothing but resynchronisation.
    Confused,
    /// The card is pulled before it has the block.
    Pulled,
    /// The card loses power for a moment.
    PowerLost,
}

/// Faults in the order in which they are due.
pub(crate) struct Due<T>(Vec<(u32, T)>);

impl<T> Default for Due<T> {
    fn default() -> Self {
        Due(Vec::new())
    }
}

impl<T> Due<T> {
    /// After so many more that go well.
    pub fn after(&mut self, count: u32, fault: T) {
        self.0.push((count, fault));
    }

    /// One passes; what goes wrong with it.
    pub fn next(&mut self) -> Option<T> {
        let due = self.0.iter().position(|(count, _)| *count == 0);
        let fault = due.map(|index| self.0.remove(index).1);
        for (count, _) in &mut self.0 {
            *count = count.saturating_sub(1);
        }
        fault
    }
}
