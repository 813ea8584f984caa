//! A technician's two visits: a new kiosk is set up with the office's token on a drive, then
//! looked through and tested with the card.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use exchange::{EmailAddress, HolderName, Iin, IinPolicy, KeyAlgorithm, StorageType};
use keystore::{PrivateKey, Subject, csr};
use kiosk::config;
use kiosk::ui::headless::Driver;
use x509_cert::der::pem::{LineEnding, encode_string};

use super::journey::{CARD, Citizen};
use super::office::Office;
use super::token;

/// Of the simulated card.
const PIN: &str = "314159";
const NAME: &str = "Сынақ Техник";
/// While this lies in the folder of the walk, the technician's card is in.
pub const INSERTED: &str = "technician";
pub const KEY: &str = "technician-key.pem";
pub const CERTIFICATE: &str = "technician.pem";
/// On the drive, for a new kiosk.
const TOKEN_FILE: &str = "qoltanba/provisioning-token";
const OFFICE_FILE: &str = "qoltanba/office.toml";

/// A slow machine, and people between.
const PATIENCE: Duration = Duration::from_secs(60);
const WORDS_COMPARED_WITHIN: Duration = Duration::from_secs(30);
/// Touches from the first screen to a kiosk of the office.
const MOST_TOUCHES: u32 = 10;

/// Pages that a door of the overview leads to, as their ids have them.
const PAGES: [&str; 9] = [
    "network",
    "queue",
    "storage-health",
    "update",
    "logs",
    "configuration",
    "time",
    "provisioning",
    "wipe",
];

/// Key and certificate of a technician, as the office's administrator makes them.
pub fn make_card(office: &Office, out: &Path) -> Result<()> {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
    let holder = HolderName::new("СЫНАҚ", "ТЕХНИК", "").map_err(anyhow::Error::msg)?;
    let draft = csr::Draft::new(
        Subject {
            holder: &holder,
            iin: &Iin::parse("880412401006", IinPolicy::Strict)?,
            email: &EmailAddress::parse("technician@example.kz")?,
        },
        StorageType::Piv,
        None,
        key.public(),
    )?;
    let signature = key.sign(draft.to_be_signed())?;
    let request = out.join("technician.csr");
    fs::write(&request, draft.signed(&signature)?)?;
    fs::write(
        out.join(CERTIFICATE),
        office.add_technician(NAME, &request)?,
    )?;
    let pem = encode_string("PRIVATE KEY", LineEnding::LF, &key.to_pkcs8()?)?;
    fs::write(out.join(KEY), pem)?;
    Ok(())
}

/// The office's token and its address, as `office kiosk add --drive` puts them, where a kiosk of nobody looks for them.
pub fn carry(token: &str, office: &config::Office, drive: &Path) -> Result<()> {
    let named = serde_json::json!({ "office": {
        "url": office.url,
        "ca": fs::read_to_string(&office.ca_file)?,
    } });
    let token_file = drive.join(TOKEN_FILE);
    fs::create_dir_all(token_file.parent().context("no folder")?)?;
    fs::write(token_file, token)?;
    Ok(fs::write(
        drive.join(OFFICE_FILE),
        toml::to_string(&named)?,
    )?)
}

pub struct Technician<'a> {
    walker: Citizen<'a>,
    out: PathBuf,
    touches: u32,
    /// What a device test last asked for, in the language of the walk.
    hint: String,
}

impl<'a> Technician<'a> {
    pub fn new(walker: Citizen<'a>, out: &Path) -> Self {
        Self {
            walker,
            out: out.into(),
            touches: 0,
            hint: String::new(),
        }
    }

    pub fn driver(&self) -> &Driver {
        &self.walker.driver
    }

    fn touch(&mut self, id: &str) -> Result<()> {
        self.touches += 1;
        self.walker.driver.touch_id(id)
    }

    fn step(&mut self, name: &str, walk: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let started = Instant::now();
        let outcome = walk(self).with_context(|| format!("step {name}"));
        self.walker.note(name, started, &outcome);
        outcome
    }

    /// From a kiosk that nobody knows to one that the office confirmed.
    pub fn set_up(&mut self, office: &Office, kiosk: &str) -> Result<()> {
        self.step("set_up", |t| {
            t.touches = 0;
            t.walker.driver.wait_for("set-up")?;
            t.walker.speak()?;
            t.walker.picture("not_provisioned")?;
            t.touch("set-up")?;
            t.touch("door-provisioning")?;
            t.walker.driver.wait_for("act-provision-from-drive")?;
            t.walker.picture("provisioning")?;
            t.touch("act-provision-from-drive")?;
            let until = Instant::now() + WORDS_COMPARED_WITHIN;
            loop {
                // The administrator reads them on the desk, the technician on the screen.
                let words = office.kiosk_words(kiosk).unwrap_or_default();
                let shown = t.walker.driver.words().join(" ");
                t.walker.driver.scroll(100.0)?;
                if !words.is_empty() && words.iter().all(|word| shown.contains(word)) {
                    break;
                }
                ensure!(Instant::now() < until, "the words are not shown");
                t.walker.driver.pump()?;
                std::thread::sleep(Duration::from_millis(50));
            }
            t.walker.picture("words_to_compare")?;
            // What came of it is said at the top.
            for _ in 0..3 {
                t.walker.driver.scroll(-10_000.0)?;
            }
            t.walker.driver.mark("words-compared")?;
            office.confirm_kiosk(kiosk)?;
            t.walker.until("outcome", PATIENCE, || Ok(()))?;
            t.walker.picture("provisioned")?;
            let touches = t.touches;
            ensure!(
                touches <= MOST_TOUCHES,
                "{touches} touches instead of {MOST_TOUCHES}"
            );
            Ok(())
        })
    }

