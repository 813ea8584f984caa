//! One running worker process and its socket.
//!
//! Either it is a child, or a service started it as another user, behind a socket.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::WorkerConfig;
use crate::message::{Asked, Said, Start};
use crate::wire::{self, HEAD_BYTES, Head};

/// What the worker said, with the bytes that came along.
pub(super) type Heard = (Said, Zeroizing<Vec<u8>>);

/// How long a service may take to end a worker that hangs.
const SERVICE_LIMIT: Duration = Duration::from_secs(5);

/// Killed when dropped.
pub(super) struct Process {
    /// None: a service's, which ends it when the socket is closed (`accepted.rs`).
    child: Option<Child>,
    writer: OwnedWriteHalf,
    /// Closed when the worker has ended.
    pub(super) heard: mpsc::Receiver<Heard>,
}

impl Process {
    pub(super) fn start(config: &WorkerConfig) -> io::Result<Process> {
        let program = program(config)?;
        let (child, socket) = if is_socket(&program) {
            (None, connect(config, &program)?)
        } else {
            let (child, socket) = spawn(config, &program)?;
            (Some(child), socket)
        };
        socket.set_nonblocking(true)?;
        let (reader, writer) = UnixStream::from_std(socket)?.into_split();
        let (sender, heard) = mpsc::channel(16);
        tokio::spawn(listen(reader, sender));
        Ok(Process {
            child,
            writer,
            heard,
        })
    }

    pub(super) async fn ask(&mut self, asked: &Asked, file: Option<OwnedFd>) -> io::Result<()> {
        let frame = wire::encode(asked, 0)?;
        let mut rest = &frame[..];
        if let Some(file) = file {
            let socket: &UnixStream = self.writer.as_ref();
            let sent = socket
                .async_io(Interest::WRITABLE, || {
                    wire::send_with_file(socket.as_fd(), &frame, file.as_fd())
                })
                .await?;
            rest = &frame[sent..];
        }
        self.writer.write_all(rest).await
    }

    /// Ends it and leaves no zombie behind.
    pub(super) async fn kill(mut self) {
        if let Some(child) = &mut self.child {
            if let Err(error) = child.kill().await {
                tracing::warn!(%error, "the worker cannot be killed");
            }
            return;
        }
        // Where it has ended already the socket is closed.
        let _ = self.writer.shutdown().await;
        let end = async { while self.heard.recv().await.is_some() {} };
        if timeout(SERVICE_LIMIT, end).await.is_err() {
            tracing::warn!("the worker's service does not end it");
        }
    }
}

fn spawn(config: &WorkerConfig, program: &Path) -> io::Result<(Child, StdUnixStream)> {
    let (here, there) = StdUnixStream::pair()?;
    let mut command = Command::new(program);
    command
        .arg(config.role.argument())
        .args(place(config))
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(there)))
        .stdout(Stdio::null())
        .kill_on_drop(true);
    for kept in ["RUST_LOG", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    // Here, because a process with threads cannot change its own.
    if let Some(tokens) = &config.tokens {
        command.envs(tokens.environment().map_err(io::Error::other)?);
    }
    Ok((command.spawn()?, here))
}

fn connect(config: &WorkerConfig, socket: &Path) -> io::Result<StdUnixStream> {
    let mut socket = StdUnixStream::connect(socket)?;
    let start = Start {
        role: config.role,
        place: place(config),
    };
    wire::send(&mut socket, &start, &[])?;
    Ok(socket)
}

/// The worker's second word.
fn place(config: &WorkerConfig) -> Option<String> {
    let tokens = config.tokens.as_ref().map(ToString::to_string);
    config.reader.clone().or(tokens)
}

fn is_socket(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|metadata| metadata.file_type().is_socket())
}

/// A task of its own, because reading a frame must not be cut short.
async fn listen(mut reader: OwnedReadHalf, sender: mpsc::Sender<Heard>) {
    loop {
        match receive(&mut reader).await {
            Ok(heard) => {
                if sender.send(heard).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::UnexpectedEof {
                    tracing::warn!(%error, "the worker cannot be understood");
                }
                return;
            }
        }
    }
}

async fn receive(reader: &mut OwnedReadHalf) -> io::Result<Heard> {
    let mut head = [0; HEAD_BYTES];
    reader.read_exact(&mut head).await?;
    let head = Head::parse(head)?;
    let mut message = Zeroizing::new(vec![0; head.message]);
    reader.read_exact(&mut message).await?;
    let mut attachment = Zeroizing::new(vec![0; head.attachment]);
    reader.read_exact(&mut attachment).await?;
    Ok((wire::decode(&message)?, attachment))
}

fn program(config: &WorkerConfig) -> io::Result<PathBuf> {
    if let Some(program) = &config.program {
        return Ok(program.clone());
    }
    if let Some(program) = std::env::var_os("KIOSK_WORKER") {
        return Ok(program.into());
    }
    let own = std::env::current_exe()?;
    // Test programs lie one folder below the programs they belong to.
    own.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join("kiosk-worker"))
        .find(|program| Path::is_file(program))
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "kiosk-worker is not installed"))
}
