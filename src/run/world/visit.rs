//! What is kept of the one citizen who is here.

use exchange::{ReceiptCode, SubmissionId};
use faults::Fault;

use super::super::asked::failure;
use super::super::document::ReadChip;
use super::super::enrol::MadeKey;
use super::super::obtain::Certified;
use super::{Inner, lock};
use crate::session::command::KeyLocation;
use crate::session::event::{Failure, Reply};

/// What is kept of the one citizen who is here; gone with `EndSession`.
#[derive(Default)]
pub(super) struct Visit {
    /// Parts of it may be staged; it is not committed.
    pub(super) uncommitted: Option<SubmissionId>,
    chip: Option<ReadChip>,
    made_key: Option<MadeKey>,
    certified: Option<Certified>,
    collecting: Option<(SubmissionId, ReceiptCode)>,
}

impl Inner {
    pub(in crate::run) fn begin(&self) -> Result<Reply, Failure> {
        let (mut random, mut randomness) = ([0; 10], [0; 32]);
        getrandom::fill(&mut random)
            .and_then(|()| getrandom::fill(&mut randomness))
            .map_err(|_| failure(Fault::Internal, "no randomness"))?;
        let submission = SubmissionId::from_parts(self.clock.now().wall, &random);
        lock(&self.visit).uncommitted = Some(submission);
        Ok(Reply::Begun {
            submission,
            randomness,
        })
    }

    /// What the citizen leaves behind: nothing that was not committed.
    pub(super) fn end_visit(&self) {
        self.discard_made_key();
        let visit = std::mem::take(&mut *lock(&self.visit));
        if let (Some(submission), Some(outbox)) = (visit.uncommitted, &self.outbox)
            && let Err(e) = outbox.drop_staged(submission)
        {
            tracing::error!("staged parts stay until the next start: {e}");
        }
    }

    pub fn committed(&self, submission: SubmissionId) {
        let mut visit = lock(&self.visit);
        if visit.uncommitted == Some(submission) {
            visit.uncommitted = None;
        }
    }

    /// One citizen, one document: what was read before goes.
    pub fn keep_chip(&self, chip: Option<ReadChip>) {
        lock(&self.visit).chip = chip;
    }

    pub fn chip_of<T>(&self, look: impl FnOnce(&ReadChip) -> Option<T>) -> Option<T> {
        lock(&self.visit).chip.as_ref().and_then(look)
    }

    pub fn take_made_key(&self) -> Option<MadeKey> {
        lock(&self.visit).made_key.take()
    }

    pub fn note_certified(&self, certified: Certified) {
        lock(&self.visit).certified = Some(certified);
    }

    /// The key that got its certificate in this place during this visit.
    pub fn certified(&self, location: &KeyLocation) -> Option<Certified> {
        let visit = lock(&self.visit);
        let certified = visit.certified.as_ref();
        certified.filter(|c| c.location == *location).cloned()
    }

    pub fn note_made_key(&self, made: MadeKey) {
        lock(&self.visit).made_key = Some(made);
    }

    pub fn made_key<T>(&self, look: impl FnOnce(&MadeKey) -> Option<T>) -> Option<T> {
        lock(&self.visit).made_key.as_ref().and_then(look)
    }

    pub fn note_collecting(&self, submission: SubmissionId, code: ReceiptCode) {
        lock(&self.visit).collecting = Some((submission, code));
    }

    pub fn collecting(&self, submission: SubmissionId) -> Option<ReceiptCode> {
        let visit = lock(&self.visit);
        let (opened, code) = visit.collecting.as_ref()?;
        (*opened == submission).then(|| code.clone())
    }
}
