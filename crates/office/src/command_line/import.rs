//! `office import`: what a technician carried here.

use std::path::Path;

use anyhow::{Result, bail};

use crate::{
    layout::Layout,
    receive::{self, Outcome},
};

pub fn run(layout: &Layout, folder: &Path, json: bool) -> Result<()> {
    super::existing(layout)?;
    let (mut all, mut refused) = (0, 0);
    receive::import(layout, folder, |imported| {
        all += 1;
        refused += u32::from(imported.outcome == Outcome::Refused);
        if json {
            println!("{}", serde_json::json!(imported));
            return;
        }
        let name = imported.submission.map_or_else(
            || imported.folder.display().to_string(),
            |submission| submission.to_string(),
        );
        match imported.outcome {
            Outcome::TakenIn => println!("{name}  taken in"),
            Outcome::AlreadyThere => println!("{name}  already there"),
            Outcome::Refused => {
                let reason = imported.reason.as_deref().unwrap_or_default();
                println!("{name}  refused: {reason}");
            }
        }
    })?;
    if refused > 0 {
        bail!("{refused} of {all} submissions were refused");
    }
    Ok(())
}
