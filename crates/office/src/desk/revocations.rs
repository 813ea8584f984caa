//! Ordering revocations: an operator's, and those that holders ask for at kiosks.

use anyhow::Result;
use exchange::{
    Signed, UnixMillis,
    certificates::{RevocationReason, RevocationWish},
};

use super::Desk;
use crate::{
    authority::Reason,
    db::{
        alarms::{self, AlarmKind},
        certificates::{self, Certificate, CertificateState},
        kiosks::{self, KioskState},
        revocations::{self, Revocation, RevocationState},
    },
    keys,
    order::RevocationOrder,
    services::revoked_message,
};

#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    #[error("no certificate with this serial number")]
    Unknown,
    #[error("the certificate is revoked already")]
    Revoked,
    #[error("the office's own trouble: {0:#}")]
    Office(#[from] anyhow::Error),
}

const HOUR: i64 = 3_600_000;

impl Desk {
    /// Signs the order to the authority, which carries it out within a second.
    /// `serial`: hexadecimal, with or without colons.
    ///
    /// # Errors
    /// See [`RevokeError`].
    pub fn order_revocation(
        &self,
        serial: &str,
        reason: Reason,
        by: &str,
    ) -> Result<(), RevokeError> {
        let serial = serial.trim().replace(':', "").to_ascii_lowercase();
        let certificate = self
            .database
            .read(|c| certificates::by_serial(c, &serial))?
            .ok_or(RevokeError::Unknown)?;
        if certificate.state == CertificateState::Revoked {
            return Err(RevokeError::Revoked);
        }
        let now = UnixMillis::from_system_clock();
        let order = self.revocation_order(serial, reason, by, now)?;
        self.database
            .write(|t| revocations::order(t, certificate.id, &order, now))?;
        Ok(())
    }

    fn revocation_order(
        &self,
        serial: String,
        reason: Reason,
        by: &str,
        now: UnixMillis,
    ) -> Result<String> {
        let order = RevocationOrder {
            serial,
            reason,
            ordered_at: now,
            ordered_by: by.to_owned(),
        };
        let signed = Signed::new(&order, &self.decision_key);
        Ok(serde_json::to_string(&signed)?)
    }

    /// Orders what holders asked for, as long as it is no more than is plausible.
    pub(super) fn look_at_wishes(&self) -> Result<()> {
        for row in self.database.read(revocations::asked)? {
            self.look_at_wish(&row)?;
        }
        Ok(())
    }

    fn look_at_wish(&self, row: &Revocation) -> Result<()> {
        let now = UnixMillis::from_system_clock();
        let certificate = self
            .database
            .read(|c| certificates::by_id(c, row.certificate))?;
        let submission = certificate.as_ref().map(|c| c.submission);
        let aside = |state: RevocationState, kind: AlarmKind| {
            self.database.write(|t| {
                revocations::set_state(t, row.id, state)?;
                alarms::raise(t, kind, row.kiosk.as_ref(), submission, now)
            })
        };
        let wish = self.wish(row)?;
        let matching = certificate.filter(|c| c.sha256 == wish.as_ref().map(|w| w.certificate));
        let (Some(wish), Some(certificate)) = (wish, matching) else {
            return aside(RevocationState::Refused, AlarmKind::RevocationRefused);
        };
        if !self.plausible(row, now)? {
            return aside(RevocationState::Held, AlarmKind::RevocationsHeld);
        }
        let reason = match wish.reason {
            RevocationReason::KeyCompromise => Reason::KeyCompromise,
            RevocationReason::Superseded => Reason::Superseded,
            RevocationReason::CessationOfOperation => Reason::CessationOfOperation,
        };
        let serial = certificate.serial.clone().unwrap_or_default();
        let order = self.revocation_order(serial, reason, wish.kiosk.as_str(), now)?;
        self.database
            .write(|t| revocations::grant(t, row.id, &order))?;
        self.tell_holder(&certificate);
        Ok(())
    }

    /// The wish, when the kiosk that it names is in service and signed it.
    fn wish(&self, row: &Revocation) -> Result<Option<RevocationWish>> {
        let Some(id) = &row.kiosk else {
            return Ok(None);
        };
        let kiosk = self.database.read(|c| kiosks::by_id(c, id))?;
        let key = kiosk
            .filter(|k| k.state == KioskState::Confirmed)
            .and_then(|k| k.manifest_key_pem)
            .and_then(|pem| keys::verifying_key(&pem).ok());
        let verified = || {
            let signed: Signed<RevocationWish> = serde_json::from_str(row.wish.as_deref()?).ok()?;
            let wish = signed.verify(&key?).ok()?;
            (wish.kiosk == *id).then_some(wish)
        };
        Ok(verified())
    }

    /// Whoever broke `receive` or a kiosk ends a handful of certificates, not all.
    fn plausible(&self, row: &Revocation, now: UnixMillis) -> Result<bool> {
        let limits = &self.configuration.limits;
        let since = now.plus_millis(-HOUR);
        let (here, everywhere) = self.database.read(|c| {
            Ok((
                revocations::granted_since(c, row.kiosk.as_ref(), since)?,
                revocations::granted_since(c, None, since)?,
            ))
        })?;
        Ok(
            here < limits.revocations_per_kiosk_per_hour
                && everywhere < limits.revocations_per_hour,
        )
    }

    /// So that one who did not ask learns of it. A message that fails undoes nothing.
    fn tell_holder(&self, certificate: &Certificate) {
        let tell = || -> Result<()> {
            let Some(iin) = &certificate.iin else {
                return Ok(());
            };
            let Some(phone) = self.phones.registered(iin)? else {
                return Ok(());
            };
            let language = self.persons.person(iin)?.and_then(|p| p.language);
            Ok(self.sms.send(&phone, revoked_message(language))?)
        };
        if let Err(e) = tell() {
            tracing::error!("a holder was not told of a revocation: {e:#}");
        }
    }
}
