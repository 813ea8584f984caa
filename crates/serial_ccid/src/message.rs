//! CCID messages (USB CCID revision 1.1, chapter 6), as bytes. One slot: number 0.

use zeroize::Zeroizing;

use crate::frame::LONGEST_DATA;
use crate::slot_error::SlotError;

/// Type, length, slot, sequence number, three bytes of the type's own.
pub const HEADER: usize = 10;

/// From the host to the reader (6.1).
#[derive(Clone, Copy)]
pub enum Command<'a> {
    IccPowerOn(Voltage),
    IccPowerOff,
    GetSlotStatus,
    /// One block to the card.
    XfrBlock {
        /// Multiplies the block waiting time for this transfer; 0 and 1 leave it.
        waiting: u8,
        block: &'a [u8],
    },
    GetParameters,
    /// The data structure for protocol T=1 (6.1.7).
    SetParameters([u8; 7]),
    /// What a make of reader has of its own.
    Escape(&'a [u8]),
}

/// Of the card's supply (6.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voltage {
    Five = 1,
    Three = 2,
    OnePointEight = 3,
}

impl Command<'_> {
    /// None: more data than a message holds.
    pub fn encode(&self, sequence: u8) -> Option<Zeroizing<Vec<u8>>> {
        let (kind, specific, data): (u8, u8, &[u8]) = match self {
            Command::IccPowerOn(voltage) => (0x62, *voltage as u8, &[]),
            Command::IccPowerOff => (0x63, 0, &[]),
            Command::GetSlotStatus => (0x65, 0, &[]),
            Command::XfrBlock { waiting, block } => (0x6F, *waiting, block),
            Command::GetParameters => (0x6C, 0, &[]),
            // T=1.
            Command::SetParameters(parameters) => (0x61, 1, parameters),
            Command::Escape(data) => (0x6B, 0, data),
        };
        if data.len() > LONGEST_DATA {
            return None;
        }
        let mut message = Zeroizing::new(Vec::with_capacity(HEADER + data.len()));
        message.push(kind);
        message.extend((data.len() as u32).to_le_bytes());
        message.extend([0, sequence, specific, 0, 0]);
        message.extend_from_slice(data);
        Some(message)
    }

    /// Type of the message that answers.
    pub fn answered_by(&self) -> u8 {
        match self {
            Command::IccPowerOn(_) | Command::XfrBlock { .. } => 0x80,
            Command::IccPowerOff | Command::GetSlotStatus => 0x81,
            Command::GetParameters | Command::SetParameters(_) => 0x82,
            Command::Escape(_) => 0x83,
        }
    }
}

/// Whether there is a card (6.2.6, bmICCStatus).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotStatus {
    /// Powered.
    Active,
    Inactive,
    Absent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Failed(SlotError),
    /// The answer comes later: up to so many block waiting times.
    TimeExtension(u8),
}

/// From the reader to the host (6.2): data block, slot status, parameters, escape.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// 80 to 83.
    pub kind: u8,
    pub sequence: u8,
    pub slot: SlotStatus,
    pub outcome: Outcome,
    /// Clock status, chain parameter or protocol, by type.
    pub specific: u8,
    pub data: Zeroizing<Vec<u8>>,
}

/// Without the data.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Answer({:02X}, number {}, {:?}, {:?}, {} bytes)",
            self.kind,
            self.sequence,
            self.slot,
            self.outcome,
            self.data.len()
        )
    }
}

/// Whether a message went to the reader: an echo, when it comes from there.
pub fn is_command(message: &[u8]) -> bool {
    message.first().is_some_and(|kind| kind & 0x80 == 0)
}

impl Answer {
    /// None: no answer of slot 0.
    pub fn parse(message: &[u8]) -> Option<Answer> {
        let (header, data) = message.split_first_chunk::<HEADER>()?;
        let &[
            kind,
            l0,
            l1,
            l2,
            l3,
            slot,
            sequence,
            status,
            error,
            specific,
        ] = header;
        let length = u32::from_le_bytes([l0, l1, l2, l3]);
        if !(0x80..=0x83).contains(&kind) || slot != 0 || length as usize != data.len() {
            return None;
        }
        let slot = match status & 3 {
            0 => SlotStatus::Active,
            1 => SlotStatus::Inactive,
            2 => SlotStatus::Absent,
            _ => return None,
        };
        let outcome = match status >> 6 {
            0 => Outcome::Done,
            1 => Outcome::Failed(SlotError::from(error)),
            2 => Outcome::TimeExtension(error),
            _ => return None,
        };
        Some(Answer {
            kind,
            sequence,
            slot,
            outcome,
            specific,
            data: Zeroizing::new(data.to_vec()),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commands_by_the_tables_of_the_standard() {
        let encoded = |command: Command| hex::encode_upper(&command.encode(0x2A).unwrap()[..]);
        assert_eq!(
            encoded(Command::IccPowerOn(Voltage::Three)),
            "6200000000002A020000"
        );
        assert_eq!(encoded(Command::IccPowerOff), "6300000000002A000000");
        assert_eq!(encoded(Command::GetParameters), "6C00000000002A000000");
        assert_eq!(
            encoded(Command::SetParameters([0x18, 0x10, 0, 0x4D, 0, 0xFE, 0])),
            "6107000000002A0100001810004D00FE00"
        );
        assert_eq!(
            encoded(Command::XfrBlock {
                waiting: 5,
                block: &[0, 0xC1, 1, 0xFE, 0x3E]
            }),
            "6F05000000002A05000000C101FE3E"
        );
        assert_eq!(encoded(Command::Escape(&[2])), "6B01000000002A00000002");
        assert!(Command::Escape(&[0; 262]).encode(0).is_none());
    }

    #[test]
    fn an_answer_tells_of_slot_and_outcome() {
        let answer = |status, error| {
            Answer::parse(&[0x81, 0, 0, 0, 0, 0, 9, status, error, 0])
                .map(|answer| (answer.slot, answer.outcome))
        };
        assert_eq!(answer(0, 0), Some((SlotStatus::Active, Outcome::Done)));
        assert_eq!(
            answer(0x42, 0xFE),
            Some((SlotStatus::Absent, Outcome::Failed(SlotError::IccMute)))
        );
        assert_eq!(
            answer(0x81, 3),
            Some((SlotStatus::Inactive, Outcome::TimeExtension(3)))
        );
        assert_eq!(
            answer(0x40, 7),
            Some((SlotStatus::Active, Outcome::Failed(SlotError::Parameter(7))))
        );
        assert_eq!(answer(3, 0), None);
        assert_eq!(answer(0xC0, 0), None);
        // Slot 1, and an echo.
        assert!(Answer::parse(&[0x81, 0, 0, 0, 0, 1, 9, 0, 0, 0]).is_none());
        assert!(Answer::parse(&[0x65, 0, 0, 0, 0, 0, 9, 0, 0, 0]).is_none());
        assert!(is_command(&[0x65]) && !is_command(&[0x81]) && !is_command(&[]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_or_none(message in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Some(answer) = Answer::parse(&message) {
                prop_assert_eq!(&answer.data[..], &message[HEADER..]);
            }
        }
    }
}
