//! A real office on loopback, run and operated by its own program.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

pub struct Office {
    program: PathBuf,
    state: PathBuf,
    port: u16,
    serving: Option<Child>,
}

impl Office {
    /// Makes an office with a small synthetic population that believes in documents of
    /// this state; does not start it.
    pub fn init(program: &Path, state: &Path, csca: &Path) -> anyhow::Result<Self> {
        // A fixed port, because the kiosk must find the office again after a restart.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let office = Self {
            program: program.into(),
            state: state.into(),
            port,
            serving: None,
        };
        let listen = format!("127.0.0.1:{port}");
        office.call(&[
            "init",
            &office.folder()?,
            "--listen",
            &listen,
            "--desk-listen",
            "127.0.0.1:0",
            "--demo-citizens",
            "--csca",
            csca.to_str().context("--out is not UTF-8")?,
        ])?;
        Ok(office)
    }

    /// The office that an earlier walk made, where its kiosk looks for it.
    pub fn open(program: &Path, state: &Path) -> anyhow::Result<Self> {
        let settings: toml::Table = fs::read_to_string(state.join("office.toml"))?.parse()?;
        let listen = settings
            .get("receive")
            .and_then(|r| r.get("listen")?.as_str());
        let listen: SocketAddr = listen.context("office.toml names no address")?.parse()?;
        Ok(Self {
            program: program.into(),
            state: state.into(),
            port: listen.port(),
            serving: None,
        })
    }

    /// Starts it and waits until it says where it listens.
    pub fn start(&mut self) -> anyhow::Result<()> {
        let mut child = Command::new(&self.program)
            .args(["serve", &self.folder()?, "--json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(
                fs::OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(self.state.join("serve.log"))?,
            )
            .spawn()
            .with_context(|| format!("starting {}", self.program.display()))?;
        let output = child.stdout.take().context("no output")?;
        let mut line = String::new();
        let mut lines = BufReader::new(output);
        lines.read_line(&mut line)?;
        ensure!(
            line.starts_with('{'),
            "office serve said {line:?} instead of its addresses"
        );
        // Keep reading so that it never blocks on a full pipe.
        std::thread::spawn(move || for _ in lines.lines() {});
        self.serving = Some(child);
        Ok(())
    }

    /// Ends it as a power cut of the office would look to the kiosk: no more answers.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.serving.take() {
            let id = rustix::process::Pid::from_child(&child);
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
            let until = Instant::now() + Duration::from_secs(10);
            while child.try_wait()?.is_none() {
                if Instant::now() > until {
                    child.kill()?;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        Ok(())
    }

    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    fn folder(&self) -> anyhow::Result<String> {
        Ok(self
            .state
            .to_str()
            .context("a path is not UTF-8")?
            .to_owned())
    }

    /// The certificate that the kiosk trusts.
    pub fn ca_file(&self) -> PathBuf {
        self.state.join("public/tls_ca.pem")
    }

    /// What the authority publishes of certificates that were ended.
    pub fn revocation_list(&self) -> PathBuf {
        self.state.join("public/revoked.crl.pem")
    }

    /// A one-use token for a new kiosk.
    pub fn add_kiosk(&self, id: &str) -> anyhow::Result<String> {
        let answers = self.json(&["kiosk", "add", id, "--json"])?;
        let token = answers.first().and_then(|a| a["token"].as_str());
        Ok(token.context("office kiosk add gives no token")?.to_owned())
    }

    /// The words of a kiosk, as the administrator sees them.
    pub fn kiosk_words(&self, id: &str) -> anyhow::Result<Vec<String>> {
        let kiosks = self.json(&["kiosk", "list", "--json"])?;
        let kiosk = kiosks
            .iter()
            .find(|k| k["id"] == id)
            .context("the kiosk is not listed")?;
        Ok(serde_json::from_value(kiosk["fingerprint_words"].clone())?)
    }

    /// The one-time code in the newest message that carries one.
    pub fn newest_code(&self, phone: &str) -> anyhow::Result<Option<String>> {
        let messages = self.json(&["sms", "list", "--json", "--phone", phone])?;
        let code = |text: &str| {
            let mut words = text.split(|c: char| !c.is_ascii_digit());
            words.find(|w| w.len() == 6).map(str::to_owned)
        };
        Ok(messages
            .iter()
            .rev()
            .find_map(|m| code(m["text"].as_str()?)))
    }

    /// In the operator's role: approves what was looked at. Returns the submissions.
    pub fn approve_open(&self) -> anyhow::Result<Vec<String>> {
        let mut approved = Vec::new();
        for submission in self.json(&["submissions", "--json"])? {
            if submission["state"] == "open" {
                let id = submission["id"]
                    .as_str()
                    .context("a submission without id")?;
                self.call_in(&["approve", id])?;
                approved.push(id.to_owned());
            }
        }
        Ok(approved)
    }

    /// Certificate (PEM) of a technician for the key of this request.
    pub fn add_technician(&self, name: &str, request: &Path) -> anyhow::Result<String> {
        let request = request.to_str().context("a path is not UTF-8")?;
        self.call_in(&["technician", "add", name, "--csr", request])
    }

    /// What the kiosk told of itself: reports and work orders.
    pub fn told(&self, kiosk: &str) -> anyhow::Result<String> {
        self.call_in(&["kiosk", "told", kiosk])
    }

    pub fn confirm_kiosk(&self, id: &str) -> anyhow::Result<()> {
        self.call_in(&["kiosk", "confirm", id]).map(drop)
    }

    /// All submissions, whatever their state.
    pub fn submissions(&self) -> anyhow::Result<Vec<Value>> {
        self.json(&["submissions", "--json"])
    }

    /// One JSON value a line.
    fn json(&self, arguments: &[&str]) -> anyhow::Result<Vec<Value>> {
        let text = self.call_in(arguments)?;
        let lines = text.lines().filter(|l| !l.trim().is_empty());
        lines
            .map(|l| serde_json::from_str(l).with_context(|| format!("office {}", arguments[0])))
            .collect()
    }

    fn call_in(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let folder = self.folder()?;
        self.call(&[&["--dir", folder.as_str()], arguments].concat())
    }

    /// Runs one of the office's own commands and gives what it prints.
    fn call(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = Command::new(&self.program)
            .args(arguments)
            .env("RUST_LOG", "error")
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("starting {}", self.program.display()))?;
        if !output.status.success() {
            bail!(
                "office {}: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(String::from_utf8(output.stdout)?)
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}
