//! Technicians: certified, revoked, and the list by which kiosks know.

use anyhow::{Context, Result, bail};
use exchange::{AtMost, CertificateSerial, Line, RevokedTechnicians, Signed, UnixMillis};

use super::Desk;
use crate::db::technicians::{self, Technician};

const HOUR: i64 = 3_600_000;
/// Expired ones stay on the list for this long (2 days): clocks of kiosks lag.
const LINGER: i64 = 48 * HOUR;

impl Desk {
    /// Certifies the key of `request` (PKCS#10, PEM or DER).
    ///
    /// # Errors
    /// The request is not signed by its key, or `days` is too much.
    pub fn add_technician(&self, name: &Line<64>, request: &[u8], days: u16) -> Result<Technician> {
        let now = UnixMillis::from_system_clock();
        let made = self
            .channel_authority()?
            .technician(request, name, days, now)?;
        let technician = Technician {
            serial: made.serial,
            name: name.to_string(),
            certificate_pem: made.pem,
            added_at: now,
            not_after: made.not_after,
            revoked_at: None,
        };
        self.database.write(|t| technicians::add(t, &technician))?;
        Ok(technician)
    }

    /// Newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn technicians(&self) -> Result<Vec<Technician>> {
        self.database.read(technicians::list)
    }

    /// From now on the list says so; a kiosk without a link admits them until its list is
    /// too old.
    ///
    /// # Errors
    /// There is none that could be revoked, or the list is full.
    pub fn revoke_technician(&self, serial: &CertificateSerial) -> Result<()> {
        let now = UnixMillis::from_system_clock();
        if !self
            .database
            .write(|t| technicians::revoke(t, serial, now))?
        {
            bail!("there is no technician {serial} that could be revoked");
        }
        self.publish_technician_list(now)
    }

    /// Signs a new list where there is none or it is old.
    pub(super) fn keep_technician_list(&self) -> Result<()> {
        let now = UnixMillis::from_system_clock();
        let age = i64::from(self.configuration.maintenance.list_hours) * HOUR;
        let newest = self.database.read(technicians::newest_list)?;
        if newest.is_some_and(|(at, _)| now.0.abs_diff(at.0) < age.unsigned_abs()) {
            return Ok(());
        }
        self.publish_technician_list(now)
    }

    fn publish_technician_list(&self, now: UnixMillis) -> Result<()> {
        let serials = self
            .database
            .read(|c| technicians::revoked(c, now.plus_millis(-LINGER)))?;
        let serials = AtMost::new(serials).context("too many technicians are revoked")?;
        let good = i64::from(self.configuration.maintenance.list_good_hours) * HOUR;
        self.database.write(|t| {
            technicians::publish(t, now, |number| {
                let list = RevokedTechnicians {
                    number,
                    issued_at: now,
                    good_until: now.plus_millis(good),
                    serials,
                };
                let signed = Signed::new(&list, &self.decision_key);
                serde_json::to_string(&signed).expect("statements are plain data")
            })
        })
    }
}
