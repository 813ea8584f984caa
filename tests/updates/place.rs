//! An office, a kiosk and what the kiosk's machine has besides.

pub mod kiosk;
mod machine;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use exchange::Secret;
use kiosk::Kiosk;
use machine::Machine;
pub use machine::Start;
use serde_json::Value;

use crate::real_office::Office;
use ::kiosk::sync::{Identity, OfficeClient, Provisioning, TimeFloor, Tpm};

pub struct Place {
    pub office: Office,
    pub machine: Machine,
    pub kiosk: Option<Kiosk>,
    folder: tempfile::TempDir,
}

/// A bundle of so many bytes that the small rauc takes for ours.
pub fn genuine(length: usize) -> Vec<u8> {
    let byte = |n: usize| (n.wrapping_mul(31) >> 3) as u8;
    let mut bytes = b"genuine ".to_vec();
    bytes.extend((8..length).map(byte));
    bytes
}

/// Waits as long as it takes; a test that hangs is ended by whoever runs it.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Place {
    /// A kiosk that the office knows; `settings`: more of its configuration, TOML.
    pub fn new(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let office = Office::start(folder.path());
        let machine = Machine::start(folder.path());
        let place = Self {
            office,
            machine,
            kiosk: None,
            folder,
        };
        place.provision();
        place.configure(settings);
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn provision(&self) {
        let data = self.path("data");
        fs::create_dir(&data).unwrap();
        let added = self.office.run(&["kiosk", "add", "kiosk-7", "--json"]);
        let added: Value = serde_json::from_str(&added).unwrap();
        let token = Secret::from(added["token"].as_str().unwrap());
        let identity = Identity::to_provision(&data.join("identity"), &Tpm::none()).unwrap();
        let floor = TimeFloor::open(self.path("time.json"), None).unwrap();
        let client = OfficeClient::unprovisioned(&self.office.config(), Arc::new(floor)).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let provision = || {
            runtime
                .block_on(client.provision(&identity, &token))
                .unwrap()
        };
        assert!(matches!(provision(), Provisioning::Awaiting { .. }));
        self.office.run(&["kiosk", "confirm", "kiosk-7"]);
        assert_eq!(provision(), Provisioning::Done);
    }

    /// What the kiosk is to the office, and the way there.
    pub fn office_side(&self) -> (Identity, OfficeClient) {
        let identity = Identity::open(&self.path("data/identity"), &Tpm::none());
        let identity = identity.unwrap().unwrap();
        let credentials = identity.credentials().unwrap();
        let key = Some(&credentials.receipt_key);
        let floor = TimeFloor::open(self.path("time.json"), key).unwrap();
        let config = self.office.config();
        let client = OfficeClient::new(&config, credentials.clone(), Arc::new(floor));
        (identity, client.unwrap())
    }

    pub fn configure(&self, settings: &str) {
        self.office_at(&self.office.address, settings);
    }

    /// The office is reached at this address.
    pub fn office_at(&self, address: &str, settings: &str) {
        let camera = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures/camera/astronaut-selfie.jpg");
        fs::create_dir_all(self.path("usb")).unwrap();
        let text = format!(
            "data_dir = '{}'\ntpm = 'none'\nsteward = '{}'\n\
             [office]\nurl = 'https://{}'\nca_file = '{}'\n\
             [camera.simulated]\nfile = '{}'\n[card_reader.simulated]\n\
             [usb]\nroot = '{}'\nroot_is_drive = true\n\
             [storage]\nfloor_bytes = 1000000\nballast_bytes = 0\n{settings}",
            self.path("data").display(),
            self.machine.socket().display(),
            address,
            self.office.dir.join("public/tls_ca.pem").display(),
            camera.display(),
            self.path("usb").display(),
        );
        fs::write(self.path("kiosk.toml"), text).unwrap();
    }

    pub fn start_kiosk(&mut self) {
        self.kiosk = Some(Kiosk::start(self.folder.path()));
    }

    /// As a power cut would.
    pub fn kill_kiosk(&mut self) {
        self.kiosk = None;
    }

    /// What the kiosk leaves for whoever watches it.
    pub fn standing(&self) -> String {
        fs::read_to_string(self.path("run/standing")).unwrap_or_default()
    }

    pub fn await_standing(&self, line: &str) {
        eventually(line, || {
            self.standing().lines().any(|l| l == line).then_some(())
        });
    }

    /// Offers it; gives the update's number.
    pub fn offer(&self, version: &str, bytes: &[u8], window: &str) -> String {
        let path = self.path("offered.raucb");
        fs::write(&path, bytes).unwrap();
        let path = path.to_str().unwrap();
        let words = ["update", "add", path, "--version", version];
        let more = ["--window", window, "--json"];
        let added = self.office.run(&[&words[..], &more].concat());
        let added: Value = serde_json::from_str(&added).unwrap();
        added["id"].to_string()
    }

    /// What the kiosk told of this kind, newest first.
    pub fn told(&self, kind: &str) -> Vec<Value> {
        let told = self.office.run(&["kiosk", "told", "kiosk-7"]);
        let lines = told.lines().map(|l| serde_json::from_str(l).unwrap());
        lines.filter_map(|l: Value| l.get(kind).cloned()).collect()
    }

    /// Outcome and fault of each result, newest first.
    pub fn results(&self) -> Vec<(String, String)> {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let told = self.told("update_result");
        let of = told.iter().map(|r| &r["outcome"]);
        of.map(|o| (word(&o["outcome"]), word(&o["fault"])))
            .collect()
    }

    pub fn await_results(&self, wanted: &[(&str, &str)]) {
        let wanted: Vec<(String, String)> = wanted
            .iter()
            .map(|(outcome, fault)| ((*outcome).to_owned(), (*fault).to_owned()))
            .collect();
        eventually(&format!("{wanted:?}"), || {
            let results = self.results();
            assert!(results.len() <= wanted.len(), "{results:?}");
            (results == wanted).then_some(())
        });
    }

    pub fn alarms(&self) -> String {
        self.office.run(&["alarms"])
    }
}
