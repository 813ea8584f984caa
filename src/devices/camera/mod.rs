//! The camera: live picture, selfie, machine-readable zone, document photo, video
//! identification.
//!
//! Here: what a camera is ([`Camera`], [`CameraSource`]) and the thread that
//! drives one ([`CameraThread`]). What a picture shows is judged by `portrait` and
//! `mrz_reader`.
//! Pictures of a person stay in memory that is wiped; nothing here writes files.

mod check;
mod figures;
pub mod hardware;
mod health;
mod pipeline;
mod recording;
#[cfg(feature = "simulated")]
pub mod simulated;
mod thread;
mod worker;
mod zone;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use chip::mrz::Mrz;
use faults::Fault;
use portrait::Finding;

use crate::session::event::{DeviceEvent, FaceFinding, MrzHint};

pub use check::{CameraCheck, check};
pub use figures::Figures;
pub use health::{Health, HealthConfig};
pub use pipeline::Pipeline;
pub use recording::{Cancel, RecordError, Recording, RecordingOrder, RecordingProgress};
pub use thread::{
    Callbacks, CameraSettings, CameraThread, PreviewRequest, StillError, StillRequest,
};

/// The kiosk asks cameras for this size; other sizes are accepted.
pub const CAPTURE_SIZE: (u32, u32) = (1280, 720);

#[derive(Debug, thiserror::Error)]
pub enum CameraError {
    #[error("no camera is there")]
    NotFound,
    #[error("{path}: neither Motion JPEG nor YUYV of at least 640x480")]
    NoUsableFormat { path: PathBuf },
    #[error("{path}: {source}")]
    Device {
        path: PathBuf,
        source: std::io::Error,
    },
}

/// A camera that could be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameraDescription {
    /// e.g. `/dev/video0`
    pub path: PathBuf,
    pub name: String,
}

/// A frame as the camera gives it.
#[derive(Clone, Copy)]
pub enum RawFrame<'a> {
    Mjpeg(&'a [u8]),
    Yuyv {
        bytes: &'a [u8],
        width: u32,
        height: u32,
        /// Bytes from one row to the next.
        stride: usize,
    },
}

/// An open, streaming camera; lives on one thread.
pub trait Camera {
    /// The newest frame, older ones skipped; none if nothing came within `wait`.
    /// After an error the camera is to be opened anew.
    fn next(&mut self, wait: Duration) -> Result<Option<RawFrame<'_>>, CameraError>;
}

/// Where cameras come from.
pub trait CameraSource: Send {
    /// What is there now, in the order in which it would be tried.
    fn list(&self) -> Vec<CameraDescription>;
    /// Opens the first that works.
    fn open(&mut self) -> Result<Box<dyn Camera>, CameraError>;
}

/// What the thread says on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CameraEvent {
    /// Several times a second while a preview for a face runs.
    Face(Finding),
    /// Several times a second while a preview for a machine-readable zone runs.
    MrzHint(MrzHint),
    /// Frames agree on it.
    MrzSeen(Box<Mrz>),
    /// One of `CameraMissing`, `CameraBlack`, `CameraFrozen`, `CameraSlow`; at
    /// most one is raised at a time.
    Raised(Fault),
    Cleared(Fault),
}

/// A frame ready for the screen: scaled, mirrored where asked.
pub struct PreviewFrame<'a> {
    /// Rows from the top, three bytes a pixel, no padding.
    pub rgb: &'a [u8],
    pub width: u32,
    pub height: u32,
    /// Counts shown frames from 0.
    pub sequence: u64,
    /// When the camera gave it.
    pub at: Instant,
}

impl From<Finding> for FaceFinding {
    fn from(finding: Finding) -> Self {
        match finding {
            Finding::NoFace => FaceFinding::NoFace,
            Finding::SeveralFaces => FaceFinding::SeveralFaces,
            Finding::TooSmall => FaceFinding::TooSmall,
            Finding::TooLarge => FaceFinding::TooLarge,
            Finding::OffCentre => FaceFinding::OffCentre,
            Finding::TooDark => FaceFinding::TooDark,
            Finding::Good => FaceFinding::Good,
        }
    }
}

impl From<CameraEvent> for DeviceEvent {
    fn from(event: CameraEvent) -> Self {
        match event {
            CameraEvent::Face(finding) => DeviceEvent::Face(finding.into()),
            CameraEvent::MrzHint(hint) => DeviceEvent::MrzHint(hint),
            CameraEvent::MrzSeen(mrz) => DeviceEvent::MrzSeen(mrz),
            CameraEvent::Raised(fault) => DeviceEvent::Raised(fault),
            CameraEvent::Cleared(fault) => DeviceEvent::Cleared(fault),
        }
    }
}
