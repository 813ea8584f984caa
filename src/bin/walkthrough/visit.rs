//! Office, kiosk and citizen put together; the steps noted as they end.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use exchange::Secret;
use kiosk::config::{self, Config};
use kiosk::devices::card_reader::simulated::document;
use kiosk::run::Kiosk;
use kiosk::session::event::Event;
use kiosk::sync::{Identity, OfficeClient, Provisioning, TimeFloor};
use kiosk::ui::headless::Driver;
use kiosk::ui::{Stage, WindowSize};

use super::Arguments;
use super::checks;
use super::journey::{self, Citizen};
use super::office::Office;
use super::revocation;
use super::summary::Summary;
use super::technician::{self, Technician};
use super::token;

const KIOSK: &str = "demo-1";
/// What lies in the folder of a walk.
pub const DATA: &str = "kiosk-data";
const DRIVE: &str = "usb";
/// Layers of the configuration, of a kiosk that is set up.
const LOCAL: &str = "local";
/// The state of the simulated document, for office and kiosk to believe in.
const CSCA_FILE: &str = "csca.der";
const FACE_FILE: &str = "camera.png";
/// The same face, upright, on the card's chip.
const CARD_FACE_FILE: &str = "card.jpg";
/// What the simulated camera sees: a NASA portrait in the public domain.
const FACE: &[u8] = include_bytes!("../../../tests/fixtures/camera/astronaut-selfie.jpg");
/// What lies on the citizen's drive: a drawn specimen.
const DOCUMENT: &[u8] = include_bytes!("../../../tests/fixtures/specimen_id_card.jpg");

/// # Errors
/// The walk cannot even begin; a step that fails is in the summary.
pub fn walk(arguments: &Arguments) -> anyhow::Result<Summary> {
    let out = &arguments.out;
    fs::create_dir_all(out)?;
    let out = &out.canonicalize()?;
    let size = WindowSize::parse(&arguments.size)
        .with_context(|| format!("{}: a size is 1080x1920 or 1280x800", arguments.size))?;
    let scene = Scene::set(arguments, out)?;
    let mut summary = Summary {
        language: arguments.lang.code().into(),
        size: arguments.size.clone(),
        offline: arguments.offline,
        kiosk_data: scene.config.data_dir.clone(),
        ..Summary::default()
    };
    let walked = scene.walk(arguments, size, out, &mut summary);
    if let Err(e) = &walked {
        // A step that failed is noted as such already; this is what lies outside of them.
        if summary.all_ok() {
            summary.note("walk", Instant::now(), &Err(anyhow::anyhow!("{e:#}")));
        }
    }
    summary.write(out)?;
    Ok(summary)
}

/// The office's program: the one asked for, or the one beside this program.
pub fn office_program(arguments: &Arguments) -> anyhow::Result<PathBuf> {
    program(arguments.office_bin.as_ref(), "office")
}

fn program(given: Option<&PathBuf>, name: &str) -> anyhow::Result<PathBuf> {
    match given {
        Some(given) => Ok(given.clone()),
        None => Ok(std::env::current_exe()?.with_file_name(name)),
    }
}

/// The kiosk that lives in this folder, with simulated devices.
pub fn config(arguments: &Arguments, out: &Path, office: &Office) -> anyhow::Result<Config> {
    let defaults = config::Session::default();
    Ok(Config {
        data_dir: out.join(DATA),
        office: config::Office {
            url: office.url(),
            ca_file: office.ca_file(),
            heartbeat_seconds: Some(30),
        },
        // The walk is the same on every machine.
        tpm: config::Tpm::None,
        camera: config::Camera::Simulated {
            file: arguments
                .face
                .clone()
                .unwrap_or_else(|| out.join(FACE_FILE)),
            fault_file: None,
        },
        card_reader: config::CardReader::Simulated {
            insert_after_millis: 0,
            card_file: Some(out.join(journey::CARD)),
            // The specimen's own, which is the citizen's: nothing of it stays in the
            // configuration.
            iin: None,
            portrait: Some(out.join(CARD_FACE_FILE)),
        },
        document: config::Document {
            csca: Some(out.join(CSCA_FILE)),
        },
        token_writer: config::TokenWriter::Simulated {
            file: out.join(token::MEMORY),
            inserted_file: Some(out.join(token::INSERTED)),
            card: arguments.card,
        },
        usb: config::Usb {
            root: out.join(DRIVE),
            root_is_drive: true,
        },
        panel: config::Panel::Simulated(out.join("panel.png")),
        maintenance: config::Maintenance {
            card: match arguments.maintain {
                true => config::TechniciansCard::Simulated {
                    key: out.join(technician::KEY),
                    certificate: out.join(technician::CERTIFICATE),
                    inserted_file: Some(out.join(technician::INSERTED)),
                },
                false => config::TechniciansCard::default(),
            },
            ..config::Maintenance::default()
        },
        session: config::Session {
            liveness_seconds_each: (defaults.liveness_seconds_each
                / arguments.pace.clamp(1.0, 20.0))
            .max(0.3),
            ..defaults
        },
        worker: Some(program(arguments.worker_bin.as_ref(), "kiosk-worker")?),
        ..Config::default()
    })
}

