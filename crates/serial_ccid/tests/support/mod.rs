//! What the tests of the reader have in common.
#![allow(dead_code, reason = "each test program uses some of it")]

use std::time::Duration;

use serial_ccid::{CardChannel, ChannelError, ReaderSettings, SerialReader, Timing};
use virtual_reader::{FileCard, InsertedCard, VirtualSerialReader};

/// Not patient where something is silent on purpose.
pub fn settings() -> ReaderSettings {
    ReaderSettings {
        timing: Timing {
            silence: Duration::from_millis(400),
            longest: Duration::from_secs(20),
        },
        card_service: None,
    }
}

pub fn open(plugged: &VirtualSerialReader) -> SerialReader {
    SerialReader::open_with(plugged.path(), &settings()).expect("a reader")
}

pub fn file_card() -> InsertedCard {
    InsertedCard::new(Box::new(FileCard::default()))
}

/// An object of 700 bytes: three blocks and more each way.
pub fn object() -> Vec<u8> {
    (0..700_u32).map(|n| (n * 7 % 251) as u8).collect()
}

/// PUT DATA and GET DATA in extended length.
pub fn put_and_get(card: &mut dyn CardChannel, object: &[u8]) -> Result<(), ChannelError> {
    put(card, object)?;
    get(card, object)
}

pub fn put(card: &mut dyn CardChannel, object: &[u8]) -> Result<(), ChannelError> {
    let command = apdu::Command::new(0xDB, 0x3F, 0xFF, object, None);
    assert_eq!(card.transmit(&command.encode(true).unwrap())?, [0x90, 0]);
    Ok(())
}

pub fn get(card: &mut dyn CardChannel, object: &[u8]) -> Result<(), ChannelError> {
    let command = apdu::Command::new(0xCB, 0x3F, 0xFF, &[], Some(65536));
    let answer = card.transmit(&command.encode(true).unwrap())?;
    let (got, status) = answer.split_last_chunk::<2>().expect("a status word");
    assert_eq!(status, &[0x90, 0]);
    assert!(got == object, "another object came back");
    Ok(())
}
