//! `kiosk outbox`: what waits for the office. Shows nothing of a citizen.

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;
use exchange::SubmissionId;

use super::Layers;

#[derive(Subcommand)]
pub enum Outbox {
    /// Every submission that is not wholly at the office.
    List {
        #[command(flatten)]
        layers: Layers,
        /// Those that are, too.
        #[arg(long)]
        all: bool,
    },
    /// One submission with its parts.
    Show {
        id: SubmissionId,
        #[command(flatten)]
        layers: Layers,
    },
    /// Try one again now, also one in quarantine.
    Retry {
        id: SubmissionId,
        #[command(flatten)]
        layers: Layers,
    },
    /// Copy the sealed parts and the manifest into a new folder.
    Export {
        id: SubmissionId,
        folder: PathBuf,
        #[command(flatten)]
        layers: Layers,
    },
}

fn open(layers: &Layers) -> Result<outbox::Outbox> {
    Ok(outbox::Outbox::open_beside(
        &layers.load().data_dir.join("outbox"),
    )?)
}

pub fn run(command: Outbox) -> Result<bool> {
    match command {
        Outbox::List { layers, all } => {
            let listed = open(&layers)?.list(all)?;
            if layers.json {
                println!("{}", serde_json::to_string_pretty(&listed)?);
            } else {
                for one in listed {
                    println!(
                        "{}  {:<11}  {}/{} bytes  {} failures  {}",
                        one.submission,
                        one.state.as_str(),
                        one.bytes_sent,
                        one.bytes,
                        one.failures,
                        one.reason.unwrap_or_default()
                    );
                }
            }
        }
        Outbox::Show { id, layers } => {
            let shown = open(&layers)?.show(id)?;
            if layers.json {
                println!("{}", serde_json::to_string_pretty(&shown)?);
            } else {
                println!("{id}  {}", shown.listed.state.as_str());
                for part in shown.parts {
                    let here = if part.here { "here" } else { "gone" };
                    println!(
                        "  {:<15} {:>10} of {:>10} bytes sent, {here}",
                        part.name, part.offset, part.length
                    );
                }
            }
        }
        Outbox::Retry { id, layers } => {
            open(&layers)?.retry(id)?;
            println!("{id} is due now");
        }
        Outbox::Export { id, folder, layers } => {
            open(&layers)?.export(id, &folder)?;
            println!("{}", folder.display());
        }
    }
    Ok(true)
}
