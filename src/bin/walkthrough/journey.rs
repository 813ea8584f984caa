//! The citizen: what they read, touch and type, screen after screen.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use exchange::Language;
use kiosk::ui::headless::Driver;

use super::office::Office;
use super::summary::Summary;

pub const IIN: &str = "880412401006";
/// The number that the office's register has for this IIN.
const PHONE: &str = "+77010000001";
const ACCOUNT_PIN: &str = "274916";
pub const KEY_PASSWORD: &str = "Kilt2026";
/// Where on the drive the key goes.
pub const FOLDER: &str = "Кілттер";
/// A slip of the finger that the kiosk asks about.
const EMAIL_TYPED: &str = "saule.u@gmial.com";

/// Made in the folder of the walk once the screen has said that the application is
/// saved: from then on it may not be lost.
const SAVED: &str = "saved";
/// While this lies in the folder of the walk, the citizen's card is in the reader.
pub const CARD: &str = "card";
/// Of the card in the simulated reader, and a slip of the finger.
const CAN: &str = "123456";
const WRONG_CAN: &str = "123465";
/// As the card's chip has it.
pub const NAME: [&str; 3] = ["ҮЛГІБЕКОВА", "САУЛЕ", "ҚАНАТҚЫЗЫ"];
/// What the next citizen must not see.
pub const PERSONAL: [&str; 7] = [
    IIN,
    PHONE,
    NAME[0],
    NAME[1],
    NAME[2],
    EMAIL_TYPED,
    "saule.u@gmail.com",
];

/// The office, the authority and a slow machine together may take so long.
const LONG: Duration = Duration::from_secs(120);

pub struct Citizen<'a> {
    pub(super) driver: Driver,
    language: Language,
    out: PathBuf,
    summary: &'a mut Summary,
    pictures: u32,
    /// The key goes onto a token instead of a file.
    token: bool,
    pub receipt_code: Option<String>,
    /// The last one typed: the message with the next may still be on its way.
    code_typed: Option<String>,
}

impl<'a> Citizen<'a> {
    pub fn new(
        driver: Driver,
        language: Language,
        out: &Path,
        token: bool,
        summary: &'a mut Summary,
    ) -> Self {
        Self {
            driver,
            language,
            out: out.into(),
            summary,
            pictures: 0,
            token,
            receipt_code: None,
            code_typed: None,
        }
    }

    /// Everything in one visit, with a link.
    pub fn enrol(&mut self, office: &Office) -> Result<()> {
        self.until_answers(office)?;
        self.storage()?;
        self.step("review", |c| {
            c.driver.touch_id("wait-here")?;
            c.picture("review")?;
            c.primary()
        })?;
        self.secret()?;
        self.step("issuing", |c| {
            c.driver.wait_for("phase-current")?;
            c.picture("issuing")?;
            c.until("file-location", LONG, || office.approve_open().map(drop))
        })?;
        if self.token {
            self.try_signature()?;
        }
        self.step("receipt", Self::receipt)
    }

    /// Up to the e-mail address, with a link.
    pub(super) fn until_answers(&mut self, office: &Office) -> Result<()> {
        self.begin()?;
        self.step("phone", |c| {
            c.driver.wait_for("registered-phone")?;
            c.picture("phone")?;
            c.primary()
        })?;
        self.step("phone_code", |c| c.phone_code(office, "phone_code"))?;
        self.step("document", Self::document_by_chip)?;
        self.answers()
    }

    /// The first visit of one who finds the kiosk without a link.
    pub fn enrol_offline(&mut self) -> Result<()> {
        self.begin()?;
        self.step("phone", |c| {
            c.driver.wait_for_within("field-phone", LONG)?;
            c.driver.type_text(&PHONE[2..])?;
            c.picture("phone")?;
            c.primary()
        })?;
        self.step("document", Self::document_by_typing)?;
        self.answers()?;
        self.storage()?;
        self.step("review", |c| {
            c.driver.wait_for("primary")?;
            c.picture("review")?;
            c.primary()
        })?;
        self.secret()?;
        self.step("issuing", |c| {
            c.driver.wait_for("phase-current")?;
            c.picture("issuing")?;
            c.until("receipt-code", LONG, || Ok(()))
        })?;
        self.step("receipt", Self::receipt)
    }

