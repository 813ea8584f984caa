//! A real office by its own program, and what it knows of the kiosk's faults.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Once;

use kiosk::config;
use serde_json::Value;

pub const KIOSK: &str = "kiosk-7";

pub struct Office {
    dir: PathBuf,
    ip: String,
    port: u16,
    serving: Option<Child>,
}

/// Built beside this test; built once now, if only this test was.
pub fn program(name: &str) -> PathBuf {
    static BUILT: Once = Once::new();
    let test = std::env::current_exe().unwrap();
    let programs = test.parent().unwrap().parent().unwrap().to_owned();
    BUILT.call_once(|| {
        let wanted = ["office", "kiosk-worker"];
        if wanted.iter().all(|name| programs.join(name).exists()) {
            return;
        }
        let built = Command::new(env!("CARGO"))
            .args(["build", "--package", "office", "--package", "worker"])
            .status()
            .unwrap();
        assert!(built.success());
    });
    programs.join(name)
}

impl Office {
    /// Made, and not serving yet. `ip`: where it listens; on loopback for most.
    pub fn init(dir: &Path, ip: &str) -> Self {
        let free = TcpListener::bind((ip, 0)).unwrap();
        let office = Self {
            dir: dir.join("office"),
            ip: ip.to_owned(),
            port: free.local_addr().unwrap().port(),
            serving: None,
        };
        drop(free);
        let (folder, listen) = (office.dir.to_str().unwrap(), office.listen());
        let desk = ["--desk-listen", "127.0.0.1:0"];
        office.run(&[&["init", folder, "--listen", &listen][..], &desk].concat());
        office
    }

    fn listen(&self) -> String {
        format!("{}:{}", self.ip, self.port)
    }

    /// A program of this kind, with the true clock whatever the kiosk's is.
    fn command(&self) -> Command {
        let mut command = Command::new(program("office"));
        command.env_remove("LD_PRELOAD").env("RUST_LOG", "error");
        command
    }

    pub fn serve(&mut self) {
        let mut child = self
            .command()
            .args(["serve", "--json"])
            .arg(&self.dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_line(&mut ready).unwrap();
        assert!(ready.contains(&self.listen()), "{ready}");
        // Read on, so that it never waits for a full pipe.
        std::thread::spawn(move || lines.lines().for_each(drop));
        self.serving = Some(child);
    }

    pub fn stop(&mut self) {
        if let Some(mut child) = self.serving.take() {
            let pid = rustix::process::Pid::from_child(&child);
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
            child.wait().unwrap();
        }
    }

    pub fn run(&self, args: &[&str]) -> String {
        let output = self
            .command()
            .args(args)
            .env("OFFICE_DIR", &self.dir)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "office {args:?}: {told}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// `host`: a name or address of its certificate.
    pub fn config(&self, host: &str) -> config::Office {
        config::Office {
            url: format!("https://{host}:{}", self.port),
            ca_file: self.file("public/tls_ca.pem"),
            heartbeat_seconds: Some(5),
        }
    }

    /// The codes of the kiosk's last heartbeat: those that stand, those that ended.
    pub fn heard(&self) -> (Vec<String>, Vec<String>) {
        let listed = self.run(&["kiosk", "list", "--json"]);
        let kiosk: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
        assert_eq!(kiosk["id"], KIOSK);
        let codes = |name: &str| -> Vec<String> {
            let codes = kiosk["heartbeat"][name].as_array();
            let codes = codes.into_iter().flatten().filter_map(Value::as_str);
            codes.map(str::to_owned).collect()
        };
        (codes("faults"), codes("ended_faults"))
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        self.stop();
    }
}
