//! Keeps this kiosk's software as the office orders it: asks, fetches while nobody needs the line,
//! installs while nobody is there, and tells the office what came of it (docs/decisions/0013).
//!
//! That a bundle is one of ours is told by rauc, by its signature; that this kiosk is to have
//! it, by the office's. What became of an update is never remembered from before the restart,
//! but read off the slots after it.

mod by_hand;
mod fate;
mod fetching;
mod free;
mod installer;
mod installing;
mod outcome;
mod record;

use std::sync::Arc;
use std::time::Duration;

use exchange::Digest;
use tokio::time::Instant;

use super::link::Office;
use super::reports::Reports;
use super::world::Inner;
use crate::sync::{BundleFolder, StatementKind, SyncError};
use fate::Hold;
use free::Free;
use installer::INSTALLED_WITHIN;
use record::Kept;

pub(super) use outcome::{LastUpdate, UpdateSeen};

/// Whether an update may begin is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// So often the same offer is tried before only another one helps.
const MOST_TRIES: u8 = 3;

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
        accounted: false,
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
    /// The slots need no further look: only a restart puts anything new there.
    accounted: bool,
    asked: u64,
}

impl Updates<'_> {
    async fn turn(&mut self) -> Result<(), SyncError> {
        self.settle().await?;
        self.report()?;
        self.account_for_slots().await?;
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
}

fn random_part(of: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    of.mul_f64(f64::from(random) / f64::from(u32::MAX))
}
