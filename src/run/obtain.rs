//! From a saved submission to the certificate in the citizen's storage, at once
//! or when they come back: the same code installs it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use exchange::api::{ApiError, CollectBy, CollectIssued, CollectOpened, CollectProve, Decision};
use exchange::{Digest, ReceiptCode, Secret, StorageType, SubmissionId, UnixMillis};
use faults::Fault;
use keystore::{Chain, KeyId};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use x509_cert::Certificate;
use x509_cert::der::Encode;

use crate::session::command::KeyLocation;
use crate::session::event::{
    CollectState, ComeBackReason, Failure, Installed, IssuingPhase, Progress, Reply,
};
use crate::sync::{SyncError, UplinkEvent};

use super::asked::{Asked, blocking, failure};
use super::link::Office;
use super::storages::key_id;
use super::world::Inner;

/// While a person waits for the decision, the office is asked this often.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// The authority signs within this, or the person comes back.
const AUTHORITY_PATIENCE: Duration = Duration::from_secs(90);

impl Inner {
    pub(super) fn office(&self) -> Result<&Office, Failure> {
        self.link
            .office
            .as_ref()
            .ok_or_else(|| failure(Fault::NotProvisioned, "no office"))
    }

    pub(super) async fn obtain(
        self: &Arc<Self>,
        asked: Asked,
        submission: SubmissionId,
        location: KeyLocation,
        password: Secret,
        wait: bool,
    ) -> Result<Reply, Failure> {
        let office = self.office()?;
        asked.progress(Progress::Phase(IssuingPhase::Uploading));
        let forwarding = tokio::spawn(forward_upload(
            office.uplink.subscribe(),
            asked.clone(),
            submission,
        ));
        let sent = tokio::select! {
            sent = office.uplink.send_first(submission) => Some(sent),
            () = abandoned(&asked) => None,
        };
        forwarding.abort();
        match sent {
            None => return Ok(Reply::ComeBack(ComeBackReason::Offline)),
            Some(Err(held)) if held.fault == Fault::SubmissionQuarantined => {
                return Err(failure(held.fault, &held.detail));
            }
            // The queue goes on trying by itself.
            Some(Err(_)) => return Ok(Reply::ComeBack(ComeBackReason::Offline)),
            Some(Ok(())) => {}
        }
        if !wait {
            return Ok(Reply::ComeBack(ComeBackReason::Undecided));
        }
        asked.progress(Progress::Phase(IssuingPhase::AwaitingDecision));
        match self.await_decision(&asked, submission).await? {
            Waited::Approved(opened) => {
                self.prove_and_install(&asked, *opened, location, password)
                    .await
            }
            Waited::ComeBack(reason) => Ok(Reply::ComeBack(reason)),
        }
    }

