//! A whole read from a card that answers what it likes, in parts of the input: two bytes
//! of length, then the answer. An empty part is no answer at all.

#![no_main]

use chip::{AccessKey, Can, CardChannel, ChannelError, MrzKey, ReadRequest, read_document};
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
    let access = match choice & 1 {
        0 => AccessKey::Can(Can::parse("123456").expect("a CAN")),
        _ => AccessKey::Mrz(MrzKey::new("041236587", "880412", "310411").expect("a key")),
    };
    let request = ReadRequest {
        access,
        data_groups: ReadRequest::DATA_GROUPS.to_vec(),
        challenge: [7; 8],
        short_only: choice & 2 != 0,
    };
    let _ = read_document(&mut Answers(data), &request, &mut |_| ());
});
