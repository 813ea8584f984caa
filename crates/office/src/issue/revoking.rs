//! Ending certificates: by order of the desk, unconfirmed in time, or never made.

use anyhow::{Context, Result};
use exchange::{KioskId, Signed, SubmissionId, UnixMillis};

use super::Issue;
use crate::{
    authority::{Reason, Revocation, RevocationList},
    db::{
        alarms::{self, AlarmKind},
        certificates::{self, Certificate, CertificateState},
        revocations::{self, RevocationState},
    },
    order::RevocationOrder,
};

const HOUR: i64 = 3_600_000;

impl Issue {
    /// A reservation that is left at the start of a turn never became a certificate
    /// that anyone got.
    pub(super) fn end_abandoned(&self, now: UnixMillis) -> Result<()> {
        let left = self.database.read(certificates::abandoned)?;
        if left.is_empty() {
            return Ok(());
        }
        self.database.write(|t| {
            for certificate in &left {
                certificates::revoked(t, certificate.id, Reason::NotConfirmed, now)?;
            }
            Ok(())
        })
    }

    pub(super) fn revoke_overdue(&self, now: UnixMillis) -> Result<()> {
        // Looked at first without the write lock, which the other parts need.
        if !self.database.read(|c| certificates::any_overdue(c, now))? {
            return Ok(());
        }
        let overdue = self.database.write(|t| certificates::overdue(t, now))?;
        let late: Vec<_> = overdue
            .iter()
            .filter(|c| c.confirm_before <= now)
            .map(|c| c.submission)
            .collect();
        let ending = overdue.into_iter().map(|c| (c, Reason::NotConfirmed));
        self.revoke(&ending.collect::<Vec<_>>(), now)?;
        self.database.write(|t| {
            for submission in late {
                alarms::raise(t, AlarmKind::NotConfirmed, None, Some(submission), now)?;
            }
            Ok(())
        })
    }

    /// Orders count by the desk's signature, whoever put them into the database.
    pub(super) fn revoke_ordered(&self, now: UnixMillis) -> Result<()> {
        let ordered = self.database.read(revocations::ordered)?;
        let mut ending: Vec<(Certificate, Reason)> = Vec::new();
        for row in ordered {
            let order = self.revocation_order(row.desk_order.as_deref());
            let certificate = self
                .database
                .read(|c| certificates::by_id(c, row.certificate))?;
            match (order, certificate) {
                (Ok(_), Some(c))
                    if c.state == CertificateState::Confirmed && !self.authority.can_revoke() =>
                {
                    tracing::error!(
                        "revocation {}: this office cannot end certificates of its authority: \
                         ask the authority itself",
                        row.id
                    );
                    self.refuse_order(row.id, row.kiosk.as_ref(), Some(c.submission), now)?;
                }
                (Ok(order), Some(c)) if c.serial.as_deref() == Some(&order.serial) => {
                    if c.state == CertificateState::Revoked {
                        self.database.write(|t| revocations::done(t, c.id))?;
                    } else if ending.iter().all(|(other, _)| other.id != c.id) {
                        ending.push((c, order.reason));
                    }
                }
                (order, certificate) => {
                    let why = order.err().map(|e| format!("{e:#}")).unwrap_or_default();
                    tracing::error!("revocation {}: not what the desk ordered: {why}", row.id);
                    let submission = certificate.map(|c| c.submission);
                    self.refuse_order(row.id, row.kiosk.as_ref(), submission, now)?;
                }
            }
        }
        self.revoke(&ending, now)
    }

    /// Nothing is called revoked that is not: an operator hears of it.
    fn refuse_order(
        &self,
        row: i64,
        kiosk: Option<&KioskId>,
        submission: Option<SubmissionId>,
        now: UnixMillis,
    ) -> Result<()> {
        self.database.write(|t| {
            revocations::set_state(t, row, RevocationState::Refused)?;
            alarms::raise(t, AlarmKind::RevocationRefused, kiosk, submission, now)
        })
    }

    fn revocation_order(&self, text: Option<&str>) -> Result<RevocationOrder> {
        let signed: Signed<RevocationOrder> = serde_json::from_str(text.context("no order")?)?;
        Ok(signed.verify(&self.decision_key)?)
    }

    /// Published before it is recorded: a crash in between repeats the publishing.
    fn revoke(&self, ending: &[(Certificate, Reason)], now: UnixMillis) -> Result<()> {
        if ending.is_empty() {
            return Ok(());
        }
        self.publish(ending, now)
    }

    /// Makes a list when the last is older than the settings say, or there is none.
    pub(super) fn list_in_time(&self, now: UnixMillis) -> Result<()> {
        let period = i64::from(self.configuration.issue.list_hours) * HOUR;
        let newest = self.database.read(revocations::newest_list)?;
        // One of the future comes from a clock that was wrong.
        let fresh = newest.is_some_and(|at| at <= now && now.0 - at.0 < period);
        if fresh {
            return Ok(());
        }
        self.publish(&[], now)
    }

    fn publish(&self, ending: &[(Certificate, Reason)], now: UnixMillis) -> Result<()> {
        let good = i64::from(self.configuration.issue.list_good_hours) * HOUR;
        let next_update = now.plus_millis(good);
        let number = self
            .database
            .write(|t| revocations::number_list(t, now, next_update))?;
        // What ended by itself stays for as long as older lists may be in use: RFC
        // 5280 section 3.3.
        let ended = now.plus_millis(-good);
        let mut revoked = self
            .database
            .read(|c| certificates::all_revoked(c, ended))?;
        revoked.extend(
            ending
                .iter()
                .filter_map(|(c, reason)| Some((c.serial.clone()?, now, *reason))),
        );
        let revocations = revoked
            .into_iter()
            .map(|(serial, at, reason)| {
                let serial = serial.parse()?;
                Ok(Revocation { serial, reason, at })
            })
            .collect::<Result<Vec<_>>>()?;
        self.authority.publish_revoked(&RevocationList {
            number,
            this_update: now,
            next_update,
            revocations,
        })?;
        self.database.write(|t| {
            for (certificate, reason) in ending {
                certificates::revoked(t, certificate.id, *reason, now)?;
                revocations::done(t, certificate.id)?;
            }
            revocations::list_published(t, number, now)
        })
    }
}
