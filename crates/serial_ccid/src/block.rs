//! Blocks of protocol T=1 (ISO 7816-3, 11.3), with LRC and node address 0.

use zeroize::Zeroizing;

/// Node address, protocol control byte, length.
const PROLOGUE: usize = 3;

/// Longest information field (11.4.2).
pub const LONGEST_INFORMATION: usize = 254;

/// What a block is for: its protocol control byte (11.3.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    Information {
        /// N(S).
        sequence: bool,
        /// More blocks of the chain follow.
        more: bool,
    },
    ReceiveReady {
        /// N(R): the information block that is expected.
        sequence: bool,
        acknowledges: Acknowledges,
    },
    Supervisory {
        purpose: Supervisory,
        response: bool,
    },
}

/// How the block before was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledges {
    WithoutError,
    /// Check or parity error.
    CheckError,
    OtherError,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supervisory {
    Resynchronise,
    InformationFieldSize,
    Abort,
    WaitingTimeExtension,
}

/// One block. Its information may hold a PIN.
#[derive(Clone, PartialEq, Eq)]
pub struct Block {
    pub kind: BlockKind,
    /// At most [`LONGEST_INFORMATION`] bytes.
    pub information: Zeroizing<Vec<u8>>,
}

/// Without the information.
impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}, {} bytes", self.kind, self.information.len())
    }
}

/// Why bytes are no block; what is said of it to the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    #[error("a block's length is not the one it announces")]
    Length,
    #[error("a block's check byte is wrong")]
    Check,
    #[error("a block is for another node or of no known kind")]
    Unknown,
}

impl Block {
    pub fn new(kind: BlockKind, information: &[u8]) -> Block {
        debug_assert!(information.len() <= LONGEST_INFORMATION);
        Block {
            kind,
            information: Zeroizing::new(information.to_vec()),
        }
    }

    pub fn receive_ready(sequence: bool, acknowledges: Acknowledges) -> Block {
        let kind = BlockKind::ReceiveReady {
            sequence,
            acknowledges,
        };
        Block::new(kind, &[])
    }

    pub fn supervisory(purpose: Supervisory, response: bool, information: &[u8]) -> Block {
        Block::new(BlockKind::Supervisory { purpose, response }, information)
    }

    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(PROLOGUE + self.information.len() + 1));
        bytes.extend([0, self.control(), self.information.len() as u8]);
        bytes.extend_from_slice(&self.information);
        let check = bytes.iter().fold(0, |sum, byte| sum ^ byte);
        bytes.push(check);
        bytes
    }

    fn control(&self) -> u8 {
        match self.kind {
            BlockKind::Information { sequence, more } => {
                u8::from(sequence) << 6 | u8::from(more) << 5
            }
            BlockKind::ReceiveReady {
                sequence,
                acknowledges,
            } => {
                let error = match acknowledges {
                    Acknowledges::WithoutError => 0,
                    Acknowledges::CheckError => 1,
                    Acknowledges::OtherError => 2,
                };
                0x80 | u8::from(sequence) << 4 | error
            }
            BlockKind::Supervisory { purpose, response } => {
                let purpose = match purpose {
                    Supervisory::Resynchronise => 0,
                    Supervisory::InformationFieldSize => 1,
                    Supervisory::Abort => 2,
                    Supervisory::WaitingTimeExtension => 3,
                };
                0xC0 | u8::from(response) << 5 | purpose
            }
        }
    }

    /// # Errors
    /// What is no block; never panics.
    pub fn parse(bytes: &[u8]) -> Result<Block, BlockError> {
        let (&[address, control, length], rest) =
            bytes.split_first_chunk().ok_or(BlockError::Length)?;
        let (_, information) = rest.split_last().ok_or(BlockError::Length)?;
        // A wrong length may be the damage that the check byte tells of.
        if bytes.iter().fold(0, |sum, byte| sum ^ byte) != 0 {
            return Err(BlockError::Check);
        }
        if usize::from(length) != information.len() || information.len() > LONGEST_INFORMATION {
            return Err(BlockError::Length);
        }
        if address != 0 {
            return Err(BlockError::Unknown);
        }
        let kind = kind(control).ok_or(BlockError::Unknown)?;
        if matches!(kind, BlockKind::ReceiveReady { .. }) && !information.is_empty() {
            return Err(BlockError::Length);
        }
        Ok(Block::new(kind, information))
    }
}

