//! The capacity gate: what the kiosk can do for the next citizen, before the
//! first touch.

use faults::Fault;

use crate::session::Surroundings;

/// Without these nobody can be served at all.
const CLOSING: [Fault; 7] = [
    Fault::KioskRevoked,
    Fault::NotProvisioned,
    Fault::SealingImpossible,
    Fault::DiskFailed,
    Fault::QueueDamaged,
    Fault::WorkerDied,
    Fault::Internal,
];

/// Without these nobody can apply; coming back needs neither camera nor queue.
const NO_APPLYING: [Fault; 6] = [
    Fault::CameraMissing,
    Fault::CameraBlack,
    Fault::CameraFrozen,
    Fault::DiskFull,
    Fault::QueueFull,
    Fault::QueueStale,
];

/// Without these no application can be kept, whatever proves the citizen.
const NO_KEEPING: [Fault; 3] = [Fault::DiskFull, Fault::QueueFull, Fault::QueueStale];

/// The kiosk works, with less: the reader is missing, so the document's data are
/// typed; the clock is doubtful, so the submission is marked.
const DEGRADING: [Fault; 7] = [
    Fault::ReaderMissing,
    Fault::CardServiceDown,
    Fault::CameraSlow,
    Fault::OfficeUntrusted,
    Fault::CaptivePortal,
    Fault::OfficeUnreachable,
    Fault::ConfigurationBad,
];

pub(super) struct Readiness<'a> {
    around: &'a Surroundings,
}

impl<'a> Readiness<'a> {
    pub fn of(around: &'a Surroundings) -> Self {
        Self { around }
    }

    pub fn is_out_of_service(&self) -> bool {
        !self.closing().is_empty()
    }

    /// The faults that close the kiosk, worst first.
    pub fn closing(&self) -> Vec<Fault> {
        self.raised(&CLOSING)
    }

    pub fn can_apply(&self) -> bool {
        !self.is_out_of_service() && self.raised(&NO_APPLYING).is_empty()
    }

    /// Only the office knows receipt codes.
    pub fn can_collect(&self) -> bool {
        !self.is_out_of_service() && self.around.link_up
    }

    /// The office gives a number to sign; no camera is needed.
    pub fn can_renew(&self) -> bool {
        self.can_collect() && self.raised(&NO_KEEPING).is_empty()
    }

    /// Only the office ends certificates; no device is needed for it.
    pub fn can_revoke(&self) -> bool {
        self.can_collect()
    }

    /// What does not work now, worst first.
    pub fn cannot(&self) -> Vec<Fault> {
        let mut all = self.closing();
        all.extend(self.raised(&NO_APPLYING));
        all.extend(self.raised(&DEGRADING));
        if !self.around.link_up && !all.contains(&Fault::OfficeUnreachable) {
            all.push(Fault::OfficeUnreachable);
        }
        all
    }

    fn raised(&self, faults: &[Fault]) -> Vec<Fault> {
        let raised = |f: &&Fault| self.around.faults.contains(f);
        faults.iter().filter(raised).copied().collect()
    }
}
