//! What the steward does for an update, and what it says of the slots.

use std::path::Path;
use std::time::Duration;

use steward::client::{self, ClientError};
use steward::slots::Slots;
use steward::{Answer, Reason, Refusal, Request};

/// Longer than the steward's own deadline.
pub(super) const INSTALLED_WITHIN: Duration = Duration::from_secs(45 * 60);

/// Why something that was asked for was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// Nothing was done: something else is.
    #[error("the steward is busy")]
    Busy,
    #[error("{0}")]
    Refused(Refusal),
    /// What was done is not known.
    #[error("{0}")]
    Lost(String),
}

impl From<ClientError> for Trouble {
    fn from(error: ClientError) -> Self {
        Self::Lost(error.to_string())
    }
}

fn answered(answer: Answer) -> Trouble {
    match answer {
        Answer::Refused(refusal) if refusal.reason == Reason::Busy => Trouble::Busy,
        Answer::Refused(refusal) => Trouble::Refused(refusal),
        _ => Trouble::Lost("another answer than expected".into()),
    }
}

/// # Errors
/// [`Trouble::Busy`] also while an update is being installed.
pub(super) async fn slots(socket: &Path) -> Result<Slots, Trouble> {
    match client::ask(socket, &Request::Slots {}, |_, _| ()).await? {
        Answer::Slots(slots) => Ok(slots),
        other => Err(answered(other)),
    }
}

/// Installs what lies in the folder and orders the restart.
pub(super) async fn install(socket: &Path) -> Result<(), Trouble> {
    let request = Request::InstallOffered { restart: true };
    let asked = client::ask(socket, &request, |percent, step| {
        tracing::debug!(percent, step, "an update is installed");
    });
    match tokio::time::timeout(INSTALLED_WITHIN, asked).await {
        Ok(answer) => match answer? {
            Answer::Done {} => Ok(()),
            other => Err(answered(other)),
        },
        Err(_) => Err(Trouble::Lost("no answer".into())),
    }
}