    /// The second visit, once the office has decided.
    pub fn come_back(&mut self, office: &Office) -> Result<()> {
        self.until_storage(office)?;
        self.step("collect_password", |c| {
            c.driver.wait_for("field-key-password")?;
            c.driver.type_text(KEY_PASSWORD)?;
            c.picture("collect_password")?;
            c.primary()
        })?;
        self.collected()
    }

    /// Decision, receipt code, phone code, storage.
    pub(super) fn until_storage(&mut self, office: &Office) -> Result<()> {
        self.step("office_decides", |c| {
            let until = Instant::now() + LONG;
            while office.approve_open()?.is_empty() {
                if Instant::now() > until {
                    bail!("the submission never came");
                }
                c.driver.pump()?;
                std::thread::sleep(Duration::from_millis(300));
            }
            Ok(())
        })?;
        self.step("collect_code", |c| {
            c.speak()?;
            c.driver.touch_id("start-collect")?;
            c.driver.wait_for("field-receipt-code")?;
            let code = c
                .receipt_code
                .clone()
                .context("no receipt code was shown")?;
            c.driver.type_text(&code.replace('-', ""))?;
            c.picture("collect_code")?;
            c.primary()
        })?;
        self.step("collect_phone_code", |c| {
            c.phone_code(office, "collect_phone_code")
        })?;
        self.step("collect_storage", |c| {
            c.driver.wait_for("primary")?;
            c.picture("collect_storage")?;
            c.primary()
        })
    }

    pub(super) fn collected(&mut self) -> Result<()> {
        self.step("collecting", |c| c.until("file-location", LONG, || Ok(())))?;
        self.step("collected", |c| {
            c.picture("collected")?;
            c.primary()?;
            c.driver.wait_for("start").map(drop)
        })
    }

