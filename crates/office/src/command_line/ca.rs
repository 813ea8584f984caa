//! `office ca`: the certificate authority's own certificates.

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;
use exchange::UnixMillis;

use crate::{
    authority::{self, CaNames},
    init,
    layout::Layout,
};

#[derive(Subcommand)]
pub enum CaCommand {
    /// The ceremony, on a machine without a network: a root and an issuing CA below it.
    Init {
        /// Gets the issuing CA; goes to the office (`office init --issuing`).
        issuing: PathBuf,
        /// Gets the root; goes to a safe.
        #[arg(long)]
        root: PathBuf,
        /// O of both.
        #[arg(long, default_value = "Qoltanba")]
        name: String,
    },
    /// Give the issuing CA, which keeps its key, a later certificate; restart the office
    /// afterwards.
    RenewIssuing {
        /// The root's folder, brought from its safe.
        #[arg(long)]
        root: PathBuf,
    },
}

pub fn run(layout: &Layout, command: CaCommand) -> Result<()> {
    let now = UnixMillis::from_system_clock();
    match command {
        CaCommand::Init {
            issuing,
            root,
            name,
        } => {
            authority::init(&root, &issuing, &CaNames::of(&name), now)?;
            println!("root, to keep offline: {}", root.display());
            println!("issuing CA, for the office: {}", issuing.display());
        }
        CaCommand::RenewIssuing { root } => {
            super::existing(layout)?;
            authority::renew_issuing(&root, &layout.issue(), now)?;
            init::publish_authority(layout)?;
            println!("restart the office; take {} away", root.display());
        }
    }
    Ok(())
}
