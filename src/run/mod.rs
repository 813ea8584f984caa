//! Where the pure core meets the world: a thread that feeds the station with
//! events, hands its commands to [`World`], and its view to the screen.

mod answer;
mod asked;
mod boundary;
mod capture;
mod card_service;
mod certificates;
mod clock;
mod document;
mod enrol;
mod equipment;
mod inspection;
mod late_key;
mod left_behind;
mod link;
mod maintenance;
mod media;
mod network;
mod obtain;
mod office_card;
mod own_key;
mod phone;
mod readiness;
mod renew;
mod reports;
mod standing;
mod storages;
mod tokens;
mod updates;
mod watchdog;
mod world;

use std::sync::{Arc, mpsc};
use std::time::Duration;

use exchange::{IinPolicy, Language};

use crate::config::Config;
use crate::maintenance::MaintenanceConfig;
use crate::session::command::PreviewFor;
use crate::session::event::{Event, MediaHandle};
use crate::session::view::View;
use crate::session::{SessionConfig, Settings};
use crate::station::{Station, StationConfig};

pub use inspection::{Inspection, inspect};
pub use link::{office_config, tpm};
pub use media::Picture;
pub use network::{Diagnosis, Step, StepResult, diagnose};
pub use standing::write_readable;
use watchdog::{Ask, Part, Watchdog};
pub use world::StartError;
use world::World;

/// What draws: Slint's window, or nothing for a kiosk run by a test.
pub trait Screen: Send + Sync + 'static {
    /// Pixels of the live picture on this screen.
    fn preview_size(&self, purpose: PreviewFor) -> (u32, u32);
    fn show(&self, view: View);
    /// The newest camera picture, already mirrored and scaled.
    fn preview(&self, picture: Picture);
    /// The picture that a view names by this handle.
    fn picture(&self, media: MediaHandle, picture: Picture);
    /// The person with this handle is gone: forget what was shown.
    fn forget_pictures(&self);
    /// Runs this between two frames, behind everything that was shown before.
    fn when_drawn(&self, answer: Box<dyn FnOnce() + Send>);
    /// Ends the window and with it the process; the service manager starts it anew.
    fn close(&self);
}

/// Four ticks a second move countdowns; more would only cost power.
const TICK: Duration = Duration::from_millis(250);

/// A running kiosk. Dropping it ends the core thread.
pub struct Kiosk {
    events: mpsc::Sender<Message>,
    core: Option<std::thread::JoinHandle<()>>,
    watchdog: Option<(mpsc::Sender<()>, std::thread::JoinHandle<()>)>,
}

enum Message {
    Event(Event),
    /// The watchdog asks whether the core still gets to its messages.
    Answer(mpsc::Sender<Part>),
    End,
}

/// Hands events to the core from any thread.
#[derive(Clone)]
pub struct Events(mpsc::Sender<Message>);

impl Events {
    pub fn send(&self, event: Event) {
        // The core is gone only while the whole kiosk ends.
        let _ = self.0.send(Message::Event(event));
    }
}

impl Kiosk {
    /// Opens queue, devices and link, then starts the core.
    ///
    /// # Errors
    /// Only what makes even an out-of-service screen impossible; a device or an
    /// office that is missing is a fault on the screen.
    pub fn start(
        config: Config,
        language: Language,
        screen: Arc<dyn Screen>,
    ) -> Result<Self, StartError> {
        let (sender, receiver) = mpsc::channel();
        let events = Events(sender.clone());
        let station = Station::new(station_config(&config, language));
        let world = World::start(config, events, screen.clone())?;
        let watchdog = watch(&world, &screen, &sender)?;
        let core = std::thread::Builder::new()
            .name("core".into())
            .spawn(move || core(station, world, &receiver, &*screen))
            .map_err(StartError::Thread)?;
        Ok(Self {
            events: sender,
            core: Some(core),
            watchdog: Some(watchdog),
        })
    }

    pub fn events(&self) -> Events {
        Events(self.events.clone())
    }
}

impl Drop for Kiosk {
    fn drop(&mut self) {
        if let Some((end, watchdog)) = self.watchdog.take() {
            drop(end);
            let _ = watchdog.join();
        }
        let _ = self.events.send(Message::End);
        if let Some(core) = self.core.take() {
            let _ = core.join();
        }
    }
}

/// Each part is asked by the way its own work takes.
fn watch(
    world: &World,
    screen: &Arc<dyn Screen>,
    core: &mpsc::Sender<Message>,
) -> Result<(mpsc::Sender<()>, std::thread::JoinHandle<()>), StartError> {
    let (screen, core) = (screen.clone(), core.clone());
    let window: Ask = Box::new(move |answer| {
        screen.when_drawn(Box::new(move || {
            // Who asked may have stopped waiting, here and below.
            let _ = answer.send(Part::Window);
        }));
    });
    let core: Ask = Box::new(move |answer| {
        let _ = core.send(Message::Answer(answer));
    });
    let mut asks = vec![(Part::Window, window), (Part::Core, core)];
    if let Some(queue) = world.ask_queue() {
        asks.push((Part::Queue, queue));
    }
    let watchdog = Watchdog::new(asks, world.link_pulse());
    let (end, ended) = mpsc::channel();
    let thread = std::thread::Builder::new()
        .name("watchdog".into())
        .spawn(move || watchdog.run(&ended))
        .map_err(StartError::Thread)?;
    Ok((end, thread))
}

fn core(
    mut station: Station,
    world: World,
    messages: &mpsc::Receiver<Message>,
    screen: &dyn Screen,
) {
    let mut shown = None;
    loop {
        let event = match messages.recv_timeout(TICK) {
            Ok(Message::Event(event)) => event,
            Ok(Message::Answer(answer)) => {
                // Who asked may have stopped waiting.
                let _ = answer.send(Part::Core);
                continue;
            }
            Err(mpsc::RecvTimeoutError::Timeout) => Event::Tick,
            Ok(Message::End) | Err(mpsc::RecvTimeoutError::Disconnected) => return,
        };
        world.hear(&event);
        let now = world.now();
        for command in station.handle(event, now) {
            world.execute(command);
        }
        world.note(&station);
        let view = station.view(now);
        if shown.as_ref() != Some(&view) {
            screen.show(view.clone());
            if shown.replace(view).is_none() {
                world.await_first_frame(screen);
            }
        }
    }
}

fn station_config(config: &Config, language: Language) -> StationConfig {
    let (wanted, seconds) = (&config.session, |s: u16| Duration::from_secs(s.into()));
    let session = SessionConfig {
        iin_policy: if wanted.official_test_iins {
            IinPolicy::AllowOfficialTestNumbers
        } else {
            IinPolicy::Strict
        },
        prompt_seconds: wanted.liveness_seconds_each,
        prompts: wanted.liveness_prompts.into(),
        liveness_tries: wanted.liveness_tries,
        liveness_block: Duration::from_secs(wanted.liveness_block_seconds.into()),
        algorithm: wanted.algorithm,
        idle: seconds(wanted.idle_seconds),
        idle_warning: seconds(wanted.idle_warning_seconds),
        wait_limit: Duration::from_secs(wanted.wait_here_seconds.into()),
        ..SessionConfig::default()
    };
    let settings = Settings {
        language,
        ..Settings::default()
    };
    let maintenance = MaintenanceConfig {
        idle: seconds(config.maintenance.idle_seconds),
        idle_warning: seconds(config.maintenance.idle_warning_seconds),
        pin_idle: seconds(config.maintenance.pin_idle_seconds),
    };
    StationConfig {
        session,
        maintenance,
        settings,
        ..StationConfig::default()
    }
}
