//! The socket: who asks, line by line, and when nobody does any longer.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::OwnedReadHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};

use crate::protocol::{Answer, MAX_LINE, Reason, Refusal, Request};
use crate::verbs::Steward;

/// Two programs ask, one thing at a time.
const MOST_CONNECTIONS: usize = 8;
/// A connection on which nothing is asked ends.
const PATIENCE: Duration = Duration::from_secs(30);
/// For one line to somebody who does not read.
const WRITING: Duration = Duration::from_secs(5);
/// Unasked for so long, the program ends and systemd listens. Longer than a confirmation is
/// valid: that is kept in memory only.
pub const IDLE: Duration = Duration::from_secs(90);

/// Returns when nobody has asked for [`IDLE`].
///
/// # Errors
/// The socket fails.
pub async fn serve(listener: UnixListener, steward: Arc<Steward>) -> std::io::Result<()> {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted?.0,
            () = tokio::time::sleep(IDLE) => {
                if places.available_permits() == MOST_CONNECTIONS {
                    return Ok(());
                }
                continue;
            }
        };
        let place = places.clone().try_acquire_owned();
        let steward = steward.clone();
        tokio::spawn(async move {
            let user = stream.peer_cred().map(|peer| peer.uid()).ok();
            let refusal = match (user, &place) {
                (Some(user), Ok(_)) if steward.config().knows(user) => {
                    return converse(stream, &steward, user).await;
                }
                (Some(user), Err(_)) if steward.config().knows(user) => {
                    Refusal::new(Reason::Busy, "too many connections")
                }
                _ => {
                    tracing::warn!(user, "a user who may not ask");
                    Refusal::new(Reason::NotAllowed, "this user may not ask")
                }
            };
            let mut stream = stream;
            send(&mut stream, &Answer::Refused(refusal)).await;
        });
    }
}

async fn converse(stream: UnixStream, steward: &Steward, user: u32) {
    let (read, mut write) = stream.into_split();
    let mut lines = FramedRead::new(read, LinesCodec::new_with_max_length(MAX_LINE));
    loop {
        let request = match next(&mut lines).await {
            Next::Request(request) => request,
            Next::Refused(refusal) => {
                tracing::warn!(user, %refusal, "a line that is no request");
                send(&mut write, &Answer::Refused(refusal)).await;
                continue;
            }
            Next::Unreadable(refusal) => {
                tracing::warn!(user, %refusal, "a line that cannot be read");
                send(&mut write, &Answer::Refused(refusal)).await;
                return;
            }
            Next::End => return,
        };
        let (sender, mut steps) = mpsc::channel(16);
        let act = steward.act(request, user, sender);
        tokio::pin!(act);
        // Begun is begun: also when nobody listens any longer.
        let mut heard = true;
        let answer = loop {
            tokio::select! {
                biased;
                Some(step) = steps.recv() => heard = heard && send(&mut write, &step).await,
                answer = &mut act => break answer,
            }
        };
        while let Ok(step) = steps.try_recv() {
            heard = heard && send(&mut write, &step).await;
        }
        if !heard || !send(&mut write, &answer).await {
            return;
        }
    }
}

enum Next {
    Request(Request),
    Refused(Refusal),
    /// Where the next line begins is not known.
    Unreadable(Refusal),
    End,
}

async fn next(lines: &mut FramedRead<OwnedReadHalf, LinesCodec>) -> Next {
    let bad = |detail: &str| Refusal::new(Reason::BadRequest, detail);
    match tokio::time::timeout(PATIENCE, lines.next()).await {
        Err(_) | Ok(None) => Next::End,
        Ok(Some(Ok(line))) => match Request::parse(&line) {
            Ok(request) => Next::Request(request),
            Err(refusal) => Next::Refused(refusal),
        },
        Ok(Some(Err(LinesCodecError::MaxLineLengthExceeded))) => {
            Next::Unreadable(bad("the line is too long"))
        }
        Ok(Some(Err(LinesCodecError::Io(error)))) => match error.kind() {
            std::io::ErrorKind::InvalidData => Next::Unreadable(bad("the line is not UTF-8")),
            _ => Next::End,
        },
    }
}

/// False: nobody reads.
async fn send(write: &mut (impl AsyncWriteExt + Unpin), answer: &Answer) -> bool {
    let Ok(mut line) = serde_json::to_vec(answer) else {
        return false;
    };
    line.push(b'\n');
    matches!(
        tokio::time::timeout(WRITING, write.write_all(&line)).await,
        Ok(Ok(()))
    )
}
