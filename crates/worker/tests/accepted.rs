//! Workers that a service starts for each connection, as systemd does for a socket with `Accept=yes`.

use std::io::{Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use faults::Fault;
use worker::{CallError, PictureLimits, Refusal, Role, WorkerClient, WorkerConfig};

const SOON: Duration = Duration::from_secs(60);

/// Listens in a folder of its own; what it started ends with it.
struct Service {
    folder: tempfile::TempDir,
    started: Arc<Mutex<Vec<Child>>>,
}

impl Service {
    fn new() -> Service {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("socket")).unwrap();
        let started = Arc::new(Mutex::new(Vec::new()));
        let all = started.clone();
        std::thread::spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                let child = Command::new(env!("CARGO_BIN_EXE_kiosk-worker"))
                    .arg("accepted")
                    .stdin(Stdio::from(OwnedFd::from(socket)))
                    .spawn()
                    .unwrap();
                all.lock().unwrap().push(child);
            }
        });
        Service { folder, started }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn client(&self, role: Role) -> WorkerClient {
        WorkerClient::new(WorkerConfig {
            program: Some(self.socket()),
            ..WorkerConfig::new(role)
        })
    }

    fn pids(&self) -> Vec<u32> {
        self.started.lock().unwrap().iter().map(Child::id).collect()
    }

    /// All that were started so far have ended, and well.
    async fn all_ended(&self) {
        let end = Instant::now() + SOON;
        loop {
            let ended = |child: &mut Child| match child.try_wait().unwrap() {
                Some(status) => {
                    assert!(status.success(), "{status}");
                    true
                }
                None => false,
            };
            if self.started.lock().unwrap().iter_mut().all(ended) {
                return;
            }
            assert!(Instant::now() < end, "a worker outlives its kiosk");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        for child in self.started.lock().unwrap().iter_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The worker that `accepted` started.
fn worker_of(pid: u32) -> u32 {
    let parent = format!("PPid:\t{pid}");
    let is_child = |of: &u32| {
        let status = std::fs::read_to_string(format!("/proc/{of}/status"));
        status.is_ok_and(|status| status.lines().any(|line| line == parent))
    };
    let end = Instant::now() + SOON;
    loop {
        let all = std::fs::read_dir("/proc").unwrap();
        let mut pids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        if let Some(child) = pids.find(is_child) {
            return child;
        }
        assert!(Instant::now() < end, "{pid} starts no worker");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn lives(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

fn file(content: &[u8]) -> OwnedFd {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    file.rewind().unwrap();
    file.into()
}

fn jpeg() -> Vec<u8> {
    let mut bytes = Vec::new();
    jpeg_encoder::Encoder::new(&mut bytes, 90)
        .encode(&[90; 64 * 48 * 3], 64, 48, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    bytes
}

#[tokio::test]
async fn it_does_its_role_and_only_that() {
    let service = Service::new();
    let files = service.client(Role::Files);
    let limits = PictureLimits::default;
    let picture = files.load_picture(file(&jpeg()), limits(), SOON).await;
    let picture = picture.unwrap();
    assert_eq!((picture.width, picture.height), (64, 48));
    let refused = files.load_picture(file(b"%PDF-1.7"), limits(), SOON).await;
    assert_eq!(refused.unwrap_err().fault(), Fault::FileWrongType);
    let refused = files.read_card(SOON).await.unwrap_err();
    assert_eq!(refused, CallError::Refused(Refusal::NotMine));
    drop(files);
    service.all_ended().await;
}

#[tokio::test]
async fn one_that_hangs_is_ended_and_replaced() {
    let service = Service::new();
    let client = service.client(Role::Cards);
    client.ping(SOON).await.unwrap();
    let first = service.pids();
    let worker = worker_of(first[0]);
    let stop = rustix::process::Pid::from_raw(worker as i32).unwrap();
    rustix::process::kill_process(stop, rustix::process::Signal::STOP).unwrap();
    let silent = client.ping(Duration::from_millis(500)).await.unwrap_err();
    assert!(matches!(silent, CallError::Silent(_)), "{silent}");
    // The kiosk waited for the end before it told of it, or was told that there is none.
    assert!(!lives(worker), "the worker that hung lives");

    client.ping(SOON).await.unwrap();
    let second = service.pids();
    assert_eq!(second.len(), 2);
    assert_ne!(worker_of(second[1]), worker);
    drop(client);
    service.all_ended().await;
}

#[tokio::test]
async fn one_that_dies_is_replaced() {
    let service = Service::new();
    let client = service.client(Role::Cards);
    client.ping(SOON).await.unwrap();
    let worker = worker_of(service.pids()[0]);
    let pid = rustix::process::Pid::from_raw(worker as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    let mut answered = client.ping(SOON).await;
    if answered.is_err() {
        // It was asked while it died.
        answered = client.ping(SOON).await;
    }
    answered.unwrap();
    assert_eq!(service.pids().len(), 2);
    drop(client);
    service.all_ended().await;
}

#[test]
fn a_kiosk_that_is_gone_leaves_none_behind() {
    let service = Service::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client = runtime.block_on(async { service.client(Role::Cards) });
    runtime.block_on(client.ping(SOON)).unwrap();
    let worker = worker_of(service.pids()[0]);
    // Nothing is told on a socket that the system closes.
    runtime.shutdown_background();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(service.all_ended());
    assert!(!lives(worker));
}

#[tokio::test]
async fn what_is_no_kiosk_starts_nothing() {
    let service = Service::new();
    let mut socket = std::os::unix::net::UnixStream::connect(service.socket()).unwrap();
    socket.write_all(&[0xFF; 64]).unwrap();
    drop(socket);
    let end = Instant::now() + SOON;
    while service.pids().is_empty() {
        assert!(Instant::now() < end);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let status = service.started.lock().unwrap()[0].wait().unwrap();
    assert!(!status.success());
    // The next one is none the worse.
    service.client(Role::Files).ping(SOON).await.unwrap();
}
