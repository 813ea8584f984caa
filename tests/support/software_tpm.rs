//! A TPM 2.0 in software (swtpm), with a state and ports of its own.
#![allow(dead_code, reason = "each test uses its part of it")]

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

pub struct SoftwareTpm {
    state: PathBuf,
    port: u16,
    process: Option<Child>,
}

impl SoftwareTpm {
    /// A new one, whose seeds nobody else has; `state` is a folder that is not there yet.
    pub fn start(state: &Path) -> Self {
        std::fs::create_dir(state).unwrap();
        let mut tpm = Self {
            state: state.to_owned(),
            port: 0,
            process: None,
        };
        while tpm.process.is_none() {
            tpm.port = two_free_ports();
            tpm.process = tpm.listening();
        }
        tpm
    }

    /// As the TSS names the way to it.
    pub fn tcti(&self) -> String {
        format!("swtpm:host=127.0.0.1,port={}", self.port)
    }

    /// With the state that it had.
    pub fn on(&mut self) {
        let until = Instant::now() + Duration::from_secs(60);
        while self.process.is_none() {
            assert!(Instant::now() < until, "somebody has taken its ports");
            self.process = self.listening();
        }
    }

    /// `None`: somebody else has one of its ports.
    fn listening(&self) -> Option<Child> {
        let (control, state) = (self.port + 1, self.state.display());
        let mut child = Command::new("swtpm")
            .args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear"])
            .args(["--tpmstate", &format!("dir={state}")])
            .args(["--server", &format!("type=tcp,port={}", self.port)])
            .args(["--ctrl", &format!("type=tcp,port={control}")])
            .stdin(Stdio::null())
            .spawn()
            .expect("swtpm is installed");
        // Both ports are its own when it begins to serve.
        while TcpStream::connect(("127.0.0.1", control)).is_err() {
            if child.try_wait().unwrap().is_some() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        match child.try_wait().unwrap() {
            None => Some(child),
            Some(_) => None,
        }
    }

    /// As if it were pulled out of the board.
    pub fn off(&mut self) {
        if let Some(mut child) = self.process.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// It takes commands and answers none.
    pub fn hang(&self) {
        self.signal(Signal::STOP);
    }

    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(self.process.as_ref().unwrap());
        kill_process(pid, signal).unwrap();
    }
}

impl Drop for SoftwareTpm {
    fn drop(&mut self) {
        self.off();
    }
}

/// The TSS takes the control channel to be at the port behind the other. Not of the range that the
/// kernel gives out by itself, where the next test would get the second.
fn two_free_ports() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let nth = NEXT.fetch_add(1, Ordering::SeqCst);
        let of_this_process = (std::process::id() % 300) as u16 * 40;
        let port = 20_000 + of_this_process + 2 * (nth % 20);
        let free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
        if free(port) && free(port + 1) {
            return port;
        }
    }
}
