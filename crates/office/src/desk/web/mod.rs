use std::sync::Arc;
use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use super::{Desk, Summary};
pub fn router(desk: Arc<Desk>) -> Router {
    Router::new().route("/", get(list)).with_state(desk)
}
async fn list(State(desk): State<Arc<Desk>>) -> Result<Json<Vec<Summary>>, StatusCode> {
    match tokio::task::spawn_blocking(move || desk.submissions(&[])).await {
        Ok(Ok(all)) => Ok(Json(all)),
        _ => Err(StatusCode::SERVICE_UNAVAILABLE),
    }
}
