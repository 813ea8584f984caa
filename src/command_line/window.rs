//! `kiosk run`: the kiosk in its window.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use faults::Fault;
use kiosk::config;
use kiosk::run::{Kiosk, StartError, write_readable};
use kiosk::session::event::Event;
use kiosk::ui::{self, Stage, Ui, WindowSize};

use super::{FIRST_LANGUAGE, Layers};

#[derive(Args)]
pub struct Run {
    #[command(flatten)]
    layers: Layers,
    /// 1080x1920 or 1280x800
    #[arg(long, default_value = "1080x1920")]
    size: String,
    /// Use this camera instead of the configured one.
    #[arg(long, value_name = "DEVICE")]
    camera: Option<PathBuf>,
    /// Use the card readers that pcscd knows instead of what is configured.
    #[arg(long)]
    reader: bool,
    /// Use this folder as a drive that is always inserted.
    #[arg(long, value_name = "DIR")]
    usb: Option<PathBuf>,
}

pub fn run(wishes: &Run) -> Result<()> {
    let mut config = wishes.layers.load();
    if let Some(device) = &wishes.camera {
        config.camera = config::Camera::Device(device.clone());
    }
    if wishes.reader {
        config.card_reader = config::CardReader::Pcsc;
    }
    if let Some(folder) = &wishes.usb {
        config.usb = config::Usb {
            root: folder.clone(),
            root_is_drive: true,
        };
    }
    let size = WindowSize::parse(&wishes.size)
        .with_context(|| format!("{}: a size is 1080x1920 or 1280x800", wishes.size))?;
    kiosk::secrecy::no_core_dumps()?;
    let (window, kiosk) = start(config, size).inspect_err(|e| leave(fault_of(e)))?;
    let events = kiosk.events();
    window.on_touch(move |touch| events.send(Event::Touch(touch)));
    let ended = window.run();
    drop(kiosk);
    Stage::clear();
    ended
}

fn start(config: config::Config, size: WindowSize) -> Result<(Ui, Kiosk)> {
    ui::provide_fonts(&config.data_dir)?;
    let window = Ui::new(size)?;
    let kiosk = Kiosk::start(config, FIRST_LANGUAGE, Arc::new(window.on_stage(size)))?;
    Ok((window, kiosk))
}

fn fault_of(error: &anyhow::Error) -> Fault {
    match error.downcast_ref() {
        Some(StartError::DataDirectory { .. }) => Fault::DiskFailed,
        _ => Fault::KioskWillNotStart,
    }
}

/// Leaves the fault for the fall-back screen, in the folder that the service manager made
/// for this (RUNTIME_DIRECTORY, systemd.exec(5)).
fn leave(fault: Fault) {
    let Some(folder) = std::env::var_os("RUNTIME_DIRECTORY") else {
        return;
    };
    let file = PathBuf::from(folder).join("fault");
    if let Err(e) = write_readable(&file, fault.code()) {
        tracing::error!("{}: {e}", file.display());
    }
}
