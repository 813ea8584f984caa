//! Everything the core's commands are executed with.

mod queue;
mod telling;
mod visit;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chip::trust::Trust;
use exchange::{StorageType, SubmissionId};
use faults::Fault;
use outbox::Outbox;
use tokio::sync::Notify;
use worker::{Role, WorkerClient, WorkerConfig};

use crate::config::Config;
use crate::devices::camera::{CameraSettings, CameraThread};
use crate::devices::card_reader::CardReader;
use crate::devices::status_panel::StatusPanel;
use crate::devices::token_writer::TokenWriter;
use crate::devices::usb_drive::UsbDrives;
use crate::secrecy::wipe_stack;
use crate::session::command::{Action, Command};
use crate::session::event::{DeviceEvent, Event, Failure, Now};
use crate::sync::{Tpm, Uplink};

use super::asked::{Outstanding, failure};
use super::clock::{self, Clock, boottime};
use super::document;
use super::left_behind::{self, LeftBehind};
use super::link::{self, Link, Office};
use super::maintenance::Kept;
use super::media::MediaStore;
use super::office_card::CardPlace;
use super::standing::{Answered, StandingFile};
use super::watchdog::{Ask, Part};
use super::{Events, Screen, equipment, maintenance};
use queue::{open_outbox, watch_capacity};
use telling::Standing;
use visit::Visit;

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("no thread can be started: {0}")]
    Thread(std::io::Error),
    #[error("the data directory {path} cannot be made: {cause}")]
    DataDirectory {
        path: PathBuf,
        cause: std::io::Error,
    },
    #[error("this kiosk's own keys: {0}")]
    Keys(#[from] crate::sync::SyncError),
}

/// Executes commands; dropping it ends devices and link.
pub struct World {
    inner: Arc<Inner>,
    outstanding: Outstanding,
    runtime: Option<tokio::runtime::Runtime>,
}

/// Whether the link's task goes on.
pub(super) struct Pulse {
    uplink: Arc<Uplink>,
    turns: u64,
    since: Instant,
}

impl Pulse {
    fn of(uplink: Arc<Uplink>) -> Self {
        Self {
            turns: uplink.turns(),
            uplink,
            since: Instant::now(),
        }
    }

    pub fn stands_still(&mut self) -> bool {
        let turns = self.uplink.turns();
        if turns != self.turns {
            (self.turns, self.since) = (turns, Instant::now());
        }
        self.since.elapsed() > Uplink::slowest_turn()
    }
}

/// What requests are answered with; shared by the tasks that answer.
pub(super) struct Inner {
    pub config: Config,
    pub clock: Arc<Clock>,
    pub events: Events,
    pub screen: Arc<dyn Screen>,
    pub media: MediaStore,
    pub files_worker: WorkerClient,
    pub link: Link,
    pub drives: Box<dyn UsbDrives>,
    pub tokens: Option<Box<dyn TokenWriter>>,
    /// Those that the place for tokens can take.
    pub token_kinds: Vec<StorageType>,
    /// Where technicians put their cards.
    pub cards: CardPlace,
    pub maintenance: Mutex<Kept>,
    /// Wakes whoever asks the office for updates.
    pub update_wanted: tokio::sync::Notify,
    /// Whose signatures on documents are believed.
    pub trust: Trust,
    reader: Box<dyn CardReader>,
    outbox: Option<Outbox>,
    /// Why there is none.
    queue_fault: Option<Fault>,
    camera: Option<CameraThread>,
    panel: Option<Box<dyn StatusPanel>>,
    visit: Mutex<Visit>,
    standing: Mutex<Standing>,
    /// Submissions that a technician carried out on a drive.
    exported: Mutex<BTreeSet<SubmissionId>>,
    standing_file: Mutex<StandingFile>,
    screen_is_drawn: Arc<AtomicBool>,
    /// Submissions that are being committed.
    committing: AtomicU32,
    left_behind: Mutex<LeftBehind>,
    /// The office is to hear of it soon.
    pub news: Notify,
    /// Something could not be signed.
    pub key_in_doubt: Notify,
    pub tpm: Tpm,
}

/// Something is being committed for as long as it lives.
pub(super) struct Committing<'a>(&'a AtomicU32);

