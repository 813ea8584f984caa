//! For those who ask: the kiosk, and the screen that stands in for it.

use std::path::Path;

use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};

use crate::protocol::{Answer, Request};

/// Where systemd listens for the steward.
pub const SOCKET: &str = "/run/qoltanba-steward.socket";
/// Bytes; of the answers the list of drives is the longest.
const LONGEST_ANSWER: usize = 64 << 10;

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("the steward cannot be reached: {0}")]
    Unreachable(#[from] std::io::Error),
    #[error("the steward's answer cannot be read: {0}")]
    Unreadable(String),
    #[error("the steward ended without an answer")]
    NoAnswer,
}

/// Asks once and gives the last answer; `progress` gets per cent and step before it.
///
/// # Errors
/// The steward is not there or does not answer as agreed. A refusal is an answer.
pub async fn ask(
    socket: &Path,
    request: &Request,
    mut progress: impl FnMut(u8, &str),
) -> Result<Answer, ClientError> {
    let unreadable = |error: &dyn std::fmt::Display| ClientError::Unreadable(error.to_string());
    let (read, mut write) = UnixStream::connect(socket).await?.into_split();
    let mut line = serde_json::to_vec(request).map_err(|error| unreadable(&error))?;
    line.push(b'\n');
    // Refused at once, the other side is closed by now; its reason is still to be read.
    let written = write.write_all(&line).await;
    let mut lines = FramedRead::new(read, LinesCodec::new_with_max_length(LONGEST_ANSWER));
    while let Some(line) = lines.next().await {
        let line = line.map_err(|error| match error {
            LinesCodecError::Io(error) => ClientError::Unreachable(error),
            LinesCodecError::MaxLineLengthExceeded => unreadable(&error),
        })?;
        match serde_json::from_str(&line).map_err(|error| unreadable(&error))? {
            Answer::Progress { percent, step } => progress(percent, &step),
            answer => return Ok(answer),
        }
    }
    written?;
    Err(ClientError::NoAnswer)
}