struct Scene {
    office: Office,
    config: Config,
    drive: PathBuf,
}

impl Scene {
    /// A fresh office, a provisioned kiosk's data, and a drive with a picture on it.
    fn set(arguments: &Arguments, out: &Path) -> anyhow::Result<Self> {
        let state = out.join("office");
        let data_dir = out.join(DATA);
        let drive = out.join(DRIVE);
        for old in [&state, &data_dir, &drive, &out.join(LOCAL)] {
            if old.exists() {
                fs::remove_dir_all(old)?;
            }
        }
        for old in [
            journey::CARD,
            token::INSERTED,
            token::MEMORY,
            technician::INSERTED,
        ] {
            if out.join(old).exists() {
                fs::remove_file(out.join(old))?;
            }
        }
        if arguments.token || arguments.card {
            fs::write(out.join(token::INSERTED), "")?;
        }
        fs::create_dir_all(drive.join(journey::FOLDER))?;
        fs::write(drive.join("zheke-kualik.jpg"), DOCUMENT)?;
        fs::write(out.join(FACE_FILE), FACE)?;
        let face = portrait::Picture::decode(FACE)?;
        let upright = face.crop(face.centred(3, 4))?;
        let upright = portrait::jpeg::encode(&upright, 90)?;
        fs::write(out.join(CARD_FACE_FILE), upright.bytes())?;
        let csca = out.join(CSCA_FILE);
        fs::write(&csca, document::authority()?.csca_der())?;
        let mut office = Office::init(&office_program(arguments)?, &state, &csca)?;
        office.start()?;
        let mut config = config(arguments, out, &office)?;
        if arguments.maintain {
            // Nobody's: which office it is to be of, the technician's drive says.
            let named = std::mem::take(&mut config.office);
            fs::create_dir_all(out.join(LOCAL))?;
            fs::write(
                out.join(LOCAL).join("kiosk.toml"),
                "[office]\nheartbeat_seconds = 30\n",
            )?;
            config.layers = ["image.toml", "office.toml", "kiosk.toml"]
                .map(|layer| out.join(LOCAL).join(layer))
                .into();
            technician::carry(&office.add_kiosk(KIOSK)?, &named, &drive)?;
            technician::make_card(&office, out)?;
        } else {
            provision(&config, &office)?;
        }
        Ok(Self {
            office,
            config,
            drive,
        })
    }

    fn walk(
        mut self,
        arguments: &Arguments,
        size: WindowSize,
        out: &Path,
        summary: &mut Summary,
    ) -> anyhow::Result<()> {
        if arguments.offline {
            self.office.stop()?;
        }
        let mut driver = Driver::new(size)?;
        if arguments.keyboard {
            driver.use_keyboard();
        }
        if let Some(folder) = &arguments.record {
            driver.record(folder)?;
        }
        if arguments.maintain {
            return self.maintain(arguments, size, out, driver, summary);
        }
        let kiosk = self.begin(&driver, size)?;
        let mut citizen = Citizen::new(driver, arguments.lang, out, arguments.token, summary);
        let outcome = if arguments.offline {
            citizen.enrol_offline().and_then(|()| {
                self.office.start()?;
                citizen.come_back(&self.office)
            })
        } else if arguments.card {
            let enrolled = citizen.enrol_for_card(&self.office);
            enrolled.and_then(|()| citizen.come_back_with_card(&self.office))
        } else {
            let enrolled = citizen.enrol(&self.office);
            let renewed = enrolled.and_then(|()| match arguments.renew {
                true => citizen.renew(&self.office),
                false => Ok(()),
            });
            renewed.and_then(|()| match arguments.revoke {
                true => citizen.revoke(&self.office),
                false => Ok(()),
            })
        };
        if let (Ok(()), Some(file)) = (&outcome, &arguments.pause_file) {
            citizen.stay_while(file)?;
        }
        let receipt_code = citizen.receipt_code.take();
        drop(citizen);
        drop(kiosk);
        Stage::clear();
        summary.receipt_code = receipt_code;
        outcome?;
        let serials = self.check(out, arguments, summary)?;
        match arguments.revoke {
            true => self.check_revoked(&serials, summary),
            false => Ok(()),
        }
    }

