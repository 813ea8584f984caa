//! An update that somebody installed from a USB drive, on a technician's page or on the fall-back
//! screen. Neither tells this program, and both end in a restart: the slots tell it afterwards.

use std::collections::BTreeMap;

use exchange::UpdateSource;
use exchange::update::UpdateOutcome;
use faults::Fault;
use steward::slots::{Slot, Slots};

use super::Updates;
use super::installer::{self, Trouble};
use crate::run::readiness::fault_code;
use crate::sync::SyncError;

/// [`Slot::activation`] of each slot, by its boot name.
pub(super) type Activations = BTreeMap<String, Option<String>>;

pub(super) fn activations(slots: &Slots) -> Activations {
    let of = |slot: &Slot| (slot.bootname.clone(), slot.activation.clone());
    slots.slots.iter().map(of).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Account<'a> {
    Complete,
    /// A version that was written by hand is not started or not proven yet.
    Waits,
    /// This slot was written by hand, and runs, called good.
    Installed(&'a Slot),
    /// This slot was written by hand, did not prove itself, was given up.
    RolledBack(&'a Slot),
}

pub(super) fn account<'a>(known: &Activations, slots: &'a Slots) -> Account<'a> {
    let mut waits = false;
    let is_new = |slot: &&Slot| slot.whole && known.get(&slot.bootname) != Some(&slot.activation);
    for slot in slots.slots.iter().filter(is_new) {
        match (slots.booted == slot.bootname, slot.good) {
            (true, true) => return Account::Installed(slot),
            (false, false) => return Account::RolledBack(slot),
            (true, false) | (false, true) => waits = true,
        }
    }
    if waits {
        Account::Waits
    } else {
        Account::Complete
    }
}

impl Updates<'_> {
    pub(super) async fn account_for_slots(&mut self) -> Result<(), SyncError> {
        if self.accounted || self.kept.record.installing.is_some() {
            return Ok(());
        }
        let slots = match installer::slots(&self.world.config.steward).await {
            Ok(slots) => slots,
            Err(Trouble::Busy) => return Ok(()),
            // Not an image of ours, or rauc is broken: the next start looks again.
            Err(e) => {
                tracing::info!("what lies in the slots is not known: {e}");
                self.accounted = true;
                return Ok(());
            }
        };
        let Some(known) = &self.kept.record.activations else {
            let now = activations(&slots);
            self.kept.change(|r| r.activations = Some(now))?;
            self.accounted = true;
            return Ok(());
        };
        let fault = fault_code(Fault::UpdateFailed);
        let (slot, outcome) = match account(known, &slots) {
            Account::Complete => {
                self.accounted = true;
                return Ok(());
            }
            Account::Waits => return Ok(()),
            Account::Installed(slot) => (slot, UpdateOutcome::Installed),
            Account::RolledBack(slot) => (slot, UpdateOutcome::RolledBack { fault }),
        };
        let version = slot.version.as_ref().and_then(|v| v.parse().ok());
        tracing::info!(?version, "an update came from a drive");
        self.find(UpdateSource::Drive { version }, outcome, Some(slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slot A runs, or B, which was written.
    fn slots(booted: &str, activation: &str, good: bool) -> Slots {
        let slot = |bootname: &str, good, activation: Option<&str>| Slot {
            bootname: bootname.into(),
            good,
            whole: true,
            version: activation.map(|_| "2.0".into()),
            activation: activation.map(Into::into),
        };
        Slots {
            booted: booted.into(),
            next: None,
            slots: vec![slot("A", true, None), slot("B", good, Some(activation))],
        }
    }

    #[test]
    fn what_is_new_in_a_slot_is_told_when_it_is_proven_or_given_up() {
        let known = activations(&slots("A", "1", true));
        for (booted, good) in [("A", true), ("A", false), ("B", true), ("B", false)] {
            let same = slots(booted, "1", good);
            assert_eq!(account(&known, &same), Account::Complete);
        }
        let told = |booted, good| slots(booted, "2", good);
        assert_eq!(account(&known, &told("A", true)), Account::Waits);
        assert_eq!(account(&known, &told("B", false)), Account::Waits);
        let runs = told("B", true);
        assert_eq!(account(&known, &runs), Account::Installed(&runs.slots[1]));
        let fell = told("A", false);
        assert_eq!(account(&known, &fell), Account::RolledBack(&fell.slots[1]));
        let mut half = told("A", false);
        half.slots[1].whole = false;
        assert_eq!(account(&known, &half), Account::Complete);
    }
}
