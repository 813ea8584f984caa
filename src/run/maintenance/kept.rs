//! What is kept of one technician's visit; gone with it.

use std::sync::{MutexGuard, PoisonError};
use std::time::Instant;

use exchange::{KioskId, Technician};
use keystore::Presented;
use steward::wipe::Confirmation;

use crate::run::world::Inner;

use super::work_order::OpenOrder;

#[derive(Default)]
pub(in crate::run) struct Kept {
    /// The card that waits for its PIN.
    pub shown: Option<Shown>,
    /// Its key has signed.
    pub entered: bool,
    pub order: Option<OpenOrder>,
    /// The wipe may be confirmed with this until then.
    pub wipe: Option<(Confirmation, Instant)>,
}

#[derive(Clone)]
pub(in crate::run) struct Shown {
    pub presented: Presented,
    pub technician: Technician,
}

impl Inner {
    pub(super) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.maintenance
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever asks was let in, or nobody's kiosk is set up: what the core sees to, seen
    /// to again where it is done.
    pub(super) fn may_be_maintained(&self) -> bool {
        self.kept().entered || self.link.is_nobodys
    }

    pub(super) fn kiosk_id(&self) -> Option<KioskId> {
        self.link.kiosk.clone()
    }

    /// The visit is over. What it left open is closed by whoever gets it.
    pub(in crate::run) fn leave_maintenance(&self) -> Kept {
        std::mem::take(&mut *self.kept())
    }
}