impl Drop for Committing<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl World {
    pub(super) fn start(
        config: Config,
        events: Events,
        screen: Arc<dyn Screen>,
    ) -> Result<Self, StartError> {
        make_private_dir(&config.data_dir)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("world")
            .on_thread_park(wipe_stack)
            .enable_all()
            .build()
            .map_err(StartError::Thread)?;
        let within = runtime.enter();

        let runtime_folder = std::env::var_os("RUNTIME_DIRECTORY");
        let left_for_the_screen =
            runtime_folder.and_then(|f| left_behind::take_from_screen(Path::new(&f)));
        let mut left_behind = LeftBehind::open(&config.data_dir, boottime());
        let (outbox, queue_fault) = open_outbox(&config);
        if outbox.is_some()
            && let Some(rebuilt) = queue_fault
        {
            left_behind.add(rebuilt);
        }
        let tpm = link::tpm(&config.tpm);
        let (link, link_faults, last_signed) =
            Link::open(&config.data_dir, &config.office, &tpm, outbox.as_ref())?;
        let can_seal = link.knows_office();
        let (trust, trust_fault) = document::trust(&config);
        let raise = |fault| events.send(Event::Device(DeviceEvent::Raised(fault)));
        queue_fault
            .into_iter()
            .chain(link_faults)
            .chain(trust_fault)
            .chain(left_behind.faults())
            .for_each(raise);
        // Without an office there is nobody to seal for, which NET-06 says.
        if can_seal || link.is_nobodys {
            events.send(Event::Device(DeviceEvent::Cleared(
                Fault::SealingImpossible,
            )));
        }

        let files_worker = WorkerClient::new(WorkerConfig {
            program: config.worker.clone(),
            ..WorkerConfig::new(Role::Files)
        });
        let inner = Arc::new(Inner {
            clock: Arc::new(Clock::new(last_signed)),
            media: MediaStore::default(),
            files_worker,
            link,
            drives: equipment::drives(&config, events.clone()).map_err(StartError::Thread)?,
            trust,
            reader: equipment::card_reader(&config, events.clone()),
            tokens: equipment::token_writer(&config, events.clone()),
            token_kinds: equipment::token_kinds(&config.token_writer),
            cards: CardPlace::open(&config, &events),
            maintenance: Mutex::default(),
            update_wanted: tokio::sync::Notify::new(),
            outbox,
            queue_fault,
            camera: equipment::camera(
                &config.camera,
                CameraSettings::default(),
                &events,
                screen.clone(),
            ),
            panel: equipment::panel(&config.panel, events.clone()).map_err(StartError::Thread)?,
            visit: Mutex::default(),
            exported: Mutex::default(),
            standing: Mutex::new(Standing {
                ended: left_for_the_screen.into_iter().collect(),
                // A watch over drives that did not begin would have ended the start.
                answered: Answered {
                    drives: true,
                    ..Answered::default()
                },
                ..Standing::default()
            }),
            standing_file: Mutex::new(StandingFile::of_environment()),
            screen_is_drawn: Arc::default(),
            committing: AtomicU32::new(0),
            left_behind: Mutex::new(left_behind),
            news: Notify::new(),
            key_in_doubt: Notify::new(),
            tpm,
            config,
            events,
            screen,
        });
        link::start_tasks(&inner, runtime.handle());
        runtime.spawn(watch_capacity(inner.clone()));
        runtime.spawn(maintenance::close_after_start(inner.clone()));
        runtime.spawn(clock::watch(inner.clock.clone(), inner.events.clone()));
        runtime.spawn(left_behind::watch(inner.clone()));
        drop(within);
        Ok(Self {
            inner,
            outstanding: Outstanding::default(),
            runtime: Some(runtime),
        })
    }

    pub fn now(&self) -> Now {
        self.inner.clock.now()
    }

    /// The queue's database answers, on a thread that may wait for it.
    pub(super) fn ask_queue(&self) -> Option<Ask> {
        let outbox = self.inner.outbox.clone()?;
        let runtime = self.runtime.as_ref()?.handle().clone();
        Some(Box::new(move |answer| {
            let outbox = outbox.clone();
            runtime.spawn_blocking(move || {
                // A failure is an answer too: the capacity gate tells of it.
                let _ = outbox.count(outbox::State::Waiting);
                let _ = answer.send(Part::Queue);
            });
        }))
    }

