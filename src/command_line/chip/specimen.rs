//! `kiosk chip specimen`: the document of the simulated reader, to try things with.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use kiosk::devices::card_reader::simulated::document::{Holder, identity_card};

use super::files;

/// The certificate of the state that signed it.
const CSCA_FILE: &str = "csca.der";
const MRZ_FILE: &str = "mrz.txt";

#[derive(Args)]
pub struct Specimen {
    /// A new folder: the chip's files, csca.der and mrz.txt.
    folder: PathBuf,
    /// The IIN on it; else that of a published example.
    #[arg(long)]
    iin: Option<String>,
}

pub fn run(wanted: &Specimen) -> Result<ExitCode> {
    let document = identity_card(&Holder {
        iin: wanted.iin.clone(),
        portrait: None,
    })?;
    files::write(&wanted.folder, &document.files)?;
    let mrz = document.mrz.join("\n") + "\n";
    for (name, content) in [
        (CSCA_FILE, &document.csca_der[..]),
        (MRZ_FILE, mrz.as_bytes()),
    ] {
        let path = wanted.folder.join(name);
        std::fs::write(&path, content).with_context(|| path.display().to_string())?;
    }
    println!("{}", wanted.folder.display());
    Ok(ExitCode::SUCCESS)
}
