//! When an update may begin, and what became of one. Pure.

use exchange::update::Window;
use exchange::{TimeTrust, UnixMillis};
use steward::slots::Slots;

use super::record::Installing;

/// What an update that was begun came to, by what rauc says of the slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Runs, and was called good.
    Installed,
    /// Runs, and has not proven itself yet.
    Proving,
    /// Written; the next start takes it.
    AwaitsRestart,
    /// Was started, did not prove itself, was given up.
    RolledBack,
    /// Nothing or not all was written: the power was cut, or rauc refused it.
    NotWritten,
    /// Something else was installed meanwhile.
    Overtaken,
}

pub(super) fn fate(begun: &Installing, slots: &Slots) -> Fate {
    let Some(into) = slots.get(&begun.into) else {
        return Fate::Overtaken;
    };
    let is_ours = into.whole && into.version.as_deref() == Some(begun.version.as_str());
    if slots.booted == begun.into {
        return match (is_ours, into.good) {
            (false, _) => Fate::Overtaken,
            (true, true) => Fate::Installed,
            (true, false) => Fate::Proving,
        };
    }
    // The last step of an install; before it, rauc calls the slot it writes into bad.
    let is_activated = into.activation != begun.before;
    match (is_activated, is_ours) {
        (false, _) => Fate::NotWritten,
        (true, false) => Fate::Overtaken,
        // Each start counts as a try until the slot is called good: where there was none, the
        // slot is as good as rauc left it.
        (true, true) if into.good => Fate::AwaitsRestart,
        (true, true) => Fate::RolledBack,
    }
}

/// What an update waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// A citizen or a technician is there, or somebody took the kiosk out of use.
    Occupied,
    QueueUnsafe,
    /// By a clock that may be wrong nobody can tell whether a window is open.
    ClockDoubtful,
    OutsideWindow,
}

pub(super) struct Moment<'a> {
    /// As the heartbeat says it.
    pub mode: &'a str,
    pub queue_is_safe: bool,
    pub now: UnixMillis,
    pub trust: TimeTrust,
    /// The offer's and the configuration's.
    pub windows: [Window; 2],
}

pub(super) fn hold(moment: &Moment<'_>) -> Option<Hold> {
    if !["idle", "out_of_service"].contains(&moment.mode) {
        return Some(Hold::Occupied);
    }
    if !moment.queue_is_safe {
        return Some(Hold::QueueUnsafe);
    }
    if moment.trust == TimeTrust::Doubtful {
        return Some(Hold::ClockDoubtful);
    }
    let open = moment.windows.iter().all(|w| w.contains(moment.now));
    (!open).then_some(Hold::OutsideWindow)
}

#[cfg(test)]
mod tests {
    use exchange::Digest;
    use steward::slots::Slot;

    use super::*;

    fn begun() -> Installing {
        Installing {
            offer: 3,
            sha256: Digest([1; 32]),
            version: "2.0".parse().unwrap(),
            from: "A".into(),
            into: "B".into(),
            before: Some("2026-01-01T00:00:00Z 1".into()),
        }
    }

    /// Slot A runs 1.0; B was written for the second time.
    fn slots(booted: &str, version: &str, activation: &str, good: bool) -> Slots {
        Slots {
            booted: booted.into(),
            next: None,
            slots: vec![
                Slot {
                    bootname: "A".into(),
                    good: true,
                    whole: true,
                    version: None,
                    activation: None,
                },
                Slot {
                    bootname: "B".into(),
                    good,
                    whole: true,
                    version: Some(version.into()),
                    activation: Some(activation.into()),
                },
            ],
        }
    }

    const BEFORE: &str = "2026-01-01T00:00:00Z 1";
    const AFTER: &str = "2026-11-28T01:00:00Z 2";

    #[test]
    fn the_slots_tell_what_became_of_it() {
        let fate = |booted, version, activation, good| {
            super::fate(&begun(), &slots(booted, version, activation, good))
        };
        assert_eq!(fate("B", "2.0", AFTER, true), Fate::Installed);
        assert_eq!(fate("B", "2.0", AFTER, false), Fate::Proving);
        assert_eq!(fate("A", "2.0", AFTER, true), Fate::AwaitsRestart);
        assert_eq!(fate("A", "2.0", AFTER, false), Fate::RolledBack);
        assert_eq!(fate("A", "1.9", BEFORE, true), Fate::NotWritten);
        assert_eq!(
            fate("B", "2.1", "2026-11-28T02:00:00Z 3", true),
            Fate::Overtaken
        );
        assert_eq!(
            fate("A", "2.1", "2026-11-28T02:00:00Z 3", true),
            Fate::Overtaken
        );
    }

    #[test]
    fn the_same_version_that_lay_there_before_is_not_taken_for_written() {
        let before = slots("A", "2.0", BEFORE, false);
        assert_eq!(fate(&begun(), &before), Fate::NotWritten);
        // Written, and cut before its boot loader knew.
        let cut = slots("A", "2.0", BEFORE, true);
        assert_eq!(fate(&begun(), &cut), Fate::NotWritten);
        let mut half = slots("B", "2.0", AFTER, true);
        half.slots[1].whole = false;
        assert_eq!(fate(&begun(), &half), Fate::Overtaken);
    }

    #[test]
    fn it_begins_only_when_nothing_else_does() {
        // 02:00 in Kazakhstan.
        let now = UnixMillis(21 * 3_600_000);
        let night: Window = "01:00-05:00".parse().unwrap();
        let always: Window = "00:00-00:00".parse().unwrap();
        let day: Window = "09:00-18:00".parse().unwrap();
        let moment = |mode, queue_is_safe, trust, windows| {
            hold(&Moment {
                mode,
                queue_is_safe,
                now,
                trust,
                windows,
            })
        };
        let sure = TimeTrust::AboveFloor;
        for mode in ["idle", "out_of_service"] {
            assert_eq!(moment(mode, true, sure, [night, always]), None);
        }
        for mode in ["citizen", "maintenance", "paused", ""] {
            let held = moment(mode, true, sure, [night, always]);
            assert_eq!(held, Some(Hold::Occupied), "{mode}");
        }
        assert_eq!(
            moment("idle", false, sure, [night, always]),
            Some(Hold::QueueUnsafe)
        );
        let doubtful = moment("idle", true, TimeTrust::Doubtful, [night, always]);
        assert_eq!(doubtful, Some(Hold::ClockDoubtful));
        for windows in [[day, always], [night, day]] {
            assert_eq!(
                moment("idle", true, sure, windows),
                Some(Hold::OutsideWindow)
            );
        }
    }
}
