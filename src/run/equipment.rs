//! The devices that the configuration names, real or simulated.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use exchange::StorageType;
use faults::Fault;
use keystore::pkcs11::Profile;
use steward::DriveName;
use steward::protocol::{Answer, Reason, Request};
use tokio::runtime::Handle;
use tokio::sync::watch;
use worker::TokenPlace;
use zeroize::Zeroizing;

use crate::config::{self, Config};
use crate::devices::camera::{
    Callbacks, CameraSettings, CameraSource, CameraThread, hardware::HardwareSource,
};
use crate::devices::card_reader::{self, CardReader};
use crate::devices::status_panel::{self, StatusPanel};
use crate::devices::token_writer::{self, TokenWriter};
use crate::devices::usb_drive::{self, UsbDrives};
use crate::session::event::{DeviceEvent, Event};

use super::media::Picture;
use super::{Events, Screen, card_service, office_card};

/// A steward that does something else is asked again until then.
const OPENED_WITHIN: Duration = Duration::from_secs(20);
const BUSY_PAUSE: Duration = Duration::from_millis(200);

pub(super) fn teller(events: Events) -> impl Fn(DeviceEvent) + Send + Sync + 'static {
    move |event| events.send(Event::Device(event))
}

/// `None` when even the thread cannot start; the fault is raised.
pub(super) fn camera(
    wanted: &config::Camera,
    settings: CameraSettings,
    events: &Events,
    screen: Arc<dyn Screen>,
) -> Option<CameraThread> {
    let tell = teller(events.clone());
    let callbacks = Callbacks {
        preview: Box::new(move |frame| {
            screen.preview(Picture {
                width: frame.width,
                height: frame.height,
                pixels: Arc::new(Zeroizing::new(frame.rgb.to_vec())),
            });
        }),
        event: Box::new({
            let tell = teller(events.clone());
            move |event| tell(event.into())
        }),
    };
    let wanted = wanted.clone();
    CameraThread::start(move || source(&wanted), settings, callbacks)
        .inspect_err(|e| {
            tracing::error!("no camera: {e}");
            tell(DeviceEvent::Raised(Fault::CameraMissing));
        })
        .ok()
}

fn source(wanted: &config::Camera) -> Result<Box<dyn CameraSource>, String> {
    match wanted {
        config::Camera::Auto => Ok(Box::new(HardwareSource::new(None))),
        config::Camera::Device(path) => Ok(Box::new(HardwareSource::new(Some(path.clone())))),
        #[cfg(feature = "simulated")]
        config::Camera::Simulated { file, fault_file } => {
            use crate::devices::camera::simulated::{FaultSwitch, SimulatedSource};
            let switch = fault_file
                .clone()
                .map_or_else(FaultSwitch::default, FaultSwitch::with_file);
            let source = SimulatedSource::open_file(file, switch).map_err(|e| e.to_string())?;
            Ok(Box::new(source))
        }
        #[cfg(not(feature = "simulated"))]
        config::Camera::Simulated { .. } => Err(NOT_BUILT_IN.into()),
    }
}

/// Within the runtime.
pub(super) fn card_reader(config: &Config, events: Events) -> Box<dyn CardReader> {
    let tell = teller(events);
    match &config.card_reader {
        #[cfg(feature = "simulated")]
        config::CardReader::Simulated {
            insert_after_millis,
            card_file,
            iin,
            portrait,
        } => {
            use crate::devices::card_reader::simulated::{self, document::Holder};
            // It has nothing to look for first.
            tell(DeviceEvent::Cleared(Fault::ReaderMissing));
            let reader = simulated::start(specimen::ChipConfig::realistic(), tell);
            tokio::spawn(put_in_and_take_away(
                reader.clone(),
                Holder {
                    iin: iin.clone(),
                    portrait: portrait.clone(),
                },
                Duration::from_millis(*insert_after_millis),
                card_file.clone(),
            ));
            Box::new(reader)
        }
        other => {
            if *other != config::CardReader::Pcsc {
                tracing::error!("card reader: {NOT_BUILT_IN}");
            }
            Box::new(pcsc(config, tell))
        }
    }
}

