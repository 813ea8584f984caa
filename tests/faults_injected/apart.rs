//! Processes and places of their own: mounts, clocks, programs that crash.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;

use exchange::Language;
use kiosk::config::Config;
use kiosk::run::{Kiosk, Picture, Screen};
use kiosk::session::command::PreviewFor;
use kiosk::session::event::MediaHandle;
use kiosk::session::view::View;

pub fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
}

/// In a shell, with paths as `$1` and so on.
pub fn sh(script: &str, paths: &[&Path]) {
    run(Command::new("sh").args(["-ec", script, "sh"]).args(paths));
}

/// A small disk of its own; only within a mount name space.
pub fn mount(folder: &Path) {
    sh(
        "mount -t tmpfs -o size=24m,mode=0755 none \"$1\"",
        &[folder],
    );
}

/// Says so where a program is not installed.
pub fn has(program: &str, argument: &str) -> bool {
    let found = Command::new(program)
        .arg(argument)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        eprintln!("NOT TESTED: {program} is not installed");
    }
    found
}

/// The wall clock of this process and of no other.
pub struct WallClock(PathBuf);

impl WallClock {
    /// `-20y`, as faketime(1) takes it.
    pub fn is_off_by(&self, offset: &str) {
        // As a whole: it is read at every look at the clock.
        let new = self.0.with_extension("new");
        std::fs::write(&new, offset).unwrap();
        std::fs::rename(new, &self.0).unwrap();
    }
}

const CLOCK_FILE: &str = "FAKETIME_TIMESTAMP_FILE";

/// Runs `body` in a second run of this program whose wall clock it sets; boot time goes on.
pub fn away_with_the_clock(test: &str, body: impl FnOnce(&WallClock)) {
    if let Some(file) = std::env::var_os(CLOCK_FILE) {
        return body(&WallClock(file.into()));
    }
    if !has("faketime", "--version") {
        return;
    }
    let library = std::fs::read_dir("/usr/lib")
        .unwrap()
        .flatten()
        .map(|entry| entry.path().join("faketime/libfaketimeMT.so.1"))
        .find(|path| path.exists())
        .expect("faketime's library");
    let dir = tempfile::tempdir().unwrap();
    let clock = WallClock(dir.path().join("clock"));
    clock.is_off_by("+0");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", test])
        .env("LD_PRELOAD", library)
        .env(CLOCK_FILE, &clock.0)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("NO_FAKE_STAT", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The configuration of a kiosk that is to crash.
const CRASHING: &str = "FAULTS_CRASHING";

/// Tells when the first view is shown.
struct First(mpsc::SyncSender<()>);

impl Screen for First {
    fn preview_size(&self, _: PreviewFor) -> (u32, u32) {
        (320, 240)
    }
    fn show(&self, _: View) {
        let _ = self.0.try_send(());
    }
    fn preview(&self, _: Picture) {}
    fn picture(&self, _: MediaHandle, _: Picture) {}
    fn forget_pictures(&self) {}
    fn when_drawn(&self, answer: Box<dyn FnOnce() + Send>) {
        answer();
    }
    fn close(&self) {}
}

/// In the run that is to crash: a kiosk that ends without a word once its screen is there.
pub fn crashing_child() -> bool {
    let Some(file) = std::env::var_os(CRASHING) else {
        return false;
    };
    let (config, bad) = Config::load(&[file.into()]);
    assert!(bad.is_empty(), "{bad:?}");
    let (shown, first) = mpsc::sync_channel(1);
    let _kiosk = Kiosk::start(config, Language::Kk, Arc::new(First(shown))).unwrap();
    first.recv().unwrap();
    std::process::abort();
}

/// One start that crashes.
pub fn crash(test: &str, config: &Config) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("kiosk.toml");
    std::fs::write(&file, toml::to_string(config).unwrap()).unwrap();
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", test])
        .env(CRASHING, &file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    use std::os::unix::process::ExitStatusExt;
    assert_eq!(ended.signal(), Some(6), "{ended}");
}
