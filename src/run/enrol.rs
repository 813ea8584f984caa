//! From the answers to a durable submission: key, request, form, commit.

use std::sync::Arc;

use exchange::{Digest, Form, KeyAlgorithm, Manifest, PartName, ReceiptCode, Secret, SubmissionId};
use faults::Fault;
use keystore::{KeyId, PublicKey, Subject};
use outbox::Outbox;
use zeroize::Zeroizing;

use crate::session::command::KeyLocation;
use crate::session::event::{Failure, IssuingPhase, Progress, Reply};
use crate::sync::sign_manifest;

use super::asked::{Asked, blocking, failure};
use super::capture::queue_failure;
use super::world::Inner;

/// A key that was made for a submission that is not committed yet.
pub(super) struct MadeKey {
    pub submission: SubmissionId,
    pub location: KeyLocation,
    pub id: KeyId,
    /// Without it a token does not give the key up, and an empty one would cost a try.
    pub password: Secret,
}

/// What must be staged before the commit; the video and pictures were sealed as captured.
const CAPTURED: [PartName; 4] = [
    PartName::AccountPin,
    PartName::Selfie,
    PartName::DocumentPhoto,
    PartName::Video,
];

impl Inner {
    pub(super) async fn submit(
        self: &Arc<Self>,
        asked: Asked,
        submission: SubmissionId,
        form: Box<Form>,
        location: KeyLocation,
        algorithm: KeyAlgorithm,
        password: Secret,
    ) -> Result<Reply, Failure> {
        let world = self.clone();
        blocking(move || {
            let outbox = world.outbox()?;
            if outbox.show(submission).is_ok() {
                return Ok(Reply::Saved);
            }
            captured(&outbox, submission)?;
            asked.progress(Progress::Phase(IssuingPhase::MakingKey));
            let subject = Subject {
                holder: &form.document.holder,
                iin: &form.iin,
                email: &form.email,
            };
            let csr =
                world.key_and_request(submission, subject, &location, algorithm, &password)?;
            asked.progress(Progress::Phase(IssuingPhase::Sealing));
            world.seal(submission, PartName::Csr, &csr)?;
            world.seal_record(submission, &form)?;
            world.seal(submission, PartName::Form, &json(&*form)?)?;
            asked.progress(Progress::Phase(IssuingPhase::Saving));
            world.commit(submission, &form.receipt_code, Some(Digest::of(&csr)))?;
            Ok(Reply::Saved)
        })
        .await
    }

    /// What [`Self::submit`] does, but for the key: that is made at collection.
    pub(super) async fn submit_keyless(
        self: &Arc<Self>,
        asked: Asked,
        submission: SubmissionId,
        form: Box<Form>,
    ) -> Result<Reply, Failure> {
        let world = self.clone();
        blocking(move || {
            let outbox = world.outbox()?;
            if outbox.show(submission).is_ok() {
                return Ok(Reply::Saved);
            }
            captured(&outbox, submission)?;
            asked.progress(Progress::Phase(IssuingPhase::Sealing));
            world.seal_record(submission, &form)?;
            world.seal(submission, PartName::Form, &json(&*form)?)?;
            asked.progress(Progress::Phase(IssuingPhase::Saving));
            world.commit(submission, &form.receipt_code, None)?;
            Ok(Reply::Saved)
        })
        .await
    }

    fn seal_record(&self, submission: SubmissionId, form: &Form) -> Result<(), Failure> {
        let record = self.document_record(submission, &form.document)?;
        let record = record
            .to_json()
            .map_err(|_| failure(Fault::Internal, "a record cannot be written"))?;
        self.seal(submission, PartName::ChipData, &record)
    }

