//! A running office and a kiosk in miniature to talk to it.
#![allow(dead_code, reason = "each test file uses its own part of this")]

pub mod collection;
pub mod desk;
pub mod http;
pub mod in_hand;
pub mod kiosk;
pub mod late_key;
pub mod maintenance;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// The real binary, on ports of its own, in a folder that goes when this is dropped.
pub struct Office {
    folder: tempfile::TempDir,
    serving: Option<Child>,
    started: Value,
}

impl Office {
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// `change` edits `office.toml` before the start.
    pub fn start_with(change: impl Fn(&mut toml::Table)) -> Self {
        let mut office = Self {
            folder: tempfile::tempdir().unwrap(),
            serving: None,
            started: Value::Null,
        };
        let dir = office.dir().to_str().unwrap().to_owned();
        let listen = "127.0.0.1:0";
        let init = ["init", &dir, "--listen", listen, "--desk-listen", listen];
        office.command(&[&init[..], &["--demo-citizens"]].concat());
        let path = office.dir().join("office.toml");
        let mut settings: toml::Table =
            toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        change(&mut settings);
        std::fs::write(&path, toml::to_string(&settings).unwrap()).unwrap();
        office.serve();
        office
    }

    pub fn dir(&self) -> PathBuf {
        self.folder.path().join("office")
    }

    pub fn serve(&mut self) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_office"))
            .arg("serve")
            .arg(self.dir())
            .arg("--json")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        self.serving = Some(child);
        self.started = serde_json::from_str(&line).expect("one line of JSON");
    }

    /// Ends the whole office as an administrator would; gives its exit status.
    pub fn stop(&mut self) -> Option<i32> {
        let mut child = self.serving.take()?;
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        child.wait().unwrap().code()
    }

    /// Ends every part at once and without ceremony, as a power cut would.
    pub fn cut(&mut self) {
        let mut supervisor = self.serving.take().unwrap();
        let parts: Vec<Pid> = self.started["pids"]
            .as_object()
            .unwrap()
            .keys()
            .map(|part| self.pid(part))
            .collect();
        // The supervisor first: it would start the others again.
        supervisor.kill().unwrap();
        supervisor.wait().unwrap();
        for part in &parts {
            let _ = kill_process(*part, Signal::KILL);
        }
        eventually("the parts are gone", || {
            parts.iter().all(|part| is_gone(*part)).then_some(())
        });
    }

    pub fn pid(&self, part: &str) -> Pid {
        let pid = self.started["pids"][part].as_i64().unwrap();
        Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
    }

    /// SIGKILL for one part; the supervisor starts it again.
    pub fn kill(&self, part: &str) {
        kill_process(self.pid(part), Signal::KILL).unwrap();
    }

    pub fn supervisor(&self) -> Pid {
        let id = self.serving.as_ref().unwrap().id();
        Pid::from_raw(i32::try_from(id).unwrap()).unwrap()
    }

    /// Where `receive` listens now: another port after a restart.
    pub fn address(&self) -> String {
        let run: Value =
            serde_json::from_slice(&std::fs::read(self.dir().join("run/receive.json")).unwrap())
                .unwrap();
        run["address"].as_str().unwrap().to_owned()
    }

    /// Where `status` answers.
    pub fn status_url(&self) -> String {
        format!("http://{}", self.started["status"].as_str().unwrap())
    }

    /// Waits until a part that was killed listens anew.
    pub fn wait_for_restart(&self, before: &str) {
        eventually("receive listens again", || {
            (self.address() != before).then_some(())
        });
    }

    /// Runs a command of the office; it must succeed.
    pub fn command(&self, words: &[&str]) -> String {
        let output = self.try_command(words);
        assert!(
            output.status.success(),
            "office {words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn try_command(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_office"))
            .args(words)
            .env("OFFICE_DIR", self.dir())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// One JSON value a line.
    pub fn json(&self, words: &[&str]) -> Vec<Value> {
        self.command(&[words, &["--json"]].concat())
            .lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect()
    }

    /// The digits of the newest message to `phone`.
    pub fn newest_code(&self, phone: &str) -> String {
        let all = self.json(&["sms", "list", "--phone", phone]);
        let text = all.last().unwrap()["text"].as_str().unwrap();
        text.chars().take_while(char::is_ascii_digit).collect()
    }

    /// The digits of the last message to `phone` that has any.
    pub fn newest_code_before_notice(&self, phone: &str) -> String {
        let all = self.json(&["sms", "list", "--phone", phone]);
        let digits = |m: &Value| -> String {
            let text = m["text"].as_str().unwrap();
            text.chars().take_while(char::is_ascii_digit).collect()
        };
        all.iter().map(digits).rfind(|d| !d.is_empty()).unwrap()
    }

    pub fn alarms(&self) -> Vec<String> {
        let all = self.json(&["alarms"]);
        all.iter()
            .map(|a| a["kind"].as_str().unwrap().to_owned())
            .collect()
    }

    pub fn state_of(&self, submission: &str) -> String {
        let all = self.json(&["submissions"]);
        let found = all.iter().find(|s| s["id"] == submission);
        found.map_or(String::new(), |s| s["state"].as_str().unwrap().to_owned())
    }

    /// Waits until the desk has looked, then approves.
    pub fn approve(&self, submission: &str) {
        eventually("the desk has looked", || {
            (self.state_of(submission) == "open").then_some(())
        });
        self.command(&["approve", submission]);
    }

    pub fn read(&self, path: impl AsRef<Path>) -> Vec<u8> {
        std::fs::read(self.dir().join(path)).unwrap()
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whether a process is no more, or only its entry is left for whoever collects it.
fn is_gone(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    // "pid (name) state ...", and the name may hold anything.
    stat.map_or(true, |stat| {
        let state = stat.rsplit(')').next().unwrap_or_default().trim_start();
        state.starts_with(['Z', 'X'])
    })
}

/// Tries for 20 s.
pub fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(value) = attempt() {
            return value;
        }
        assert!(Instant::now() < end, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
