//! What panel, heartbeat, readiness and the image's health check are told.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use faults::Fault;

use super::super::standing::{self, Answered, OfficeSeen};
use super::super::updates::UpdateSeen;
use super::{Inner, World, lock};
use crate::devices::status_panel::PanelState;
use crate::session::event::PauseReason;
use crate::station::{Mode, Station};

/// What heartbeat, panel and readiness say.
#[derive(Default)]
pub(super) struct Standing {
    pub(super) faults: Vec<Fault>,
    /// Raised after the last heartbeat that the office took, and over.
    pub(super) ended: BTreeSet<Fault>,
    pub(super) mode: &'static str,
    pub(super) is_kept_free: bool,
    pub(super) panel: Option<PanelState>,
    pub(super) link_is_up: bool,
    pub(super) answered: Answered,
    pub(super) update: Option<String>,
    pub(super) update_seen: UpdateSeen,
}

/// What a heartbeat says.
pub(in crate::run) struct Told {
    pub faults: Vec<Fault>,
    pub ended: Vec<Fault>,
    pub mode: &'static str,
    /// Paused for an update.
    pub is_kept_free: bool,
}

impl World {
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
        standing.is_kept_free = station.is_paused_for(PauseReason::Update);
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

impl Inner {
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

    pub fn answered(&self) -> Answered {
        lock(&self.standing).answered
    }

    pub fn link_is_up(&self) -> bool {
        lock(&self.standing).link_is_up
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
            is_kept_free: standing.is_kept_free,
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
}