    pub(super) fn link_pulse(&self) -> Option<Pulse> {
        let office = self.inner.link.office.as_ref()?;
        Some(Pulse::of(office.uplink.clone()))
    }

    pub fn execute(&self, command: Command) {
        match command {
            Command::Ask {
                session,
                request,
                what,
            } => {
                let asked = self.outstanding.begin(session, request, &self.inner.events);
                let world = self.inner.clone();
                if let Some(runtime) = &self.runtime {
                    runtime.spawn(async move {
                        let answer = world.answer(asked.clone(), what).await;
                        asked.answer(answer);
                    });
                }
            }
            Command::Abandon { session, request } => self.outstanding.abandon(session, request),
            Command::Do(Action::EndSession { session }) => {
                self.outstanding.abandon_session(session);
                let world = self.inner.clone();
                let left = world.leave_maintenance();
                if let Some(runtime) = &self.runtime {
                    if left.order.is_some() {
                        let world = world.clone();
                        runtime.spawn(async move { world.close_what_was_left().await });
                    }
                    runtime.spawn_blocking(move || world.end_visit());
                }
                self.inner.preview(None);
                self.inner.reader.watch(false);
                self.inner.media.drop_all();
                self.inner.screen.forget_pictures();
                wipe_stack();
            }
            Command::Do(action) => self.act(action),
        }
    }

    fn act(&self, action: Action) {
        match action {
            Action::StartPreview(purpose) => self.inner.preview(Some(purpose)),
            Action::StopPreview => self.inner.preview(None),
            Action::DropMedia(handle) => self.inner.media.drop_one(handle),
            Action::WatchCard(on) => self.inner.reader.watch(on),
            // The place where audio guidance joins.
            Action::Speak(_) | Action::EndSession { .. } => {}
        }
    }

    /// Which devices have said something.
    pub fn hear(&self, event: &Event) {
        lock(&self.inner.standing).answered.hear(event);
    }

    /// Something was shown for the first time.
    pub fn await_first_frame(&self, screen: &dyn Screen) {
        let drawn = self.inner.screen_is_drawn.clone();
        screen.when_drawn(Box::new(move || drawn.store(true, Ordering::Relaxed)));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.inner.left_behind().ends_in_order();
        if let Some(runtime) = self.runtime.take() {
            // What is durable stays durable; nothing else is waited for.
            runtime.shutdown_timeout(Duration::from_secs(2));
        }
    }
}

impl Inner {
    pub fn reader(&self) -> &dyn CardReader {
        &*self.reader
    }

    pub fn camera(&self) -> Option<&CameraThread> {
        self.camera.as_ref()
    }

    pub fn provisioned(&self) -> Option<&Office> {
        self.link.office.as_ref()
    }

    pub fn outbox(&self) -> Result<Outbox, Failure> {
        self.outbox
            .clone()
            .ok_or_else(|| failure(Fault::QueueDamaged, "no queue"))
    }

    pub fn note_exported(&self, submissions: BTreeSet<SubmissionId>) {
        lock(&self.exported).extend(submissions);
    }

    pub fn exported(&self) -> BTreeSet<SubmissionId> {
        lock(&self.exported).clone()
    }

    /// Open, and nothing of a citizen is on its way into it.
    pub fn queue_is_safe(&self) -> bool {
        self.outbox.is_some()
            && self.committing.load(Ordering::SeqCst) == 0
            && lock(&self.visit).uncommitted.is_none()
    }

    pub fn committing(&self) -> Committing<'_> {
        self.committing.fetch_add(1, Ordering::SeqCst);
        Committing(&self.committing)
    }

    pub fn has_panel(&self) -> bool {
        self.panel.is_some()
    }

    pub fn left_behind(&self) -> MutexGuard<'_, LeftBehind> {
        lock(&self.left_behind)
    }

    fn waiting(&self) -> u32 {
        let count = |o: &Outbox| o.count(outbox::State::Waiting).unwrap_or(0);
        self.outbox.as_ref().map_or(0, count)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn make_private_dir(path: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|cause| StartError::DataDirectory {
            path: path.into(),
            cause,
        })
}