    /// Stands before the welcome screen until somebody takes the file away.
    pub fn stay_while(&mut self, file: &Path) -> Result<()> {
        std::fs::write(file, "")?;
        while file.exists() {
            self.pump_for(Duration::from_millis(100))?;
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<()> {
        self.step("welcome", |c| {
            // The camera is checked before anything else.
            c.driver.wait_for_within("start", LONG)?;
            c.speak()?;
            c.picture("welcome")?;
            c.driver.touch_id("start")
        })?;
        self.step("consent", |c| {
            c.driver.touch_id("agree")?;
            c.picture("consent")?;
            c.primary()
        })?;
        self.step("identity_number", |c| {
            c.driver.wait_for("field-identity-number")?;
            c.driver.type_text(IIN)?;
            c.picture("identity_number")?;
            c.primary()
        })
    }

    /// To the list of ways by which a document is entered.
    fn other_ways(&mut self) -> Result<()> {
        self.driver.wait_for("id-card")?;
        self.picture("document_kind")?;
        self.driver.touch_id("id-card")?;
        self.driver.wait_for("preview")?;
        self.picture("document_camera")?;
        self.driver.touch_id("other-ways")?;
        self.driver.wait_for("enter-typed")?;
        self.picture("document_ways")
    }

    /// The card's chip is read: nobody types what it knows.
    fn document_by_chip(&mut self) -> Result<()> {
        self.other_ways()?;
        self.driver.touch_id("enter-can")?;
        self.driver.wait_for("field-can")?;
        self.driver.type_text(WRONG_CAN)?;
        self.primary()?;
        self.pump_for(Duration::from_millis(500))?;
        self.picture("document_place")?;
        let card = self.out.join(CARD);
        self.driver.mark("card-in")?;
        std::fs::write(&card, "")?;
        // Said by the field, and mended there with the card where it is.
        self.until("field-problem", LONG, || Ok(()))?;
        self.picture("document_can_wrong")?;
        for _ in 0..CAN.len() {
            self.driver.touch_id("key-backspace")?;
        }
        self.driver.type_text(CAN)?;
        self.picture("document_can")?;
        self.primary()?;
        self.pump_for(Duration::from_millis(600))?;
        self.picture("document_reading")?;
        self.until("holder-surname", LONG, || Ok(()))?;
        self.picture("document")?;
        let shown = self.driver.words();
        for name in NAME {
            ensure!(
                shown.iter().any(|words| words == name),
                "the chip's {name} is not shown"
            );
        }
        ensure!(
            self.driver.find("portrait").is_some(),
            "the chip's portrait is not shown"
        );
        self.primary()?;
        self.driver.mark("card-out")?;
        std::fs::remove_file(&card)?;
        Ok(())
    }

    /// Of a document that cannot be read: number and names as they stand there.
    fn document_by_typing(&mut self) -> Result<()> {
        self.other_ways()?;
        self.driver.touch_id("enter-typed")?;
        for (field, text) in [
            ("field-surname", NAME[0]),
            ("field-given-name", NAME[1]),
            ("field-patronymic", NAME[2]),
            ("field-document-number", "000000000"),
        ] {
            self.driver.touch_id(field)?;
            self.driver.type_text(text)?;
        }
        self.picture("document")?;
        self.primary()
    }

    /// From the selfie to the e-mail address.
    fn answers(&mut self) -> Result<()> {
        self.step("selfie", |c| {
            c.driver.wait_for("preview")?;
            c.driver
                .wait_for_within("primary", Duration::from_secs(30))?;
            c.picture("selfie")?;
            c.primary()?;
            c.driver.wait_for("picture-taken")?;
            c.picture("selfie_taken")?;
            c.primary()
        })?;
        self.step("liveness", |c| {
            c.driver.wait_for("preview")?;
            c.driver
                .wait_for_within("primary", Duration::from_secs(30))?;
            c.picture("liveness")?;
            c.primary()?;
            c.pump_for(Duration::from_millis(700))?;
            c.picture("liveness_prompt")?;
            c.driver.wait_for_within("primary", LONG)?;
            c.picture("liveness_done")?;
            c.primary()
        })?;
        self.step("account_pin", |c| {
            c.driver.touch_id("field-account-pin")?;
            c.driver.type_text(ACCOUNT_PIN)?;
            c.driver.touch_id("field-account-pin-again")?;
            c.driver.type_text(ACCOUNT_PIN)?;
            c.picture("account_pin")?;
            c.primary()
        })?;
        self.step("document_photo", |c| {
            c.driver.touch_id("field-cabinet-pin")?;
            c.driver.type_text(ACCOUNT_PIN)?;
            c.picture("cabinet")?;
            c.primary()?;
            c.driver.touch_id("photo-from-drive")?;
            c.driver.wait_for("file-0")?;
            c.picture("document_photo_files")?;
            c.driver.touch_id("file-0")?;
            c.driver
                .wait_for_within("picture-taken", Duration::from_secs(30))?;
            c.picture("document_photo")?;
            c.primary()
        })?;
        self.email()
    }

    /// The place for the key.
    fn storage(&mut self) -> Result<()> {
        match self.token {
            true => self.choose_token(),
            false => self.file_on_drive(),
        }
    }

    pub(super) fn email(&mut self) -> Result<()> {
        self.step("email", |c| {
            c.driver.wait_for("field-email")?;
            c.driver.type_text(EMAIL_TYPED)?;
            c.primary()?;
            c.driver.wait_for("accept-suggestion")?;
            c.picture("email")?;
            c.driver.touch_id("accept-suggestion")?;
            c.pump_for(Duration::from_millis(300))?;
            if c.driver.find("field-email").is_some() {
                c.primary()?;
            }
            Ok(())
        })
    }

    pub(super) fn file_on_drive(&mut self) -> Result<()> {
        self.step("storage", |c| {
            c.driver.touch_id("storage-pkcs12")?;
            c.picture("storage")?;
            c.primary()
        })?;
        self.step("storage_location", |c| {
            c.driver.touch_id("folder-0")?;
            c.driver.wait_for("folder-up")?;
            c.picture("storage_location")?;
            c.primary()
        })
    }

    /// The password of the file or the PIN of the token.
    fn secret(&mut self) -> Result<()> {
        if self.token {
            return self.token_pin();
        }
        self.step("key_password", Self::key_password)
    }

    pub(super) fn wait_until_empty(&mut self, id: &str) -> Result<()> {
        let begun = Instant::now();
        while !self.driver.wait_for(id)?.value.is_empty() {
            ensure!(begun.elapsed() < LONG, "`{id}` is not emptied");
            self.pump_for(Duration::from_millis(50))?;
        }
        Ok(())
    }

    pub(super) fn has_token(&self) -> bool {
        self.token
    }

    pub(super) fn key_password(&mut self) -> Result<()> {
        self.driver.touch_id("field-key-password")?;
        self.driver.type_text(KEY_PASSWORD)?;
        self.driver.touch_id("field-key-password-again")?;
        self.driver.type_text(KEY_PASSWORD)?;
        self.picture("key_password")?;
        self.primary()
    }

    /// The last visit's language went with its citizen.
    pub(super) fn speak(&mut self) -> Result<()> {
        self.driver
            .touch_id(&format!("language-{}", self.language.code()))
    }

    pub(super) fn phone_code(&mut self, office: &Office, name: &str) -> Result<()> {
        self.driver.wait_for_within("field-phone-code", LONG)?;
        let until = Instant::now() + Duration::from_secs(20);
        let code = loop {
            let newest = office.newest_code(PHONE)?;
            if let Some(code) = newest.filter(|code| self.code_typed.as_ref() != Some(code)) {
                break code;
            }
            if Instant::now() > until {
                bail!("no message came");
            }
            self.pump_for(Duration::from_millis(200))?;
        };
        self.driver.mark("code-begins")?;
        self.driver.type_text(&code)?;
        self.driver.mark("code-ends")?;
        self.code_typed = Some(code);
        self.picture(name)?;
        // The last digit may have sent it already.
        if self.driver.find("field-phone-code").is_some() {
            self.primary()?;
        }
        Ok(())
    }

    pub(super) fn receipt(&mut self) -> Result<()> {
        self.receipt_code = self.driver.find("receipt-code").map(|seen| seen.label);
        self.picture("receipt")?;
        self.primary()?;
        self.driver.wait_for("start").map(drop)
    }

    pub(super) fn primary(&mut self) -> Result<()> {
        self.driver.touch_id("primary")
    }

    /// Waits for an element while the world goes on.
    pub(super) fn until(
        &mut self,
        id: &str,
        patience: Duration,
        mut meanwhile: impl FnMut() -> Result<()>,
    ) -> Result<()> {
        let begun = Instant::now();
        while self.driver.find(id).is_none() {
            if begun.elapsed() > patience {
                let ids: Vec<String> = self.driver.seen().into_iter().map(|s| s.id).collect();
                bail!("`{id}` did not come; there are: {}", ids.join(", "));
            }
            self.note_saved()?;
            meanwhile()?;
            self.pump_for(Duration::from_millis(250))?;
        }
        self.note_saved()
    }

    fn note_saved(&self) -> Result<()> {
        if ["saved", "receipt-code"]
            .into_iter()
            .any(|id| self.driver.find(id).is_some())
        {
            std::fs::write(self.out.join(SAVED), "")?;
        }
        Ok(())
    }

    /// A moment for what was touched to show.
    pub(super) fn pause(&mut self) -> Result<()> {
        self.pump_for(Duration::from_millis(100))
    }

    pub(super) fn note(&mut self, name: &str, started: Instant, outcome: &Result<()>) {
        if outcome.is_err() {
            // What the person saw when it went wrong.
            let _ = self.picture(&format!("failed_{name}"));
        }
        self.summary.note(name, started, outcome);
    }

    fn pump_for(&mut self, time: Duration) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < time {
            self.driver.pump()?;
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    pub(super) fn picture(&mut self, name: &str) -> Result<()> {
        self.pictures += 1;
        self.pump_for(Duration::from_millis(200))?;
        let file = format!("{:02}_{name}.png", self.pictures);
        self.driver.screenshot(&self.out.join(file))
    }

    pub(super) fn step(
        &mut self,
        name: &str,
        walk: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let started = Instant::now();
        let outcome = walk(self).with_context(|| format!("step {name}"));
        self.note(name, started, &outcome);
        outcome
    }
}
