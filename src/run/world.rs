//! Everything the core's commands are executed with.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chip::trust::Trust;
use exchange::{ReceiptCode, StorageType, SubmissionId};
use faults::Fault;
use outbox::{Limits, Outbox, OutboxError};
use tokio::sync::Notify;
use worker::{Role, WorkerClient, WorkerConfig};

use crate::config::{self, Config};
use crate::devices::camera::{CameraSettings, CameraThread};
use crate::devices::card_reader::CardReader;
use crate::devices::status_panel::{PanelState, StatusPanel};
use crate::devices::token_writer::TokenWriter;
use crate::devices::usb_drive::UsbDrives;
use crate::secrecy::wipe_stack;
use crate::session::command::{Action, Command, KeyLocation};
use crate::session::event::{DeviceEvent, Event, Failure, Now, Reply};
use crate::station::{Mode, Station};
use crate::sync::Uplink;

use super::asked::{Outstanding, failure};
use super::clock::{self, Clock, boottime};
use super::document::{self, ReadChip};
use super::enrol::MadeKey;
use super::left_behind::{self, LeftBehind};
use super::link::{self, Link, Office};
use super::maintenance::Kept;
use super::media::MediaStore;
use super::obtain::Certified;
use super::office_card::CardPlace;
use super::standing::{self, Answered, OfficeSeen, StandingFile};
use super::updates::UpdateSeen;
use super::watchdog::{Ask, Part};
use super::{Events, Screen, equipment, maintenance};

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
}

/// What is kept of the one citizen who is here; gone with `EndSession`.
#[derive(Default)]
struct Visit {
    /// Parts of it may be staged; it is not committed.
    uncommitted: Option<SubmissionId>,
    chip: Option<ReadChip>,
    made_key: Option<MadeKey>,
    certified: Option<Certified>,
    collecting: Option<(SubmissionId, ReceiptCode)>,
}

/// What heartbeat, panel and readiness say.
#[derive(Default)]
struct Standing {
    faults: Vec<Fault>,
    /// Raised after the last heartbeat that the office took, and over.
    ended: BTreeSet<Fault>,
    mode: &'static str,
    panel: Option<PanelState>,
    link_is_up: bool,
    answered: Answered,
    update: Option<String>,
    update_seen: UpdateSeen,
}

/// Something is being committed for as long as it lives.
pub(super) struct Committing<'a>(&'a AtomicU32);

impl Drop for Committing<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What a heartbeat says.
pub(super) struct Told {
    pub faults: Vec<Fault>,
    pub ended: Vec<Fault>,
    pub mode: &'static str,
}

