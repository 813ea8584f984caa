//! How far the reading of a chip is, as one share that only grows.

use std::collections::BTreeMap;

use chip::{DataGroup, FileId, Stage};

use crate::session::view::ReadingWhat;

/// Stages come in the order that the chip's protocols need, so each counts for
/// itself, with the weight of the time it usually takes.
#[derive(Default)]
pub(super) struct ReadingProgress {
    now: Option<Stage>,
    /// Of each part, 0..=1.
    done: BTreeMap<Part, f32>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Access,
    File(FileId),
    ChipAuthentication,
    ActiveAuthentication,
}

impl Part {
    fn of(stage: Stage) -> Self {
        match stage {
            Stage::Access => Part::Access,
            Stage::File { id, .. } => Part::File(id),
            Stage::ChipAuthentication => Part::ChipAuthentication,
            Stage::ActiveAuthentication => Part::ActiveAuthentication,
        }
    }

    /// Of the whole; all that a chip may have add up to 1.
    fn weight(self) -> f32 {
        match self {
            Part::Access | Part::File(FileId::Sod) => 0.12,
            Part::File(FileId::DataGroup(DataGroup::DG2)) => 0.56,
            Part::ChipAuthentication | Part::ActiveAuthentication => 0.04,
            Part::File(FileId::DataGroup(group)) if GROUPS.contains(&group) => 0.02,
            Part::File(FileId::Com) => 0.02,
            Part::File(_) => 0.0,
        }
    }
}

const GROUPS: [DataGroup; 5] = [
    DataGroup::DG1,
    DataGroup::DG11,
    DataGroup::DG12,
    DataGroup::DG14,
    DataGroup::DG15,
];

impl ReadingProgress {
    pub fn at(&mut self, stage: Stage) {
        // Whatever came before this is over.
        if let Some(before) = self.now
            && Part::of(before) != Part::of(stage)
        {
            self.done.insert(Part::of(before), 1.0);
        }
        let share = match stage {
            Stage::File { done, of, .. } if of > 0 => (done as f32 / of as f32).min(1.0),
            _ => 0.0,
        };
        let known = self.done.entry(Part::of(stage)).or_default();
        *known = known.max(share);
        self.now = Some(stage);
    }

    /// 0..=1.
    pub fn share(&self) -> f32 {
        let parts = self.done.iter();
        let sum: f32 = parts.map(|(part, done)| part.weight() * done).sum();
        sum.min(1.0)
    }

    pub fn what(&self) -> ReadingWhat {
        match self.now.map(Part::of) {
            None | Some(Part::Access) => ReadingWhat::Opening,
            Some(Part::File(FileId::DataGroup(DataGroup::DG2))) => ReadingWhat::Portrait,
            Some(Part::File(FileId::Sod)) => ReadingWhat::Signature,
            Some(Part::File(FileId::DataGroup(DataGroup::DG14 | DataGroup::DG15)))
            | Some(Part::ChipAuthentication | Part::ActiveAuthentication) => {
                ReadingWhat::Authenticity
            }
            Some(Part::File(_)) => ReadingWhat::Details,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_only_grows_and_ends_at_the_whole() {
        let file = |id, done| Stage::File { id, done, of: 10 };
        let group = |number| FileId::DataGroup(DataGroup::new(number).unwrap());
        let mut stages = vec![Stage::Access];
        for id in [
            FileId::CardAccess,
            FileId::Com,
            FileId::Sod,
            group(14),
            group(1),
            group(2),
            group(11),
            group(12),
            group(15),
        ] {
            stages.extend([0, 5, 10].map(|done| file(id, done)));
        }
        stages.insert(14, Stage::ChipAuthentication);
        stages.extend([Stage::ActiveAuthentication, Stage::Access]);
        let mut progress = ReadingProgress::default();
        let mut before = 0.0;
        for stage in stages {
            progress.at(stage);
            assert!(progress.share() >= before, "{stage:?}");
            before = progress.share();
        }
        assert!(before > 0.99, "{before}");
    }

    #[test]
    fn a_chip_that_says_nonsense_of_lengths_breaks_nothing() {
        let mut progress = ReadingProgress::default();
        for (done, of) in [(7, 0), (u32::MAX, 1), (0, u32::MAX)] {
            let id = FileId::Sod;
            progress.at(Stage::File { id, done, of });
            assert!((0.0..=1.0).contains(&progress.share()));
        }
        assert_eq!(progress.what(), ReadingWhat::Signature);
    }
}
