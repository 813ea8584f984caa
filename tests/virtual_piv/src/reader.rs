//! The reader's side of vpcd's protocol (vsmartcard, vpcd.h).

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::card::Card;

const POWER_OFF: u8 = 0;
const POWER_ON: u8 = 1;
const RESET: u8 = 2;
const TELL_ATR: u8 = 4;

/// T=1, no historical bytes (ISO 7816-3, 8.2).
const ATR: [u8; 4] = [0x3B, 0x80, 0x01, 0x81];

/// Where the reader's words come from and the card's go to.
pub struct Reader<F, T> {
    pub from: F,
    pub to: T,
}

impl<F: Read, T: Write> Reader<F, T> {
    /// Until the card loses its power (true) or the reader is gone (false).
    pub fn serve(&mut self, card: &mut Card<'_>) -> std::io::Result<bool> {
        loop {
            let message = match self.receive() {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(false),
                message => message?,
            };
            match message[..] {
                [] | [POWER_OFF] => {}
                [POWER_ON | RESET] => return Ok(true),
                [TELL_ATR] => self.send(&ATR)?,
                _ => self.send(&card.answer(&message))?,
            }
        }
    }

    fn receive(&mut self) -> std::io::Result<Vec<u8>> {
        let mut length = [0; 2];
        self.from.read_exact(&mut length)?;
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        self.from.read_exact(&mut message)?;
        Ok(message)
    }

    fn send(&mut self, message: &[u8]) -> std::io::Result<()> {
        let length = u16::try_from(message.len()).map_err(|_| ErrorKind::InvalidInput)?;
        let mut octets = length.to_be_bytes().to_vec();
        octets.extend_from_slice(message);
        self.to.write_all(&octets)?;
        self.to.flush()
    }
}

/// The connection to vpcd.
pub struct Vpcd(TcpStream);

impl Vpcd {
    pub fn new(stream: TcpStream) -> std::io::Result<Vpcd> {
        stream.set_nodelay(true)?;
        Ok(Vpcd(stream))
    }

    pub fn try_clone(&self) -> std::io::Result<TcpStream> {
        self.0.try_clone()
    }
}

impl Read for Vpcd {
    /// vpcd sends length and message apart and waits for the first to be acknowledged,
    /// 40 ms if nobody hurries. The option holds for one acknowledgement only.
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        rustix::net::sockopt::set_tcp_quickack(&self.0, true)?;
        self.0.read(buffer)
    }
}