/// The queue's room is looked at this often.
const CAPACITY_EVERY: Duration = Duration::from_secs(5);

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
        let (link, link_faults, last_signed) =
            Link::open(&config.data_dir, &config.office, outbox.as_ref())?;
        let can_seal = link.office.is_some();
        let (trust, trust_fault) = document::trust(&config);
        let raise = |fault| events.send(Event::Device(DeviceEvent::Raised(fault)));
        queue_fault
            .into_iter()
            .chain(link_faults)
            .chain(trust_fault)
            .chain(left_behind.faults())
            .for_each(raise);
        if can_seal {
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
            drives: equipment::drives(&config.usb, events.clone()).map_err(StartError::Thread)?,
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

    /// Takes note of what the station became, for panel, heartbeat and whoever watches.
    pub fn note(&self, station: &Station) {
        if let Some(runtime) = &self.runtime {
            let _within = runtime.enter();
            self.inner.cards.watch(station.session().is_none());
        }
        // What is only presumed is nothing to tell.
        let known = station.faults().difference(station.presumed());
        let faults: Vec<Fault> = known.copied().collect();
        let mode = match station.mode() {
            Mode::Idle => "idle",
            Mode::Citizen => "citizen",
            Mode::Paused => "paused",
            Mode::Maintenance => "maintenance",
            Mode::OutOfService => "out_of_service",
        };
        let panel = match station.mode() {
            Mode::Maintenance => PanelState::Maintenance,
            Mode::OutOfService | Mode::Paused => PanelState::OutOfService {
                fault: station
                    .closing()
                    .first()
                    .copied()
                    .unwrap_or(Fault::Internal),
            },
            Mode::Citizen => PanelState::InUse,
            Mode::Idle if station.link_is_up() => PanelState::Ready,
            Mode::Idle => PanelState::Offline {
                queue: self.inner.waiting(),
            },
        };
        let mut standing = lock(&self.inner.standing);
        let tested =
            station.mode() == Mode::Maintenance && standing.panel == Some(PanelState::Test);
        if standing.panel != Some(panel) && !tested {
            if let Some(device) = &self.inner.panel {
                device.show(panel);
            }
            standing.panel = Some(panel);
        }
        let told = standing::Standing {
            screen_is_drawn: self.inner.screen_is_drawn.load(Ordering::Relaxed),
            answered: standing.answered,
            outbox: self.inner.queue_fault.map_or(Ok(()), Err),
            office: OfficeSeen::of(station.link_is_up(), &faults),
            citizen_is_there: station.mode() == Mode::Citizen,
            queue_is_safe: self.inner.queue_is_safe(),
        };
        standing.link_is_up = station.link_is_up();
        standing.mode = mode;
        if standing.faults != faults {
            let before = std::mem::replace(&mut standing.faults, faults);
            let over = |fault: &Fault| !standing.faults.contains(fault);
            let over: Vec<Fault> = before.into_iter().filter(over).collect();
            standing.ended.extend(over);
            self.inner.tell_office();
        }
        drop(standing);
        lock(&self.inner.standing_file).write(told);
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
    pub(super) fn begin(&self) -> Result<Reply, Failure> {
        let (mut random, mut randomness) = ([0; 10], [0; 32]);
        getrandom::fill(&mut random)
            .and_then(|()| getrandom::fill(&mut randomness))
            .map_err(|_| failure(Fault::Internal, "no randomness"))?;
        let submission = SubmissionId::from_parts(self.clock.now().wall, &random);
        lock(&self.visit).uncommitted = Some(submission);
        Ok(Reply::Begun {
            submission,
            randomness,
        })
    }

    /// What the citizen leaves behind: nothing that was not committed.
    fn end_visit(&self) {
        self.discard_made_key();
        let visit = std::mem::take(&mut *lock(&self.visit));
        if let (Some(submission), Some(outbox)) = (visit.uncommitted, &self.outbox)
            && let Err(e) = outbox.drop_staged(submission)
        {
            tracing::error!("staged parts stay until the next start: {e}");
        }
    }

    pub fn committed(&self, submission: SubmissionId) {
        let mut visit = lock(&self.visit);
        if visit.uncommitted == Some(submission) {
            visit.uncommitted = None;
        }
    }

    /// One citizen, one document: what was read before goes.
    pub fn keep_chip(&self, chip: Option<ReadChip>) {
        lock(&self.visit).chip = chip;
    }

    pub fn chip_of<T>(&self, look: impl FnOnce(&ReadChip) -> Option<T>) -> Option<T> {
        lock(&self.visit).chip.as_ref().and_then(look)
    }

    pub fn take_made_key(&self) -> Option<MadeKey> {
        lock(&self.visit).made_key.take()
    }

    pub fn note_certified(&self, certified: Certified) {
        lock(&self.visit).certified = Some(certified);
    }

    /// The key that got its certificate in this place during this visit.
    pub fn certified(&self, location: &KeyLocation) -> Option<Certified> {
        let visit = lock(&self.visit);
        let certified = visit.certified.as_ref();
        certified.filter(|c| c.location == *location).cloned()
    }

    pub fn note_made_key(&self, made: MadeKey) {
        lock(&self.visit).made_key = Some(made);
    }

    pub fn made_key<T>(&self, look: impl FnOnce(&MadeKey) -> Option<T>) -> Option<T> {
        lock(&self.visit).made_key.as_ref().and_then(look)
    }

    pub fn note_collecting(&self, submission: SubmissionId, code: ReceiptCode) {
        lock(&self.visit).collecting = Some((submission, code));
    }

    pub fn collecting(&self, submission: SubmissionId) -> Option<ReceiptCode> {
        let visit = lock(&self.visit);
        let (opened, code) = visit.collecting.as_ref()?;
        (*opened == submission).then(|| code.clone())
    }

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

    /// Until the station becomes something else. False: there is none.
    pub fn show_on_panel(&self, state: PanelState) -> bool {
        let Some(panel) = &self.panel else {
            return false;
        };
        panel.show(state);
        // What the station is must be shown again, even if it is the same.
        lock(&self.standing).panel = Some(state);
        true
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

    pub fn answered(&self) -> Answered {
        lock(&self.standing).answered
    }

    pub fn link_is_up(&self) -> bool {
        lock(&self.standing).link_is_up
    }

    pub fn has_panel(&self) -> bool {
        self.panel.is_some()
    }

    /// Where an update stands, for a technician.
    pub fn note_update(&self, note: Option<String>, seen: UpdateSeen) {
        let mut standing = lock(&self.standing);
        (standing.update, standing.update_seen) = (note, seen);
    }

    pub fn update_seen(&self) -> UpdateSeen {
        lock(&self.standing).update_seen.clone()
    }

    pub fn update_note(&self) -> Option<String> {
        lock(&self.standing).update.clone()
    }

    pub fn standing(&self) -> Told {
        let standing = lock(&self.standing);
        let over = |fault: &&Fault| !standing.faults.contains(fault);
        Told {
            faults: standing.faults.clone(),
            ended: standing.ended.iter().filter(over).copied().collect(),
            mode: standing.mode,
        }
    }

    /// A heartbeat goes soon.
    pub fn tell_office(&self) {
        self.news.notify_one();
    }

    /// The office took a heartbeat that said this.
    pub fn told_office(&self, told: &Told) {
        let heard = |fault: &Fault| told.faults.contains(fault);
        let mut left = self.left_behind();
        if left.faults().iter().all(heard) {
            left.office_heard();
        }
        drop(left);
        let mut standing = lock(&self.standing);
        standing.ended.retain(|fault| !told.ended.contains(fault));
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

/// A damaged database was set aside by the queue; what its sealed files tell is
/// taken over, and the office learns of it: a fault beside a queue.
fn open_outbox(config: &Config) -> (Option<Outbox>, Option<Fault>) {
    let dir = config.data_dir.join("outbox");
    let mut rebuilt = None;
    let opened = match Outbox::open(&dir, limits(&config.storage)) {
        Err(e @ (OutboxError::Damaged { .. } | OutboxError::DatabaseMissing)) => {
            tracing::error!("{e}; rebuilding it from the sealed files");
            rebuilt = Some(Fault::QueueRebuilt);
            Outbox::rebuild(&dir, limits(&config.storage))
        }
        other => other,
    };
    match opened {
        Ok(outbox) => (Some(outbox), rebuilt),
        Err(e) => {
            tracing::error!("no queue: {e}");
            (None, Some(e.fault()))
        }
    }
}

fn limits(storage: &config::Storage) -> Limits {
    Limits {
        media_floor_bytes: storage.floor_bytes,
        ballast_bytes: storage.ballast_bytes,
        deepest: storage.most_waiting,
        at_boundary: super::boundary::hook(),
        ..Limits::default()
    }
}

/// Raises and clears what keeps the next submission from being kept.
async fn watch_capacity(world: Arc<Inner>) {
    let mut raised: Option<Fault> = None;
    while let Some(outbox) = world.outbox.clone() {
        let now = world.clock.now().wall;
        let looked = tokio::task::spawn_blocking(move || {
            outbox.capacity().map(|c| c.refusal(outbox.limits(), now))
        })
        .await;
        let refusal = match looked {
            Ok(Ok(refusal)) => refusal,
            Ok(Err(e)) => Some(e.fault()),
            Err(_) => Some(Fault::Internal),
        };
        if refusal != raised {
            if let Some(fault) = raised.take() {
                world
                    .events
                    .send(Event::Device(DeviceEvent::Cleared(fault)));
            }
            if let Some(fault) = refusal {
                world.events.send(Event::Device(DeviceEvent::Raised(fault)));
            }
            raised = refusal;
        }
        tokio::time::sleep(CAPACITY_EVERY).await;
    }
}
