//! The kiosk's end: starts the worker, asks it, and ends it when it is silent.
//!
//! A PC/SC call can block for ever and cannot be cancelled, and a hostile file can
//! keep a decoder busy for ever. So every call has a deadline here; once it has
//! passed the process is killed and the next call finds a new one.

mod process;
mod supervisor;
mod token;

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use chip::{ChannelError, ChipRead, ReadError, ReadRequest, Stage};
use faults::Fault;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::document;
use crate::message::{Answer, CardRead, PictureLimits, Refusal, Request, Role, WatchEvent};
use crate::token::{TokenAnswer, TokenPlace, TokenRequest};
use supervisor::{Call, Order, Supervisor, Wait};
pub use token::RemoteToken;

/// How to start the worker.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    pub role: Role,
    /// The program, or the socket of the service that starts it as another user; none:
    /// `$KIOSK_WORKER`, else `kiosk-worker` beside this executable or one folder above it.
    pub program: Option<PathBuf>,
    /// Only readers whose PC/SC name contains this; none: every reader.
    pub reader: Option<String>,
    /// Of the role `Tokens`.
    pub tokens: Option<TokenPlace>,
}

impl WorkerConfig {
    pub fn new(role: Role) -> Self {
        WorkerConfig {
            role,
            program: None,
            reader: None,
            tokens: None,
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

/// How long a document's chip is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For the whole read.
    pub whole: Duration,
    /// Without any progress: a chip thinks for less than that.
    pub silence: Duration,
}

/// Why a document was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It never came to speaking with a chip, or the chip fell silent.
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Read(ReadError),
}

impl DocumentError {
    /// What a person is told.
    pub fn fault(&self) -> Fault {
        match self {
            DocumentError::Call(error) => error.fault(),
            DocumentError::Read(error) => fault_of(error),
        }
    }
}

fn fault_of(error: &ReadError) -> Fault {
    match error {
        ReadError::Channel(ChannelError::Removed) => Fault::CardPulled,
        ReadError::Channel(ChannelError::ReaderGone) => Fault::ReaderMissing,
        ReadError::Channel(ChannelError::ServiceDown) => Fault::CardServiceDown,
        ReadError::Channel(ChannelError::Reset | ChannelError::Failed)
        | ReadError::Protocol { .. }
        | ReadError::File { .. } => Fault::CardUnreadable,
        ReadError::NoApplication | ReadError::NotSupported(_) => Fault::DocumentWithoutChip,
        ReadError::WrongAccessKey { .. } => Fault::DocumentKeyWrong,
        ReadError::Blocked => Fault::DocumentCanNotTaken,
        ReadError::SecureMessaging(_) => Fault::CardTampered,
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

    /// Reads the chip of the document that is in the reader now. `progress` is told how
    /// far it is. Dropping the future gives up: the worker is ended and started anew.
    ///
    /// # Errors
    /// See [`DocumentError`]; `Silent` for a chip past its deadline.
    pub async fn read_document(
        &self,
        request: ReadRequest,
        progress: mpsc::UnboundedSender<Stage>,
        patience: Patience,
    ) -> Result<ChipRead, DocumentError> {
        let wait = Wait {
            until: Instant::now() + patience.whole,
            silence: Some(patience.silence),
        };
        let answered = self
            .order(Request::ReadDocument(request), None, wait, Some(progress))
            .await?;
        let broken = CallError::Died(Fault::Internal);
        match answered.answer {
            Answer::Document(document) => {
                let head = document.map_err(DocumentError::Read)?;
                document::unpack(head, &answered.bytes).ok_or(broken.into())
            }
            _ => Err(broken.into()),
        }
    }

    /// One piece of work on the token that is in now.
    ///
    /// # Errors
    /// `Refused` with what the token says; `Silent` and `Died` for a token or module
    /// that hangs or breaks its worker.
    pub async fn token(
        &self,
        request: TokenRequest,
        deadline: Duration,
    ) -> Result<TokenAnswer, CallError> {
        match self
            .call(Request::Token(request), None, deadline)
            .await?
            .answer
        {
            Answer::Token(answer) => Ok(*answer),
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
        self.watch().await
    }

    /// The same for the place for tokens.
    pub async fn watch_tokens(&self) -> mpsc::UnboundedReceiver<WatchEvent> {
        self.watch().await
    }

    async fn watch(&self) -> mpsc::UnboundedReceiver<WatchEvent> {
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
        let wait = Wait {
            until: Instant::now() + deadline,
            silence: None,
        };
        self.order(request, file, wait, None).await
    }

    async fn order(
        &self,
        request: Request,
        file: Option<OwnedFd>,
        wait: Wait,
        progress: Option<mpsc::UnboundedSender<Stage>>,
    ) -> Result<Answered, CallError> {
        let (answer, answered) = oneshot::channel();
        let order = Order::Call(Call {
            request,
            file,
            wait,
            progress,
            answer,
        });
        self.orders
            .send(order)
            .await
            .map_err(|_| CallError::NotStarted)?;
        answered.await.unwrap_or(Err(CallError::NotStarted))
    }
}
