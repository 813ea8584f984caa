//! What goes wrong on the line and on the card's contacts, and what becomes of it.

mod support;

use std::time::Duration;

use serial_ccid::{ChannelError, LineCounters};
use support::{file_card, get, object, open, put, put_and_get};
use virtual_reader::VirtualSerialReader;
use virtual_reader::{CardFault, FileCard, InsertedCard, LineFault, ReaderModel};

fn readers() -> [ReaderModel; 2] {
    [ReaderModel::gem_pc_twin(), ReaderModel::gem_core_sim_pro()]
}

/// Each fault with each frame of one object written and read.
#[test]
fn every_fault_of_the_line_is_put_right() {
    let repaired = |counters: LineCounters| {
        counters.commands_repeated + counters.answers_repeated + counters.answers_stale
    };
    for model in readers() {
        for fault in [
            LineFault::WrongLrc,
            LineFault::HalfAnswer,
            LineFault::Nak,
            LineFault::LostCommand,
            LineFault::LostAnswer,
            LineFault::WrongSequence,
            LineFault::StaleAnswer,
        ] {
            let plugged = VirtualSerialReader::plug_in(model.clone());
            plugged.insert(file_card());
            let mut reader = open(&plugged);
            // One while parameters are agreed on, the others while it is spoken to.
            plugged.line_fault(3, fault.clone());
            let mut card = reader.connect().unwrap();
            for frame in [0, 4] {
                plugged.line_fault(frame, fault.clone());
                put_and_get(&mut card, &object())
                    .unwrap_or_else(|error| panic!("{fault:?} at {frame}: {error}"));
            }
            drop(card);
            let counters = reader.line_counters();
            assert!(repaired(counters) > 2, "{fault:?}: {counters:?}");
        }
    }
}

#[test]
fn noise_and_slowness_are_borne() {
    let long = "\u{50}\u{3}\u{6}\u{3}".as_bytes().to_vec();
    for model in readers() {
        for fault in [
            LineFault::Garbage(vec![0, 1, 0x7F, 0x20, 3, 3]),
            LineFault::Garbage(vec![0x50]),
            LineFault::Garbage(long.clone()),
            LineFault::TimeExtension(3),
            LineFault::TimeRequest(5),
            LineFault::Delay(Duration::from_millis(200)),
            LineFault::WrongEcho,
        ] {
            let plugged = VirtualSerialReader::plug_in(model.clone());
            plugged.insert(file_card());
            let mut reader = open(&plugged);
            let mut card = reader.connect().unwrap();
            for frame in [0, 4] {
                plugged.line_fault(frame, fault.clone());
                put_and_get(&mut card, &object())
                    .unwrap_or_else(|error| panic!("{fault:?} at {frame}: {error}"));
            }
        }
    }
}

#[test]
fn bytes_that_come_one_by_one() {
    for model in readers() {
        let plugged = VirtualSerialReader::plug_in(ReaderModel {
            pieces: Some((1, Duration::from_micros(200))),
            ..model
        });
        plugged.insert(file_card());
        let mut reader = open(&plugged);
        put_and_get(&mut reader.connect().unwrap(), &object()).unwrap();
    }
}

/// An answer that is never right is not asked for without an end.
#[test]
fn a_line_that_stays_bad_fails() {
    for (fault, times) in [(LineFault::WrongLrc, 40), (LineFault::Nak, 40)] {
        let plugged = VirtualSerialReader::plug_in(ReaderModel::gem_core_sim_pro());
        plugged.insert(file_card());
        let mut reader = open(&plugged);
        let mut card = reader.connect().unwrap();
        (0..times).for_each(|_| plugged.line_fault(0, fault.clone()));
        assert_eq!(put(&mut card, &object()), Err(ChannelError::Failed));
        plugged.revive();
        // Resynchronised.
        put_and_get(&mut card, &object()).unwrap();
    }
}

/// Each fault at each block of one object written and read.
#[test]
fn every_fault_of_the_card_is_put_right() {
    let plugged = VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin());
    plugged.insert(file_card());
    let mut reader = open(&plugged);
    let mut card = reader.connect().unwrap();
    for fault in [
        CardFault::BlockLost,
        CardFault::AnswerLost,
        CardFault::Parity,
        CardFault::WrongCheck,
        CardFault::WrongSequence,
        CardFault::MoreTime(3),
        CardFault::ShorterBlocks(100),
    ] {
        for block in 0..6 {
            plugged.card_fault(block, fault.clone());
            put_and_get(&mut card, &object())
                .unwrap_or_else(|error| panic!("{fault:?} at {block}: {error}"));
        }
    }
    assert_eq!(card.information_size(), 100);
}

/// Counts how often it is asked.
struct Counting(FileCard, std::sync::mpsc::Sender<()>);

impl serial_ccid::CardChannel for Counting {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let _ = self.1.send(());
        self.0.transmit(command)
    }
}

