//! Every operation on a PIV token that answers what it likes, in parts of the input: two
//! bytes of length, then the answer. An empty part is no answer at all.

#![no_main]

use chip::{CardChannel, ChannelError};
use exchange::{KeyAlgorithm, Secret, StorageType};
use keystore::{KeyStorage, PivToken, Token};
use libfuzzer_sys::fuzz_target;

struct Answers<'a>(&'a [u8]);

impl CardChannel for Answers<'_> {
    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let (length, rest) = self.0.split_first_chunk().ok_or(ChannelError::Removed)?;
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (answer, rest) = rest.split_at(length);
        self.0 = rest;
        match answer {
            [] => Err(ChannelError::Failed),
            _ => Ok(answer.to_vec()),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else {
        return;
    };
    let mut token = PivToken::new(Answers(data), StorageType::AKKaztokenStore);
    let (pin, new) = (Secret::from("123456"), Secret::from("80531927"));
    let key = "2a".repeat(20).parse().expect("a key's name");
    match choice % 8 {
        0 => drop(token.status()),
        1 => drop(token.contents()),
        2 => drop(token.generate(KeyAlgorithm::EcdsaP256, &new)),
        3 => drop(token.generate(KeyAlgorithm::Rsa2048, &new)),
        4 => drop(token.change_pin(&pin, &new)),
        5 => drop(token.unblock(&Secret::from("12345678"), &new)),
        6 => drop(token.read_back(&key, &new)),
        _ => drop(token.clear("9C", &new)),
    }
});
