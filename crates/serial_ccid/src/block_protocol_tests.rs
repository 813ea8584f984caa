//! The protocol against cards that are written down block by block, after the scenarios
//! of ISO 7816-3, annex A.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

/// What the reader must send and what comes back, in order.
struct Scenario(VecDeque<(&'static str, Result<&'static str, BlockFault>)>);

impl Scenario {
    fn new(steps: &[(&'static str, Result<&'static str, BlockFault>)]) -> Scenario {
        Scenario(steps.iter().copied().collect())
    }
}

impl BlockLine for Scenario {
    fn exchange(&mut self, block: &[u8], _: u8) -> Result<Zeroizing<Vec<u8>>, BlockFault> {
        let (expected, answer) = self.0.pop_front().expect("no more blocks");
        let block = Block::parse(block).unwrap();
        assert_eq!(named(&block), expected);
        answer.map(|name| block_named(name).encode())
    }
}

/// "I0+ 0102": N(S), more, data; "R1" with "e" or "o" for its error; "S(WTX) 02" and "S(WTX). 02" for
/// request and response.
fn named(block: &Block) -> String {
    let name = match block.kind {
        BlockKind::Information { sequence, more } => {
            format!("I{}{}", u8::from(sequence), if more { "+" } else { "" })
        }
        BlockKind::ReceiveReady {
            sequence,
            acknowledges,
        } => {
            let error = match acknowledges {
                Acknowledges::WithoutError => "",
                Acknowledges::CheckError => "e",
                Acknowledges::OtherError => "o",
            };
            format!("R{}{error}", u8::from(sequence))
        }
        BlockKind::Supervisory { purpose, response } => {
            let purpose = match purpose {
                Supervisory::Resynchronise => "RESYNCH",
                Supervisory::InformationFieldSize => "IFS",
                Supervisory::Abort => "ABORT",
                Supervisory::WaitingTimeExtension => "WTX",
            };
            format!("S({purpose}){}", if response { "." } else { "" })
        }
    };
    match block.information.is_empty() {
        true => name,
        false => format!("{name} {}", hex::encode(&block.information[..])),
    }
}

fn block_named(name: &str) -> Block {
    let (kind, information) = name.split_once(' ').unwrap_or((name, ""));
    let information = hex::decode(information).unwrap();
    let acknowledges = match kind.as_bytes().last() {
        Some(b'e') => Acknowledges::CheckError,
        Some(b'o') => Acknowledges::OtherError,
        _ => Acknowledges::WithoutError,
    };
    let sequence = kind.as_bytes().get(1) == Some(&b'1');
    let purpose = match kind.trim_start_matches("S(").split(')').next() {
        Some("RESYNCH") => Supervisory::Resynchronise,
        Some("IFS") => Supervisory::InformationFieldSize,
        Some("ABORT") => Supervisory::Abort,
        _ => Supervisory::WaitingTimeExtension,
    };
    match kind.as_bytes()[0] {
        b'I' => Block::new(
            BlockKind::Information {
                sequence,
                more: kind.ends_with('+'),
            },
            &information,
        ),
        b'R' => Block::receive_ready(sequence, acknowledges),
        _ => Block::supervisory(purpose, kind.ends_with('.'), &information),
    }
}

/// Three bytes a block, so that chains are short to write.
fn transmit(
    command: &[u8],
    steps: &[(&'static str, Result<&'static str, BlockFault>)],
) -> Result<Vec<u8>, ChannelError> {
    let mut line = Scenario::new(steps);
    let answer = BlockProtocol::new(3).transmit(&mut line, command);
    assert!(line.0.is_empty(), "{} blocks were not sent", line.0.len());
    answer.map(|answer| answer.to_vec())
}

const MUTE: Result<&str, BlockFault> = Err(BlockFault::Mute);
const DAMAGED: Result<&str, BlockFault> = Err(BlockFault::Damaged);

#[test]
fn a_command_and_an_answer_in_a_block_each() {
    let got = transmit(&[1, 2], &[("I0 0102", Ok("I0 9000"))]);
    assert_eq!(got, Ok(vec![0x90, 0]));
}

#[test]
fn sequence_numbers_alternate_over_commands() {
    let mut line = Scenario::new(&[("I0 01", Ok("I0 9000")), ("I1 02", Ok("I1 6a82"))]);
    let mut protocol = BlockProtocol::new(32);
    assert_eq!(*protocol.transmit(&mut line, &[1]).unwrap(), [0x90, 0]);
    assert_eq!(*protocol.transmit(&mut line, &[2]).unwrap(), [0x6A, 0x82]);
}

#[test]
fn chains_both_ways() {
    let got = transmit(
        &[1, 2, 3, 4, 5, 6, 7],
        &[
            ("I0+ 010203", Ok("R1")),
            ("I1+ 040506", Ok("R0")),
            ("I0 07", Ok("I0+ aabb")),
            ("R1", Ok("I1+ ccdd")),
            ("R0", Ok("I0 9000")),
        ],
    );
    assert_eq!(got, Ok(vec![0xAA, 0xBB, 0xCC, 0xDD, 0x90, 0]));
}

