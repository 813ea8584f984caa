//! `kiosk chip`: read a document's chip, verify files that were read from one.
//!
//! Exit statuses: 0 nothing failed; 1 the command could not run; 2 wrong usage;
//! 3 a check failed, the document is not genuine; 4 the chip refused the MRZ or CAN;
//! 5 no chip, or none this program can read; 6 card, reader or card service failed.

mod files;
mod read;
mod report;
#[cfg(feature = "simulated")]
mod specimen;
mod verify;

use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use chip::trust::Trust;
use clap::Subcommand;

#[derive(Subcommand)]
pub enum Chip {
    /// Read the chip of the document in the reader and examine it.
    ///
    /// Shows nothing of the holder; --out keeps the files. Exit status 3: a check
    /// failed; 4: the chip refused the key; 5: no readable chip; 6: the card, the
    /// reader or the card service failed.
    Read(read::Read),
    /// Examine files that were read from a chip. Exit status 3: a check failed.
    Verify(verify::Verify),
    /// Write the document that lies in the simulated reader. Trust its certificate
    /// nowhere but in trials.
    #[cfg(feature = "simulated")]
    Specimen(specimen::Specimen),
}

const CHECK_FAILED: u8 = 3;
const KEY_REFUSED: u8 = 4;
const NOT_READABLE: u8 = 5;
const DEVICE_FAILED: u8 = 6;

pub fn run(command: Chip) -> Result<ExitCode> {
    match command {
        Chip::Read(read) => read::run(&read),
        Chip::Verify(verify) => verify::run(&verify),
        #[cfg(feature = "simulated")]
        Chip::Specimen(specimen) => specimen::run(&specimen),
    }
}

/// Certificates that documents are compared with. Without any, nothing is proven.
fn trust(path: Option<&Path>) -> Result<Trust> {
    Ok(path.map(Trust::load).transpose()?.unwrap_or_default())
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
