//! What is root's on a kiosk: the steward, with small programs where the image has its own.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use steward::config::Programs;
use steward::verbs::Steward;
use steward::{Config, serve};

use super::eventually;

/// Says of the slots what lies in `status`. An install waits as long as there is a file `hold`,
/// refuses what is not genuine, and leaves the slots as they are in `written`.
const RAUC: &str = r#"#!/bin/sh
here=${0%/*}
if [ "$1" = status ]; then cat "$here/status"; exit; fi
echo "$*" >>"$here/installs"
while [ -e "$here/hold" ]; do sleep 0.02; done
if ! grep -q genuine "$2"; then echo "LastError: signature verification failed" >&2; exit 1; fi
cp "$here/written" "$here/status"
echo "100% Installing done."
"#;
const SYSTEMCTL: &str = "#!/bin/sh\necho \"$*\" >>\"${0%/*}/restarts\"\n";

pub struct Machine {
    dir: PathBuf,
    config: Config,
    runtime: Option<tokio::runtime::Runtime>,
}

/// What became of the version that was installed last.
#[derive(Clone, Copy)]
pub enum Start {
    /// It runs and has not been called good.
    Tried,
    Good,
    /// It was tried until it was given up: the older one runs.
    GivenUp,
}

impl Machine {
    /// Slot A runs version 1.0; nothing was ever written into B.
    pub fn start(folder: &Path) -> Self {
        let dir = folder.join("machine");
        fs::create_dir(&dir).unwrap();
        for (name, text) in [("rauc", RAUC), ("systemctl", SYSTEMCTL)] {
            fs::write(dir.join(name), text).unwrap();
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(dir.join(name), mode).unwrap();
        }
        let config = Config {
            peers: vec![fs::metadata(&dir).unwrap().uid()],
            state_dir: dir.join("state"),
            kiosk_dir: folder.join("data"),
            programs: Programs {
                rauc: dir.join("rauc"),
                systemctl: dir.join("systemctl"),
                ..Programs::default()
            },
            ..Config::default()
        };
        let mut machine = Self {
            dir,
            config,
            runtime: None,
        };
        machine.set("status", &slots("A", None, true));
        machine.start_steward();
        machine
    }

    pub fn start_steward(&mut self) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _ = fs::remove_file(self.socket());
        let socket = self.socket();
        let listener = runtime.block_on(async { tokio::net::UnixListener::bind(socket).unwrap() });
        let steward = Arc::new(Steward::new(self.config.clone()));
        runtime.spawn(serve::serve(listener, steward));
        self.runtime = Some(runtime);
    }

    /// With whatever it is doing.
    pub fn kill_steward(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Also where no thread may wait.
            runtime.shutdown_background();
        }
    }

    pub fn socket(&self) -> PathBuf {
        self.dir.join("socket")
    }

    fn set(&self, name: &str, text: &str) {
        let beside = self.dir.join("beside");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, self.dir.join(name)).unwrap();
    }

    /// What the next install will have written.
    pub fn next_version(&self, version: &str) {
        self.set("written", &slots("A", Some(version), true));
    }

    /// The machine was started anew after an install of this version.
    pub fn restarted(&self, version: &str, start: Start) {
        let status = match start {
            Start::Tried => slots("B", Some(version), false),
            Start::Good => slots("B", Some(version), true),
            Start::GivenUp => slots("A", Some(version), false),
        };
        self.set("status", &status);
    }

    /// Installs wait from now on, or no more.
    pub fn hold_installs(&self, hold: bool) {
        let file = self.dir.join("hold");
        if hold {
            fs::write(file, "").unwrap();
        } else {
            fs::remove_file(file).unwrap();
        }
    }

    pub fn installs(&self) -> usize {
        self.lines("installs")
    }

    pub fn await_install(&self, count: usize) {
        eventually("an install", || (self.installs() == count).then_some(()));
    }

    pub fn await_restart(&self, count: usize) {
        eventually("a restart", || {
            (self.lines("restarts") == count).then_some(())
        });
    }

    fn lines(&self, name: &str) -> usize {
        let text = fs::read_to_string(self.dir.join(name)).unwrap_or_default();
        text.lines().count()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.kill_steward();
    }
}

/// As `rauc status --detailed --output-format=json-pretty`.
fn slots(booted: &str, version_of_b: Option<&str>, b_is_good: bool) -> String {
    let good = if b_is_good { "good" } else { "bad" };
    let written = version_of_b.map_or_else(
        || r#""bundle": { "compatible": null }"#.to_owned(),
        |version| {
            format!(
                r#""bundle": {{ "compatible": "qoltanba-kiosk", "version": "{version}" }},
                   "activated": {{ "timestamp": "2026-11-28T01:00:00Z {version}", "count": 1 }},
                   "status": "ok""#
            )
        },
    );
    format!(
        r#"{{ "compatible": "qoltanba-kiosk", "booted": "{booted}", "boot_primary": "root.0",
        "slots": [
          {{ "root.0": {{ "bootname": "A", "boot_status": "good",
             "slot_status": {{ "bundle": {{ "compatible": null }} }} }} }},
          {{ "root.1": {{ "bootname": "B", "boot_status": "{good}",
             "slot_status": {{ {written} }} }} }} ] }}"#
    )
}
