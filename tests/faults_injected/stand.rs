//! The real kiosk with a screen that keeps what it is shown, provisioned at a real office.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use exchange::{Language, Secret};
use faults::{Fault, Recovery};
use kiosk::config::{self, Config};
use kiosk::run::Kiosk;
use kiosk::session::view::Screen;
use kiosk::station::{Effect, effect};
use kiosk::sync::{Identity, OfficeClient, Provisioning, TimeFloor};

use super::office::{KIOSK, Office, program};
use super::recording_screen::{RecordingScreen, SOON};

/// What the simulated camera sees: a NASA portrait in the public domain.
const FACE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/camera/astronaut-selfie.jpg"
);
pub struct Stand {
    /// Before the folder it writes into.
    kiosk: Option<Kiosk>,
    pub office: Office,
    pub config: Config,
    shown: Arc<RecordingScreen>,
    dir: tempfile::TempDir,
}

impl Stand {
    /// An office that serves, and a kiosk that it knows. Nothing runs yet.
    pub fn new() -> Self {
        Self::at("127.0.0.1", "127.0.0.1")
    }

    /// The office listens at `ip`, and the kiosk looks for it at `host`.
    pub fn at(ip: &str, host: &str) -> Self {
        Self::with_keys_in(config::Tpm::None, ip, host)
    }

    /// The kiosk's keys are made in this TPM.
    pub fn with_tpm(tcti: String) -> Self {
        Self::with_keys_in(config::Tpm::Simulated(tcti), "127.0.0.1", "127.0.0.1")
    }

    fn with_keys_in(tpm: config::Tpm, ip: &str, host: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut office = Office::init(dir.path(), ip);
        office.serve();
        let config = Config {
            data_dir: dir.path().join("kiosk"),
            office: office.config(host),
            tpm,
            camera: config::Camera::Simulated {
                file: FACE.into(),
                fault_file: Some(dir.path().join("camera-fault")),
            },
            card_reader: config::CardReader::Simulated {
                insert_after_millis: 0,
                card_file: Some(dir.path().join("card")),
                iin: None,
                portrait: None,
            },
            usb: config::Usb {
                root: dir.path().join("drives"),
                root_is_drive: false,
            },
            storage: config::Storage {
                floor_bytes: 4 << 20,
                ballast_bytes: 1 << 20,
                ..config::Storage::default()
            },
            worker: Some(program("kiosk-worker")),
            ..Config::default()
        };
        std::fs::create_dir_all(&config.data_dir).unwrap();
        std::fs::create_dir(&config.usb.root).unwrap();
        let stand = Self {
            kiosk: None,
            office,
            config,
            shown: Arc::default(),
            dir,
        };
        stand.provision();
        stand
    }

    fn provision(&self) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let data = &self.config.data_dir;
        let tpm = kiosk::run::tpm(&self.config.tpm);
        let identity = Identity::to_provision(&data.join("identity"), &tpm).unwrap();
        let floor = TimeFloor::open(data.join("office-time.json"), None).unwrap();
        let config = kiosk::run::office_config(&self.config.office).unwrap();
        let client = OfficeClient::unprovisioned(&config, floor.into()).unwrap();
        let added = self.office.run(&["kiosk", "add", KIOSK, "--json"]);
        let added: serde_json::Value = serde_json::from_str(&added).unwrap();
        let token = Secret::from(added["token"].as_str().unwrap());
        runtime.block_on(async {
            client.provision(&identity, &token).await.unwrap();
            self.office.run(&["kiosk", "confirm", KIOSK]);
            let done = client.provision(&identity, &token).await.unwrap();
            assert_eq!(done, Provisioning::Done);
        });
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn data(&self) -> &Path {
        &self.config.data_dir
    }

    pub fn start(&mut self) {
        self.shown.clear();
        let screen = self.shown.clone();
        let kiosk = Kiosk::start(self.config.clone(), Language::Kk, screen).unwrap();
        self.kiosk = Some(kiosk);
    }

    pub fn stop(&mut self) {
        self.kiosk = None;
    }

