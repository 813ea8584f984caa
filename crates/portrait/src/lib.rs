//! Pictures of a person: decode them, find faces, judge a selfie against the
//! circle, follow a liveness challenge, record it as a video.
//!
//! Here: everything about pixels that needs no device, clock or screen. Not
//! here: cameras (they hand over compressed pictures) and what a person is told
//! about a [`Finding`].
//!
//! Pictures are personal data: [`Picture`] and [`Jpeg`] wipe themselves when
//! dropped and show no pixels in `Debug`.

pub mod detector;
pub mod jpeg;
mod jpeg_tables;
pub mod liveness;
pub mod matroska;
pub mod picture;
pub mod png;
pub mod report;
pub mod scale;
pub mod selfie;
pub mod yuyv;

pub use detector::{DetectError, Face, FaceBox, FaceDetector, FaceSize, Point};
pub use jpeg::{Jpeg, JpegError};
pub use liveness::{FacePresence, LivenessJudge, LivenessState, Sight};
pub use matroska::MatroskaWriter;
pub use picture::{Picture, PictureError, Rect};
pub use report::{FileReport, Outcome, report};
pub use scale::Scaler;
pub use selfie::{Finding, Judgement, SelfieCheck, SelfieConfig, SelfieJudge};
