//! Keeps this kiosk's software as the office orders it: asks, fetches while nobody needs the line,
//! installs while nobody is there, and tells the office what came of it (docs/decisions/0013).
//!
//! That a bundle is one of ours is told by rauc, by its signature; that this kiosk is to have
//! it, by the office's. What became of an update is never remembered from before the restart,
//! but read off the slots after it.

mod fate;
mod free;
mod installer;
mod record;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use exchange::update::UpdateOutcome;
use exchange::{Digest, OfferError, Signed, UpdateOffer, UpdateResult};
use faults::Fault;
use steward::Reason;
use tokio::time::Instant;

use super::link::Office;
use super::readiness::fault_code;
use super::reports::Reports;
use super::world::Inner;
use crate::session::event::{DeviceEvent, Event};
use crate::sync::{BundleFolder, FetchError, StatementKind, SyncError};
use fate::{Fate, Hold, Moment, fate, hold};
use free::Free;
use installer::{INSTALLED_WITHIN, Trouble};
use record::{Found, Installing, Kept};

/// Whether an update may begin is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// So often the same offer is tried before only another one helps.
const MOST_TRIES: u8 = 3;
/// From the order to restart to the end of this program; longer, and it was lost.
const RESTART_WITHIN: Duration = Duration::from_secs(10 * 60);

pub(super) async fn run(world: Arc<Inner>) {
    let (Some(office), Some(reports)) = (world.provisioned(), &world.link.reports) else {
        return;
    };
    let dir = world.config.data_dir.join("update");
    let folder = match BundleFolder::open(dir.clone(), world.config.storage.floor_bytes) {
        Ok(folder) => folder,
        Err(e) => {
            tracing::error!("no updates: {e}");
            return;
        }
    };
    let every = Duration::from_secs(world.config.update.ask_seconds.into());
    let mut updates = Updates {
        kept: Kept::open(&dir.join("record.json")),
        free: Free::new(&world),
        world: &world,
        office,
        reports,
        folder,
        every,
        // Not all kiosks at once after a power cut.
        ask_at: Instant::now() + random_part(every.min(Duration::from_secs(60))),
        failures: 0,
        again_at: Instant::now(),
        ready: None,
        held: None,
        raised: false,
        restart_by: None,
        asked: 0,
    };
    updates.tell_fault();
    // A restart may be on its way: nobody begins until it is known.
    if updates.kept.record.installing.is_some() {
        updates.free.keep(INSTALLED_WITHIN);
    }
    loop {
        if let Err(e) = updates.turn().await {
            tracing::warn!("updates: {e}");
        }
        world.note_update(updates.told(), updates.seen());
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY.min(every)) => {}
            () = world.update_wanted.notified() => updates.ask_at = Instant::now(),
        }
    }
}

/// Where updates stand.
#[derive(Clone, Debug, Default)]
pub(super) struct UpdateSeen {
    pub offer: Option<UpdateOffer>,
    /// It was installed, or given up.
    pub is_settled: bool,
    pub is_whole: bool,
    /// File with what was fetched of it so far.
    pub half: Option<PathBuf>,
    /// How often the office answered whether there is one.
    pub asked: u64,
    pub last: Option<LastUpdate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LastUpdate {
    Installed,
    RolledBack,
    Refused,
}

struct Updates<'a> {
    world: &'a Arc<Inner>,
    office: &'a Office,
    reports: &'a Reports,
    folder: BundleFolder,
    kept: Kept,
    free: Free<'a>,
    /// Period of asking.
    every: Duration,
    ask_at: Instant,
    /// Fetches that failed, one after the other.
    failures: u32,
    /// What came to nothing is not tried again at once.
    again_at: Instant,
    /// The bundle that lies here whole.
    ready: Option<Digest>,
    /// Told in the journal when it changes.
    held: Option<Hold>,
    /// The fault stands.
    raised: bool,
    restart_by: Option<Instant>,
    asked: u64,
}

