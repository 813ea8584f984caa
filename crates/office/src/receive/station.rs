//! Time and heartbeat.

use std::sync::Arc;

use axum::{Extension, Json, extract::State, http::StatusCode};
use exchange::{
    Signed, UnixMillis,
    api::{Heartbeat, OfficeTime},
};

use super::answer::{Body, Refusal, blocking, malformed};
use super::{Caller, Receive};
use crate::db::kiosks;

pub async fn time(State(state): State<Arc<Receive>>) -> Json<Signed<OfficeTime>> {
    let now = UnixMillis::from_system_clock();
    Json(Signed::new(&OfficeTime { now }, &state.receipt_key))
}

pub async fn heartbeat(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Body(heartbeat): Body<Heartbeat>,
) -> Result<StatusCode, Refusal> {
    let text = serde_json::to_string(&heartbeat).map_err(anyhow::Error::from)?;
    if text.len() > 4096 {
        return Err(malformed("the heartbeat is too long"));
    }
    blocking(state, move |s| {
        let now = UnixMillis::from_system_clock();
        s.database
            .write(|t| kiosks::heartbeat(t, &caller.id, &text, now))?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
