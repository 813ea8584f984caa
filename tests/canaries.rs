//! Nothing of a citizen is left in the clear: not in the kiosk's data directory during
//! and after a visit, not in the kiosk's memory after it. Only the office can open
//! what was sent.
#![cfg(feature = "headless")]

mod support;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::canary::{self, Needle, Slices};
use support::watch::Watched;
use support::{WALKTHROUGH, build_office_and_worker, memory, office, submissions};

/// In the walkthrough's environment, hence in its memory: if this is not found,
/// the search is at fault.
const PLANTED: &str = "qulyn-torgai-5519";
/// A walk takes half a minute; a busy machine may take longer.
const PATIENCE: Duration = Duration::from_secs(240);

struct Walk {
    process: Child,
    folder: tempfile::TempDir,
}

impl Walk {
    fn start() -> Self {
        build_office_and_worker();
        let folder = tempfile::tempdir().unwrap();
        let process = Command::new(WALKTHROUGH)
            .args(["--pace", "20", "--out"])
            .arg(folder.path())
            .arg("--pause-file")
            .arg(folder.path().join("paused"))
            .env("PLANTED", PLANTED)
            .stdout(Stdio::inherit())
            .spawn()
            .unwrap();
        Self { process, folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Waits until the welcome screen is back, looking around meanwhile.
    fn until_welcome_is_back(&mut self, mut look: impl FnMut()) {
        let begun = Instant::now();
        while !self.path().join("paused").exists() {
            look();
            assert!(
                self.process.try_wait().unwrap().is_none(),
                "the walk failed"
            );
            assert!(begun.elapsed() < PATIENCE, "the walk takes too long");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn end(&mut self) {
        std::fs::remove_file(self.path().join("paused")).unwrap();
        assert!(self.process.wait().unwrap().success(), "the walk failed");
    }
}

impl Drop for Walk {
    fn drop(&mut self) {
        // It ends by itself when it need not wait any longer, and the office with it.
        let _ = std::fs::remove_file(self.folder.path().join("paused"));
        let _ = self.process.wait();
    }
}

/// One walk for all: each look needs the same enrolment.
#[test]
fn nothing_of_a_citizen_stays_in_the_clear() {
    let mut walk = Walk::start();
    let data = walk.path().join("kiosk-data");
    let mut watched = Watched::new(&data);
    walk.until_welcome_is_back(|| watched.look());
    watched.look();
    assert!(
        watched.looks > 20,
        "the directory was looked at {} times only",
        watched.looks
    );

    let in_memory = look_into_memory(&walk);
    walk.end();
    watched.look();

    let captured = what_the_office_opens(walk.path());
    without_the_key_nothing_opens(walk.path());
    look_into_directory(&mut watched, &data, &captured);
    assert!(
        in_memory.is_empty(),
        "in the kiosk's memory:\n{}",
        in_memory.join("\n")
    );
}

/// What is found in the memory of kiosk and worker, a line each.
fn look_into_memory(walk: &Walk) -> Vec<String> {
    let kiosk = walk.process.id();
    let mut processes = vec![(kiosk, "kiosk".to_owned())];
    // It ends with the session; where one still runs it is the kiosk's memory too.
    let workers = memory::descendants(kiosk);
    processes.extend(
        workers
            .into_iter()
            .filter(|(_, name)| name == "kiosk-worker"),
    );

    let mut needles = canary::texts();
    needles.extend(canary::of_text("planted", PLANTED));
    let mut lines = Vec::new();
    let mut planted = false;
    for (process, name) in processes {
        for region in memory::image(process).unwrap() {
            for (needle, at) in canary::find(&needles, &region.bytes) {
                if needle.starts_with("planted") {
                    planted = true;
                    continue;
                }
                lines.push(format!(
                    "{name}: {needle} in {} at {:#x}: {}",
                    region.name,
                    region.start + at as u64,
                    surroundings(&region.bytes, at),
                ));
            }
        }
    }
    assert!(
        planted,
        "the planted text is not found: the search is at fault"
    );
    lines
}

/// What stands around a find, so that its origin can be told.
fn surroundings(bytes: &[u8], at: usize) -> String {
    let around = &bytes[at.saturating_sub(64)..(at + 96).min(bytes.len())];
    String::from_utf8_lossy(around).replace(|c: char| c.is_control(), ".")
}

/// All parts, opened by the operations key: name and bytes of the captured files.
fn what_the_office_opens(walk: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let opened = walk.join("opened");
    office(walk, &["open", &submission(walk), opened.to_str().unwrap()]).unwrap();
    let read =
        |name: &str| std::fs::read(opened.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    let form = String::from_utf8(read("form.json")).unwrap();
    for (name, text) in [
        ("IIN", "880412401006"),
        ("e-mail", "saule.u@gmail.com"),
        ("name", "САУЛЕ"),
    ] {
        assert!(form.contains(text), "the form has no {name}");
    }
    assert!(!read("csr.der").is_empty());
    assert!(!read("chip_data.json").is_empty());
    assert_eq!(read("account_pin.txt"), b"274916");
    ["selfie.jpg", "document_photo.jpg", "video.mkv"]
        .map(|name| (name, read(name)))
        .into()
}

fn submission(walk: &Path) -> String {
    let all = submissions(walk);
    assert_eq!(all.len(), 1, "one enrolment is one submission");
    all[0]["id"].as_str().unwrap().to_owned()
}

/// Somebody else's key opens no part of it.
fn without_the_key_nothing_opens(walk: &Path) {
    let other = walk.join("other");
    let made = other.join("office");
    std::fs::create_dir_all(&other).unwrap();
    office(
        &other,
        &["init", made.to_str().unwrap(), "--listen", "127.0.0.1:0"],
    )
    .unwrap();
    let identity = find_file(&made, "operations").expect("an office has an operations identity");
    let folder = walk.join("not-opened");
    let arguments = [
        "open",
        &submission(walk),
        folder.to_str().unwrap(),
        "--identity",
        identity.as_str(),
    ];
    let refused = office(walk, &arguments);
    assert!(refused.is_err(), "another key opened {refused:?}");
    let left = std::fs::read_dir(&folder)
        .map(|entries| entries.count())
        .unwrap_or(0);
    assert_eq!(left, 0, "another key left files");
}

/// The secret file of this name, wherever below.
fn find_file(folder: &Path, name: &str) -> Option<String> {
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if let Some(found) = find_file(&path, name) {
                return Some(found);
            }
        } else if path.file_name()?.to_str()?.contains(name)
            && std::fs::read_to_string(&path).is_ok_and(|text| text.contains("AGE-SECRET-KEY-"))
        {
            return path.to_str().map(str::to_owned);
        }
    }
    None
}

fn look_into_directory(watched: &mut Watched, data: &Path, captured: &[(&'static str, Vec<u8>)]) {
    let mut slices = Slices::default();
    for (name, bytes) in captured {
        assert!(
            bytes.len() > 20_000,
            "{name} is too small to be what the camera saw"
        );
        slices.add(name, bytes);
    }
    let needles: Vec<Needle> = canary::texts().into_iter().chain(canary::marks()).collect();
    let mut found = Vec::new();
    for (path, bytes) in watched.contents() {
        let hits = canary::find(&needles, bytes)
            .into_iter()
            .chain(slices.find(bytes));
        found.extend(hits.map(|(name, at)| format!("{name} in {} at {at}", path.display())));
    }
    assert!(
        watched.bytes() > 200_000,
        "the sealed parts were never seen"
    );
    assert!(
        found.is_empty(),
        "in the kiosk's data directory:\n{}",
        found.join("\n")
    );

    // The same search finds what is there: a text, and a piece of each capture.
    let mut planted = b"...".to_vec();
    planted.extend("Kilt2026".encode_utf16().flat_map(u16::to_le_bytes));
    for (_, bytes) in captured {
        let middle = bytes.len() / 2;
        planted.extend_from_slice(&bytes[middle..middle + 31]);
        planted.push(0);
    }
    std::fs::write(data.join("planted.tmp"), &planted).unwrap();
    watched.look();
    let (_, bytes) = watched
        .contents()
        .find(|(path, _)| path.ends_with("planted.tmp"))
        .expect("a new file is seen");
    assert!(
        canary::find(&needles, bytes)
            .iter()
            .any(|(n, _)| n == "key password in UTF-16LE")
    );
    for (name, _) in captured {
        let hits = slices.find(bytes);
        assert!(
            hits.iter().any(|(found, _)| found.starts_with(name)),
            "no slice of {name}"
        );
    }
}
