//! A card that this process holds, in vpcd's reader.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use crate::CountedCard;

/// vpcd listens a moment after its card service can be reached.
const PATIENCE: Duration = Duration::from_secs(30);

/// T=1, no historical bytes (ISO 7816-3, 8.2).
const ATR: [u8; 4] = [0x3B, 0x80, 0x01, 0x81];

/// The card stays what it is when this is dropped, which pulls it.
pub struct RelayedCard(TcpStream);

impl RelayedCard {
    /// Into the reader that listens at a port of this machine.
    ///
    /// # Panics
    /// Nobody listens.
    pub fn at(port: u16, card: CountedCard) -> RelayedCard {
        let socket = connect(port).expect("vpcd");
        let relayed = RelayedCard(socket.try_clone().expect("a second handle"));
        std::thread::spawn(move || {
            // The reader is gone, or the card was pulled.
            let _ = relay(&socket, &card);
            let _ = socket.shutdown(Shutdown::Both);
        });
        relayed
    }
}

impl Drop for RelayedCard {
    fn drop(&mut self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

fn connect(port: u16) -> std::io::Result<TcpStream> {
    let begun = Instant::now();
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Err(_) if begun.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(50));
            }
            other => return other,
        }
    }
}

/// vpcd's protocol (vpcd.h): a length in two bytes, then an order of one byte or an APDU.
fn relay(mut socket: &TcpStream, card: &CountedCard) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let mut channel = card.power_up();
    loop {
        let answer = match receive(socket)?[..] {
            [4] => ATR.to_vec(),
            // Power on, reset.
            [1 | 2] => {
                channel = card.power_up();
                continue;
            }
            // Power off.
            [] | [_] => continue,
            ref command => {
                let answer = channel.transmit(command);
                answer.map_err(std::io::Error::other)?
            }
        };
        let length = u16::try_from(answer.len()).map_err(std::io::Error::other)?;
        socket.write_all(&[&length.to_be_bytes()[..], &answer].concat())?;
    }
}

fn receive(socket: &TcpStream) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 2];
    read(socket, &mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    read(socket, &mut message)?;
    Ok(message)
}

/// vpcd sends length and message apart and waits for the first to be acknowledged:
/// 40 ms each time, unless that is done at once.
fn read(mut socket: &TcpStream, buffer: &mut [u8]) -> std::io::Result<()> {
    rustix::net::sockopt::set_tcp_quickack(socket, true)?;
    socket.read_exact(buffer)
}
