//! How long a certificate of 1.5 kB takes to a token over a line of 115200 bit/s with
//! 8N2, by command chaining and in one extended command. Fails above half a second.
//!
//! The reader paces bytes as the line would, and as the card's contacts would at the
//! speed that was agreed (Fi 372, Di 12 at 4 MHz). The card itself takes no time.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use apdu::Command;
use serial_ccid::{CardChannel, ReaderSettings, SerialReader};
use virtual_reader::{FileCard, InsertedCard, ReaderModel, VirtualSerialReader};

const ROUNDS: usize = 20;
const CERTIFICATE: usize = 1_500;
const LIMIT: Duration = Duration::from_millis(500);

/// Seconds a byte: start bit, eight, two stop bits.
const LINE_BYTE: f64 = 11.0 / 115_200.0;
/// Twelve elementary time units.
const CARD_BYTE: f64 = 12.0 * 372.0 / (12.0 * 4_000_000.0);
/// Framing and header of a message; prologue and check byte of a block.
const MESSAGE: usize = 13;
const BLOCK: usize = 4;

fn main() -> ExitCode {
    let certificate: Vec<u8> = (0..CERTIFICATE).map(|n| n as u8).collect();
    let plugged = VirtualSerialReader::plug_in(ReaderModel {
        paced: true,
        ..ReaderModel::gem_pc_twin()
    });
    plugged.insert(InsertedCard::new(Box::new(FileCard::default())));
    let settings = ReaderSettings {
        card_service: None,
        ..ReaderSettings::default()
    };
    let mut reader = SerialReader::open_with(plugged.path(), &settings).expect("a reader");
    let mut card = reader.connect().expect("a card");
    let size = card.information_size();
    let mut good = true;
    println!(
        "{CERTIFICATE} bytes written            APDUs  blocks  median  slowest  line and contacts"
    );
    for (name, commands) in [
        ("chained, 255 bytes each", chained(&certificate, 255)),
        // Header and Lc: one block each.
        ("chained, a block each", chained(&certificate, size - 5)),
        ("one extended", extended(&certificate)),
    ] {
        let mut times: Vec<Duration> = (0..ROUNDS)
            .map(|_| {
                let begun = Instant::now();
                for command in &commands {
                    let answer = card.transmit(command).expect("an answer");
                    assert_eq!(answer, [0x90, 0]);
                }
                begun.elapsed()
            })
            .collect();
        times.sort();
        let (median, slowest) = (times[ROUNDS / 2], times[ROUNDS - 1]);
        let (blocks, least) = reckoned(&commands, size);
        println!(
            "{name:28}  {:5}  {blocks:6}  {:3} ms  {:4} ms  {:3.0} ms",
            commands.len(),
            median.as_millis(),
            slowest.as_millis(),
            least * 1e3,
        );
        good &= median <= LIMIT;
    }
    match good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// PUT DATA by command chaining (ISO 7816-4, 5.3.3).
fn chained(object: &[u8], piece: usize) -> Vec<Vec<u8>> {
    let pieces = object.chunks(piece);
    let last = pieces.len() - 1;
    let command = |(index, piece)| {
        let mut command = Command::new(0xDB, 0x3F, 0xFF, piece, None);
        command.cla = if index == last { 0 } else { 0x10 };
        command.encode(false).expect("a short command").to_vec()
    };
    pieces.enumerate().map(command).collect()
}

fn extended(object: &[u8]) -> Vec<Vec<u8>> {
    let command = Command::new(0xDB, 0x3F, 0xFF, object, None);
    vec![command.encode(true).expect("an extended command").to_vec()]
}

/// Blocks to the card, and the seconds that bytes take on the line and on the contacts.
fn reckoned(commands: &[Vec<u8>], size: usize) -> (usize, f64) {
    let (mut blocks, mut line, mut contacts) = (0, 0, 0);
    for command in commands {
        let sent = command.len().div_ceil(size);
        blocks += sent;
        // Each has an acknowledgement, the last one the status word.
        let both_ways = command.len() + 2 + sent * 2 * BLOCK;
        contacts += both_ways;
        line += both_ways + sent * 2 * MESSAGE;
    }
    (
        blocks,
        line as f64 * LINE_BYTE + contacts as f64 * CARD_BYTE,
    )
}