impl Updates<'_> {
    async fn turn(&mut self) -> Result<(), SyncError> {
        self.settle().await?;
        self.report()?;
        let up = self.office.uplink.is_up();
        if up {
            self.send().await;
        }
        if self.kept.record.installing.is_some() {
            return Ok(());
        }
        let is_due = up && Instant::now() >= self.ask_at;
        if is_due {
            self.ask_at = Instant::now() + self.every.mul_f64(0.75) + random_part(self.every / 2);
            if let Err(e) = self.ask().await {
                tracing::info!("not asked for an update: {e}");
            }
            // Before a fetch, which may take long.
            self.world.note_update(self.told(), self.seen());
        }
        let Some(offer) = self.wanted().filter(|_| Instant::now() >= self.again_at) else {
            return Ok(());
        };
        if !self.has(&offer).await {
            if is_due {
                self.fetch(&offer).await?;
            }
            return Ok(());
        }
        if self.may_begin(&offer) {
            self.install(&offer).await?;
            self.send().await;
        }
        Ok(())
    }

    async fn send(&self) {
        let client = self.office.uplink.client();
        let kind = StatementKind::UpdateResult;
        let sent = client.send_statements(&self.reports.statements, kind);
        if let Err(e) = sent.await {
            tracing::info!("a result stays here: {e}");
        }
    }

    /// Asks what this kiosk is to have; keeps what it accepts.
    async fn ask(&mut self) -> Result<(), SyncError> {
        let client = self.office.uplink.client();
        let answered = client.ask_update().await?;
        self.asked += 1;
        let Some(signed) = answered else {
            self.kept.change(|r| r.offer = None)?;
            return self.clear_folder(None).await;
        };
        let offer = match self.accepted(&signed) {
            Ok(offer) => offer,
            Err(e) => {
                tracing::warn!("an offer that is not taken: {e}");
                return Ok(());
            }
        };
        let is_new = offer.number > self.kept.record.newest_seen;
        self.kept.change(|r| {
            r.newest_seen = offer.number;
            r.offer = Some(signed);
            if is_new {
                (r.tries, r.refused, r.failed) = (0, None, false);
            }
        })?;
        if is_new {
            tracing::info!(number = offer.number, version = %offer.version, "an update is offered");
            self.again_at = Instant::now();
            self.tell_fault();
            self.clear_folder(Some(&offer)).await?;
        }
        Ok(())
    }

    fn accepted(&self, signed: &Signed<UpdateOffer>) -> Result<UpdateOffer, OfferError> {
        let credentials = self.office.uplink.client().credentials();
        let office = credentials.map_err(|_| OfferError::NotSigned)?.decision_key;
        let seen = self.kept.record.newest_seen;
        let now = self.world.clock.not_before();
        UpdateOffer::accept(signed, &office, &self.office.kiosk, seen, now)
    }

    /// The offer that stands and is not done with.
    fn wanted(&self) -> Option<UpdateOffer> {
        let record = &self.kept.record;
        let offer = self.accepted(record.offer.as_ref()?).ok()?;
        (offer.number > record.settled && record.tries < MOST_TRIES).then_some(offer)
    }

    /// Looked at once; what the disk did to it since, rauc finds out.
    async fn has(&mut self, offer: &UpdateOffer) -> bool {
        if self.ready != Some(offer.sha256) {
            let (folder, of) = (self.folder.clone(), offer.clone());
            let looked = tokio::task::spawn_blocking(move || folder.has(&of));
            self.ready = looked.await.unwrap_or(false).then_some(offer.sha256);
        }
        self.ready.is_some()
    }

    async fn clear_folder(&mut self, offer: Option<&UpdateOffer>) -> Result<(), SyncError> {
        self.ready = None;
        let (folder, offer) = (self.folder.clone(), offer.cloned());
        let cleared = tokio::task::spawn_blocking(move || folder.keep_only(offer.as_ref()));
        cleared
            .await
            .map_err(|e| SyncError::Unexpected(format!("a thread: {e}")))?
    }

    async fn fetch(&mut self, offer: &UpdateOffer) -> Result<(), SyncError> {
        // Where nothing can be installed, nothing is fetched.
        if let Err(e) = installer::slots(&self.world.config.steward).await {
            tracing::warn!("no update is fetched: {e}");
            return Ok(());
        }
        let client = self.office.uplink.client();
        let mut waits = self.office.uplink.waits();
        loop {
            match self.folder.fetch(client, offer, &mut waits).await {
                Ok(()) => {
                    tracing::info!(number = offer.number, "an update was fetched");
                    (self.ready, self.failures) = (Some(offer.sha256), 0);
                    return Ok(());
                }
                Err(FetchError::GaveWay) => {
                    if waits.wait_for(Option::is_none).await.is_err() {
                        return Ok(());
                    }
                }
                Err(e @ FetchError::NoRoom) => {
                    tracing::error!("an update cannot be fetched: {e}");
                    return self.refuse(offer, Fault::DiskFull);
                }
                Err(FetchError::NotOffered(e)) => {
                    tracing::error!("an update was thrown away: {e}");
                    self.kept.change(|r| r.tries += 1)?;
                    return self.refuse(offer, Fault::UpdateFailed);
                }
                Err(FetchError::Sync(e)) => {
                    tracing::info!("the fetch of an update goes on later: {e}");
                    // What is there already makes the next attempt cheap.
                    self.failures += 1;
                    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
                    let wait = outbox::backoff(self.failures, random).min(self.every);
                    self.ask_at = Instant::now() + wait;
                    return Ok(());
                }
            }
        }
    }

    fn may_begin(&mut self, offer: &UpdateOffer) -> bool {
        let now = self.world.clock.now();
        let held = hold(&Moment {
            mode: self.world.standing().mode,
            queue_is_safe: self.world.queue_is_safe(),
            now: now.wall,
            trust: now.trust,
            windows: [offer.window, self.world.config.update.window],
        });
        if held != self.held {
            tracing::info!(?held, "an update is ready");
            self.held = held;
        }
        held.is_none()
    }

    async fn install(&mut self, offer: &UpdateOffer) -> Result<(), SyncError> {
        // Whoever was faster is served to the end, and the update waits.
        if !self.free.make(INSTALLED_WITHIN).await {
            self.free.end();
            return Ok(());
        }
        let socket = &self.world.config.steward;
        let done = match self.begin(offer).await {
            Ok(()) => installer::install(socket).await,
            Err(e) => Err(e),
        };
        let Err(trouble) = done else {
            return Ok(());
        };
        tracing::error!("an update was not installed: {trouble}");
        let begun = self.kept.record.installing.clone();
        let is_certain = match (&trouble, &begun) {
            (Trouble::Busy, _) | (_, None) => true,
            // What was written all the same is found out by the slots, now or at a later turn.
            (_, Some(begun)) => installer::slots(socket)
                .await
                .is_ok_and(|slots| fate(begun, &slots) == Fate::NotWritten),
        };
        if is_certain {
            self.kept.change(|r| r.installing = None)?;
            match trouble {
                Trouble::Busy => self.kept.change(|r| r.tries -= 1)?,
                Trouble::Refused(refusal) => self.refuse(offer, fault_of(refusal.reason))?,
                Trouble::Lost(_) => {}
            }
        }
        self.free.end();
        Ok(())
    }

    /// Notes durably what is about to be done.
    async fn begin(&mut self, offer: &UpdateOffer) -> Result<(), Trouble> {
        let slots = installer::slots(&self.world.config.steward).await?;
        let into = slots
            .other()
            .ok_or_else(|| Trouble::Lost("there is no other slot".into()))?;
        let installing = Installing {
            offer: offer.number,
            sha256: offer.sha256,
            version: offer.version.clone(),
            from: slots.booted.clone(),
            into: into.bootname.clone(),
            before: into.activation.clone(),
        };
        tracing::info!(
            number = offer.number,
            into = into.bootname,
            "an update is installed"
        );
        self.kept
            .change(|r| {
                r.installing = Some(installing);
                r.tries += 1;
            })
            .map_err(|e| Trouble::Lost(e.to_string()))
    }

    /// What became of the update that was begun.
    async fn settle(&mut self) -> Result<(), SyncError> {
        let Some(begun) = self.kept.record.installing.clone() else {
            return Ok(());
        };
        let fate = match installer::slots(&self.world.config.steward).await {
            Ok(slots) => fate(&begun, &slots),
            Err(Trouble::Busy) if !self.free.is_over() => return Ok(()),
            Err(e) => {
                tracing::warn!("what became of an update is not known: {e}");
                self.free.end();
                return Ok(());
            }
        };
        let fault = fault_code(Fault::UpdateFailed);
        let outcome = match fate {
            Fate::AwaitsRestart => return self.await_restart(),
            Fate::Proving => {
                self.free.end();
                return Ok(());
            }
            Fate::Installed => Some(UpdateOutcome::Installed),
            Fate::RolledBack => Some(UpdateOutcome::RolledBack { fault }),
            Fate::NotWritten if self.kept.record.tries >= MOST_TRIES => {
                Some(UpdateOutcome::Refused { fault })
            }
            Fate::NotWritten | Fate::Overtaken => None,
        };
        tracing::info!(number = begun.offer, ?fate, "an update was begun before");
        match outcome {
            Some(outcome) => self.find(begun.offer, begun.sha256, outcome)?,
            None => self.kept.change(|r| r.installing = None)?,
        }
        self.free.end();
        if self.kept.record.settled == begun.offer {
            self.clear_folder(None).await?;
        }
        Ok(())
    }

    fn await_restart(&mut self) -> Result<(), SyncError> {
        let by = *self
            .restart_by
            .get_or_insert_with(|| Instant::now() + RESTART_WITHIN);
        if Instant::now() < by {
            self.free.keep(RESTART_WITHIN);
            return Ok(());
        }
        // Nobody restarts it: it is installed once more, and restarted.
        tracing::warn!("the restart after an update did not come");
        self.restart_by = None;
        self.free.end();
        self.kept.change(|r| r.installing = None)
    }

    /// The office is told once of each reason.
    fn refuse(&mut self, offer: &UpdateOffer, fault: Fault) -> Result<(), SyncError> {
        self.again_at = Instant::now() + self.every;
        let fault = fault_code(fault);
        if self.kept.record.refused.as_ref() == Some(&fault) {
            return Ok(());
        }
        self.find(offer.number, offer.sha256, UpdateOutcome::Refused { fault })
    }

    fn find(
        &mut self,
        offer: u64,
        sha256: Digest,
        outcome: UpdateOutcome,
    ) -> Result<(), SyncError> {
        let statements = &self.reports.statements;
        let number = statements.next_number(StatementKind::UpdateResult)?;
        let at = self.world.clock.now().wall;
        let no_room = fault_code(Fault::DiskFull);
        self.kept.change(|r| {
            r.installing = None;
            match &outcome {
                UpdateOutcome::Refused { fault } => {
                    r.failed |= *fault != no_room;
                    r.refused = Some(fault.clone());
                }
                settled => {
                    r.failed = *settled != UpdateOutcome::Installed;
                    r.settled = offer;
                }
            }
            r.found = Some(Found {
                number,
                offer,
                sha256,
                outcome,
                at,
            });
        })?;
        self.tell_fault();
        self.report()
    }

    /// Signed once, under the number that was given: whatever is cut, it is told once.
    fn report(&mut self) -> Result<(), SyncError> {
        let Some(found) = self.kept.record.found.clone() else {
            return Ok(());
        };
        let result = UpdateResult {
            kiosk: self.office.kiosk.clone(),
            number: found.number,
            offer: found.offer,
            sha256: found.sha256,
            outcome: found.outcome,
            at: found.at,
        };
        let key = self.world.link.device_key();
        self.reports.statements.keep(key, &result)?;
        self.kept.change(|r| r.found = None)
    }

    fn tell_fault(&mut self) {
        let failed = self.kept.record.failed;
        if failed == self.raised {
            return;
        }
        self.raised = failed;
        let told = match failed {
            true => DeviceEvent::Raised(Fault::UpdateFailed),
            false => DeviceEvent::Cleared(Fault::UpdateFailed),
        };
        self.world.events.send(Event::Device(told));
    }

    /// For a technician's page.
    fn seen(&self) -> UpdateSeen {
        let record = &self.kept.record;
        let offer = record.offer.as_ref().and_then(|o| self.accepted(o).ok());
        UpdateSeen {
            half: offer.as_ref().map(|offer| self.folder.half(offer)),
            is_whole: self.ready.is_some(),
            is_settled: offer.as_ref().is_some_and(|o| o.number <= record.settled),
            offer,
            asked: self.asked,
            last: match (&record.refused, record.failed, record.settled) {
                (Some(_), ..) => Some(LastUpdate::Refused),
                (None, true, _) => Some(LastUpdate::RolledBack),
                (None, false, 0) => None,
                (None, false, _) => Some(LastUpdate::Installed),
            },
        }
    }

    /// In a readiness report.
    fn told(&self) -> Option<String> {
        if let Some(begun) = &self.kept.record.installing {
            return Some(format!("{} is being proven", begun.version));
        }
        let offer = self.wanted()?;
        Some(match self.ready {
            Some(_) => format!("{} waits for its hour", offer.version),
            None => format!("{} is offered", offer.version),
        })
    }
}

fn fault_of(reason: Reason) -> Fault {
    match reason {
        Reason::NoSpace => Fault::DiskFull,
        Reason::Storage => Fault::DiskFailed,
        _ => Fault::UpdateFailed,
    }
}

fn random_part(of: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    of.mul_f64(f64::from(random) / f64::from(u32::MAX))
}