fn kind(control: u8) -> Option<BlockKind> {
    Some(match control {
        _ if control & 0x9F == 0 => BlockKind::Information {
            sequence: control & 0x40 != 0,
            more: control & 0x20 != 0,
        },
        _ if control & 0xEC == 0x80 => BlockKind::ReceiveReady {
            sequence: control & 0x10 != 0,
            acknowledges: match control & 3 {
                0 => Acknowledges::WithoutError,
                1 => Acknowledges::CheckError,
                2 => Acknowledges::OtherError,
                _ => return None,
            },
        },
        _ if control & 0xDC == 0xC0 => BlockKind::Supervisory {
            purpose: match control & 3 {
                0 => Supervisory::Resynchronise,
                1 => Supervisory::InformationFieldSize,
                2 => Supervisory::Abort,
                _ => Supervisory::WaitingTimeExtension,
            },
            response: control & 0x20 != 0,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Protocol control bytes as ISO 7816-3, annex A, writes them.
    #[test]
    fn blocks_byte_by_byte() {
        let information = |sequence, more| BlockKind::Information { sequence, more };
        for (block, bytes) in [
            (Block::new(information(false, false), &[0xAA]), "000001AAAB"),
            (Block::new(information(true, true), &[]), "00600060"),
            (
                Block::receive_ready(true, Acknowledges::WithoutError),
                "00900090",
            ),
            (
                Block::receive_ready(false, Acknowledges::CheckError),
                "00810081",
            ),
            (
                Block::receive_ready(true, Acknowledges::OtherError),
                "00920092",
            ),
            (
                Block::supervisory(Supervisory::Resynchronise, false, &[]),
                "00C000C0",
            ),
            (
                Block::supervisory(Supervisory::InformationFieldSize, true, &[0xFE]),
                "00E101FE1E",
            ),
            (
                Block::supervisory(Supervisory::WaitingTimeExtension, false, &[2]),
                "00C30102C0",
            ),
        ] {
            assert_eq!(hex::encode_upper(&block.encode()[..]), bytes);
            assert_eq!(Block::parse(&hex::decode(bytes).unwrap()), Ok(block));
        }
    }

    #[test]
    fn what_is_no_block_is_named() {
        let parse = |text| Block::parse(&hex::decode(text).unwrap()).unwrap_err();
        assert_eq!(parse(""), BlockError::Length);
        assert_eq!(parse("000000"), BlockError::Length);
        assert_eq!(parse("000001AAAA"), BlockError::Check);
        assert_eq!(parse("000002AAA8"), BlockError::Length);
        // Node address 21; an R-block with an error of no meaning; one with data.
        assert_eq!(parse("21000021"), BlockError::Unknown);
        assert_eq!(parse("00830083"), BlockError::Unknown);
        assert_eq!(parse("008001AA2B"), BlockError::Length);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_block_or_none(bytes in prop::collection::vec(any::<u8>(), 0..30)) {
            if let Ok(block) = Block::parse(&bytes) {
                prop_assert_eq!(&block.encode()[..], &bytes[..]);
            }
        }

        #[test]
        fn any_bytes_with_a_right_check_byte(
            control in any::<u8>(),
            information in prop::collection::vec(any::<u8>(), 0..=LONGEST_INFORMATION),
        ) {
            let mut bytes = vec![0, control, information.len() as u8];
            bytes.extend(information);
            bytes.push(bytes.iter().fold(0, |sum, byte| sum ^ byte));
            if let Ok(block) = Block::parse(&bytes) {
                prop_assert_eq!(&block.encode()[..], &bytes[..]);
            }
        }
    }
}