/// A PIN that is verified twice costs two tries.
#[test]
fn no_fault_makes_the_card_do_a_command_twice() {
    let (sender, commands) = std::sync::mpsc::channel();
    let plugged = VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin());
    plugged.insert(InsertedCard::new(Box::new(Counting(
        FileCard::default(),
        sender,
    ))));
    let mut reader = open(&plugged);
    let mut card = reader.connect().unwrap();
    for fault in [
        LineFault::WrongLrc,
        LineFault::HalfAnswer,
        LineFault::Nak,
        LineFault::LostCommand,
        LineFault::LostAnswer,
        LineFault::WrongSequence,
        LineFault::StaleAnswer,
    ] {
        plugged.line_fault(0, fault.clone());
        put(&mut card, b"short").unwrap();
        assert_eq!(commands.try_iter().count(), 1, "{fault:?}");
    }
    for fault in [
        CardFault::BlockLost,
        CardFault::AnswerLost,
        CardFault::Parity,
        CardFault::WrongCheck,
        CardFault::WrongSequence,
        CardFault::MoreTime(1),
    ] {
        plugged.card_fault(0, fault.clone());
        put(&mut card, b"short").unwrap();
        assert_eq!(commands.try_iter().count(), 1, "{fault:?}");
    }
    // Where nobody can know, it fails once and is not repeated.
    (0..3).for_each(|_| plugged.card_fault(0, CardFault::AnswerLost));
    assert_eq!(put(&mut card, b"short"), Err(ChannelError::Failed));
    assert_eq!(commands.try_iter().count(), 1);
    get(&mut card, b"short").unwrap();
}

#[test]
fn a_confused_card_is_resynchronised() {
    let plugged = VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin());
    plugged.insert(file_card());
    let mut reader = open(&plugged);
    let mut card = reader.connect().unwrap();
    // In the middle of a command, which begins anew.
    plugged.card_fault(1, CardFault::Confused);
    put_and_get(&mut card, &object()).unwrap();
    // With its last block.
    plugged.card_fault(0, CardFault::Confused);
    assert_eq!(put(&mut card, b"short"), Err(ChannelError::Failed));
    put_and_get(&mut card, &object()).unwrap();
    plugged.card_fault(2, CardFault::Abort);
    assert_eq!(put(&mut card, &object()), Err(ChannelError::Failed));
    put_and_get(&mut card, &object()).unwrap();
}

#[test]
fn a_card_pulled_at_any_block_is_removed() {
    for model in readers() {
        let plugged = VirtualSerialReader::plug_in(model);
        let mut reader = open(&plugged);
        // Three blocks to write, three to read.
        for block in 0..6 {
            plugged.insert(file_card());
            let mut card = reader.connect().unwrap();
            plugged.card_fault(block, CardFault::Pulled);
            let pulled = put_and_get(&mut card, &object());
            assert_eq!(pulled, Err(ChannelError::Removed), "{block}");
            // For good, without asking the reader.
            assert_eq!(get(&mut card, b""), Err(ChannelError::Removed));
        }
        // Told, but without an answer.
        if reader.echoes() {
            plugged.insert(file_card());
            let mut card = reader.connect().unwrap();
            plugged.line_fault(1, LineFault::PulledWithoutAnswer);
            let pulled = put_and_get(&mut card, &object());
            assert_eq!(pulled, Err(ChannelError::Removed));
        }
    }
}

#[test]
fn a_card_that_lost_power_is_reset() {
    let plugged = VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin());
    plugged.insert(file_card());
    let mut reader = open(&plugged);
    let mut card = reader.connect().unwrap();
    plugged.card_fault(1, CardFault::PowerLost);
    assert_eq!(put(&mut card, &object()), Err(ChannelError::Reset));
    drop(card);
    put_and_get(&mut reader.connect().unwrap(), &object()).unwrap();
}

/// A card that asks for time for ever, and one that answers without an end.
#[test]
fn no_card_holds_the_reader_for_ever() {
    struct Endless;
    impl serial_ccid::CardChannel for Endless {
        fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, ChannelError> {
            Ok(vec![0; 0x2_0000])
        }
    }
    // A message, and a pause.
    let plugged = VirtualSerialReader::plug_in(ReaderModel {
        pieces: Some((64, Duration::from_millis(2))),
        ..ReaderModel::gem_core_sim_pro()
    });
    plugged.insert(InsertedCard::new(Box::new(Endless)));
    let mut settings = support::settings();
    let mut reader = serial_ccid::SerialReader::open_with(plugged.path(), &settings).unwrap();
    assert_eq!(
        put(&mut reader.connect().unwrap(), b"short"),
        Err(ChannelError::Failed)
    );
    drop(reader);
    settings.timing.longest = Duration::from_secs(1);
    plugged.insert(file_card());
    let mut reader = serial_ccid::SerialReader::open_with(plugged.path(), &settings).unwrap();
    let mut card = reader.connect().unwrap();
    plugged.line_fault(0, LineFault::TimeExtension(2_000));
    assert_eq!(put(&mut card, b"short"), Err(ChannelError::Failed));
}
