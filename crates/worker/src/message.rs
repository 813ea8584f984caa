//! What kiosk and worker say to each other.

use chip::{ReadError, ReadRequest, Stage};
use faults::Fault;
use serde::{Deserialize, Serialize};

use crate::document::DocumentHead;
use crate::token::{TokenAnswer, TokenEvent, TokenRequest, TokenTrouble};

/// What a worker process is for. Each role gets its own process and only the
/// rights it needs, so that a picture can never reach a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Talks to pcscd; lives long.
    Cards,
    /// Works on citizens' tokens; lives long.
    Tokens,
    /// Parses one citizen's file, then ends: nothing of it can stay behind.
    Files,
}

impl Role {
    /// As given to the program as its one argument.
    pub fn argument(self) -> &'static str {
        match self {
            Role::Cards => "cards",
            Role::Tokens => "tokens",
            Role::Files => "files",
        }
    }

    pub fn from_argument(argument: &str) -> Option<Role> {
        match argument {
            "cards" => Some(Role::Cards),
            "tokens" => Some(Role::Tokens),
            "files" => Some(Role::Files),
            _ => None,
        }
    }
}

/// The first that a worker hears which a service started (`kiosk-worker accepted`): what it could not be
/// told on its command line.
#[derive(Debug, Serialize, Deserialize)]
pub struct Start {
    pub role: Role,
    /// As on the command line: a reader, or a place for tokens.
    pub place: Option<String>,
}

/// Kiosk to worker.
#[derive(Debug, Serialize, Deserialize)]
pub struct Asked {
    pub id: u64,
    pub request: Request,
}

/// Each with the answer it gets; any may be refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// -> `Pong`
    Ping,
    /// -> `Watching`, then [`CardEvent`]s and signs of life until the end.
    WatchCards,
    /// -> `Watching`, then [`TokenEvent`]s and signs of life until the end.
    WatchTokens,
    /// -> `Token`
    Token(TokenRequest),
    /// -> `Card`
    ReadCard,
    /// -> `Document` and the files as attachment; progress meanwhile.
    ReadDocument(ReadRequest),
    /// -> `Picture` and the JPEG as attachment. The open file comes with the request.
    LoadPicture(PictureLimits),
}

impl Request {
    /// What a person is told when the worker is silent or dies over this.
    pub fn fault_when_lost(&self) -> Fault {
        match self {
            Request::ReadCard | Request::ReadDocument(_) => Fault::CardSilent,
            Request::LoadPicture(_) => Fault::FileDamaged,
            Request::Token(_) => Fault::TokenFailed,
            Request::Ping | Request::WatchCards | Request::WatchTokens => Fault::WorkerDied,
        }
    }
}

/// Worker to kiosk.
#[derive(Debug, Serialize, Deserialize)]
pub enum Said {
    /// First of all, once the sandbox is closed.
    Ready(Sandbox),
    Answer {
        id: u64,
        answer: Result<Answer, Refusal>,
    },
    /// To the request of that id, which goes on.
    Progress {
        id: u64,
        stage: Stage,
    },
    Card(CardEvent),
    Token(TokenEvent),
    /// The watch is alive; at least every two seconds while it runs.
    Alive,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    Pong,
    Watching,
    Token(Box<TokenAnswer>),
    Card(CardRead),
    /// A chip that answers and does not let itself be read is an answer as well.
    Document(Box<Result<DocumentHead, ReadError>>),
    /// Size in pixels after turning upright and scaling down.
    Picture {
        width: u32,
        height: u32,
    },
}

/// How far the kernel could close the sandbox. Seccomp always is closed, or the
/// worker does not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sandbox {
    /// Every restriction asked for is enforced.
    Full,
    /// An older kernel: some of the file-system rules are missing.
    Partial,
    /// No Landlock in this kernel.
    SeccompOnly,
}

/// What the watch sees. After each start the whole state is told once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CardEvent {
    /// pcscd answers (or no longer does).
    Service {
        up: bool,
    },
    Reader {
        present: bool,
    },
    /// `atr`: answer to reset (ISO 7816-3), hex.
    Inserted {
        atr: String,
    },
    /// Something is in the reader that gives no answer to reset, such as a card
    /// put in the wrong way round.
    Mute,
    Removed,
}

/// What reaches whoever watches through the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchEvent {
    Card(CardEvent),
    Token(TokenEvent),
    /// The worker ended or was ended because it was silent; it is started anew.
    WorkerDied,
    /// A worker watches again.
    WorkerStarted,
}

/// A card as far as it is read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardRead {
    /// Answer to reset (ISO 7816-3), hex.
    pub atr: String,
    /// It selects the eMRTD application A0000002471001 (ICAO 9303-10, 3.2).
    pub emrtd: bool,
}

impl std::fmt::Debug for CardRead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CardRead(emrtd {})", self.emrtd)
    }
}

/// What a citizen's picture may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureLimits {
    pub file_bytes: u64,
    /// Pixels of the longer side, before decoding.
    pub side: u32,
    /// Pixels in all, before decoding.
    pub pixels: u64,
    /// Longer side of the result; larger pictures are scaled down.
    pub result_side: u32,
    /// JPEG quality of the result, 1..=100.
    pub quality: u8,
    /// JPEG 2000 is a picture too: chips have it, people's drives do not.
    pub jpeg_2000: bool,
}

impl PictureLimits {
    /// What a chip's portrait may be.
    pub fn portrait() -> Self {
        PictureLimits {
            file_bytes: 1024 * 1024,
            side: 4096,
            pixels: 8_000_000,
            result_side: 960,
            quality: 92,
            jpeg_2000: true,
        }
    }
}

impl Default for PictureLimits {
    fn default() -> Self {
        PictureLimits {
            file_bytes: 20 * 1024 * 1024,
            side: 16_384,
            // Telephones make 50 megapixels; four bytes each must fit in memory.
            pixels: 64_000_000,
            result_side: 2400,
            quality: 88,
            jpeg_2000: false,
        }
    }
}

/// Why the worker could not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    #[error("pcscd does not answer")]
    ServiceDown,
    #[error("no card reader")]
    ReaderMissing,
    #[error("no card in the reader")]
    CardAbsent,
    #[error("the card was pulled")]
    CardPulled,
    #[error("the card cannot be read")]
    CardUnreadable,
    #[error("the file is too large")]
    FileTooLarge,
    #[error("the file is neither JPEG nor PNG")]
    FileWrongType,
    #[error("the file is damaged")]
    FileDamaged,
    #[error("the file cannot be read")]
    FileUnreadable,
    #[error("the token: {0}")]
    Token(TokenTrouble),
    #[error("this worker does not do that")]
    NotMine,
}

impl Refusal {
    pub fn fault(self) -> Fault {
        match self {
            Refusal::ServiceDown => Fault::CardServiceDown,
            Refusal::ReaderMissing => Fault::ReaderMissing,
            Refusal::CardAbsent | Refusal::CardPulled => Fault::CardPulled,
            Refusal::CardUnreadable => Fault::CardUnreadable,
            Refusal::FileTooLarge => Fault::FileTooLarge,
            Refusal::FileWrongType => Fault::FileWrongType,
            Refusal::FileDamaged => Fault::FileDamaged,
            Refusal::FileUnreadable => Fault::FileUnreadable,
            Refusal::Token(trouble) => keystore::StorageError::from(trouble).fault(),
            Refusal::NotMine => Fault::Internal,
        }
    }
}