    async fn await_decision(
        &self,
        asked: &Asked,
        submission: SubmissionId,
    ) -> Result<Waited, Failure> {
        let client = self.office()?.uplink.client();
        let end =
            Instant::now() + Duration::from_secs(self.config.session.wait_here_seconds.into());
        while Instant::now() < end && !asked.is_abandoned() {
            match client
                .open_collection(CollectBy::Waiting { submission })
                .await
            {
                Ok(opened) => match &opened.decision {
                    Decision::Approved if opened.nonce.is_some() => {
                        return Ok(Waited::Approved(Box::new(opened)));
                    }
                    Decision::Approved => {
                        return Ok(Waited::ComeBack(ComeBackReason::PhoneUnproven));
                    }
                    Decision::Rejected { .. } | Decision::AskAgain { .. } => {
                        return Err(failure(Fault::ApplicationRejected, "decided against"));
                    }
                    Decision::Pending => {}
                },
                Err(SyncError::Unreachable(_) | SyncError::Busy { .. }) => {}
                Err(e) => return Err(office_failure(&e)),
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        Ok(Waited::ComeBack(ComeBackReason::Undecided))
    }

    pub(super) async fn open_collect(&self, receipt_code: ReceiptCode) -> Result<Reply, Failure> {
        let client = self.office()?.uplink.client();
        let by = CollectBy::Code {
            receipt_code: receipt_code.clone(),
        };
        let opened = client
            .open_collection(by)
            .await
            .map_err(|e| collect_failure(&e))?;
        self.note_collecting(opened.submission, receipt_code);
        let submission = opened.submission;
        // The decision concerns a person: it is told only once the phone is proven.
        let state = if opened.phone_code_needed {
            CollectState::PhoneCodeNeeded { submission }
        } else {
            let approved = opened.decision == Decision::Approved;
            if let (true, Some(wanted)) = (approved, &opened.key_wanted) {
                let storage = self.approved(submission, wanted)?.storage;
                let state = CollectState::KeyWanted {
                    submission,
                    storage,
                };
                return Ok(Reply::CollectOpened(state));
            }
            match (opened.decision, opened.subject_key_identifier) {
                (Decision::Approved, Some(subject_key_identifier)) => CollectState::Ready {
                    submission,
                    subject_key_identifier,
                },
                (Decision::Approved | Decision::Pending, _) => CollectState::Undecided,
                (Decision::Rejected { reason }, _) => CollectState::Rejected { reason },
                (Decision::AskAgain { what }, _) => CollectState::AskAgain { what },
            }
        };
        Ok(Reply::CollectOpened(state))
    }

    pub(super) async fn install_collected(
        self: &Arc<Self>,
        asked: Asked,
        submission: SubmissionId,
        location: KeyLocation,
        password: Secret,
    ) -> Result<Reply, Failure> {
        let opened = self.open_decided(submission).await?;
        self.prove_and_install(&asked, opened, location, password)
            .await
    }

    /// Proves the key, has the authority sign, installs, reads back, confirms.
    pub(super) async fn prove_and_install(
        self: &Arc<Self>,
        asked: &Asked,
        opened: CollectOpened,
        location: KeyLocation,
        password: Secret,
    ) -> Result<Reply, Failure> {
        let submission = opened.submission;
        let (Some(ski), Some(nonce)) = (opened.subject_key_identifier, opened.nonce) else {
            return Err(failure(Fault::OfficeRefused, "no nonce"));
        };
        let key = key_id(&ski)?;
        asked.progress(Progress::Phase(IssuingPhase::ProvingKey));
        let proof = self
            .prove_key(submission, key, nonce, location.clone(), password.clone())
            .await?;
        asked.progress(Progress::Phase(IssuingPhase::AwaitingCertificate));
        let client = self.office()?.uplink.client();
        let issued = client
            .prove_and_wait(&proof, AUTHORITY_PATIENCE)
            .await
            .map_err(|e| office_failure(&e))?
            .ok_or_else(|| failure(Fault::AuthorityFailed, "not signed in time"))?;
        asked.progress(Progress::Phase(IssuingPhase::Installing));
        let (installed, certificate) = self.install(key, issued, location, password).await?;
        asked.progress(Progress::Phase(IssuingPhase::Confirming));
        client
            .confirm_collected(submission, certificate)
            .await
            .map_err(|e| office_failure(&e))?;
        Ok(Reply::Installed(installed))
    }

    async fn prove_key(
        self: &Arc<Self>,
        submission: SubmissionId,
        key: KeyId,
        nonce: String,
        location: KeyLocation,
        password: Secret,
    ) -> Result<CollectProve, Failure> {
        let world = self.clone();
        blocking(move || {
            let signature = world.with_storage(&location, |storage| {
                keystore::prove(storage, &key, &password, submission, &nonce)
            })?;
            Ok(CollectProve {
                submission,
                nonce,
                signature: BASE64.encode(signature),
            })
        })
        .await
    }

    async fn install(
        self: &Arc<Self>,
        key: KeyId,
        issued: CollectIssued,
        location: KeyLocation,
        password: Secret,
    ) -> Result<(Installed, Digest), Failure> {
        let world = self.clone();
        blocking(move || {
            let bad = |e: &dyn std::fmt::Display| failure(Fault::AuthorityFailed, &e.to_string());
            let chain =
                Chain::from_pem(&issued.certificate_pem, &issued.chain_pem).map_err(|e| bad(&e))?;
            world.with_storage(&location, |storage| {
                storage.install(&key, &password, &chain)
            })?;
            world.note_certified(Certified {
                location: location.clone(),
                key,
                issuers: chain.certificates()[1..].to_vec(),
            });
            let der = chain.certificate().to_der().map_err(|e| bad(&e))?;
            let until = chain.certificate().tbs_certificate().validity().not_after;
            let installed = Installed {
                file_name: (location.storage == StorageType::Pkcs12)
                    .then(|| keystore::pkcs12::installed_name(&key, chain.key().algorithm())),
                location: world.place_in_words(&location),
                valid_until: UnixMillis(until.to_unix_duration().as_millis() as i64),
            };
            Ok((installed, Digest::of(&der)))
        })
        .await
    }
}

/// A key that got its certificate during this visit.
#[derive(Clone)]
pub(super) struct Certified {
    pub location: KeyLocation,
    pub key: KeyId,
    /// Those that issued it, the root last.
    pub issuers: Vec<Certificate>,
}

enum Waited {
    Approved(Box<CollectOpened>),
    ComeBack(ComeBackReason),
}

async fn forward_upload(
    mut news: tokio::sync::broadcast::Receiver<UplinkEvent>,
    asked: Asked,
    of: SubmissionId,
) {
    loop {
        match news.recv().await {
            Ok(UplinkEvent::Progress {
                submission,
                sent,
                total,
            }) if submission == of => {
                asked.progress(Progress::Upload { sent, total });
            }
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

async fn abandoned(asked: &Asked) {
    let (tell, told) = tokio::sync::oneshot::channel::<()>();
    asked.on_abandon(move || {
        let _ = tell.send(());
    });
    // An error means that the request was answered, which ends this too.
    let _ = told.await;
}

pub(super) fn office_failure(e: &SyncError) -> Failure {
    failure(e.fault(), &e.to_string())
}

/// Unknown and wrong codes are told alike.
pub(super) fn collect_failure(e: &SyncError) -> Failure {
    match e.reason() {
        Some(ApiError::NotFound) => failure(Fault::ApplicationUnknown, "not found"),
        Some(ApiError::TooMany { .. }) => failure(Fault::CodesFrozen, "too many tries"),
        _ => office_failure(e),
    }
}
