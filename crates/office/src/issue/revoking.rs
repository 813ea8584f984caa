//! Ending certificates: by order of the desk, unconfirmed in time, or never made.

use anyhow::{Context, Result};
use exchange::{KioskId, Signed, SubmissionId, UnixMillis};

use super::{Issue, NotRevoked};
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
/// Between two tries to end a certificate at an authority that is not reached.
const TRY_AGAIN: i64 = 30_000;

impl Issue {
    /// A reservation that is left at the start of a turn never became a certificate
    /// that anyone got; its proof is still waiting and is answered anew.
    pub(super) fn end_abandoned(&self) -> Result<()> {
        if !self.database.read(certificates::any_abandoned)? {
            return Ok(());
        }
        self.database.write(|t| certificates::release_abandoned(t))
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
        let ordered = self.database.read(|c| revocations::ordered(c, now))?;
        let mut ending: Vec<(Certificate, Reason)> = Vec::new();
        let mut silent = false;
        for row in ordered {
            let order = self.revocation_order(row.desk_order.as_deref());
            let certificate = self
                .database
                .read(|c| certificates::by_id(c, row.certificate))?;
            match (order, certificate) {
                (Ok(order), Some(c)) if c.serial.as_deref() == Some(&order.serial) => {
                    if c.state == CertificateState::Revoked {
                        self.database.write(|t| revocations::done(t, c.id))?;
                    } else if ending.iter().all(|(other, _)| other.id != c.id)
                        && self.ended_there(&row, &c, order.reason, now, &mut silent)?
                    {
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

    /// Whether the authority has ended a certificate, or ends it by the list. One that
    /// nobody confirmed it hears of as such, like every other of its kind.
    ///
    /// `silent`: it did not answer in this turn, and is not waited for again.
    fn ended_there(
        &self,
        row: &revocations::Revocation,
        certificate: &Certificate,
        reason: Reason,
        now: UnixMillis,
        silent: &mut bool,
    ) -> Result<bool> {
        if certificate.state != CertificateState::Confirmed {
            return Ok(true);
        }
        let done = if *silent {
            Err(NotRevoked::Later(anyhow::anyhow!("it is silent")))
        } else {
            self.authority.revoke(certificate, reason, now)
        };
        match done {
            Ok(()) => return Ok(true),
            Err(e @ NotRevoked::Refused(_)) => {
                tracing::error!("revocation {}: {e}: ask the authority itself", row.id);
                let submission = Some(certificate.submission);
                self.refuse_order(row.id, row.kiosk.as_ref(), submission, now)?;
            }
            Err(e @ NotRevoked::Later(_)) => {
                tracing::warn!("revocation {}: {e}", row.id);
                *silent = true;
                let later = now.plus_millis(TRY_AGAIN);
                self.database
                    .write(|t| revocations::put_off(t, row.id, later))?;
            }
        }
        Ok(false)
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