    fn begin(&self, driver: &Driver, size: WindowSize) -> anyhow::Result<Kiosk> {
        let stage = Arc::new(driver.ui().on_stage(size));
        let kiosk = Kiosk::start(self.config.clone(), exchange::Language::Kk, stage)?;
        let events = kiosk.events();
        driver
            .ui()
            .on_touch(move |touch| events.send(Event::Touch(touch)));
        Ok(kiosk)
    }

    /// A kiosk of no office, then the same one of this office.
    fn maintain(
        &mut self,
        arguments: &Arguments,
        size: WindowSize,
        out: &Path,
        driver: Driver,
        summary: &mut Summary,
    ) -> anyhow::Result<()> {
        let kiosk = self.begin(&driver, size)?;
        let walker = Citizen::new(driver, arguments.lang, out, false, summary);
        let mut technician = Technician::new(walker, out);
        technician.set_up(&self.office, KIOSK)?;
        // It ends by itself, to be started anew by the service manager.
        drop(kiosk);
        Stage::clear();
        self.config.office = Config::load(&self.config.layers).0.office;
        let kiosk = self.begin(technician.driver(), size)?;
        let outcome = technician.maintain(&self.office, KIOSK, &self.drive);
        drop(technician);
        drop(kiosk);
        Stage::clear();
        outcome
    }

    /// What came of it, seen from outside. Gives the certificates' serial numbers.
    fn check(
        &self,
        out: &Path,
        arguments: &Arguments,
        summary: &mut Summary,
    ) -> anyhow::Result<Vec<String>> {
        let started = Instant::now();
        let mut serials = Vec::new();
        let outcome = (|| {
            let submissions = self.office.submissions()?;
            let expected = 1 + usize::from(arguments.renew);
            ensure!(
                submissions.len() == expected,
                "{} submissions instead of {expected}",
                submissions.len()
            );
            summary.submission_id = submissions[0]["id"].as_str().map(str::to_owned);
            // Of one that was revoked since, the office does not say so any more.
            let collected = |s: &serde_json::Value| s["collected"] == true;
            ensure!(
                arguments.revoke || submissions.iter().all(collected),
                "the office knows of no confirmed certificate"
            );
            let pem = out.join("certificate.pem");
            let in_token = arguments.token || arguments.card;
            if in_token {
                token::check(&out.join(token::MEMORY), &pem)?;
                serials.push(checks::serial_number(&pem)?);
            }
            let folder = self.drive.join(journey::FOLDER);
            let files: Vec<PathBuf> = fs::read_dir(&folder)?
                .map(|e| e.map(|e| e.path()))
                .collect::<Result<_, _>>()?;
            let expected = usize::from(!in_token) + usize::from(arguments.renew);
            ensure!(
                files.len() == expected,
                "{} files in the citizen's folder instead of {expected}",
                files.len()
            );
            let password_file = out.join("p12-password.txt");
            fs::write(&password_file, journey::KEY_PASSWORD)?;
            for p12 in &files {
                checks::certificate_matches_key(p12, &password_file, &pem)?;
                serials.push(checks::serial_number(&pem)?);
            }
            summary.p12 = files.first().cloned();
            summary.p12_password_file = summary.p12.as_ref().map(|_| password_file);
            summary.certificate_pem = Some(pem);
            Ok(())
        })();
        summary.note("checked_with_openssl", started, &outcome);
        outcome.map(|()| serials)
    }

    fn check_revoked(&self, serials: &[String], summary: &mut Summary) -> anyhow::Result<()> {
        let started = Instant::now();
        let list = self.office.revocation_list();
        let outcome = revocation::check(&list, serials);
        summary.note("checked_revocation_list", started, &outcome);
        outcome
    }
}

/// As an administrator and a technician do: token in, words compared, confirmed.
fn provision(config: &Config, office: &Office) -> anyhow::Result<()> {
    let token = Secret::from(office.add_kiosk(KIOSK)?.as_str());
    let tpm = kiosk::run::tpm(&config.tpm);
    let identity = Identity::to_provision(&config.data_dir.join("identity"), &tpm)?;
    let floor = TimeFloor::open(config.data_dir.join("office-time.json"), None)?;
    let address = kiosk::run::office_config(&config.office)?;
    let client = OfficeClient::unprovisioned(&address, Arc::new(floor))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match client.provision(&identity, &token).await? {
            Provisioning::Awaiting { words, .. } => {
                ensure!(words == office.kiosk_words(KIOSK)?, "the words differ");
                office.confirm_kiosk(KIOSK)?;
            }
            Provisioning::Done => anyhow::bail!("confirmed before anybody compared"),
        }
        let until = Instant::now() + Duration::from_secs(10);
        while client.provision(&identity, &token).await? != Provisioning::Done {
            ensure!(Instant::now() < until, "never confirmed");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    })
}