    /// The key first: from here on the storage can finish the enrolment anywhere.
    pub(super) fn key_and_request(
        &self,
        submission: SubmissionId,
        subject: Subject<'_>,
        location: &KeyLocation,
        algorithm: KeyAlgorithm,
        password: &Secret,
    ) -> Result<Vec<u8>, Failure> {
        let key = match self.key_made_before(submission, location, password) {
            Some(key) => key,
            None => {
                self.discard_made_key();
                let key = self.with_storage(location, |s| s.generate(algorithm, password))?;
                self.note_made_key(MadeKey {
                    submission,
                    location: location.clone(),
                    id: key.id(),
                    password: password.clone(),
                });
                key
            }
        };
        let folder = location.path.join("/");
        let mut refused = None;
        let request = self.with_storage(location, |storage| {
            match keystore::request(storage, &key, password, subject, Some(&folder)) {
                Ok(der) => Ok(Some(der)),
                Err(keystore::SigningError::Storage(e)) => Err(e),
                Err(e) => {
                    refused = Some(failure(e.fault(), &e.to_string()));
                    Ok(None)
                }
            }
        })?;
        request.ok_or_else(|| refused.unwrap_or_else(|| failure(Fault::Internal, "no request")))
    }

    /// A retry goes on with the key of the first try, if the password still opens it.
    fn key_made_before(
        &self,
        submission: SubmissionId,
        location: &KeyLocation,
        password: &Secret,
    ) -> Option<PublicKey> {
        let id = self.made_key(|made| {
            (made.submission == submission && made.location == *location).then_some(made.id)
        })?;
        self.with_storage(location, |s| s.read_back(&id, password))
            .ok()
            .map(|stored| stored.key)
    }

    /// A key that no application refers to is taken away again.
    pub(super) fn discard_made_key(&self) {
        let Some(made) = self.take_made_key() else {
            return;
        };
        let discarded = self.with_storage(&made.location, |s| s.discard(&made.id, &made.password));
        if let Err(f) = discarded {
            tracing::warn!(fault = f.fault.code(), "an unused key stays in its storage");
        }
    }

    pub(super) fn commit(
        &self,
        submission: SubmissionId,
        receipt_code: &ReceiptCode,
        csr: Option<Digest>,
    ) -> Result<(), Failure> {
        let outbox = self.outbox()?;
        let _committing = self.committing();
        let office = self
            .provisioned()
            .ok_or_else(|| failure(Fault::SealingImpossible, "no office keys"))?;
        let head = outbox
            .next_sequence_and_previous()
            .map_err(|e| queue_failure(&e))?;
        let now = self.clock.now();
        let manifest = Manifest {
            submission,
            kiosk: office.kiosk.clone(),
            sequence: head.next_sequence,
            parts: outbox.staged_parts(submission),
            csr_sha256: csr,
            previous: head.previous,
            committed_at: now.wall,
            time_trust: now.trust,
            receipt_code_sha256: Digest::of(receipt_code.expose().as_bytes()),
        };
        let key = self.link.device_key().map_err(|e| self.key_failure(e))?;
        let signed = sign_manifest(key, &manifest).map_err(|e| self.key_failure(e))?;
        outbox.commit(&signed).map_err(|e| queue_failure(&e))?;
        // The queue owns it now: nothing of it may be dropped with the session.
        self.committed(submission);
        self.take_made_key();
        Ok(())
    }
}

/// Everything that is sealed as it is captured is there.
fn captured(outbox: &Outbox, submission: SubmissionId) -> Result<(), Failure> {
    let staged = outbox.staged_parts(submission);
    let missing = |part: &&PartName| !staged.iter().any(|s| s.name == **part);
    match CAPTURED.iter().find(missing) {
        None => Ok(()),
        Some(part) => Err(failure(
            Fault::Internal,
            &format!("{part} was not captured"),
        )),
    }
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> Result<Zeroizing<Vec<u8>>, Failure> {
    // Grown beforehand: a growing buffer would leave pieces of it behind.
    let mut text = Zeroizing::new(Vec::with_capacity(8 << 10));
    serde_json::to_writer(&mut *text, value)
        .map_err(|_| failure(Fault::Internal, "a form cannot be written"))?;
    Ok(text)
}
