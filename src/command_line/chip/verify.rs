//! `kiosk chip verify`: passive authentication of files.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use chip::{FileId, passive};
use clap::Args;

use super::report::Report;
use super::{files, now, trust};

#[derive(Args)]
pub struct Verify {
    /// EF.SOD.
    #[arg(long)]
    sod: PathBuf,
    /// A folder with DG1.bin, DG2.bin, ...
    #[arg(long, value_name = "DIR")]
    dg: PathBuf,
    /// A CSCA certificate in DER, or a folder of them with master lists and revocation
    /// lists.
    #[arg(long, value_name = "DIR|FILE")]
    csca: PathBuf,
    #[arg(long)]
    json: bool,
}

pub fn run(wanted: &Verify) -> Result<ExitCode> {
    let mut read = files::read(&wanted.dg)?;
    read.insert(FileId::Sod, files::content(&wanted.sod)?);
    let checks = passive::verify(&read, &trust(Some(&wanted.csca))?, now());
    Report::new(None, &read, &checks).tell(wanted.json)
}
