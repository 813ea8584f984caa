//! Refusals as HTTP answers, and JSON bodies that say nothing of their content when malformed.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use exchange::api::ApiError;
use serde::{Serialize, de::DeserializeOwned};

use super::Receive;

/// Why a request is not carried out.
#[derive(Debug)]
pub enum Refusal {
    /// The caller is told.
    Api(ApiError),
    /// The caller learns only that it cannot be done now.
    Internal(anyhow::Error),
}

impl From<ApiError> for Refusal {
    fn from(e: ApiError) -> Self {
        Self::Api(e)
    }
}

impl From<anyhow::Error> for Refusal {
    fn from(e: anyhow::Error) -> Self {
        Self::Internal(e)
    }
}

impl From<crate::services::ServiceError> for Refusal {
    fn from(e: crate::services::ServiceError) -> Self {
        Self::Internal(e.into())
    }
}

/// `Malformed` with a reason that repeats nothing of the request.
pub fn malformed(detail: &str) -> Refusal {
    Refusal::Api(ApiError::Malformed {
        detail: detail.to_owned(),
    })
}

fn status(error: &ApiError) -> StatusCode {
    match error {
        ApiError::Malformed { .. } => StatusCode::BAD_REQUEST,
        ApiError::UnknownKiosk | ApiError::ProvisioningToken => StatusCode::FORBIDDEN,
        ApiError::NotFound => StatusCode::NOT_FOUND,
        ApiError::MissingParts { .. } | ApiError::Conflict => StatusCode::CONFLICT,
        ApiError::Unverified => StatusCode::UNPROCESSABLE_ENTITY,
        ApiError::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        ApiError::PhoneNotProven | ApiError::NotApproved => StatusCode::FORBIDDEN,
        ApiError::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = match self {
            Self::Api(error) => error,
            Self::Internal(error) => {
                tracing::error!("request failed: {error:#}");
                ApiError::Unavailable
            }
        };
        let mut response = (status(&error), axum::Json(&error)).into_response();
        let wait = match error {
            ApiError::TooMany { seconds } => Some(seconds),
            ApiError::Unavailable => Some(2),
            _ => None,
        };
        if let Some(seconds) = wait {
            let value = HeaderValue::from(seconds);
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        response
    }
}

/// A JSON body of at most 64 kB.
pub struct Body<T>(pub T);

pub const LONGEST_BODY: usize = 64 << 10;

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let bytes: Bytes = axum::body::to_bytes(request.into_body(), LONGEST_BODY)
            .await
            .map_err(|_| malformed("the body is too long or was cut off"))?;
        // serde's message may quote what was sent; line and column do not.
        serde_json::from_slice(&bytes).map(Self).map_err(|e| {
            let place = format!(
                "not the expected JSON, line {} column {}",
                e.line(),
                e.column()
            );
            malformed(&place)
        })
    }
}

/// Runs `f` where blocking is allowed and answers with its JSON.
pub async fn json<T: Serialize + Send + 'static>(
    state: Arc<Receive>,
    f: impl FnOnce(&Receive) -> Result<T, Refusal> + Send + 'static,
) -> Result<axum::Json<T>, Refusal> {
    blocking(state, f).await.map(axum::Json)
}

pub async fn blocking<T: Send + 'static>(
    state: Arc<Receive>,
    f: impl FnOnce(&Receive) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(move || f(&state))
        .await
        .map_err(|e| Refusal::Internal(e.into()))?
}
