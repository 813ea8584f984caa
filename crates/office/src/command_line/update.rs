//! `office update`: what is offered to kiosks.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Subcommand;
use exchange::update::{Version, Window};

use crate::{desk::NewUpdate, layout::Layout};

#[derive(Subcommand)]
pub enum UpdateCommand {
    /// Offer a bundle; kiosks ask for it by themselves.
    Add {
        bundle: PathBuf,
        /// Absent: what follows the first '-' in the file's name, without its ending.
        #[arg(long)]
        version: Option<Version>,
        /// Only to kiosks of this group (`office kiosk group`).
        #[arg(long)]
        group: Option<String>,
        /// To this part of them; which ones, stays the same.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u8).range(..=100))]
        percent: u8,
        /// When in a day of Kazakhstan it may begin; both the same: always.
        #[arg(long, default_value = "01:00-05:00")]
        window: Window,
        #[arg(long)]
        json: bool,
    },
    /// Offer to another part of the kiosks.
    Percent {
        id: i64,
        #[arg(value_parser = clap::value_parser!(u8).range(..=100))]
        percent: u8,
    },
    List {
        #[arg(long)]
        json: bool,
    },
    /// Offer it no more; where it is installed, it stays.
    Withdraw { id: i64 },
}

pub fn run(layout: &Layout, command: UpdateCommand) -> Result<()> {
    let desk = super::desk_of(layout)?;
    match command {
        UpdateCommand::Add {
            bundle,
            version,
            group,
            percent,
            window,
            json,
        } => {
            let version = match version {
                Some(version) => version,
                None => version_of(&bundle)?,
            };
            let update = desk.add_update(&NewUpdate {
                bundle: &bundle,
                version,
                group: group.as_deref(),
                percent,
                window,
            })?;
            if json {
                println!("{}", serde_json::to_string(&update)?);
            } else {
                println!("update {}: {} {}", update.id, update.version, update.sha256);
            }
        }
        UpdateCommand::Percent { id, percent } => desk.set_update_percent(id, percent)?,
        UpdateCommand::List { json } => {
            for update in desk.updates()? {
                if json {
                    println!("{}", serde_json::to_string(&update)?);
                } else {
                    println!(
                        "{:<4} {:<20} {:>3} % of {}  {}  {}",
                        update.id,
                        update.version.as_str(),
                        update.percent,
                        update.group.as_deref().unwrap_or("all"),
                        update.window,
                        update.withdrawn_at.map_or("offered", |_| "withdrawn"),
                    );
                }
            }
        }
        UpdateCommand::Withdraw { id } => desk.withdraw_update(id)?,
    }
    Ok(())
}

/// `qoltanba-2026.11.28.raucb`
fn version_of(bundle: &std::path::Path) -> Result<Version> {
    bundle
        .file_stem()
        .and_then(|name| name.to_str()?.split_once('-')?.1.parse().ok())
        .with_context(|| {
            format!(
                "{} has no version in its name; give it by --version",
                bundle.display()
            )
        })
}
