//! A reader without a card service: this process takes vpcd's place.
//!
//! Quicker, and allowed everywhere. What a card service does to a chip is not seen.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use chip::{CardChannel, ChannelError};
use serde_json::Value;

use crate::cards::Cards;
use crate::document::Document;
use crate::python;

/// A chip that has not answered by then never will.
const SILENCE: Duration = Duration::from_secs(20);

const POWER_ON: [u8; 1] = [1];

pub struct DirectReader {
    pub cards: Cards,
    listener: TcpListener,
}

impl DirectReader {
    pub fn start() -> DirectReader {
        python::prepare();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("a port").port();
        DirectReader {
            cards: Cards::for_reader_at(port),
            listener,
        }
    }

    /// Puts a document in, see [`Cards::insert`], and powers it.
    pub fn insert(&mut self, document: &Document, config: Value) -> DirectChannel {
        self.cards.insert(document, config);
        let (socket, _) = self.listener.accept().expect("the card connects");
        socket.set_nodelay(true).expect("TCP_NODELAY");
        socket.set_read_timeout(Some(SILENCE)).expect("a time-out");
        let mut channel = DirectChannel(socket);
        channel.power_up();
        channel
    }
}

/// A card in a [`DirectReader`].
pub struct DirectChannel(TcpStream);

impl DirectChannel {
    /// What had been agreed with the chip is forgotten.
    pub fn power_up(&mut self) {
        // A card that has left says so at the next APDU.
        let _ = self.send(&POWER_ON);
    }

    fn send(&mut self, message: &[u8]) -> std::io::Result<()> {
        let length = u16::try_from(message.len()).map_err(|_| ErrorKind::InvalidInput)?;
        // One segment: the other side answers the whole.
        let mut octets = length.to_be_bytes().to_vec();
        octets.extend_from_slice(message);
        self.0.write_all(&octets)
    }

    fn receive(&mut self) -> std::io::Result<Vec<u8>> {
        let mut length = [0; 2];
        self.0.read_exact(&mut length)?;
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        self.0.read_exact(&mut message)?;
        Ok(message)
    }
}

impl CardChannel for DirectChannel {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let answer = self.send(command).and_then(|()| self.receive());
        match answer {
            Ok(answer) if answer.len() >= 2 => Ok(answer),
            Ok(_) => Err(ChannelError::Failed),
            Err(error) => Err(match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => ChannelError::Failed,
                _ => ChannelError::Removed,
            }),
        }
    }
}
