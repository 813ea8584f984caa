//! A PIV card in software, inserted into vpcd's reader or driven by a test.
//!
//! Either way the reader's words are vpcd's: two bytes of length and a message. One byte
//! is an order of the reader (power off, power on, reset, tell the ATR), more are an APDU.
//! What lies on the card is kept as long as the program runs; power off and on is
//! what the card notices of being pulled and put in again.

mod card;
mod dispatch;
mod memory;
mod reader;

use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

use memory::Memory;
use reader::{Reader, Vpcd};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut memory = Memory::new();
    let ended = match words[..] {
        ["pipe"] => run(
            &mut memory,
            &mut Reader {
                from: std::io::stdin(),
                to: std::io::stdout(),
            },
        ),
        ["vpcd", address] => connect(address).and_then(Vpcd::new).and_then(|vpcd| {
            let to = vpcd.try_clone()?;
            run(&mut memory, &mut Reader { from: vpcd, to })
        }),
        _ => {
            eprintln!("virtual_piv pipe | virtual_piv vpcd HOST:PORT");
            return ExitCode::FAILURE;
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("virtual_piv: {error}");
            ExitCode::FAILURE
        }
    }
}

/// vpcd listens a moment after its card service can be reached.
fn connect(address: &str) -> std::io::Result<TcpStream> {
    for _ in 0..100 {
        if let Ok(stream) = TcpStream::connect(address) {
            return Ok(stream);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    TcpStream::connect(address)
}

/// One turn is the time between two losses of power; ends when the reader is gone.
fn run<F: std::io::Read, T: std::io::Write>(
    memory: &mut Memory,
    reader: &mut Reader<F, T>,
) -> std::io::Result<()> {
    while memory.powered(|card| reader.serve(card))? {}
    Ok(())
}
