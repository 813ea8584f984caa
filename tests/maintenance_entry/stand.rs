//! The real kiosk with a screen that keeps every view, at a real office.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use exchange::{Language, Secret};
use kiosk::config::{self, Config};
use kiosk::maintenance::{Do, MaintenanceView, Page};
use kiosk::run::Kiosk;
use kiosk::session::event::{Event, Field, Key, Touch};
use kiosk::session::view::{Screen, View};
use kiosk::sync::{Identity, OfficeClient, Provisioning, TimeFloor, Tpm};
use serde_json::Value;

use super::office::{KIOSK, Office, program};
use super::recording_screen::{RecordingScreen, SOON};

pub struct Stand {
    /// Before the folder it writes into.
    kiosk: Option<Kiosk>,
    pub office: Office,
    pub config: Config,
    shown: Arc<RecordingScreen>,
    dir: tempfile::TempDir,
}

impl Stand {
    /// An office that serves, and a kiosk that it does not know yet. Nothing runs.
    pub fn unknown() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut office = Office::init(dir.path(), "127.0.0.1");
        office.serve();
        let camera = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/camera/astronaut-selfie.jpg"
        );
        let mut config = Config {
            data_dir: dir.path().join("kiosk"),
            office: office.config("127.0.0.1"),
            tpm: config::Tpm::None,
            camera: config::Camera::Simulated {
                file: camera.into(),
                fault_file: None,
            },
            card_reader: config::CardReader::Simulated {
                insert_after_millis: 0,
                card_file: Some(dir.path().join("document")),
                iin: None,
                portrait: None,
            },
            usb: config::Usb {
                root: dir.path().join("drive"),
                root_is_drive: true,
            },
            storage: config::Storage {
                floor_bytes: 4 << 20,
                ballast_bytes: 1 << 20,
                ..config::Storage::default()
            },
            worker: Some(program("kiosk-worker")),
            steward: dir.path().join("no-steward"),
            layers: vec![dir.path().join("kiosk.toml")],
            ..Config::default()
        };
        config.maintenance.card = config::TechniciansCard::None;
        std::fs::create_dir_all(&config.data_dir).unwrap();
        std::fs::create_dir(&config.usb.root).unwrap();
        Self {
            kiosk: None,
            office,
            config,
            shown: Arc::default(),
            dir,
        }
    }

    /// The office knows the kiosk.
    pub fn new() -> Self {
        let stand = Self::unknown();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let data = &stand.config.data_dir;
        let identity = Identity::to_provision(&data.join("identity"), &Tpm::none()).unwrap();
        let floor = TimeFloor::open(data.join("office-time.json"), None).unwrap();
        let config = kiosk::run::office_config(&stand.config.office).unwrap();
        let client = OfficeClient::unprovisioned(&config, floor.into()).unwrap();
        let token = Secret::from(stand.token().as_str());
        runtime.block_on(async {
            client.provision(&identity, &token).await.unwrap();
            stand.office.run(&["kiosk", "confirm", KIOSK]);
            let done = client.provision(&identity, &token).await.unwrap();
            assert_eq!(done, Provisioning::Done);
        });
        stand
    }

    /// A one-use token for the kiosk.
    pub fn token(&self) -> String {
        let added = self.office.run(&["kiosk", "add", KIOSK, "--json"]);
        let added: Value = serde_json::from_str(&added).unwrap();
        added["token"].as_str().unwrap().to_owned()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn start(&mut self) {
        self.shown.clear();
        let screen = self.shown.clone();
        self.kiosk = Some(Kiosk::start(self.config.clone(), Language::Kk, screen).unwrap());
    }

    /// Starts, and waits until the office said whom it ended.
    pub fn start_with_list(&mut self) {
        self.start();
        self.until("there is a list of revoked technicians", |stand| {
            stand.config.data_dir.join("technicians.json").exists()
        });
    }

    pub fn stop(&mut self) {
        self.kiosk = None;
    }

    /// The kiosk asked to be started anew.
    pub fn ends(&self) {
        self.until("the kiosk ends", |stand| stand.shown.is_closed());
    }

    pub fn until(&self, what: &str, wanted: impl Fn(&Self) -> bool) {
        let until = Instant::now() + SOON;
        while !wanted(self) {
            assert!(Instant::now() < until, "never: {what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn touch(&self, touch: Touch) {
        let kiosk = self.kiosk.as_ref().unwrap();
        kiosk.events().send(Event::Touch(touch));
    }

    pub fn act(&self, what: Do) {
        self.touch(Touch::Maintain(what));
    }

    pub fn type_into(&self, field: Field, text: &str) {
        self.touch(Touch::Focus(field));
        for c in text.chars() {
            self.touch(Touch::Key(Key::Char(c)));
        }
    }

    pub fn enters_pin(&self, pin: &str) {
        self.type_into(Field::TechnicianPin, pin);
        self.touch(Touch::Next);
    }

    /// Waits until the screen shows something of this kind.
    pub fn sees(&self, what: &str, wanted: impl Fn(&View) -> bool) -> View {
        self.shown.sees(what, wanted)
    }

    pub fn sees_welcome(&self) {
        self.sees("the welcome screen", |view| {
            matches!(
                &view.screen,
                Screen::Welcome {
                    can_apply: true,
                    ..
                }
            )
        });
    }

    /// A page of maintenance mode whose work is done.
    pub fn sees_page(&self, page: Page) -> MaintenanceView {
        let view = self.sees(&format!("{page:?}"), |view| {
            of(view).is_some_and(|m| m.page == page && !m.working)
        });
        of(&view).unwrap().clone()
    }

    /// What came of what was just asked for by `ask`, behind its own "working".
    pub fn settles(&self, page: Page, ask: impl FnOnce(&Self)) -> MaintenanceView {
        let before = self.shown.views().len();
        ask(self);
        self.shown.finds("settled", |views| {
            let mut new = views[before..].iter().filter_map(of);
            let settled = |m: &&MaintenanceView| m.outcome.is_some() && !m.working;
            let last = views.last().and_then(of).filter(settled);
            let last = last.filter(|view| view.page == page)?;
            new.any(|m| m.working).then(|| last.clone())
        })
    }

    /// Every view of maintenance mode so far.
    pub fn maintenance_views(&self) -> Vec<MaintenanceView> {
        self.shown.views().iter().filter_map(of).cloned().collect()
    }

    pub fn work_orders(&self) -> Vec<Value> {
        self.told("work_order")
    }

    /// What the office has of this kind and whose signatures it verified.
    pub fn told(&self, kind: &str) -> Vec<Value> {
        let told = self.office.run(&["kiosk", "told", KIOSK]);
        let told = told.lines().map(|line| serde_json::from_str(line).unwrap());
        told.filter_map(|one: Value| one.get(kind).cloned())
            .collect()
    }

    pub fn office_has_work_order(&self) -> Value {
        self.until("the office has a work order", |stand| {
            !stand.work_orders().is_empty()
        });
        self.work_orders().remove(0)
    }
}

fn of(view: &View) -> Option<&MaintenanceView> {
    match &view.screen {
        Screen::Maintenance(maintenance) => Some(maintenance),
        _ => None,
    }
}
