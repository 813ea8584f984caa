//! `kiosk run`: the kiosk in its window.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use kiosk::config;
use kiosk::run::Kiosk;
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
    ui::provide_fonts(&config.data_dir)?;
    let window = Ui::new(size)?;
    let kiosk = Kiosk::start(config, FIRST_LANGUAGE, Arc::new(window.on_stage(size)))?;
    let events = kiosk.events();
    window.on_touch(move |touch| events.send(Event::Touch(touch)));
    let ended = window.run();
    drop(kiosk);
    Stage::clear();
    ended
}
