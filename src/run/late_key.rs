//! A key that is made only when its certificate is collected, because making it erases
//! the keys that are there.

use std::sync::Arc;
use std::time::Duration;

use exchange::api::{CollectBy, CollectOpened};
use exchange::{
    ApprovedSubject, KeyMade, KeyStanding, KeyWanted, Secret, Signed, StorageType, SubmissionId,
};
use faults::Fault;
use keystore::{SlotContent, Subject};
use tokio::time::Instant;

use crate::session::command::KeyLocation;
use crate::session::event::{Failure, IssuingPhase, Progress, Reply};

use super::asked::{Asked, blocking, failure};
use super::obtain::{collect_failure, office_failure};
use super::world::Inner;

/// The desk looks at a key within seconds.
const DESK_PATIENCE: Duration = Duration::from_secs(45);
const ASK_EVERY: Duration = Duration::from_secs(1);

impl Inner {
    /// What the desk approved, for this submission.
    pub(super) fn approved(
        &self,
        submission: SubmissionId,
        wanted: &KeyWanted,
    ) -> Result<ApprovedSubject, Failure> {
        let client = self.office()?.uplink.client();
        let credentials = client.credentials().map_err(|e| office_failure(&e))?;
        let approved = wanted.approved.verify(&credentials.decision_key).ok();
        approved
            .filter(|approved| approved.submission == submission)
            .ok_or_else(|| failure(Fault::OfficeUntrusted, "an approval of somebody else"))
    }

    pub(super) async fn make_collected(
        self: &Arc<Self>,
        asked: Asked,
        submission: SubmissionId,
        location: KeyLocation,
        password: Secret,
    ) -> Result<Reply, Failure> {
        let client = self.office()?.uplink.client();
        let mut opened = self.open_decided(submission).await?;
        if let Some(wanted) = opened.key_wanted.take() {
            asked.progress(Progress::Phase(IssuingPhase::MakingKey));
            let made = self
                .make_key(submission, &wanted, location.clone(), password.clone())
                .await?;
            // From here on the office may have it, whatever is answered: the end of this visit
            // must not take it away.
            drop(self.take_made_key());
            let standing = client.hand_in_key(&made, DESK_PATIENCE).await;
            if standing.map_err(|e| office_failure(&e))? == KeyStanding::Waiting {
                return Err(failure(Fault::OfficeUnreachable, "the desk does not look"));
            }
            opened = self.open_decided(submission).await?;
        }
        self.prove_and_install(&asked, opened, location, password)
            .await
    }

    /// The collection that was opened in this visit; while the desk looks at a key, asked
    /// again.
    pub(super) async fn open_decided(
        &self,
        submission: SubmissionId,
    ) -> Result<CollectOpened, Failure> {
        let receipt_code = self
            .collecting(submission)
            .ok_or_else(|| failure(Fault::ApplicationUnknown, "no collection is open"))?;
        let by = CollectBy::Code { receipt_code };
        let client = self.office()?.uplink.client();
        let end = Instant::now() + DESK_PATIENCE;
        loop {
            let opened = client.open_collection(by.clone()).await;
            let opened = opened.map_err(|e| collect_failure(&e))?;
            let looking = opened.subject_key_identifier.is_some()
                && opened.nonce.is_none()
                && opened.key_wanted.is_none();
            if !looking || Instant::now() + ASK_EVERY >= end {
                return Ok(opened);
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// What lies there goes, as its owner agreed; but for a key of this visit.
    fn clear_card(&self, kind: StorageType, pin: &Secret) -> Result<(), Failure> {
        let made = self.made_key(|made| (made.location.storage == kind).then_some(made.id));
        self.with_token(kind, |token| {
            let status = token.status()?;
            for slot in status.slots {
                let ours = matches!(&slot.content, SlotContent::Pending(id) if Some(*id) == made);
                if slot.content != SlotContent::Empty && !ours && status.generation_erases {
                    token.clear(&slot.name, pin)?;
                }
            }
            Ok(())
        })
    }

    async fn make_key(
        self: &Arc<Self>,
        submission: SubmissionId,
        wanted: &KeyWanted,
        location: KeyLocation,
        password: Secret,
    ) -> Result<Signed<KeyMade>, Failure> {
        let approved = self.approved(submission, wanted)?;
        if location.storage != approved.storage || location.storage == StorageType::Pkcs12 {
            return Err(failure(Fault::TokenMissing, "a storage of another type"));
        }
        let kiosk = self.office()?.kiosk.clone();
        let (nonce, world) = (wanted.nonce, self.clone());
        blocking(move || {
            let subject = Subject {
                holder: &approved.holder,
                iin: &approved.iin,
                email: &approved.email,
            };
            let algorithm = approved.algorithm;
            world.clear_card(location.storage, &password)?;
            let csr =
                world.key_and_request(submission, subject, &location, algorithm, &password)?;
            let now = world.clock.now().wall;
            let made = KeyMade::new(submission, kiosk, csr, nonce, now)
                .map_err(|e| failure(Fault::KeyTestFailed, &e.to_string()))?;
            let key = world.link.device_key().map_err(|e| world.key_failure(e))?;
            Signed::sign_with(&made, |bytes| key.sign(bytes)).map_err(|e| world.key_failure(e))
        })
        .await
    }
}
