//! The kiosk's end: starts the worker, asks it, and ends it when it is silent.
//!
//! A PC/SC call can block for ever and cannot be cancelled, and a hostile file can
//! keep a decoder busy for ever. So every call has a deadline here; once it has
//! passed the process is killed and the next call finds a new one.

mod process;
mod supervisor;

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use faults::Fault;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::message::{Answer, CardRead, PictureLimits, Refusal, Request, Role, WatchEvent};
use supervisor::{Order, Supervisor};

/// How to start the worker.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    pub role: Role,
    /// The program; none: `$KIOSK_WORKER`, else `kiosk-worker` beside this executable
    /// or one folder above it.
    pub program: Option<PathBuf>,
    /// Only readers whose PC/SC name contains this; none: every reader.
    pub reader: Option<String>,
}

impl WorkerConfig {
    pub fn new(role: Role) -> Self {
        WorkerConfig {
            role,
            program: None,
            reader: None,
        }
    }
}

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// The deadline passed and the worker was killed.
    #[error("the worker was silent and has been ended ({0})")]
    Silent(Fault),
    /// The worker ended by itself.
    #[error("the worker died ({0})")]
    Died(Fault),
    #[error("the worker cannot be started")]
    NotStarted,
}

impl CallError {
    /// What a person is told.
    pub fn fault(self) -> Fault {
        match self {
            CallError::Refused(refusal) => refusal.fault(),
            CallError::Silent(fault) | CallError::Died(fault) => fault,
            CallError::NotStarted => Fault::WorkerDied,
        }
    }
}

/// A citizen's picture, normalised.
pub struct Picture {
    pub width: u32,
    pub height: u32,
    /// Baseline JPEG without metadata.
    pub jpeg: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}x{})", self.width, self.height)
    }
}

/// An answer and the bytes that came with it.
#[derive(Debug)]
struct Answered {
    answer: Answer,
    bytes: Zeroizing<Vec<u8>>,
}

/// Asks one worker process. Calls are answered one after the other; the process is
/// started by the first and ends with the last clone of the client.
#[derive(Debug, Clone)]
pub struct WorkerClient {
    orders: mpsc::Sender<Order>,
}

impl WorkerClient {
    /// Within a tokio runtime.
    pub fn new(config: WorkerConfig) -> Self {
        let (orders, received) = mpsc::channel(16);
        tokio::spawn(Supervisor::new(config).run(received));
        WorkerClient { orders }
    }

    /// Answers when the worker runs and its sandbox is closed.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn ping(&self, deadline: Duration) -> Result<(), CallError> {
        self.call(Request::Ping, None, deadline).await.map(|_| ())
    }

    /// Reads the card that is in the reader now.
    ///
    /// # Errors
    /// `Silent` for a chip that does not answer within the deadline; else see [`Refusal`].
    pub async fn read_card(&self, deadline: Duration) -> Result<CardRead, CallError> {
        match self.call(Request::ReadCard, None, deadline).await?.answer {
            Answer::Card(card) => Ok(card),
            _ => Err(CallError::Died(Fault::Internal)),
        }
    }

    /// Checks and normalises a picture from an open file.
    ///
    /// # Errors
    /// `Silent` and `Died` for a file that keeps the decoder busy or breaks it; else see
    /// [`Refusal`].
    pub async fn load_picture(
        &self,
        file: OwnedFd,
        limits: PictureLimits,
        deadline: Duration,
    ) -> Result<Picture, CallError> {
        let answered = self
            .call(Request::LoadPicture(limits), Some(file), deadline)
            .await?;
        match answered.answer {
            Answer::Picture { width, height } => Ok(Picture {
                width,
                height,
                jpeg: answered.bytes,
            }),
            _ => Err(CallError::Died(Fault::Internal)),
        }
    }

    /// Watches the card reader from now on, over every restart of the worker. After
    /// each start the whole state is told anew.
    pub async fn watch_cards(&self) -> mpsc::UnboundedReceiver<WatchEvent> {
        let (sender, events) = mpsc::unbounded_channel();
        // Without a supervisor the sender is dropped, which ends the watch.
        let _ = self.orders.send(Order::Watch(sender)).await;
        events
    }

    async fn call(
        &self,
        request: Request,
        file: Option<OwnedFd>,
        deadline: Duration,
    ) -> Result<Answered, CallError> {
        let (answer, answered) = oneshot::channel();
        let order = Order::Call {
            request,
            file,
            until: Instant::now() + deadline,
            answer,
        };
        self.orders
            .send(order)
            .await
            .map_err(|_| CallError::NotStarted)?;
        answered.await.unwrap_or(Err(CallError::NotStarted))
    }
}
