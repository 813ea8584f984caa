//! The handle of the camera's own thread; what runs there is in `worker`.

use std::io::Write;
use std::sync::mpsc::{self, RecvTimeoutError, Sender, SyncSender};
use std::thread::JoinHandle;
use std::time::Duration;

use faults::Fault;
use portrait::{DetectError, Finding, Jpeg, SelfieCheck, SelfieConfig};

use super::recording::{self, RecordedFrame};
use super::worker::Worker;
use super::{
    CameraEvent, CameraSource, Figures, HealthConfig, PreviewFrame, RecordError, Recording,
    RecordingOrder,
};
use crate::session::command::PreviewFor;

/// How long a still waits for a frame that is good enough.
pub(super) const STILL_PATIENCE: Duration = Duration::from_millis(1500);
/// The thread itself gives up in time; whoever asked it does so only when it hangs.
const LONGEST_LOOK: Duration = Duration::from_secs(15);

#[derive(Clone, Debug)]
pub struct CameraSettings {
    pub selfie: SelfieConfig,
    pub health: HealthConfig,
    /// Time from one analysis for faces to the next; longer where an analysis
    /// takes long. At most a second.
    pub analyse_every: Duration,
    /// While nobody uses the camera it is closed, and opened this often to see
    /// whether it is well.
    pub check_every: Duration,
    /// How long such a check lasts.
    pub check_for: Duration,
}

impl Default for CameraSettings {
    fn default() -> Self {
        Self {
            selfie: SelfieConfig::default(),
            health: HealthConfig::default(),
            analyse_every: Duration::from_millis(200),
            check_every: Duration::from_secs(60),
            check_for: Duration::from_secs(4),
        }
    }
}

/// Both are called on the camera's thread and must return quickly.
pub struct Callbacks {
    pub preview: Box<dyn Fn(&PreviewFrame<'_>) + Send>,
    pub event: Box<dyn Fn(CameraEvent) + Send>,
}

/// The live picture that is wanted: the middle of the frame with the proportions
/// `width : height`, scaled to that size. For a face it is mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreviewRequest {
    pub purpose: PreviewFor,
    pub width: u32,
    pub height: u32,
}

/// What is kept: the middle of the frame with these proportions, in the camera's
/// own pixels, never mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StillRequest {
    pub purpose: PreviewFor,
    pub proportions: (u32, u32),
}

#[derive(Debug, thiserror::Error)]
pub enum StillError {
    /// Not a selfie: why.
    #[error("the picture cannot be taken: {0:?}")]
    Finding(Finding),
    #[error("the camera sent no picture in time")]
    NoPicture,
    #[error("the camera thread has ended")]
    NotAvailable,
    #[error(transparent)]
    Encode(#[from] portrait::JpegError),
    #[error(transparent)]
    Picture(#[from] portrait::PictureError),
    #[error(transparent)]
    Detect(#[from] DetectError),
}

pub(super) enum Order {
    Preview(Option<PreviewRequest>),
    Still(StillRequest, SyncSender<Result<Jpeg, StillError>>),
    Record((u32, u32), SyncSender<RecordedFrame>),
    Measure(Duration, SyncSender<Option<Figures>>),
    Stop,
}

/// The handle; dropping it ends the thread and closes the camera.
pub struct CameraThread {
    orders: Sender<Order>,
    thread: Option<JoinHandle<()>>,
}

impl CameraThread {
    /// Opens the source and loads the face detector on the camera's own thread, so that
    /// the first screen does not wait for them. What fails there is told as
    /// `CameraMissing`.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        open: impl FnOnce() -> Result<Box<dyn CameraSource>, String> + Send + 'static,
        settings: CameraSettings,
        callbacks: Callbacks,
    ) -> std::io::Result<Self> {
        let (orders, inbox) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("camera".into())
            .spawn(move || {
                let opened = open().and_then(|source| {
                    let judge = SelfieCheck::new(settings.selfie).map_err(|e| e.to_string())?;
                    Ok((source, judge))
                });
                match opened {
                    Ok((source, judge)) => {
                        Worker::new(source, settings, callbacks, Box::new(judge)).run(&inbox);
                    }
                    Err(e) => {
                        tracing::error!("no camera: {e}");
                        (callbacks.event)(CameraEvent::Raised(Fault::CameraMissing));
                    }
                }
            })?;
        Ok(Self {
            orders,
            thread: Some(thread),
        })
    }

    /// Starts, changes or ends the live picture. At its end all that is left of
    /// the person is wiped.
    pub fn preview(&self, wanted: Option<PreviewRequest>) {
        // An ended thread shows nothing: there is nobody else to tell.
        let _ = self.orders.send(Order::Preview(wanted));
    }

    /// Takes a picture; blocks for up to three seconds, longer where looking for a face
    /// takes long. For a face it is refused unless the frame that is kept was found `Good`.
    pub fn capture_still(&self, request: StillRequest) -> Result<Jpeg, StillError> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.orders
            .send(Order::Still(request, reply))
            .map_err(|_| StillError::NotAvailable)?;
        match answer.recv_timeout(STILL_PATIENCE + LONGEST_LOOK) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => Err(StillError::NoPicture),
            Err(RecvTimeoutError::Disconnected) => Err(StillError::NotAvailable),
        }
    }

    /// Measures what comes for so long; blocks until then. None: nothing came, or the
    /// camera is somebody else's meanwhile.
    pub fn measure(&self, lasting: Duration) -> Option<Figures> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.orders.send(Order::Measure(lasting, reply)).ok()?;
        answer.recv_timeout(lasting + STILL_PATIENCE * 2).ok()?
    }

    /// Records Motion JPEG in Matroska into `sink` while the prompts run; blocks
    /// until the end. The picture is the middle with these `proportions`. On any
    /// error what the sink got is no recording.
    pub fn record<W: Write>(
        &self,
        proportions: (u32, u32),
        order: RecordingOrder<'_>,
        sink: W,
    ) -> Result<(W, Recording), RecordError> {
        // A second of frames (12 MB): a longer hiccup of the disk loses frames
        // rather than memory.
        let (sender, frames) = mpsc::sync_channel(10);
        self.orders
            .send(Order::Record(proportions, sender))
            .map_err(|_| RecordError::NotAvailable)?;
        recording::record(frames, order, sink)
    }
}

impl Drop for CameraThread {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::Stop);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported where it happened.
            let _ = thread.join();
        }
    }
}
