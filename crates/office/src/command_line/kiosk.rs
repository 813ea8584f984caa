//! `office kiosk`: from the invitation to the end.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Subcommand;
use exchange::KioskId;

use crate::{
    desk, init, keys,
    layout::Layout,
    provisioning_drive::{OfficeUrl, ProvisioningDrive},
};

#[derive(Subcommand)]
pub enum KioskCommand {
    /// Print a one-use provisioning token, and the office's words to compare.
    Add {
        id: KioskId,
        /// Also write what a kiosk of nobody needs onto a technician's drive, mounted here.
        #[arg(long, value_name = "DIR", requires = "url")]
        drive: Option<PathBuf>,
        /// Where the kiosk will reach this office: https://HOST:PORT
        #[arg(long, requires = "drive")]
        url: Option<OfficeUrl>,
        #[arg(long)]
        json: bool,
    },
    List {
        #[arg(long)]
        json: bool,
    },
    /// The fingerprint words on the kiosk's screen are those of `kiosk list`.
    Confirm {
        id: KioskId,
    },
    Revoke {
        id: KioskId,
    },
    /// What the kiosk last told of itself, one JSON a line: readiness, work orders, results
    /// of updates. Only what is signed by its key.
    Told {
        id: KioskId,
    },
    /// Put a kiosk into a group, for `office update add --group`.
    Group {
        id: KioskId,
        /// Absent: out of its group.
        group: Option<String>,
    },
}

pub fn run(layout: &Layout, command: KioskCommand) -> Result<()> {
    match command {
        KioskCommand::Add {
            id,
            drive,
            url,
            json,
        } => add(layout, &id, drive.as_deref().zip(url.as_ref()), json),
        KioskCommand::List { json } => {
            for kiosk in super::desk_of(layout)?.kiosks()? {
                if json {
                    println!("{}", serde_json::to_string(&kiosk)?);
                } else {
                    let words = kiosk.fingerprint_words.unwrap_or_default().join(" ");
                    let beat = kiosk.kiosk.heartbeat.unwrap_or_default();
                    println!(
                        "{:<16} {:?}  waiting {}  quarantined {}  {words}",
                        kiosk.kiosk.id.as_str(),
                        kiosk.kiosk.state,
                        beat.queue_waiting,
                        beat.queue_quarantined
                    );
                }
            }
            Ok(())
        }
        KioskCommand::Confirm { id } => super::desk_of(layout)?.confirm_kiosk(&id),
        KioskCommand::Revoke { id } => super::desk_of(layout)?.revoke_kiosk(&id),
        KioskCommand::Told { id } => {
            let record = super::desk_of(layout)?.kiosk_record(&id)?;
            let record = record.with_context(|| format!("there is no kiosk {id}"))?;
            for line in record.told()? {
                println!("{line}");
            }
            Ok(())
        }
        KioskCommand::Group { id, group } => {
            super::desk_of(layout)?.group_kiosk(&id, group.as_deref())
        }
    }
}

/// `onto`: the technician's drive, and the address that it names.
fn add(layout: &Layout, id: &KioskId, onto: Option<(&Path, &OfficeUrl)>, json: bool) -> Result<()> {
    let database = super::database(layout)?;
    let fingerprint = init::tls_fingerprint(&layout.tls_ca_certificate())?;
    let words = init::office_words(layout)?;
    // Before the token is made: whatever is wrong with the drive's folder changes nothing.
    let drive = onto
        .map(|(root, url)| {
            let ca = keys::read_text(&layout.tls_ca_certificate())?;
            anyhow::Ok((ProvisioningDrive::at(root)?, url, ca))
        })
        .transpose()?;
    let invitation = desk::invite(&database, id)?;
    let written = drive
        .map(|(drive, url, ca)| drive.write(&invitation.token, url, &ca))
        .transpose()
        .context("the token is not on the drive; mend that and add the kiosk again")?;
    if json {
        let mut value = serde_json::to_value(&invitation)?;
        value["tls_fingerprint"] = fingerprint.into();
        value["words"] = words.into();
        if let Some(written) = written {
            value["written"] = serde_json::to_value(written)?;
        }
        println!("{value}");
    } else {
        println!("token:       {}", invitation.token);
        println!("fingerprint: {fingerprint}");
        println!("words:       {}", words.join(" "));
        if let Some(written) = written {
            println!("written:     {}", written.token.display());
            println!("written:     {}", written.office.display());
        }
    }
    Ok(())
}
