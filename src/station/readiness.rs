//! The capacity gate: what the kiosk can do for the next citizen, before the
//! first touch.

use faults::Fault;

use crate::session::Surroundings;

/// Without these nobody can be served at all.
const CLOSING: [Fault; 10] = [
    Fault::KioskRevoked,
    Fault::NotProvisioned,
    Fault::DeviceKeyFailed,
    Fault::SealingImpossible,
    Fault::DiskFailed,
    Fault::DiskOfAnotherBoard,
    Fault::DiskContentsDamaged,
    Fault::QueueDamaged,
    Fault::WorkerDied,
    Fault::Internal,
];

/// Without these nobody can apply; coming back needs neither camera nor queue.
const NO_APPLYING: [Fault; 7] = [
    Fault::CameraMissing,
    Fault::CameraBlack,
    Fault::CameraFrozen,
    Fault::DiskFull,
    Fault::DiskReadOnly,
    Fault::QueueFull,
    Fault::QueueStale,
];

/// Without these no application can be kept, whatever proves the citizen.
const NO_KEEPING: [Fault; 4] = [
    Fault::DiskFull,
    Fault::DiskReadOnly,
    Fault::QueueFull,
    Fault::QueueStale,
];

/// Why the office is out of reach: one at a time.
const NO_LINK: [Fault; 6] = [
    Fault::NoAddress,
    Fault::NoNameResolution,
    Fault::OfficeCertificateExpired,
    Fault::OfficeUntrusted,
    Fault::CaptivePortal,
    Fault::OfficeUnreachable,
];

/// The kiosk works, with less: the reader is missing, so the document's data are
/// typed; the clock is doubtful, so the submission is marked.
const DEGRADING: [Fault; 7] = [
    Fault::ReaderMissing,
    Fault::CardServiceDown,
    Fault::CameraSlow,
    Fault::WriterSilent,
    Fault::ClockWrong,
    Fault::ClockDoubtful,
    Fault::ConfigurationBad,
];

/// Of no weight to a citizen who comes now: the office and the technician see them.
const BEHIND_THE_SCENES: [Fault; 5] = [
    Fault::PanelMissing,
    Fault::QueueRebuilt,
    Fault::SubmissionQuarantined,
    Fault::UpdateFailed,
    Fault::KioskWillNotStart,
];

/// What a fault that stands means for the next citizen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Nobody can be served.
    Closes,
    /// Nobody can apply; what was applied for can be collected, certificates be ended.
    StopsApplying,
    /// Nobody can collect, renew or revoke; applying goes on, and is sent later.
    Offline,
    /// All goes on, with something less; the welcome screen names it.
    Degrades,
    /// All goes on, and no citizen is told.
    BehindTheScenes,
    /// It does not stand: one citizen meets it on the way.
    OfOneVisit,
}

pub fn effect(fault: Fault) -> Effect {
    let sorted = [
        (&CLOSING[..], Effect::Closes),
        (&NO_APPLYING, Effect::StopsApplying),
        (&NO_LINK, Effect::Offline),
        (&DEGRADING, Effect::Degrades),
        (&BEHIND_THE_SCENES, Effect::BehindTheScenes),
    ];
    let found = sorted.iter().find(|(faults, _)| faults.contains(&fault));
    found.map_or(Effect::OfOneVisit, |(_, effect)| *effect)
}

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

    /// The faults that close the kiosk, worst first. A missing camera does, where a lost link
    /// leaves nothing else to do; the link is not named then, as its remedy is to apply.
    pub fn closing(&self) -> Vec<Fault> {
        let closing = self.raised(&CLOSING);
        if closing.is_empty() && !self.around.link_up {
            return self.raised(&NO_APPLYING);
        }
        closing
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
        let mut all = self.raised(&CLOSING);
        all.extend(self.raised(&NO_APPLYING));
        all.extend(self.link());
        all.extend(self.raised(&DEGRADING));
        all
    }

    /// Why there is no link, where there is none.
    fn link(&self) -> Vec<Fault> {
        let why = self.raised(&NO_LINK);
        if why.is_empty() && !self.around.link_up {
            return vec![Fault::OfficeUnreachable];
        }
        why
    }

    fn raised(&self, faults: &[Fault]) -> Vec<Fault> {
        let raised = |f: &&Fault| self.around.faults.contains(f);
        faults.iter().filter(raised).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(link_up: bool, faults: &[Fault]) -> Surroundings {
        Surroundings {
            link_up,
            faults: faults.iter().copied().collect(),
            ..Surroundings::default()
        }
    }

    #[test]
    fn a_fault_leaves_what_does_not_need_what_is_missing() {
        // Applying, collecting, renewing.
        for (link_up, fault, able) in [
            (true, Fault::CameraMissing, [false, true, true]),
            (true, Fault::CameraBlack, [false, true, true]),
            (true, Fault::DiskFull, [false, true, false]),
            (true, Fault::DiskReadOnly, [false, true, false]),
            (true, Fault::ReaderMissing, [true, true, true]),
            (true, Fault::CardServiceDown, [true, true, true]),
            (true, Fault::WriterSilent, [true, true, true]),
            (true, Fault::ClockWrong, [true, true, true]),
            (true, Fault::PanelMissing, [true, true, true]),
            (true, Fault::UpdateFailed, [true, true, true]),
            (true, Fault::QueueRebuilt, [true, true, true]),
            (true, Fault::KioskWillNotStart, [true, true, true]),
            (false, Fault::NoAddress, [true, false, false]),
            (false, Fault::NoNameResolution, [true, false, false]),
            (false, Fault::OfficeCertificateExpired, [true, false, false]),
            (true, Fault::QueueDamaged, [false, false, false]),
        ] {
            let around = around(link_up, &[fault]);
            let ready = Readiness::of(&around);
            let found = [ready.can_apply(), ready.can_collect(), ready.can_renew()];
            assert_eq!(found, able, "{fault}");
            let told = effect(fault) != Effect::BehindTheScenes;
            assert_eq!(ready.cannot().contains(&fault), told, "{fault}");
        }
    }

    #[test]
    fn a_lost_link_is_told_by_its_cause_and_once() {
        let known = around(false, &[Fault::NoAddress]);
        assert_eq!(Readiness::of(&known).cannot(), [Fault::NoAddress]);
        let unknown = around(false, &[]);
        assert_eq!(Readiness::of(&unknown).cannot(), [Fault::OfficeUnreachable]);
    }

    #[test]
    fn where_nothing_at_all_is_possible_the_kiosk_says_so() {
        let both = around(false, &[Fault::CameraMissing]);
        let ready = Readiness::of(&both);
        assert!(ready.is_out_of_service());
        assert_eq!(ready.closing(), [Fault::CameraMissing]);
        assert!(!Readiness::of(&around(true, &[Fault::CameraMissing])).is_out_of_service());
    }

    #[test]
    fn each_fault_is_in_one_list() {
        let lists: [&[Fault]; 5] = [
            &CLOSING,
            &NO_APPLYING,
            &NO_LINK,
            &DEGRADING,
            &BEHIND_THE_SCENES,
        ];
        for fault in Fault::ALL {
            let found = lists.iter().filter(|list| list.contains(fault)).count();
            assert!(found <= 1, "{fault}");
        }
        assert!(NO_KEEPING.iter().all(|fault| NO_APPLYING.contains(fault)));
    }
}
