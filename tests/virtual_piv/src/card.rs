//! What an operating system of a card does around its application: chained commands and
//! answers (ISO 7816-4, 5.3), selection by a shortened name.

use apdu::{Command, Response, StatusWord};
use heapless::Vec as Fixed;
use piv_authenticator::Authenticator;

use crate::memory::Client;

/// SP 800-73-4, part 1, section 2.2.
const AID: [u8; 11] = [0xA0, 0, 0, 3, 8, 0, 0, 0x10, 0, 1, 0];
/// The registered part of it.
const RID_LENGTH: usize = 5;

const CHAINED: u8 = 0x10;
const SELECT: u8 = 0xA4;
const GET_RESPONSE: u8 = 0xC0;

/// Longest command and answer.
const CAPACITY: usize = 4096;

pub struct Card<'a> {
    piv: Authenticator<Client<'a>>,
    /// Data of the commands so far, all but the last of which said that more follows.
    command: Vec<u8>,
    /// What has not been fetched of the last answer.
    answer: Vec<u8>,
}

impl<'a> Card<'a> {
    pub fn new(piv: Authenticator<Client<'a>>) -> Card<'a> {
        Card {
            piv,
            command: Vec::new(),
            answer: Vec::new(),
        }
    }

    pub fn answer(&mut self, apdu: &[u8]) -> Vec<u8> {
        let response = match Command::parse(apdu) {
            Some(command) => self.execute(command),
            None => Response::new(&[], StatusWord::WRONG_LENGTH),
        };
        response.encode().to_vec()
    }

    fn execute(&mut self, mut command: Command) -> Response {
        if command.cla & CHAINED != 0 {
            self.command.extend_from_slice(&command.data);
            let fits = self.command.len() <= CAPACITY;
            let status = if fits {
                StatusWord::OK
            } else {
                self.command.clear();
                StatusWord::WRONG_LENGTH
            };
            return Response::new(&[], status);
        }
        if command.ins == GET_RESPONSE {
            return self.next_part(command.le);
        }
        let mut data = std::mem::take(&mut self.command);
        data.extend_from_slice(&command.data);
        if command.ins == SELECT && data.len() >= RID_LENGTH && AID.starts_with(&data) {
            data = AID.to_vec();
        }
        command.data = data.into();
        let status = match self.ask(&command) {
            Ok(answer) => {
                self.answer = answer;
                return self.next_part(command.le);
            }
            Err(status) => u16::from(status),
        };
        self.answer.clear();
        Response::new(&[], StatusWord(status))
    }

    fn ask(&mut self, command: &Command) -> Result<Vec<u8>, iso7816::Status> {
        let wrong = iso7816::Status::WrongLength;
        let apdu = command.encode(true).ok_or(wrong)?;
        let command = iso7816::Command::<CAPACITY>::try_from(&apdu).map_err(|_| wrong)?;
        let mut reply = Fixed::<u8, CAPACITY>::new();
        self.piv.respond(command.as_view(), &mut reply)?;
        Ok(reply.to_vec())
    }

    /// A missing Le is taken for 256, as some terminals leave it out.
    fn next_part(&mut self, le: Option<u32>) -> Response {
        let le = le.unwrap_or(Command::SHORT_LE) as usize;
        let rest = self.answer.split_off(le.min(self.answer.len()));
        let part = std::mem::replace(&mut self.answer, rest);
        let status = match self.answer.len() {
            0 => StatusWord::OK,
            // 61xx; more than 255 are 00.
            more => StatusWord(0x6100 | u16::from(u8::try_from(more).unwrap_or(0))),
        };
        Response::new(&part, status)
    }
}
