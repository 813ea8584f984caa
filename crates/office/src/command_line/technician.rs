//! `office technician`: who may maintain kiosks.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Subcommand;
use exchange::{CertificateSerial, Line};

use crate::{authority::LONGEST_DAYS, layout::Layout};

#[derive(Subcommand)]
pub enum TechnicianCommand {
    /// Certify the key of a technician's card; prints the certificate, PEM.
    Add {
        name: Line<64>,
        /// PKCS#10, PEM or DER, signed by the key in the card.
        #[arg(long, value_name = "FILE")]
        csr: PathBuf,
        #[arg(long, default_value_t = 30,
              value_parser = clap::value_parser!(u16).range(1..=i64::from(LONGEST_DAYS)))]
        days: u16,
    },
    List {
        #[arg(long)]
        json: bool,
    },
    /// The list that kiosks fetch says so at once.
    Revoke { serial: CertificateSerial },
}

pub fn run(layout: &Layout, command: TechnicianCommand) -> Result<()> {
    let desk = super::desk_of(layout)?;
    match command {
        TechnicianCommand::Add { name, csr, days } => {
            let request = std::fs::read(&csr).with_context(|| csr.display().to_string())?;
            let technician = desk.add_technician(&name, &request, days)?;
            // On standard error: standard output is the certificate.
            eprintln!("serial: {}", technician.serial);
            print!("{}", technician.certificate_pem);
        }
        TechnicianCommand::List { json } => {
            for technician in desk.technicians()? {
                if json {
                    println!("{}", serde_json::to_string(&technician)?);
                } else {
                    println!(
                        "{}  {}  {}",
                        technician.serial,
                        technician.name,
                        technician.revoked_at.map_or("", |_| "revoked"),
                    );
                }
            }
        }
        TechnicianCommand::Revoke { serial } => desk.revoke_technician(&serial)?,
    }
    Ok(())
}
