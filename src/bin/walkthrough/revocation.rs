//! The citizen ends the certificate that was just obtained.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::checks;
use super::journey::{Citizen, IIN};
use super::office::Office;

/// Desk and authority on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

impl Citizen<'_> {
    /// From the welcome screen back to it.
    pub fn revoke(&mut self, office: &Office) -> Result<()> {
        self.step("revoke_identity", |c| {
            c.speak()?;
            c.driver.touch_id("start-revoke")?;
            c.driver.wait_for("field-identity-number")?;
            c.driver.type_text(IIN)?;
            c.picture("revoke_identity")?;
            c.primary()
        })?;
        self.step("revoke_phone_code", |c| {
            c.phone_code(office, "revoke_phone_code")
        })?;
        self.step("revoke_certificate", |c| {
            c.driver.touch_id("certificate-0")?;
            c.picture("revoke_certificate")?;
            c.primary()
        })?;
        self.step("revoking", |c| {
            c.driver.touch_id("reason-key-compromise")?;
            c.picture("revoking")?;
            c.primary()?;
            c.until("revocation-result", PATIENCE, || Ok(()))
        })?;
        self.step("revoked", |c| {
            c.picture("revoked")?;
            c.primary()?;
            c.driver.wait_for("start").map(drop)
        })
    }
}

/// The list that the authority publishes names one of these certificates.
pub fn check(list: &Path, serials: &[String]) -> Result<()> {
    let listed = checks::revoked(list)?;
    let ended = serials.iter().filter(|serial| listed.contains(*serial));
    let ended = ended.count();
    ensure!(
        ended == 1,
        "{ended} certificates are revoked instead of one"
    );
    Ok(())
}
