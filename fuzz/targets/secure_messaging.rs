//! Protected answers that are not the chip's and commands that are not the reader's are
//! refused; what one side protects the other side reads.

#![no_main]

use chip::cipher::{Cipher, pad};
use chip::secure_messaging::SecureMessaging;
use chip::tlv;
use chip::{Command, Response, StatusWord};
use libfuzzer_sys::fuzz_target;

/// Every byte of both keys.
const KEY: u8 = 0x5A;

fn read_binary() -> Command {
    Command::new(0xB0, 0, 0, &[], Some(256))
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else {
        return;
    };
    let cipher = match choice % 4 {
        0 => Cipher::TripleDes,
        1 => Cipher::Aes128,
        2 => Cipher::Aes192,
        _ => Cipher::Aes256,
    };
    let keys = || {
        let key = vec![KEY; cipher.key_length()];
        SecureMessaging::new(cipher, &key, &key, &[]).expect("keys of its length")
    };
    // Without the keys nobody can make an answer that passes.
    if let Some(response) = Response::parse(data) {
        let mut reader = keys();
        reader.protect(&read_binary()).expect("a short command");
        assert!(reader.unprotect(&response).is_err());
    }
    if let Some(command) = Command::parse(data) {
        assert!(keys().unprotect_command(&command).is_err());
    }
    // Any data objects with a right authentication code behind them.
    let mut reader = keys();
    reader.protect(&read_binary()).expect("a short command");
    let mut counter = vec![0; cipher.block_length()];
    if let Some(last) = counter.last_mut() {
        *last = 2;
    }
    let message = [&counter[..], &pad(data, counter.len())].concat();
    let key = vec![KEY; cipher.key_length()];
    let mac = cipher.mac_of_blocks(&key, &message).expect("whole blocks");
    let mut objects = data.to_vec();
    tlv::write(&mut objects, 0x8E, &mac);
    let _ = reader.unprotect(&Response::new(&objects, StatusWord::OK));
    // The right keys around any content.
    let (mut reader, mut card) = (keys(), keys());
    let content = data.get(..223).unwrap_or(data);
    let command = Command::new(0x88, 0, 0, content, Some(256));
    let protected = reader.protect(&command).expect("a short command");
    let arrived = card.unprotect_command(&protected).expect("what was sent");
    assert!(arrived.data[..] == *content);
    let answer = Response::new(content, StatusWord::OK);
    let protected = card.protect_response(0x88, &answer).expect("an answer");
    let arrived = reader.unprotect(&protected).expect("what was answered");
    assert!(arrived.data[..] == *content);
});