#[test]
fn the_card_asks_for_time_and_for_shorter_blocks() {
    let got = transmit(
        &[1, 2, 3, 4, 5],
        &[
            ("I0+ 010203", Ok("S(IFS) 01")),
            ("S(IFS). 01", Ok("R1")),
            ("I1+ 04", Ok("R0")),
            ("I0 05", Ok("S(WTX) 09")),
            ("S(WTX). 09", Ok("S(WTX) 02")),
            ("S(WTX). 02", Ok("I0 9000")),
        ],
    );
    assert_eq!(got, Ok(vec![0x90, 0]));
}

#[test]
fn a_lost_or_damaged_answer_is_asked_for_again() {
    for (fault, request) in [(MUTE, "R0o"), (DAMAGED, "R0e")] {
        let steps = [("I0 01", fault), (request, Ok("I0 9000"))];
        assert_eq!(transmit(&[1], &steps), Ok(vec![0x90, 0]));
    }
    // The acknowledgement goes out again as it was.
    let steps = [("I0 01", Ok("I0+ aa")), ("R1", MUTE), ("R1", Ok("I1 9000"))];
    assert_eq!(transmit(&[1], &steps), Ok(vec![0xAA, 0x90, 0]));
}

#[test]
fn a_block_that_the_card_did_not_get_is_sent_again() {
    let steps = [("I0 01", Ok("R0e")), ("I0 01", MUTE), ("R0o", Ok("R0o"))];
    // Three attempts, then the card may have begun: never sent anew.
    assert_eq!(transmit(&[1], &steps), Err(ChannelError::Failed));
    let steps = [("I0 01", MUTE), ("R0o", Ok("R0")), ("I0 01", Ok("I0 9000"))];
    assert_eq!(transmit(&[1], &steps), Ok(vec![0x90, 0]));
}

#[test]
fn a_repeated_answer_is_not_taken_twice() {
    let steps = [
        ("I0 01", Ok("I0+ aa")),
        ("R1", Ok("I0+ aa")),
        ("R1", Ok("I1 9000")),
    ];
    assert_eq!(transmit(&[1], &steps), Ok(vec![0xAA, 0x90, 0]));
}

/// The card cannot have begun a command of which it has a part only.
#[test]
fn an_incomplete_command_is_begun_anew_after_resynchronisation() {
    let got = transmit(
        &[1, 2, 3, 4],
        &[
            ("I0+ 010203", MUTE),
            ("R0o", MUTE),
            ("R0o", MUTE),
            ("S(RESYNCH)", MUTE),
            ("S(RESYNCH)", Ok("S(RESYNCH).")),
            ("I0+ 010203", Ok("R1")),
            ("I1 04", Ok("I0 9000")),
        ],
    );
    assert_eq!(got, Ok(vec![0x90, 0]));
}

#[test]
fn a_complete_command_is_never_sent_anew() {
    let mut line = Scenario::new(&[
        ("I0 01", MUTE),
        ("R0o", MUTE),
        ("R0o", MUTE),
        ("S(RESYNCH)", Ok("S(RESYNCH).")),
        ("I0 02", Ok("I0 9000")),
    ]);
    let mut protocol = BlockProtocol::new(32);
    let lost = protocol.transmit(&mut line, &[1]);
    assert_eq!(lost.unwrap_err(), ChannelError::Failed);
    // The next command finds both sides at zero.
    assert_eq!(*protocol.transmit(&mut line, &[2]).unwrap(), [0x90, 0]);
}

#[test]
fn an_aborted_chain_fails() {
    let steps = [("I0 01", Ok("S(ABORT)")), ("S(ABORT).", Ok("R0"))];
    assert_eq!(transmit(&[1], &steps), Err(ChannelError::Failed));
}

#[test]
fn a_pulled_card_is_not_asked_again() {
    let removed = Err(BlockFault::Channel(ChannelError::Removed));
    let steps = [("I0 01", Ok("I0+ aa")), ("R1", removed)];
    assert_eq!(transmit(&[1], &steps), Err(ChannelError::Removed));
}

/// A card that answers every block with what it was dealt, then is pulled.
struct Dealt(VecDeque<Vec<u8>>);

impl BlockLine for Dealt {
    fn exchange(&mut self, block: &[u8], _: u8) -> Result<Zeroizing<Vec<u8>>, BlockFault> {
        Block::parse(block).unwrap();
        let removed = BlockFault::Channel(ChannelError::Removed);
        self.0.pop_front().map(Zeroizing::new).ok_or(removed)
    }
}

proptest! {
    #[test]
    fn any_card_is_borne(
        blocks in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..5)), 0..40),
        command in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let dealt = blocks.into_iter().map(|(control, information)| {
            let mut bytes = vec![0, control, information.len() as u8];
            bytes.extend(information);
            bytes.push(bytes.iter().fold(0, |sum, byte| sum ^ byte));
            bytes
        });
        let mut line = Dealt(dealt.collect());
        let mut protocol = BlockProtocol::new(5);
        for _ in 0..3 {
            let _ = protocol.transmit(&mut line, &command);
        }
    }
}
