//! Why a tus request is not carried out: a status, and no body that nobody reads.

use axum::{
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};

use super::{TUS_VERSION, UPLOAD_OFFSET, VERSION};
use crate::receive::answer::Refusal;

#[derive(Debug)]
pub enum TusRefusal {
    /// The request does not speak tus 1.0.
    Version,
    /// It says too little or what cannot be.
    Malformed,
    ContentType,
    /// Unknown here, or another kiosk's.
    Unknown,
    /// Terminated, expired or found damaged.
    Gone,
    /// Another request holds the upload and does not let go.
    Locked,
    /// The offset is not the one reached, which is told.
    Offset(u64),
    TooLarge,
    /// The line broke before all that was announced had come.
    Broken,
    /// All bytes are there and are not those that were announced.
    Checksum,
    /// As on every other route.
    Other(Refusal),
}

impl From<Refusal> for TusRefusal {
    fn from(refusal: Refusal) -> Self {
        Self::Other(refusal)
    }
}

impl From<anyhow::Error> for TusRefusal {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error.into())
    }
}

impl IntoResponse for TusRefusal {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Version => {
                let versions = [(TUS_VERSION, VERSION)];
                return (StatusCode::PRECONDITION_FAILED, versions).into_response();
            }
            Self::Offset(reached) => {
                let reached = [(UPLOAD_OFFSET, HeaderValue::from(reached))];
                return (StatusCode::CONFLICT, reached).into_response();
            }
            Self::Other(refusal) => return refusal.into_response(),
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Gone => StatusCode::GONE,
            Self::Locked => StatusCode::LOCKED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Broken => StatusCode::REQUEST_TIMEOUT,
            // tus's own status; 422 only if the number could not be one.
            Self::Checksum => StatusCode::from_u16(460).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY),
        };
        status.into_response()
    }
}
