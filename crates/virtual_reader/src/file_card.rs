//! A small card with data objects.

use std::collections::BTreeMap;

use apdu::{CardChannel, ChannelError, Command, Response, StatusWord};

/// Keeps what PUT DATA (INS DB, ISO 7816-4, 11.4) gives under P1 P2, in one extended
/// command or by command chaining, and gives it back by GET DATA (INS CB), with GET
/// RESPONSE where Le is short.
#[derive(Default)]
pub struct FileCard {
    objects: BTreeMap<[u8; 2], Vec<u8>>,
    /// Of a chained command.
    chained: Vec<u8>,
    /// Left of a long answer.
    rest: Vec<u8>,
}

impl CardChannel for FileCard {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let response = match Command::parse(command) {
            Some(parsed) => self.answer(&parsed, Command::is_extended(command)),
            None => Response::new(&[], StatusWord::WRONG_LENGTH),
        };
        Ok(response.encode().to_vec())
    }
}

impl FileCard {
    fn answer(&mut self, command: &Command, extended: bool) -> Response {
        let name = [command.p1, command.p2];
        match (command.cla, command.ins) {
            (0x10, 0xDB) => {
                self.chained.extend_from_slice(&command.data);
                Response::new(&[], StatusWord::OK)
            }
            (0, 0xDB) => {
                let mut object = std::mem::take(&mut self.chained);
                object.extend_from_slice(&command.data);
                self.objects.insert(name, object);
                Response::new(&[], StatusWord::OK)
            }
            (0, 0xCB) => match self.objects.get(&name) {
                Some(object) if extended => Response::new(object, StatusWord::OK),
                Some(object) => {
                    self.rest.clone_from(object);
                    self.next_part()
                }
                None => Response::new(&[], StatusWord::FILE_NOT_FOUND),
            },
            (0, 0xC0) => self.next_part(),
            _ => Response::new(&[], StatusWord::INSTRUCTION_NOT_SUPPORTED),
        }
    }

    fn next_part(&mut self) -> Response {
        let length = self.rest.len().min(256);
        let part: Vec<u8> = self.rest.drain(..length).collect();
        let status = match self.rest.len() {
            0 => StatusWord::OK,
            // 00 says 256 or more.
            left => StatusWord(0x6100 | if left < 256 { left as u16 } else { 0 }),
        };
        Response::new(&part, status)
    }
}
