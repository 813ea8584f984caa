//! A fresh office on loopback, and this command as its administrator and operator.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

pub const OPERATOR: &str = "operator";

pub struct Office {
    program: PathBuf,
    state: PathBuf,
    password: String,
    serving: Option<Serving>,
}

struct Serving {
    process: Child,
    kiosks: String,
    desk: String,
}

impl Office {
    /// Makes an office with synthetic citizens that believes in documents of this state; its ports stay the same over a
    /// restart, so that the kiosk finds it again.
    pub fn init(program: PathBuf, state: PathBuf, csca: &Path) -> anyhow::Result<Self> {
        let office = Self {
            program,
            state,
            password: password()?,
            serving: None,
        };
        let mut command = Command::new(&office.program);
        command
            .arg("init")
            .arg(&office.state)
            .args(["--listen", &free_address()?])
            .args(["--desk-listen", &free_address()?])
            .args(["--operator", OPERATOR, "--demo-citizens"])
            .arg("--csca")
            .arg(csca)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().context("office init")?;
        let stdin = child.stdin.take();
        stdin
            .context("office init takes no input")?
            .write_all(office.password.as_bytes())?;
        let output = child.wait_with_output()?;
        ensure!(
            output.status.success(),
            "office init: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(office)
    }

    /// Starts it and waits for the line that names its addresses.
    pub fn start(&mut self) -> anyhow::Result<()> {
        let log = std::fs::File::create(self.state.join("serve.log"))?;
        let mut process = Command::new(&self.program)
            .arg("serve")
            .arg(&self.state)
            .arg("--json")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("office serve")?;
        let stdout = process.stdout.take().context("office serve is silent")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let started: Value = serde_json::from_str(&line)
            .with_context(|| format!("office serve said {line:?} instead of its addresses"))?;
        let address = |part: &str| {
            let text = started[part].as_str();
            text.map(str::to_owned)
                .with_context(|| format!("office serve names no {part}"))
        };
        self.serving = Some(Serving {
            kiosks: format!("https://{}", address("receive")?),
            desk: format!("http://{}", address("desk")?),
            process,
        });
        Ok(())
    }

    /// Asks it to end, as `systemctl stop` would.
    pub fn stop(&mut self) {
        let Some(mut serving) = self.serving.take() else {
            return;
        };
        let pid = serving.process.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let until = Instant::now() + Duration::from_secs(10);
        while matches!(serving.process.try_wait(), Ok(None)) {
            if Instant::now() > until {
                let _ = serving.process.kill();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Where kiosks reach it; empty before [`Self::start`].
    pub fn url(&self) -> &str {
        self.serving.as_ref().map_or("", |s| &s.kiosks)
    }

    pub fn desk_url(&self) -> &str {
        self.serving.as_ref().map_or("", |s| &s.desk)
    }

    pub fn password(&self) -> &str {
        &self.password
    }

    /// The certificate that the kiosk trusts.
    pub fn ca_file(&self) -> PathBuf {
        self.state.join("public/tls_ca.pem")
    }

    pub fn add_kiosk(&self, id: &str) -> anyhow::Result<String> {
        let answers = self.json(&["kiosk", "add", id, "--json"])?;
        let token = answers.first().and_then(|a| a["token"].as_str());
        Ok(token.context("office kiosk add gives no token")?.to_owned())
    }

    /// The words of a kiosk that awaits confirmation.
    pub fn awaiting(&self, id: &str) -> anyhow::Result<Option<String>> {
        let kiosks = self.json(&["kiosk", "list", "--json"])?;
        Ok(kiosks
            .iter()
            .find(|k| k["id"] == id && k["state"] == "awaiting")
            .map(|k| words(&k["fingerprint_words"])))
    }

    pub fn confirm_kiosk(&self, id: &str) -> anyhow::Result<()> {
        self.json(&["kiosk", "confirm", id]).map(drop)
    }

    /// Number and text of every message, oldest first.
    pub fn messages(&self) -> anyhow::Result<Vec<(String, String)>> {
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        Ok(self
            .json(&["sms", "list", "--json"])?
            .iter()
            .map(|m| (text(&m["phone"]), text(&m["text"])))
            .collect())
    }

    /// Applications that were looked at and await a decision.
    pub fn open_submissions(&self) -> anyhow::Result<Vec<String>> {
        Ok(self
            .json(&["submissions", "--json"])?
            .iter()
            .filter(|s| s["state"] == "open")
            .filter_map(|s| s["id"].as_str().map(str::to_owned))
            .collect())
    }

    pub fn approve(&self, submission: &str) -> anyhow::Result<()> {
        self.json(&["approve", submission]).map(drop)
    }

    /// Runs a command of the office; its answer is one JSON value a line.
    fn json(&self, words: &[&str]) -> anyhow::Result<Vec<Value>> {
        let output = Command::new(&self.program)
            .arg("--dir")
            .arg(&self.state)
            .args(words)
            .env("RUST_LOG", "error")
            .stdin(Stdio::null())
            .output()
            .context("starting office")?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            bail!("office {}: {}", words.join(" "), why.trim());
        }
        String::from_utf8(output.stdout)?
            .lines()
            .filter(|line| line.starts_with('{'))
            .map(|line| Ok(serde_json::from_str(line)?))
            .collect()
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        self.stop();
    }
}

fn words(list: &Value) -> String {
    let words: Vec<&str> = list
        .as_array()
        .map(|l| l.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    words.join(" ")
}

fn free_address() -> anyhow::Result<String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.to_string())
}

/// For this demonstration only; told on the screen.
fn password() -> anyhow::Result<String> {
    let mut bytes = [0; 8];
    std::fs::File::open(Path::new("/dev/urandom"))?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}