    pub fn kiosk(&self) -> &Kiosk {
        self.kiosk.as_ref().unwrap()
    }

    /// Waits until the citizen sees a screen of this kind.
    pub fn sees(&self, what: &str, wanted: impl Fn(&Screen) -> bool) {
        self.shown.sees(what, |view| wanted(&view.screen));
    }

    /// Everything can be done, and nothing is said of this fault.
    pub fn well(&self, fault: Fault) {
        self.sees("well", |screen| {
            able(screen, [true; 3]) && !named(screen).contains(&fault)
        });
    }

    /// What a citizen finds by the fault's effect, in words of the table for each.
    pub fn told(&self, fault: Fault) {
        self.sees(&format!("{fault}"), |screen| {
            let is_named = named(screen).contains(&fault);
            match effect(fault) {
                Effect::Closes => is_named && matches!(screen, Screen::OutOfService { .. }),
                Effect::StopsApplying => {
                    is_named
                        && (able(screen, [false, true, true]) || able(screen, [false, true, false]))
                }
                Effect::Offline => is_named && able(screen, [true, false, false]),
                Effect::Degrades => is_named && able(screen, [true; 3]),
                Effect::BehindTheScenes => !is_named && able(screen, [true; 3]),
                Effect::OfOneVisit => panic!("{fault} does not stand"),
            }
        });
        self.in_the_table(fault);
    }

    /// Cause and remedy in three languages, the technician's part where one must come.
    pub fn in_the_table(&self, fault: Fault) {
        use faults::Language::{En, Kk, Ru};
        for (language, technician) in [(Kk, "Техник:"), (Ru, "Технику:"), (En, "Technician:")]
        {
            let text = fault.text(language);
            assert!(!text.cause.is_empty() && !text.remedy.is_empty(), "{fault}");
            let comes = fault.recovery() == Recovery::Technician;
            assert_eq!(text.remedy.contains(technician), comes, "{fault}");
        }
    }

    /// Waits until a heartbeat at the office says of this fault that it stands.
    pub fn office_hears(&self, fault: Fault) {
        self.office("never heard of", fault, |stand, _| stand);
    }

    /// The same of one that a link that is back tells of, or of one still there.
    pub fn office_heard(&self, fault: Fault) {
        self.office("never heard of the end of", fault, |stand, ended| {
            stand || ended
        });
    }

    /// Waits until no heartbeat says any more that it stands.
    pub fn office_hears_the_end(&self, fault: Fault) {
        self.office("always heard of", fault, |stand, _| !stand);
    }

    fn office(&self, not: &str, fault: Fault, wanted: impl Fn(bool, bool) -> bool) {
        let until = Instant::now() + SOON;
        loop {
            let (standing, ended) = self.office.heard();
            let has = |codes: &[String]| codes.iter().any(|code| code == fault.code());
            if wanted(has(&standing), has(&ended)) {
                return;
            }
            let late = Instant::now() > until;
            assert!(!late, "{not} {fault}; last: {standing:?}, {ended:?}");
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// A fault that comes while all is well, is seen by everybody, and ends by itself when
    /// its cause is gone.
    pub fn comes_and_goes(
        &mut self,
        fault: Fault,
        inject: impl FnOnce(&mut Self),
        mend: impl FnOnce(&mut Self),
    ) {
        if self.kiosk.is_none() {
            self.start();
        }
        self.well(fault);
        inject(self);
        self.told(fault);
        self.office_hears(fault);
        mend(self);
        self.well(fault);
        self.office_hears_the_end(fault);
    }
}

/// What the welcome offers: apply, collect, renew.
fn able(screen: &Screen, wanted: [bool; 3]) -> bool {
    match screen {
        Screen::Welcome {
            can_apply,
            can_collect,
            can_renew,
            ..
        } => [*can_apply, *can_collect, *can_renew] == wanted,
        _ => false,
    }
}

fn named(screen: &Screen) -> &[Fault] {
    match screen {
        Screen::Welcome { cannot, .. } => cannot,
        Screen::OutOfService { faults } => faults,
        _ => &[],
    }
}
