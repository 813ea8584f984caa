//! A look at every device, one after the other, for a technician.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use faults::Fault;
use serde::Serialize;
use worker::{Role, WorkerClient, WorkerConfig};

use crate::config::Config;
use crate::devices::camera::{CameraSettings, PreviewRequest};
use crate::session::command::PreviewFor;
use crate::session::event::{DeviceEvent, Event, MediaHandle};
use crate::session::view::View;

use super::equipment;
use super::network::{self, StepResult};
use super::{Events, Message, Picture, Screen};

/// What was found of one device.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    pub device: &'static str,
    pub ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// For a technician; never personal data.
    pub what: String,
}

/// How long a device may take to show that it is well.
const PATIENCE: Duration = Duration::from_secs(8);

impl Inspection {
    fn good(device: &'static str, what: impl Into<String>) -> Self {
        Self {
            device,
            ok: true,
            fault: None,
            what: what.into(),
        }
    }

    fn bad(device: &'static str, fault: Fault, what: impl Into<String>) -> Self {
        Self {
            device,
            ok: false,
            fault: Some(fault),
            what: what.into(),
        }
    }
}

/// Looks at everything the configuration names. Not beside a running kiosk: two
/// cannot use one camera.
///
/// # Errors
/// The system gives no threads.
pub fn inspect(config: &Config) -> std::io::Result<Vec<Inspection>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let _within = runtime.enter();
    Ok(vec![
        camera(config),
        worker(config, &runtime),
        card_reader(config),
        token_writer(config),
        usb_drives(config)?,
        queue(config),
        office(config, &runtime),
    ])
}

/// Notices whether a live picture came.
#[derive(Default)]
struct Watcher(AtomicBool);

impl Screen for Watcher {
    fn preview_size(&self, _: PreviewFor) -> (u32, u32) {
        (640, 480)
    }
    fn show(&self, _: View) {}
    fn preview(&self, _: Picture) {
        self.0.store(true, Ordering::Relaxed);
    }
    fn picture(&self, _: MediaHandle, _: Picture) {}
    fn forget_pictures(&self) {}

    fn when_drawn(&self, answer: Box<dyn FnOnce() + Send>) {
        answer();
    }

    fn close(&self) {}
}

fn camera(config: &Config) -> Inspection {
    const NAME: &str = "camera";
    let (events, told) = mpsc::channel();
    let screen = Arc::new(Watcher::default());
    let settings = CameraSettings::default();
    let Some(camera) = equipment::camera(&config.camera, settings, &Events(events), screen.clone())
    else {
        return Inspection::bad(NAME, Fault::CameraMissing, "cannot be used");
    };
    camera.preview(Some(PreviewRequest {
        purpose: PreviewFor::Face,
        width: 640,
        height: 480,
    }));
    let until = Instant::now() + PATIENCE;
    // A picture is not enough: a black or frozen one takes a while to be known as such.
    let steady = Instant::now() + Duration::from_secs(4);
    while Instant::now() < until {
        if let Some(fault) = raised(&told, Duration::from_millis(100)) {
            return Inspection::bad(NAME, fault, "gives no usable picture");
        }
        if screen.0.load(Ordering::Relaxed) && Instant::now() > steady {
            return Inspection::good(NAME, "gives a picture");
        }
    }
    Inspection::bad(NAME, Fault::CameraMissing, "gave no picture")
}

/// The first fault that is raised within this time.
fn raised(told: &mpsc::Receiver<Message>, within: Duration) -> Option<Fault> {
    let until = Instant::now() + within;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match told.recv_timeout(left) {
            Ok(Message::Event(Event::Device(DeviceEvent::Raised(fault)))) => return Some(fault),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

fn worker(config: &Config, runtime: &tokio::runtime::Runtime) -> Inspection {
    let client = WorkerClient::new(WorkerConfig {
        program: config.worker.clone(),
        ..WorkerConfig::new(Role::Files)
    });
    match runtime.block_on(client.ping(PATIENCE)) {
        Ok(()) => Inspection::good("worker", "starts, and its sandbox is closed"),
        Err(e) => Inspection::bad("worker", e.fault(), e.to_string()),
    }
}

fn card_reader(config: &Config) -> Inspection {
    let (events, told) = mpsc::channel();
    let _reader = equipment::card_reader(config, Events(events));
    match raised(&told, Duration::from_secs(3)) {
        Some(fault) => Inspection::bad("card reader", fault, "cannot be used"),
        None => Inspection::good("card reader", "is there"),
    }
}

fn token_writer(config: &Config) -> Inspection {
    let (events, told) = mpsc::channel();
    let Some(_writer) = equipment::token_writer(config, Events(events)) else {
        return Inspection::good("token writer", "none is configured");
    };
    match raised(&told, Duration::from_secs(3)) {
        Some(fault @ (Fault::TokenUnknown | Fault::TokenSeveral)) => Inspection::good(
            "token writer",
            format!("is there; in it lies what cannot be used ({fault})"),
        ),
        Some(fault) => Inspection::bad("token writer", fault, "cannot be used"),
        None => Inspection::good("token writer", "is there"),
    }
}

fn usb_drives(config: &Config) -> std::io::Result<Inspection> {
    let (events, _told) = mpsc::channel();
    let drives = equipment::drives(config, Events(events))?.drives();
    let what = format!("watched; {} inserted", drives.len());
    Ok(Inspection::good("usb drives", what))
}

fn queue(config: &Config) -> Inspection {
    let dir = config.data_dir.join("outbox");
    match outbox::Outbox::open_beside(&dir).and_then(|o| o.capacity()) {
        Ok(c) => Inspection::good(
            "queue",
            format!(
                "{} waiting, {} in quarantine, {} MB free",
                c.waiting,
                c.quarantined,
                c.free_bytes >> 20
            ),
        ),
        Err(outbox::OutboxError::DatabaseMissing) if !dir.exists() => {
            Inspection::good("queue", "is made at the first start")
        }
        Err(e) => Inspection::bad("queue", e.fault(), e.to_string()),
    }
}

fn office(config: &Config, runtime: &tokio::runtime::Runtime) -> Inspection {
    const NAME: &str = "office";
    let found = Mutex::new(Vec::new());
    let note = |step, result| {
        if let StepResult::Good(what) | StepResult::Bad { what, .. } = result {
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            found.push(format!("{step:?}: {what}"));
        }
    };
    let diagnosis = runtime.block_on(network::diagnose(config, note));
    let told = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    match diagnosis.fault {
        Some(fault) => Inspection::bad(NAME, fault, told.join("; ")),
        None => Inspection::good(NAME, told.join("; ")),
    }
}
