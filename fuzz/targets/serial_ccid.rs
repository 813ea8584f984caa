//! What a serial card reader sends: frames, CCID messages, blocks of T=1.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serial_ccid::block::Block;
use serial_ccid::frame::{self, FrameReader, Received};
use serial_ccid::message::Answer;

fuzz_target!(|data: &[u8]| {
    let whole = read(data, data.len().max(1));
    // However the bytes come.
    let first = data.first().map_or(1, |byte| usize::from(*byte).max(1));
    assert!(whole == read(data, first) && whole == read(data, 1));
    for message in whole.iter().filter_map(message) {
        if let Some(answer) = Answer::parse(message) {
            block(&answer.data);
        }
        // What is framed is read back.
        assert!(read(&frame::encode(message), 7) == [Received::Message(message.to_vec().into())]);
    }
    block(data);
});

fn read(data: &[u8], cut: usize) -> Vec<Received> {
    let mut reader = FrameReader::default();
    let mut received = Vec::new();
    for piece in data.chunks(cut) {
        reader.push(piece);
        received.extend(std::iter::from_fn(|| reader.next_received()));
    }
    let _ = reader.abandon();
    assert!(!reader.is_partial());
    received
}

fn message(received: &Received) -> Option<&[u8]> {
    match received {
        Received::Message(message) => Some(message),
        _ => None,
    }
}

fn block(bytes: &[u8]) {
    if let Ok(block) = Block::parse(bytes) {
        assert_eq!(block.encode()[..], *bytes);
    }
}
