//! The citizen comes for a new key and shows the old one instead of a document.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::journey::{Citizen, KEY_PASSWORD, NAME};
use super::office::Office;

/// Folders and key files are looked through, or the token is asked.
const LOOKING: Duration = Duration::from_secs(60);
/// The office, the authority and a slow machine together may take so long.
const LONG: Duration = Duration::from_secs(120);

impl Citizen<'_> {
    /// From the welcome screen back to it; the new key goes into a file.
    pub fn renew(&mut self, office: &Office) -> Result<()> {
        self.step("renew_consent", |c| {
            c.speak()?;
            c.driver.touch_id("start-renew")?;
            c.driver.touch_id("agree")?;
            c.primary()
        })?;
        self.step("renew_key", |c| {
            c.driver.wait_for_within("certified-key-0", LOOKING)?;
            c.picture("renew_key")?;
            c.primary()
        })?;
        if self.has_token() {
            self.step("renew_pin", Self::type_new_pin)?;
        } else {
            self.step("renew_password", |c| {
                c.driver.wait_for("field-key-password")?;
                c.driver.type_text(KEY_PASSWORD)?;
                c.picture("renew_password")?;
                c.primary()
            })?;
        }
        self.step("renew_holder", |c| {
            c.driver.wait_for_within("holder", LOOKING)?;
            c.picture("renew_holder")?;
            let shown = c.driver.words().join(" ");
            for name in NAME {
                ensure!(
                    shown.contains(name),
                    "the certificate's {name} is not shown"
                );
            }
            c.primary()
        })?;
        self.step("renew_phone", |c| {
            c.driver.wait_for("registered-phone")?;
            c.primary()
        })?;
        self.step("renew_phone_code", |c| {
            c.phone_code(office, "renew_phone_code")
        })?;
        self.email()?;
        self.file_on_drive()?;
        self.step("renew_review", |c| {
            c.driver.touch_id("wait-here")?;
            c.picture("renew_review")?;
            c.primary()
        })?;
        self.step("renew_key_password", Self::key_password)?;
        // A rule approves it: no operator is needed.
        self.step("renew_issuing", |c| {
            c.until("file-location", LONG, || Ok(()))
        })?;
        self.step("renew_receipt", |c| {
            c.picture("renew_receipt")?;
            c.primary()?;
            c.driver.wait_for("start").map(drop)
        })
    }
}
