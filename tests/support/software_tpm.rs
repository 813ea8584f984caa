//! A TPM 2.0 in software (swtpm), with a state and ports of its own.
#![allow(dead_code, reason = "each test uses its part of it")]

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
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
            port: two_free_ports(),
            process: None,
        };
        tpm.on();
        tpm
    }

    /// As the TSS names the way to it.
    pub fn tcti(&self) -> String {
        format!("swtpm:host=127.0.0.1,port={}", self.port)
    }

    /// With the state that it had.
    pub fn on(&mut self) {
        let (control, state) = (self.port + 1, self.state.display());
        let mut child = Command::new("swtpm")
            .args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear"])
            .args(["--tpmstate", &format!("dir={state}")])
            .args(["--server", &format!("type=tcp,port={}", self.port)])
            .args(["--ctrl", &format!("type=tcp,port={control}")])
            .stdin(Stdio::null())
            .spawn()
            .expect("swtpm is installed");
        let until = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", control)).is_err() {
            let ended = child.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < until,
                "swtpm: {ended:?}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        self.process = Some(child);
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

/// The TSS takes the control channel to be at the port behind the other.
fn two_free_ports() -> u16 {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        if port < u16::MAX && TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return port;
        }
    }
}
