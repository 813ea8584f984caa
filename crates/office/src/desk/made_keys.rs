//! Ordering certificates by keys that are made only at collection.
//!
//! The desk looks at all of it by itself: `receive` can pass on what a kiosk signed, and
//! choose no key.

use anyhow::Result;
use exchange::{ApprovedSubject, KeyMade, Signed, UnixMillis};
use keystore::csr::Request;

use super::{Desk, verify::request_says};
use crate::{
    db::{
        alarms::{self, AlarmKind},
        kiosks::{self, KioskState},
        made_keys::{self, MadeKey, MadeKeyState},
        submissions::{self, KeyOrdered, Submission},
    },
    keys,
    order::{IssueOrder, Subject},
};

/// A key that is what it should be.
struct Good {
    made: KeyMade,
    subject_key_identifier: String,
    approved: ApprovedSubject,
}

impl Desk {
    /// Orders certificates by keys that citizens have just made.
    pub(super) fn look_at_made_keys(&self) -> Result<()> {
        for row in self.database.read(made_keys::asked)? {
            self.look_at_made_key(&row)?;
        }
        Ok(())
    }

    fn look_at_made_key(&self, row: &MadeKey) -> Result<()> {
        let now = UnixMillis::from_system_clock();
        let submission = self
            .database
            .read(|c| submissions::get(c, row.submission))?;
        let key = self.kiosk_key(row)?;
        let good = submission
            .as_ref()
            .and_then(|s| self.good(row, s, &key?).map(|good| (s, good)));
        let ordered = good
            .map(|(submission, good)| {
                let order = self.order_by(&good, submission)?;
                anyhow::Ok((good, order))
            })
            .transpose()?;
        // Looked for under the lock under which it is ordered: no key serves twice.
        self.database.write(|t| {
            let id = row.submission;
            let taken = match &ordered {
                Some((good, order)) => {
                    let (csr, key) = (good.made.csr_sha256(), &good.subject_key_identifier);
                    let ordered = KeyOrdered {
                        issue_order: order,
                        csr_sha256: &csr,
                        subject_key_identifier: key,
                    };
                    !submissions::key_used_elsewhere(t, id, &csr, key)?
                        && submissions::key_ordered(t, id, &ordered)?
                }
                None => false,
            };
            if taken {
                return made_keys::set_state(t, row.id, MadeKeyState::Ordered);
            }
            made_keys::set_state(t, row.id, MadeKeyState::Refused)?;
            alarms::raise(t, AlarmKind::KeyRefused, Some(&row.kiosk), Some(id), now)
        })
    }

    /// The key of a kiosk in service.
    fn kiosk_key(&self, row: &MadeKey) -> Result<Option<exchange::VerifyingKey>> {
        let kiosk = self.database.read(|c| kiosks::by_id(c, &row.kiosk))?;
        Ok(kiosk
            .filter(|k| k.state == KioskState::Confirmed)
            .and_then(|k| k.manifest_key_pem)
            .and_then(|pem| keys::verifying_key(&pem).ok()))
    }

    /// Signed by the kiosk that says so, for an application that this desk approved, and
    /// the request says what was approved, signed by its own key.
    fn good(
        &self,
        row: &MadeKey,
        submission: &Submission,
        kiosk_key: &exchange::VerifyingKey,
    ) -> Option<Good> {
        let signed: Signed<KeyMade> = serde_json::from_str(&row.statement).ok()?;
        let made = signed.verify(kiosk_key).ok()?;
        let approved = submission.approved_subject.as_deref()?;
        let approved: Signed<ApprovedSubject> = serde_json::from_str(approved).ok()?;
        let approved = approved.verify(self.decision_key.verifying_key()).ok()?;
        let request = Request::verify(made.csr()).ok()?;
        let subject = keystore::Subject {
            holder: &approved.holder,
            iin: &approved.iin,
            email: &approved.email,
        };
        let right = made.kiosk == row.kiosk
            && made.submission == row.submission
            && made.nonce.to_string() == row.nonce
            && approved.submission == row.submission
            && request_says(&request, subject, approved.storage, approved.algorithm);
        right.then(|| Good {
            subject_key_identifier: request.key().id().to_string(),
            made,
            approved,
        })
    }

    /// The same order as by a key that came with its submission.
    fn order_by(&self, good: &Good, submission: &Submission) -> Result<String> {
        let approved = &good.approved;
        let subject = Subject {
            iin: approved.iin.clone(),
            name: approved.holder.clone(),
            email: approved.email.clone(),
        };
        let order = IssueOrder::new(
            submission.id,
            good.made.csr(),
            subject,
            approved.storage,
            approved.approved_at,
            submission.decided_by.as_deref().unwrap_or_default(),
        );
        Ok(serde_json::to_string(&Signed::new(
            &order,
            &self.decision_key,
        ))?)
    }
}
