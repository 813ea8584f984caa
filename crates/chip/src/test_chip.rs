//! A chip of files and secure messaging only, for the tests of reading: it opens to
//! keys that the test gives to both sides.

use std::collections::BTreeMap;

use crate::file_id::FileId;
use crate::key_derivation::{ENCRYPTION, MESSAGE_AUTHENTICATION, derive_key};
use crate::secure_messaging::{Cipher, SecureMessaging};
use crate::tlv;
use apdu::{CardChannel, ChannelError};
use apdu::{Command, Response, StatusWord};

/// What happens to a READ BINARY for more than the chip can give.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TooMuch {
    /// This status, protected like any other.
    Refused(u16),
    /// 6Cxx.
    Corrected,
    /// As much as there is room for.
    Shortened,
    /// 6700 in the clear, and the keys are gone.
    Dropped,
}

pub struct TestChip {
    files: BTreeMap<u16, Vec<u8>>,
    secure: Option<SecureMessaging>,
    current: Option<u16>,
    /// What is left of an answer that is given in parts.
    rest: Vec<u8>,
    pub extended: bool,
    /// The reader in between fails at extended length, without a status.
    pub reader_fails: bool,
    pub short_identifiers: bool,
    /// Where EF.CardAccess is missing.
    pub absent: u16,
    /// Most plain bytes of one answer.
    pub most: usize,
    pub too_much: TooMuch,
    /// Answers longer than this come in parts (61xx).
    pub part: usize,
    /// Bytes of each file that were given, one entry for each READ BINARY.
    pub reads: Vec<(u16, std::ops::Range<usize>)>,
    pub selects: usize,
    pub odd: usize,
    pub longest_answer: usize,
    /// Card model: 12 ms an APDU and 30 kB/s.
    pub milliseconds: f64,
}

/// Bytes that differ from place to place, in one data object of `length` bytes in all
/// (not 130 or 259, which the shortest length cannot make).
pub fn file(tag: u32, length: usize) -> Vec<u8> {
    let header = match length {
        0..=129 => 2,
        131..=258 => 3,
        260.. => 4,
        _ => panic!("no data object has {length} bytes"),
    };
    let value: Vec<u8> = (0..length - header)
        .map(|at| (at * 31 + at / 251) as u8)
        .collect();
    let mut content = Vec::new();
    tlv::write(&mut content, tag, &value);
    assert_eq!(content.len() - length, usize::from(length > 65539));
    content
}

pub fn keys(cipher: Cipher) -> SecureMessaging {
    let enc = derive_key(b"secret", ENCRYPTION, cipher);
    let mac = derive_key(b"secret", MESSAGE_AUTHENTICATION, cipher);
    SecureMessaging::new(cipher, &enc, &mac, &[]).unwrap()
}

impl TestChip {
    pub fn new() -> TestChip {
        TestChip {
            files: BTreeMap::new(),
            secure: None,
            current: None,
            rest: Vec::new(),
            extended: false,
            reader_fails: false,
            short_identifiers: true,
            absent: 0x6A82,
            most: 65536,
            too_much: TooMuch::Shortened,
            part: usize::MAX,
            reads: Vec::new(),
            selects: 0,
            odd: 0,
            longest_answer: 0,
            milliseconds: 0.0,
        }
    }

    pub fn with(mut self, id: FileId, content: Vec<u8>) -> TestChip {
        self.files.insert(id.identifier(), content);
        self
    }

    pub fn file(&self, id: FileId) -> &[u8] {
        &self.files[&id.identifier()]
    }

    /// Keys are agreed on, and the application with its files is selected.
    pub fn open(&mut self, cipher: Cipher) -> SecureMessaging {
        self.secure = Some(keys(cipher));
        self.current = None;
        keys(cipher)
    }

    fn read(&mut self, id: u16, offset: usize, le: usize, room: usize) -> Response {
        let Some(content) = self.files.get(&id) else {
            return Response::new(&[], StatusWord(self.absent));
        };
        self.current = Some(id);
        let Some(there) = content.get(offset..).filter(|there| !there.is_empty()) else {
            return Response::new(&[], StatusWord::WRONG_OFFSET);
        };
        let most = room.min(self.most);
        if le > most {
            match self.too_much {
                TooMuch::Refused(status) => return Response::new(&[], StatusWord(status)),
                TooMuch::Corrected => {
                    return Response::new(&[], StatusWord(0x6C00 | most.min(there.len()) as u16));
                }
                TooMuch::Dropped => {
                    self.secure = None;
                    return Response::new(&[], StatusWord::WRONG_LENGTH);
                }
                TooMuch::Shortened => {}
            }
        }
        let given = &there[..there.len().min(le).min(most)];
        self.reads.push((id, offset..offset + given.len()));
        let status = match there.len() < le {
            true => StatusWord::END_OF_FILE,
            false => StatusWord::OK,
        };
        Response::new(given, status)
    }

