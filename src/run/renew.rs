//! An application that an old key proves: found, opened, and signing for the new one.

use std::sync::Arc;

use exchange::{
    Digest, KeyAlgorithm, PartName, RenewalForm, RenewalProof, Secret, StorageType, SubmissionId,
    UnixMillis, renewal_bytes,
};
use faults::Fault;
use keystore::Subject;
use x509_cert::der::Encode as _;

use crate::session::command::KeyLocation;
use crate::session::event::{CertifiedKey, Failure, IssuingPhase, KeyHolder, Progress, Reply};

use super::asked::{Asked, blocking, failure};
use super::enrol::json;
use super::obtain::office_failure;
use super::storages::key_id;
use super::world::Inner;

/// Keys shown of all drives together; a person has a handful.
const MOST_KEYS: usize = 50;

impl Inner {
    pub(super) async fn find_certified_keys(self: &Arc<Self>) -> Result<Reply, Failure> {
        let world = self.clone();
        blocking(move || Ok(Reply::CertifiedKeys(world.certified_keys()))).await
    }

    fn certified_keys(&self) -> Vec<CertifiedKey> {
        let mut found = Vec::new();
        for drive in self.drives.drives() {
            self.in_folders(drive.id, |path| {
                let location = KeyLocation {
                    storage: StorageType::Pkcs12,
                    drive: Some(drive.id),
                    path: path.to_vec(),
                };
                self.add_keys(location, &drive.label, &mut found);
                (found.len() >= MOST_KEYS).then_some(())
            });
        }
        if let Some(kind) = self.tokens.as_ref().and_then(|writer| writer.inserted()) {
            let label = self.with_token(kind, |token| Ok(token.status()?.label));
            let location = KeyLocation {
                storage: kind,
                drive: None,
                path: Vec::new(),
            };
            self.add_keys(location, &label.unwrap_or_default(), &mut found);
        }
        found.truncate(MOST_KEYS);
        found
    }

    fn add_keys(&self, location: KeyLocation, label: &str, found: &mut Vec<CertifiedKey>) {
        let contents = self.with_storage(&location, |storage| storage.contents());
        for key in contents.map(|c| c.installed).unwrap_or_default() {
            found.push(CertifiedKey {
                location: location.clone(),
                subject_key_identifier: key.to_string(),
                label: label.to_owned(),
            });
        }
    }

    pub(super) async fn open_certified_key(
        self: &Arc<Self>,
        key: CertifiedKey,
        password: Secret,
    ) -> Result<Reply, Failure> {
        let world = self.clone();
        blocking(move || {
            let id = key_id(&key.subject_key_identifier)?;
            let stored = world.with_storage(&key.location, |s| s.read_back(&id, &password))?;
            let no_certificate = || failure(Fault::KeyPendingMissing, "no certificate of ours");
            let chain = stored.chain.ok_or_else(no_certificate)?;
            let certificate = chain.certificate();
            let (holder, iin) = keystore::holder_of(certificate).ok_or_else(no_certificate)?;
            let until = certificate.tbs_certificate().validity().not_after;
            let until = i64::try_from(until.to_unix_duration().as_millis());
            Ok(Reply::KeyOpened(Box::new(KeyHolder {
                holder,
                iin,
                valid_until: UnixMillis(until.unwrap_or(i64::MAX)),
            })))
        })
        .await
    }

    #[allow(clippy::too_many_arguments)] // those of the request
    pub(super) async fn submit_renewal(
        self: &Arc<Self>,
        asked: Asked,
        submission: SubmissionId,
        form: Box<RenewalForm>,
        old: Box<CertifiedKey>,
        old_password: Secret,
        location: KeyLocation,
        algorithm: KeyAlgorithm,
        password: Secret,
    ) -> Result<Reply, Failure> {
        if self.outbox()?.show(submission).is_ok() {
            return Ok(Reply::Saved);
        }
        asked.progress(Progress::Phase(IssuingPhase::MakingKey));
        let world = self.clone();
        let subject_of = form.clone();
        let csr = blocking(move || {
            let subject = Subject {
                holder: &subject_of.holder,
                iin: &subject_of.iin,
                email: &subject_of.email,
            };
            world.key_and_request(submission, subject, &location, algorithm, &password)
        })
        .await?;
        let client = self.office()?.uplink.client();
        let given = client.renewal_nonce(submission).await;
        let nonce = given.map_err(|e| office_failure(&e))?.nonce;
        let world = self.clone();
        blocking(move || {
            asked.progress(Progress::Phase(IssuingPhase::Sealing));
            let csr_sha256 = Digest::of(&csr);
            let id = key_id(&old.subject_key_identifier)?;
            let message = renewal_bytes(submission, &csr_sha256, &nonce);
            let (stored, signature) = world.with_storage(&old.location, |storage| {
                let stored = storage.read_back(&id, &old_password)?;
                let signature = storage.sign(&id, &old_password, &message)?;
                Ok((stored, signature))
            })?;
            let broken = |detail: &str| failure(Fault::KeyTestFailed, detail);
            let chain = stored.chain.ok_or_else(|| broken("no certificate"))?;
            let certificate = chain.certificate().to_der();
            let certificate = certificate.map_err(|_| broken("a certificate without DER"))?;
            let verifies =
                |message: &[u8], signature: &[u8]| chain.key().verifies(message, signature);
            let proof = RenewalProof::new(
                certificate,
                nonce,
                signature,
                submission,
                &csr_sha256,
                verifies,
            )
            .map_err(|e| broken(&e.to_string()))?;
            world.seal(submission, PartName::Csr, &csr)?;
            world.seal(submission, PartName::RenewalProof, &json(&proof)?)?;
            world.seal(submission, PartName::Form, &json(&*form)?)?;
            asked.progress(Progress::Phase(IssuingPhase::Saving));
            world.commit(submission, &form.receipt_code, Some(csr_sha256))?;
            Ok(Reply::Saved)
        })
        .await
    }
}
