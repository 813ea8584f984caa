//! The installation: begun while nobody is there, and what became of it.

use std::time::Duration;

use exchange::update::UpdateOutcome;
use exchange::{UpdateOffer, UpdateSource};
use faults::Fault;
use steward::Reason;
use tokio::time::Instant;

use super::fate::{Fate, Moment, fate, hold};
use super::installer::{self, INSTALLED_WITHIN, Trouble};
use super::record::Installing;
use super::{MOST_TRIES, Updates};
use crate::run::readiness::fault_code;
use crate::sync::SyncError;

/// From the order to restart to the end of this program; longer, and it was lost.
const RESTART_WITHIN: Duration = Duration::from_secs(10 * 60);

impl Updates<'_> {
    pub(super) fn may_begin(&mut self, offer: &UpdateOffer) -> bool {
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

    pub(super) async fn install(&mut self, offer: &UpdateOffer) -> Result<(), SyncError> {
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
    pub(super) async fn settle(&mut self) -> Result<(), SyncError> {
        let Some(begun) = self.kept.record.installing.clone() else {
            return Ok(());
        };
        let slots = match installer::slots(&self.world.config.steward).await {
            Ok(slots) => slots,
            Err(Trouble::Busy) if !self.free.is_over() => return Ok(()),
            Err(e) => {
                tracing::warn!("what became of an update is not known: {e}");
                self.free.end();
                return Ok(());
            }
        };
        let fate = fate(&begun, &slots);
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
            Some(outcome) => {
                let (offer, sha256) = (begun.offer, begun.sha256);
                let source = UpdateSource::Offer { offer, sha256 };
                self.find(source, outcome, slots.get(&begun.into))?;
            }
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
}

fn fault_of(reason: Reason) -> Fault {
    match reason {
        Reason::NoSpace => Fault::DiskFull,
        Reason::Storage => Fault::DiskFailed,
        _ => Fault::UpdateFailed,
    }
}
