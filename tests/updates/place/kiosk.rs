//! The kiosk in a process of its own, so that it can be killed. Its touches come by its standard
//! input; it draws nothing.

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use ::kiosk::config::Config;
use ::kiosk::run::{self, Picture, Screen};
use ::kiosk::session::command::PreviewFor;
use ::kiosk::session::event::{Event, MediaHandle, Touch};
use ::kiosk::session::view::View;
use exchange::Language;

/// Where the process finds what was made for it.
const FOLDER: &str = "QOLTANBA_TEST_FOLDER";

pub struct Kiosk(Child);

impl Kiosk {
    pub fn start(folder: &Path) -> Self {
        let run = folder.join("run");
        std::fs::create_dir_all(&run).unwrap();
        // The service manager empties it.
        let _ = std::fs::remove_file(run.join("standing"));
        let mut log = std::fs::OpenOptions::new();
        let log = log.create(true).append(true).open(folder.join("kiosk.log"));
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "a_kiosk_by_itself", "--nocapture"])
            .env(FOLDER, folder)
            .env("RUNTIME_DIRECTORY", run)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log.unwrap())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// `begin`, `leave`
    pub fn touch(&mut self, what: &str) {
        let stdin = self.0.stdin.as_mut().unwrap();
        writeln!(stdin, "{what}").unwrap();
    }
}

impl Drop for Kiosk {
    fn drop(&mut self) {
        // SIGKILL
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The process itself.
pub fn run() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    tracing_subscriber::fmt()
        .with_env_filter("info")
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let layer = Path::new(&folder).join("kiosk.toml");
    let (config, bad) = Config::load(&[layer]);
    assert!(bad.is_empty(), "{bad:?}");
    let kiosk = run::Kiosk::start(config, Language::Kk, Arc::new(Dark)).unwrap();
    let events = kiosk.events();
    for line in std::io::stdin().lock().lines() {
        let touches = match line.unwrap().as_str() {
            "begin" => vec![Touch::StartRevoke],
            "leave" => vec![Touch::Cancel, Touch::ConfirmCancel],
            other => panic!("{other}"),
        };
        for touch in touches {
            events.send(Event::Touch(touch));
        }
    }
}

/// Draws at once, and nothing.
struct Dark;

impl Screen for Dark {
    fn preview_size(&self, _: PreviewFor) -> (u32, u32) {
        (16, 16)
    }

    fn show(&self, _: View) {}

    fn preview(&self, _: Picture) {}

    fn picture(&self, _: MediaHandle, _: Picture) {}

    fn forget_pictures(&self) {}

    fn when_drawn(&self, answer: Box<dyn FnOnce() + Send>) {
        answer();
    }
}
