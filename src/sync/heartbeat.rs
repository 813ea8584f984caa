//! What the kiosk tells of itself every few minutes.

use exchange::UnixMillis;
use exchange::api::{self, Heartbeat};
use faults::Fault;
use outbox::Capacity;
use reqwest::StatusCode;

use super::client::refusal;
use super::{OfficeClient, SyncError};

/// `capacity`: of a queue that answers. `ended`: faults that came and went since the last
/// heartbeat. `mode`: the station's, e.g. `idle`.
pub fn heartbeat_of(
    capacity: Option<&Capacity>,
    faults: &[Fault],
    ended: &[Fault],
    mode: &str,
    now: UnixMillis,
) -> Heartbeat {
    let codes = |faults: &[Fault]| faults.iter().map(|f| f.code().to_owned()).collect();
    let age = |since: UnixMillis| now.0.saturating_sub(since.0).max(0) as u64 / 1000;
    Heartbeat {
        version: env!("CARGO_PKG_VERSION").into(),
        // Without a queue its fault says why nothing is known of it.
        queue_waiting: capacity.map_or(0, |c| c.waiting),
        queue_quarantined: capacity.map_or(0, |c| c.quarantined),
        oldest_unsent_seconds: capacity.and_then(|c| c.oldest_waiting).map(age),
        disk_free_bytes: capacity.map_or(0, |c| c.free_bytes),
        last_fsync_millis: capacity.and_then(|c| c.last_commit_millis),
        faults: codes(faults),
        ended_faults: codes(ended),
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