    /// Card in, everything looked at, all devices tested, work order written.
    pub fn maintain(&mut self, office: &Office, kiosk: &str, drive: &Path) -> Result<()> {
        self.step("card_and_pin", Self::enter)?;
        for page in PAGES {
            self.step(&format!("page_{page}"), |t| t.look_at(page))?;
        }
        self.step("test_all_devices", |t| t.test_all(drive))?;
        self.step("report", |t| {
            t.touch("door-report")?;
            t.touch("act-report-to-drive")?;
            t.walker.until("outcome", PATIENCE, || Ok(()))?;
            t.walker.picture("report_to_drive")?;
            t.touch("act-report-to-office")?;
            t.settle()?;
            t.walker.until("outcome", PATIENCE, || Ok(()))?;
            t.walker.picture("report_to_office")?;
            t.back()
        })?;
        self.step("leave", |t| {
            t.touch("back")?;
            t.touch("done-cleaned")?;
            t.walker.picture("work_order")?;
            t.touch("primary")?;
            t.walker.until("start", PATIENCE, || Ok(()))
        })?;
        self.step("office_has_the_work_order", |t| {
            let until = Instant::now() + PATIENCE;
            loop {
                let told = office.told(kiosk)?;
                if told.contains("cleaned") && told.contains("inspected") {
                    return Ok(());
                }
                ensure!(Instant::now() < until, "the office has: {told}");
                t.walker.driver.pump()?;
                std::thread::sleep(Duration::from_millis(200));
            }
        })
    }

    fn enter(&mut self) -> Result<()> {
        self.walker.driver.wait_for("start")?;
        self.walker.speak()?;
        fs::write(self.out.join(INSERTED), "")?;
        self.walker
            .until("field-technician-pin", PATIENCE, || Ok(()))?;
        self.walker.picture("pin")?;
        self.walker.driver.type_text(PIN)?;
        self.touch("primary")?;
        self.walker.until("row-0", PATIENCE, || Ok(()))?;
        self.walker.picture("overview")
    }

    fn look_at(&mut self, page: &str) -> Result<()> {
        self.touch(&format!("door-{page}"))?;
        self.settle()?;
        self.walker.picture(page)?;
        self.back()
    }

    /// Until what was asked is answered.
    fn settle(&mut self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            self.walker.pause()?;
            if self.walker.driver.find("working").is_none() {
                return Ok(());
            }
            ensure!(Instant::now() < until, "it is still being worked on");
        }
    }

    fn back(&mut self) -> Result<()> {
        self.touch("back")?;
        self.settle()
    }

    fn test_all(&mut self, drive: &Path) -> Result<()> {
        // Whatever is put in waits outside, as it would in a technician's hand.
        let away = drive.with_extension("in-hand");
        fs::rename(drive, &away)?;
        self.touch("act-test-all")?;
        // The camera, judged by its picture.
        self.walker.until("judge-yes", PATIENCE, || Ok(()))?;
        self.hinted("camera")?;
        self.touch("judge-yes")?;
        self.hinted("reader")?;
        fs::write(self.out.join(CARD), "")?;
        self.hinted("writer")?;
        fs::remove_file(self.out.join(CARD))?;
        fs::write(self.out.join(token::INSERTED), "")?;
        self.hinted("drive")?;
        fs::rename(&away, drive)?;
        // Once written to, it is pulled out again.
        self.walker.until("fact-2", PATIENCE, || Ok(()))?;
        self.walker.picture("test_drive_pull")?;
        fs::rename(drive, &away)?;
        self.walker.until("cell-0", PATIENCE, || Ok(()))?;
        self.walker.picture("test_touch")?;
        let mut cell = 0;
        while self.walker.driver.find(&format!("cell-{cell}")).is_some() {
            self.touch(&format!("cell-{cell}"))?;
            cell += 1;
        }
        self.walker.until("colour-field", PATIENCE, || Ok(()))?;
        self.walker.picture("test_display")?;
        for _ in 0..5 {
            self.touch("judge-yes")?;
            self.walker.pause()?;
        }
        self.walker.until("judge-yes", PATIENCE, || Ok(()))?;
        self.walker.picture("test_panel")?;
        self.touch("judge-yes")?;
        self.walker.until("outcome", PATIENCE, || Ok(()))?;
        self.walker.picture("tested")?;
        fs::rename(&away, drive)?;
        // Drives are looked for once a second.
        for _ in 0..20 {
            self.walker.pause()?;
        }
        self.back()
    }

    /// The next thing to do with hands is asked for.
    fn hinted(&mut self, device: &str) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            let hint = self.walker.driver.find("hint").map(|seen| seen.label);
            if let Some(hint) = hint.filter(|hint| *hint != self.hint) {
                self.hint = hint;
                return self.walker.picture(&format!("test_{device}"));
            }
            ensure!(
                Instant::now() < until,
                "nothing is asked for at the {device}"
            );
            self.walker.pause()?;
        }
    }
}
