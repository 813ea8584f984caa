//! What the kiosk tells of itself every few minutes.

use exchange::UnixMillis;
use exchange::api::{self, Heartbeat};
use faults::Fault;
use outbox::Capacity;
use reqwest::StatusCode;

use super::client::refusal;
use super::{OfficeClient, SyncError};

/// `mode`: the station's, e.g. `idle`.
pub fn heartbeat_of(
    capacity: &Capacity,
    faults: &[Fault],
    mode: &str,
    now: UnixMillis,
) -> Heartbeat {
    let age = |since: UnixMillis| now.0.saturating_sub(since.0).max(0) as u64 / 1000;
    Heartbeat {
        version: env!("CARGO_PKG_VERSION").into(),
        queue_waiting: capacity.waiting,
        queue_quarantined: capacity.quarantined,
        oldest_unsent_seconds: capacity.oldest_waiting.map(age),
        disk_free_bytes: capacity.free_bytes,
        last_fsync_millis: capacity.last_commit_millis,
        faults: faults.iter().map(|f| f.code().to_owned()).collect(),
        mode: mode.into(),
    }
}

impl OfficeClient {
    /// # Errors
    /// See [`SyncError`].
    pub async fn send_heartbeat(&self, heartbeat: &Heartbeat) -> Result<(), SyncError> {
        let response = self.post_raw(api::HEARTBEAT, heartbeat).await?;
        match response.status() {
            StatusCode::NO_CONTENT => Ok(()),
            _ => Err(refusal(response).await),
        }
    }
}
