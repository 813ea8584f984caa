//! `office serve`: the parts as processes under one supervisor.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use crate::{config::Configuration, db::Database, init::tls_fingerprint, layout::Layout};

/// What a running part says of itself in `run/<part>.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Running {
    pub pid: u32,
    /// Absent for the part without a listener.
    pub address: Option<SocketAddr>,
}

fn run_file(layout: &Layout, part: &str) -> PathBuf {
    layout.run().join(format!("{part}.json"))
}

/// Called by a part once it answers on `address`.
pub fn announce(layout: &Layout, part: &str, address: impl Into<Option<SocketAddr>>) -> Result<()> {
    let running = Running {
        pid: std::process::id(),
        address: address.into(),
    };
    let (path, fresh) = (
        run_file(layout, part),
        layout.run().join(format!(".{part}.new")),
    );
    std::fs::write(&fresh, serde_json::to_string(&running)?)
        .and_then(|()| std::fs::rename(&fresh, &path))
        .with_context(|| format!("writing {}", path.display()))
}

/// What part `part` last said of itself.
pub fn running(layout: &Layout, part: &str) -> Option<Running> {
    serde_json::from_slice(&std::fs::read(run_file(layout, part)).ok()?).ok()
}

/// Cancelled at SIGTERM or SIGINT.
pub fn stop_on_signals() -> Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let stop = CancellationToken::new();
    let (mut term, mut int) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let token = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        token.cancel();
    });
    Ok(stop)
}

/// Makes this process end with its supervisor, however that ends.
///
/// # Errors
/// The supervisor is already gone.
pub fn follow_supervisor(supervisor: u32) -> Result<()> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    set_parent_process_death_signal(Some(Signal::TERM))?;
    let parent = getppid().map(|p| p.as_raw_nonzero().get().unsigned_abs());
    if parent != Some(supervisor) {
        bail!("the supervisor ended before this part began");
    }
    Ok(())
}

const PARTS: [&str; 4] = ["receive", "desk", "issue", STATUS];
/// Left out where no address is configured.
const STATUS: &str = "status";
/// A part that ends this often within a minute will not get better by itself.
const RESTARTS: usize = 5;

#[derive(Serialize)]
struct Started {
    receive: SocketAddr,
    desk: SocketAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<SocketAddr>,
    tls_fingerprint: String,
    pids: BTreeMap<&'static str, u32>,
}

/// Runs on one thread: a child's death signal is tied to the thread that made it.
///
/// # Errors
/// A part does not start or keeps ending.
pub async fn serve(layout: &Layout, json: bool) -> Result<()> {
    let stop = stop_on_signals()?;
    for part in PARTS {
        let _ = std::fs::remove_file(run_file(layout, part));
    }
    // Brings the database up to date, which a part that only reads cannot.
    drop(Database::open(&layout.database())?);
    let answers = Configuration::load(layout)?.status.listen.is_some();
    let mut parts = Vec::new();
    for part in PARTS {
        if part != STATUS || answers {
            parts.push(Part::start(layout, part)?);
        }
    }
    let started = tokio::select! {
        started = all_answer(layout, &mut parts) => started,
        () = stop.cancelled() => Err(anyhow::anyhow!("stopped")),
    };
    let outcome = match started {
        Ok(started) => {
            print(&started, json)?;
            supervise(layout, &mut parts, &stop).await
        }
        Err(e) => Err(e),
    };
    end(parts).await;
    outcome
}

fn print(started: &Started, json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string(started)?);
    } else {
        println!("kiosks:      https://{}", started.receive);
        println!("desk:        http://{}", started.desk);
        if let Some(status) = started.status {
            println!("status:      http://{status}");
        }
        println!("fingerprint: {}", started.tls_fingerprint);
    }
    Ok(())
}

struct Part {
    name: &'static str,
    child: Child,
    restarts: Vec<Instant>,
}

impl Part {
    fn start(layout: &Layout, name: &'static str) -> Result<Self> {
        Ok(Self {
            name,
            child: spawn(layout, name)?,
            restarts: Vec::new(),
        })
    }
}

fn spawn(layout: &Layout, name: &str) -> Result<Child> {
    Command::new(std::env::current_exe()?)
        .arg(name)
        .arg(layout.root())
        .arg("--supervisor")
        .arg(std::process::id().to_string())
        .stdin(std::process::Stdio::null())
        // The supervisor's standard output is one line for whoever started it.
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("starting {name}"))
}

async fn all_answer(layout: &Layout, parts: &mut [Part]) -> Result<Started> {
    let address = |part| running(layout, part).and_then(|r| r.address);
    loop {
        for part in parts.iter_mut() {
            if let Some(status) = part.child.try_wait()? {
                bail!("{} ended at its start: {status}", part.name);
            }
        }
        let all = parts.iter().all(|p| running(layout, p.name).is_some());
        if let (Some(receive), Some(desk), true) = (address("receive"), address("desk"), all) {
            return Ok(Started {
                receive,
                desk,
                status: address(STATUS),
                tls_fingerprint: tls_fingerprint(&layout.tls_ca_certificate())?,
                pids: parts
                    .iter()
                    .filter_map(|p| Some((p.name, p.child.id()?)))
                    .collect(),
            });
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn supervise(layout: &Layout, parts: &mut [Part], stop: &CancellationToken) -> Result<()> {
    loop {
        let waits = parts.iter_mut().map(|p| Box::pin(p.child.wait()));
        let index = tokio::select! {
            (_, index, _) = futures_util::future::select_all(waits) => index,
            () = stop.cancelled() => return Ok(()),
        };
        let ended = &mut parts[index];
        let minute = Duration::from_secs(60);
        ended.restarts.retain(|at| at.elapsed() < minute);
        if ended.restarts.len() >= RESTARTS {
            bail!("{} keeps ending", ended.name);
        }
        ended.restarts.push(Instant::now());
        tracing::error!("{} ended; starting it again", ended.name);
        tokio::time::sleep(Duration::from_millis(500)).await;
        ended.child = spawn(layout, ended.name)?;
    }
}

/// Asks each part to end, and ends those that do not within 8 s.
async fn end(parts: Vec<Part>) {
    use rustix::process::{Pid, Signal, kill_process};
    for part in &parts {
        let pid = part.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
    }
    for mut part in parts {
        let wait = tokio::time::timeout(Duration::from_secs(8), part.child.wait());
        if wait.await.is_err() {
            tracing::warn!("{} did not end in time", part.name);
            let _ = part.child.kill().await;
        }
    }
}
