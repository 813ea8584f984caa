//! What came of an update, for the office, the technician and the table of faults.

use std::path::PathBuf;

use exchange::update::UpdateOutcome;
use exchange::{UpdateOffer, UpdateResult, UpdateSource};
use faults::Fault;
use steward::slots::Slot;
use tokio::time::Instant;

use super::Updates;
use super::record::Found;
use crate::run::readiness::fault_code;
use crate::session::event::{DeviceEvent, Event};
use crate::sync::{StatementKind, SyncError};

/// Where updates stand.
#[derive(Clone, Debug, Default)]
pub(in crate::run) struct UpdateSeen {
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
pub(in crate::run) enum LastUpdate {
    Installed,
    RolledBack,
    Refused,
}

impl Updates<'_> {
    /// The office is told once of each reason.
    pub(super) fn refuse(&mut self, offer: &UpdateOffer, fault: Fault) -> Result<(), SyncError> {
        self.again_at = Instant::now() + self.every;
        let fault = fault_code(fault);
        if self.kept.record.refused.as_ref() == Some(&fault) {
            return Ok(());
        }
        let source = UpdateSource::Offer {
            offer: offer.number,
            sha256: offer.sha256,
        };
        self.find(source, UpdateOutcome::Refused { fault }, None)
    }

    /// `slot`: the one that tells it.
    pub(super) fn find(
        &mut self,
        source: UpdateSource,
        outcome: UpdateOutcome,
        slot: Option<&Slot>,
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
                    match source {
                        UpdateSource::Offer { offer, .. } => r.settled = offer,
                        UpdateSource::Drive { .. } => (r.by_hand, r.refused) = (true, None),
                    }
                }
            }
            if let (Some(known), Some(slot)) = (&mut r.activations, slot) {
                known.insert(slot.bootname.clone(), slot.activation.clone());
            }
            r.found = Some(Found {
                number,
                source,
                outcome,
                at,
            });
        })?;
        self.tell_fault();
        self.report()
    }

    /// Signed once, under the number that was given: whatever is cut, it is told once.
    pub(super) fn report(&mut self) -> Result<(), SyncError> {
        let Some(found) = self.kept.record.found.clone() else {
            return Ok(());
        };
        let result = UpdateResult {
            kiosk: self.office.kiosk.clone(),
            number: found.number,
            source: found.source,
            outcome: found.outcome,
            at: found.at,
        };
        let key = self.world.link.device_key()?;
        self.reports.statements.keep(key, &result)?;
        self.kept.change(|r| r.found = None)
    }

    pub(super) fn tell_fault(&mut self) {
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
    pub(super) fn seen(&self) -> UpdateSeen {
        let record = &self.kept.record;
        let offer = record.offer.as_ref().and_then(|o| self.accepted(o).ok());
        UpdateSeen {
            half: offer.as_ref().map(|offer| self.folder.half(offer)),
            is_whole: self.ready.is_some(),
            is_settled: offer.as_ref().is_some_and(|o| o.number <= record.settled),
            offer,
            asked: self.asked,
            last: match (&record.refused, record.failed) {
                (Some(_), _) => Some(LastUpdate::Refused),
                (None, true) => Some(LastUpdate::RolledBack),
                (None, false) if record.settled == 0 && !record.by_hand => None,
                (None, false) => Some(LastUpdate::Installed),
            },
        }
    }

    /// In a readiness report.
    pub(super) fn told(&self) -> Option<String> {
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
