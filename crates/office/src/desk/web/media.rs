//! Pictures and the recording, opened for an operator and for one answer only.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream;
use zeroize::Zeroizing;

use super::video::{Frame, frames, spread};

/// So many frames of a recording are shown on the page of an application.
const SHOWN: usize = 10;
/// A pause between frames is never longer when the recording is played.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
const BOUNDARY: &str = "frame";

/// One picture as it is. The type is ours, never what the file says of itself.
pub fn picture(jpeg: &[u8]) -> Response {
    (
        [(header::CONTENT_TYPE, "image/jpeg")],
        Bytes::copy_from_slice(jpeg),
    )
        .into_response()
}

/// Frames spread over the recording: time in milliseconds and `data:` address.
pub fn shown_frames(recording: &[u8]) -> Vec<(u64, String)> {
    spread(&frames(recording), SHOWN)
        .into_iter()
        .map(|frame| {
            let jpeg = STANDARD.encode(&recording[frame.jpeg.clone()]);
            (frame.millis, format!("data:image/jpeg;base64,{jpeg}"))
        })
        .collect()
}

/// The recording as browsers play it in an image: JPEGs one after the other
/// (`multipart/x-mixed-replace`), at the pace at which they were taken.
pub fn play(recording: Zeroizing<Vec<u8>>) -> Response {
    let frames = frames(&recording);
    let body = Body::from_stream(stream::unfold(
        (Arc::new(recording), frames.into_iter(), 0u64),
        |(recording, mut frames, before)| async move {
            let frame = frames.next()?;
            let pause = Duration::from_millis(frame.millis.saturating_sub(before));
            tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
            let part = part(&recording, &frame);
            Some((Ok::<_, Infallible>(part), (recording, frames, frame.millis)))
        },
    ));
    let kind = format!("multipart/x-mixed-replace; boundary={BOUNDARY}");
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

/// Ends with the boundary: a browser shows a part once it sees the next begin.
fn part(recording: &[u8], frame: &Frame) -> Bytes {
    let jpeg = &recording[frame.jpeg.clone()];
    let mut part = Vec::with_capacity(jpeg.len() + 128);
    if frame.millis == 0 {
        part.extend_from_slice(format!("--{BOUNDARY}\r\n").as_bytes());
    }
    part.extend_from_slice(
        format!(
            "Content-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
            jpeg.len()
        )
        .as_bytes(),
    );
    part.extend_from_slice(jpeg);
    part.extend_from_slice(format!("\r\n--{BOUNDARY}\r\n").as_bytes());
    part.into()
}
