//! The real office, by its own program.
#![allow(dead_code, reason = "each test uses its part of it")]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use kiosk::sync::OfficeConfig;

/// The office in a folder of its own, on a port that stays the same over restarts.
pub struct Office {
    program: PathBuf,
    pub dir: PathBuf,
    pub address: String,
    serving: Option<Child>,
}

impl Office {
    pub fn start(dir: &Path) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let mut office = Self {
            program: program(),
            dir: dir.join("office"),
            address,
            serving: None,
        };
        let (dir, listen) = (
            office.dir.to_str().unwrap().to_owned(),
            office.address.clone(),
        );
        let desk = ["--desk-listen", "127.0.0.1:0"];
        office.run(&[&["init", &dir, "--listen", &listen][..], &desk].concat());
        office.serve();
        office
    }

    pub fn serve(&mut self) {
        let mut child = Command::new(&self.program)
            .args(["serve", "--json"])
            .arg(&self.dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_line(&mut ready).unwrap();
        assert!(ready.contains(&self.address), "{ready}");
        self.serving = Some(child);
    }

    pub fn stop(&mut self) {
        let Some(mut child) = self.serving.take() else {
            return;
        };
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        child.wait().unwrap();
    }

    pub fn run(&self, args: &[&str]) -> String {
        let output = Command::new(&self.program)
            .args(args)
            .env("OFFICE_DIR", &self.dir)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "office {args:?}: {told}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn config(&self) -> OfficeConfig {
        OfficeConfig {
            base_url: format!("https://{}", self.address),
            office_ca_pem: std::fs::read_to_string(self.dir.join("public/tls_ca.pem")).unwrap(),
        }
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Built beside this test; made first if only this test was built.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().parent().unwrap().join("office");
    if !program.exists() {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--package", "office"])
            .status()
            .unwrap();
        assert!(built.success());
    }
    program
}
