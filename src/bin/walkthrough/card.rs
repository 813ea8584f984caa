//! The citizen whose key lives on the identity card: it is made only at collection.

use std::time::Duration;

use anyhow::Result;
use keystore::simulated_token::DEFAULT_PIN;

use super::journey::Citizen;
use super::office::Office;
use super::token::NEW_PIN;

/// The office, the authority and a slow machine together may take so long.
const LONG: Duration = Duration::from_secs(120);

impl Citizen<'_> {
    /// Applies without a key; leaves with a receipt code.
    pub fn enrol_for_card(&mut self, office: &Office) -> Result<()> {
        self.until_answers(office)?;
        self.step("storage", |c| {
            c.driver.touch_id("storage-id-card")?;
            c.picture("storage")?;
            c.primary()
        })?;
        self.step("review", |c| {
            c.driver.wait_for("primary")?;
            c.picture("review")?;
            c.primary()
        })?;
        self.step("issuing", |c| c.until("receipt-code", LONG, || Ok(())))?;
        self.step("receipt", Self::receipt)
    }

    /// The key is made behind the approval, on the card whose PIN is changed first.
    pub fn come_back_with_card(&mut self, office: &Office) -> Result<()> {
        self.until_storage(office)?;
        self.step("collect_pin", |c| {
            c.driver.wait_for("field-token-pin")?;
            c.driver.type_text(DEFAULT_PIN)?;
            c.picture("collect_pin")?;
            c.primary()
        })?;
        self.step("collect_new_pin", |c| {
            for field in ["field-new-token-pin", "field-new-token-pin-again"] {
                c.driver.touch_id(field)?;
                c.driver.type_text(NEW_PIN)?;
            }
            c.picture("collect_new_pin")?;
            c.primary()
        })?;
        self.collected()
    }
}