    fn answer(&mut self, command: &Command, room: usize) -> Response {
        let plain = |status| Response::new(&[], status);
        let le = command.le.map_or(0, |le| le as usize);
        match (command.ins, command.p1) {
            (0xA4, 0x02) => {
                self.selects += 1;
                let id = u16::from_be_bytes(command.data[..].try_into().unwrap());
                match self.files.contains_key(&id) {
                    true => {
                        self.current = Some(id);
                        plain(StatusWord::OK)
                    }
                    false => plain(StatusWord(self.absent)),
                }
            }
            (0xA4, 0x00 | 0x04) => plain(StatusWord::OK),
            (0xB0, sfi @ 0x80..) if self.short_identifiers => {
                let id = match sfi & 0x1F {
                    0x01 if self.secure.is_none() => 0x2F01,
                    sfi => 0x0100 | u16::from(sfi),
                };
                self.read(id, usize::from(command.p2), le, room)
            }
            (0xB0, 0x80..) => plain(StatusWord::WRONG_PARAMETERS),
            (0xB0, _) => match self.current {
                Some(id) => {
                    let offset = usize::from(u16::from_be_bytes([command.p1, command.p2]));
                    self.read(id, offset, le, room)
                }
                None => plain(StatusWord::NO_CURRENT_FILE),
            },
            (0xB1, _) => {
                self.odd += 1;
                let offset = tlv::only(&command.data, 0x54).unwrap();
                let offset = offset.iter().fold(0, |all, &b| all << 8 | usize::from(b));
                let header = match le {
                    0..=0x81 => 2,
                    0x82..=0x102 => 3,
                    _ => 4,
                };
                let id = self.current.unwrap();
                let response = self.read(id, offset, le - header, room - header);
                let mut data = Vec::new();
                if !response.data.is_empty() {
                    tlv::write(&mut data, 0x53, &response.data);
                }
                Response::new(&data, response.status)
            }
            _ => plain(StatusWord::INSTRUCTION_NOT_SUPPORTED),
        }
    }

    fn process(&mut self, apdu: &[u8]) -> Response {
        let long = Command::is_extended(apdu);
        if long && !self.extended {
            self.secure = None;
            return Response::new(&[], StatusWord::WRONG_LENGTH);
        }
        let command = Command::parse(apdu).expect("a command APDU");
        let limit = if long { 65536 } else { 256 };
        if command.cla & 0x0C == 0 {
            if command.ins == 0xC0 {
                return self.in_parts(Vec::new(), StatusWord::OK);
            }
            self.secure = None;
            let response = self.answer(&command, limit);
            return self.in_parts(response.data.to_vec(), response.status);
        }
        let Some(mut secure) = self.secure.take() else {
            return Response::new(&[], StatusWord::SECURE_MESSAGING_INCORRECT);
        };
        let Ok(plain) = secure.unprotect_command(&command) else {
            return Response::new(&[], StatusWord::SECURE_MESSAGING_INCORRECT);
        };
        let room = secure.capacity(limit);
        self.secure = Some(keys(secure.cipher()));
        let response = self.answer(&plain, room);
        // Only a chip that dropped them has none now.
        if self.secure.take().is_none() {
            return response;
        }
        let protected = secure.protect_response(plain.ins, &response).unwrap();
        self.secure = Some(secure);
        self.in_parts(protected.data.to_vec(), protected.status)
    }

    fn in_parts(&mut self, data: Vec<u8>, status: StatusWord) -> Response {
        self.rest.extend(data);
        let part: Vec<u8> = self.rest.drain(..self.rest.len().min(self.part)).collect();
        let status = match self.rest.len() {
            0 => status,
            more => StatusWord(0x6100 | if more > 255 { 0 } else { more as u16 }),
        };
        Response::new(&part, status)
    }
}

impl CardChannel for TestChip {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        if self.reader_fails && Command::is_extended(command) {
            return Err(ChannelError::Failed);
        }
        let answer = self.process(command).encode().to_vec();
        self.longest_answer = self.longest_answer.max(answer.len());
        self.milliseconds += 12.0 + (command.len() + answer.len()) as f64 / 30.0;
        Ok(answer)
    }
}