fn pcsc(
    config: &Config,
    tell: impl Fn(DeviceEvent) + Send + Sync + 'static,
) -> card_reader::hardware::PcscReader {
    let settings = card_reader::hardware::Config {
        worker: config.worker.clone(),
        reader: None,
    };
    // With the reader the sender goes, and the task with it.
    let (down, told) = watch::channel(false);
    let socket = config.steward.clone();
    tokio::spawn(card_service::revive(socket, told));
    card_reader::hardware::start(settings, move |event| {
        match event {
            DeviceEvent::Raised(Fault::CardServiceDown) => down.send_replace(true),
            DeviceEvent::Cleared(Fault::CardServiceDown) => down.send_replace(false),
            _ => false,
        };
        tell(event);
    })
}

/// The simulated citizen's hand. Without a file the card stays in.
#[cfg(feature = "simulated")]
async fn put_in_and_take_away(
    reader: crate::devices::card_reader::simulated::SimulatedReader,
    holder: crate::devices::card_reader::simulated::document::Holder,
    after: Duration,
    card_file: Option<std::path::PathBuf>,
) {
    use crate::devices::card_reader::simulated::document::identity_card;
    const LOOK_EVERY: Duration = Duration::from_millis(100);

    tokio::time::sleep(after).await;
    let mut is_in = false;
    loop {
        let wanted = card_file.as_ref().is_none_or(|file| file.exists());
        if wanted != is_in {
            is_in = wanted;
            let (reader, holder) = (reader.clone(), holder.clone());
            // Making keys takes a while, and so does waiting for the end of a read.
            let moved = tokio::task::spawn_blocking(move || {
                if !wanted {
                    reader.take_away();
                    return Ok(());
                }
                identity_card(&holder).map(|document| reader.put_in(document))
            });
            match moved.await {
                Ok(Ok(())) => {}
                Ok(Err(e)) => tracing::error!("no simulated document: {e}"),
                Err(e) => tracing::error!("no simulated document: {e}"),
            }
        }
        if card_file.is_none() {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Within the runtime.
pub(super) fn token_writer(config: &Config, events: Events) -> Option<Box<dyn TokenWriter>> {
    let tell = office_card::with_cards(config, teller(events));
    let place = match &config.token_writer {
        config::TokenWriter::None => return None,
        config::TokenWriter::Pcsc(reader) => TokenPlace::Pcsc {
            reader: reader.clone(),
        },
        config::TokenWriter::Serial(tty) => TokenPlace::Serial { tty: tty.clone() },
        config::TokenWriter::Modules(profiles) => TokenPlace::Modules {
            profiles: profiles.clone(),
        },
        #[cfg(feature = "simulated")]
        config::TokenWriter::Simulated {
            file,
            inserted_file,
            card,
        } => {
            let writer = token_writer::simulated::start(tell);
            let (file, inserted) = (file.clone(), inserted_file.clone());
            tokio::spawn(plug_in_and_pull(writer.clone(), file, inserted, *card));
            return Some(Box::new(writer));
        }
        #[cfg(not(feature = "simulated"))]
        config::TokenWriter::Simulated { .. } => {
            tracing::error!("token writer: {NOT_BUILT_IN}");
            tell(DeviceEvent::Raised(Fault::ConfigurationBad));
            return None;
        }
    };
    let settings = token_writer::hardware::Config {
        worker: config.worker.clone(),
        place,
    };
    Some(Box::new(token_writer::hardware::start(settings, tell)))
}

/// Which tokens the place takes, for the choice on the screen.
pub(super) fn token_kinds(wanted: &config::TokenWriter) -> Vec<StorageType> {
    match wanted {
        config::TokenWriter::None => Vec::new(),
        config::TokenWriter::Pcsc(_) | config::TokenWriter::Serial(_) => vec![StorageType::Piv],
        config::TokenWriter::Modules(profiles) => profiles
            .iter()
            .filter_map(|name| Profile::by_id_or_file(name).ok())
            .map(|profile| profile.storage)
            .collect(),
        config::TokenWriter::Simulated { card, .. } => vec![simulated_kind(*card)],
    }
}

/// What the simulated token counts as.
fn simulated_kind(card: bool) -> StorageType {
    match card {
        true => StorageType::AKKZIDCardStore,
        false => StorageType::AKKaztokenStore,
    }
}

/// The simulated citizen's hand, for a token.
#[cfg(feature = "simulated")]
async fn plug_in_and_pull(
    writer: token_writer::simulated::SimulatedWriter,
    file: std::path::PathBuf,
    inserted_file: Option<std::path::PathBuf>,
    card: bool,
) {
    use keystore::{SimulatedToken, simulated_token::DEFAULT_PIN};
    const LOOK_EVERY: Duration = Duration::from_millis(100);
    const SLOTS: usize = 2;

    let mut is_in = false;
    loop {
        let wanted = inserted_file.as_ref().is_none_or(|file| file.exists());
        if wanted != is_in {
            is_in = wanted;
            if wanted {
                let pin = exchange::Secret::from(DEFAULT_PIN);
                match SimulatedToken::in_file(simulated_kind(card), &pin, SLOTS, &file) {
                    Ok(token) if card => writer.insert(token.erasing()),
                    Ok(token) => writer.insert(token),
                    Err(e) => tracing::error!("no simulated token: {e}"),
                }
            } else {
                drop(writer.remove());
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// # Errors
/// The system gives no thread.
pub(super) fn drives(config: &Config, events: Events) -> std::io::Result<Box<dyn UsbDrives>> {
    let wanted = &config.usb;
    // A folder of the kiosk's own disk is no citizen's drive.
    let refused = wanted.root_is_drive && !cfg!(feature = "simulated");
    let tell = teller(events);
    if refused {
        tracing::error!("usb.root_is_drive: {NOT_BUILT_IN}");
        tell(DeviceEvent::Raised(Fault::ConfigurationBad));
    }
    let settings = usb_drive::hardware::Config {
        root_is_drive: wanted.root_is_drive && !refused,
        opener: opener(&config.steward),
        ..usb_drive::hardware::Config::new(wanted.root.clone())
    };
    Ok(Box::new(usb_drive::hardware::start(settings, tell)?))
}

/// By the steward, where there is one: elsewhere drives are mounted as somebody's desktop likes them.
fn opener(steward: &Path) -> Option<usb_drive::hardware::Opener> {
    if !steward.exists() {
        return None;
    }
    let (steward, runtime) = (steward.to_owned(), Handle::try_current().ok()?);
    Some(Arc::new(move |label| {
        let drive: DriveName = label.parse().map_err(std::io::Error::other)?;
        let request = Request::OpenDrive { drive };
        let opened = async {
            let until = Instant::now() + OPENED_WITHIN;
            loop {
                match steward::client::ask(&steward, &request, |_, _| ()).await {
                    Ok(Answer::Refused(r))
                        if r.reason == Reason::Busy && Instant::now() < until =>
                    {
                        tokio::time::sleep(BUSY_PAUSE).await;
                    }
                    Ok(Answer::Refused(refusal)) => return Err(std::io::Error::other(refusal)),
                    Ok(_) => return Ok(()),
                    Err(e) => return Err(std::io::Error::other(e)),
                }
            }
        };
        // Whoever asks may be within the runtime, and may wait.
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| runtime.block_on(opened));
            waits
                .join()
                .unwrap_or_else(|_| Err(std::io::Error::other("nobody asked the steward")))
        })
    }))
}

/// # Errors
/// The system gives no thread.
pub(super) fn panel(
    wanted: &config::Panel,
    events: Events,
) -> std::io::Result<Option<Box<dyn StatusPanel>>> {
    let tell = teller(events);
    match wanted {
        config::Panel::None => Ok(None),
        config::Panel::I2c(bus) => {
            let panel = status_panel::hardware::start(bus.clone(), tell)?;
            Ok(Some(Box::new(panel)))
        }
        #[cfg(feature = "simulated")]
        config::Panel::Simulated(path) => {
            let panel = status_panel::simulated::start(path.clone(), tell)?;
            Ok(Some(Box::new(panel)))
        }
        #[cfg(not(feature = "simulated"))]
        config::Panel::Simulated(_) => {
            tracing::error!("status panel: {NOT_BUILT_IN}");
            tell(DeviceEvent::Raised(Fault::ConfigurationBad));
            Ok(None)
        }
    }
}

pub(super) const NOT_BUILT_IN: &str = "this program has no simulated devices";
