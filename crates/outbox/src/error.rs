//! What can go wrong with the queue, and which fault a person sees of it.

use std::io;
use std::path::PathBuf;

use exchange::{PartName, SubmissionId};
use faults::Fault;
use rusqlite::ffi::ErrorCode;

#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    #[error("SQLite {found} is older than 3.51.3, which mends a lost WAL reset")]
    OldSqlite { found: String },
    #[error("another process holds the queue")]
    InUse,
    #[error("the queue's database is damaged ({cause}); it was moved to {}", moved_to.display())]
    Damaged { cause: String, moved_to: PathBuf },
    #[error("the queue's database is missing beside sealed submissions; rebuild it")]
    DatabaseMissing,
    #[error(
        "the queue was written by a newer program that needs reader {needs}, this one is {have}"
    )]
    TooNew { needs: i64, have: i64 },
    #[error("the disk is full")]
    DiskFull,
    #[error("the disk can only be read")]
    DiskReadOnly,
    #[error("no submission {0} in the queue")]
    Unknown(SubmissionId),
    #[error("submission {0} is already committed")]
    AlreadyCommitted(SubmissionId),
    #[error("part {part} was staged anew or dropped meanwhile")]
    Superseded { part: PartName },
    #[error("the manifest does not name exactly the staged parts")]
    PartsDiffer,
    #[error("the manifest does not continue the chain: expected sequence {expected}")]
    ChainBroken { expected: u64 },
    #[error("the signed statement is not usable: {0}")]
    Statement(#[from] exchange::SignatureError),
    #[error("the receipt or result is for other content than this kiosk sent")]
    Mismatch,
    #[error("submission {0} is not in a state that allows this")]
    WrongState(SubmissionId),
    #[error("{what}: {source}")]
    Io {
        what: String,
        #[source]
        source: io::Error,
    },
    #[error("the queue's database: {0}")]
    Database(#[from] rusqlite::Error),
    #[error("the queue's database holds what this program did not write: {0}")]
    Content(String),
}

impl OutboxError {
    pub(crate) fn io(what: impl Into<String>, source: io::Error) -> Self {
        if is_full(&source) {
            return Self::DiskFull;
        }
        if source.kind() == io::ErrorKind::ReadOnlyFilesystem {
            return Self::DiskReadOnly;
        }
        Self::Io {
            what: what.into(),
            source,
        }
    }

    /// The row of the fault table a person sees.
    pub fn fault(&self) -> Fault {
        match self {
            Self::DiskFull => Fault::DiskFull,
            Self::DiskReadOnly => Fault::DiskReadOnly,
            Self::Io { .. } => Fault::DiskFailed,
            Self::Database(e) => match e.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => Fault::DiskFull,
                Some(ErrorCode::ReadOnly) => Fault::DiskReadOnly,
                _ => Fault::DiskFailed,
            },
            Self::Damaged { .. }
            | Self::DatabaseMissing
            | Self::TooNew { .. }
            | Self::Content(_) => Fault::QueueDamaged,
            Self::OldSqlite { .. }
            | Self::InUse
            | Self::Unknown(_)
            | Self::AlreadyCommitted(_)
            | Self::Superseded { .. }
            | Self::PartsDiffer
            | Self::ChainBroken { .. }
            | Self::Statement(_)
            | Self::Mismatch
            | Self::WrongState(_) => Fault::Internal,
        }
    }
}

/// No space, no quota, or over a file size limit: waiting or deleting helps.
fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

pub(crate) fn is_database_full(error: &rusqlite::Error) -> bool {
    // A full disk also shows itself as a failed write of the shared-memory or WAL file.
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure)
    )
}
