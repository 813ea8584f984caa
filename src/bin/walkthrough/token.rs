//! The citizen whose key lives on a token: the PIN forgotten until the token blocks
//! itself, the PUK, a new PIN.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use keystore::simulated_token::DEFAULT_PUK;

use super::checks;
use super::journey::Citizen;

/// While this lies in the folder of the walk, the token is in.
pub const INSERTED: &str = "token";
/// What lies on the token.
pub const MEMORY: &str = "token.json";
const WRONG: &str = "00000000";
pub const NEW_PIN: &str = "94031752";
/// Wrong PINs that block the token.
const TRIES: usize = 3;

impl Citizen<'_> {
    pub fn choose_token(&mut self) -> Result<()> {
        self.step("storage", |c| {
            c.driver.touch_id("storage-kaztoken")?;
            c.picture("storage")?;
            c.primary()
        })
    }

    /// From three wrong PINs to one that the citizen knows.
    pub fn token_pin(&mut self) -> Result<()> {
        self.step("token_pin_wrong", |c| {
            for tried in 1..TRIES {
                c.type_token_pin(WRONG)?;
                c.picture(&format!("token_pin_wrong_{tried}"))?;
            }
            c.type_token_pin(WRONG)
        })?;
        self.step("token_blocked", |c| {
            c.driver.wait_for("field-puk")?;
            c.picture("token_blocked")?;
            c.set_pin_by_puk(WRONG)?;
            c.driver.wait_for("field-puk")?;
            c.picture("token_puk_wrong")?;
            c.set_pin_by_puk(DEFAULT_PUK)
        })
    }

    fn type_token_pin(&mut self, pin: &str) -> Result<()> {
        // Emptied after a wrong one, once the token has told how many tries are left.
        self.wait_until_empty("field-token-pin")?;
        self.driver.touch_id("field-token-pin")?;
        self.driver.type_text(pin)?;
        self.picture("token_pin")?;
        self.primary()
    }

    /// The PIN that the PUK set.
    pub fn type_new_pin(&mut self) -> Result<()> {
        self.type_token_pin(NEW_PIN)
    }

    fn set_pin_by_puk(&mut self, puk: &str) -> Result<()> {
        for (field, text) in [
            ("field-puk", puk),
            ("field-new-token-pin", NEW_PIN),
            ("field-new-token-pin-again", NEW_PIN),
        ] {
            if field == "field-puk" {
                self.wait_until_empty(field)?;
            } else if !self.driver.wait_for(field)?.value.is_empty() {
                // A wrong PUK leaves the new PIN where it is.
                continue;
            }
            self.driver.touch_id(field)?;
            self.driver.type_text(text)?;
        }
        self.picture("token_puk")?;
        self.primary()
    }

    /// At the end: the key signs something before its owner's eyes.
    pub fn try_signature(&mut self) -> Result<()> {
        self.step("try_signature", |c| {
            c.driver.touch_id("try-signature")?;
            c.driver.wait_for("signature-result")?;
            c.picture("signature_tried")
        })
    }
}

/// The token's memory, read as nobody could read a real one.
///
/// # Errors
/// Not exactly one key is on it, with a certificate for that key.
pub fn check(memory: &Path, pem: &Path) -> Result<()> {
    let text = std::fs::read_to_string(memory)?;
    let memory: serde_json::Value = serde_json::from_str(&text)?;
    let slots = memory["slots"].as_array().context("no slots")?;
    let used: Vec<_> = slots.iter().filter(|slot| !slot.is_null()).collect();
    ensure!(used.len() == 1, "{} keys on the token", used.len());
    ensure!(
        used[0]["pending"] == false,
        "the key has no certificate yet"
    );
    let certificates = used[0]["certificates"].as_str().context("no certificate")?;
    let key = used[0]["key"].as_str().context("no key")?;
    checks::certificate_is_for_key(certificates, &hex::decode(key)?, pem)
}
