//! Video4Linux cameras: found in `/dev`, read through mapped buffers.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use v4l::buffer::{Flags, Type};
use v4l::io::mmap::Stream;
use v4l::io::traits::CaptureStream;
use v4l::video::Capture;
use v4l::video::capture::Parameters;
use v4l::{Device, Format, FourCC};
use zeroize::Zeroizing;

use super::{CAPTURE_SIZE, Camera, CameraDescription, CameraError, CameraSource, RawFrame};

/// Motion JPEG first: over USB 2 it is what reaches 30 frames a second.
const FORMATS: [(&[u8; 4], Encoding); 2] = [(b"MJPG", Encoding::Mjpeg), (b"YUYV", Encoding::Yuyv)];
const SMALLEST: (u32, u32) = (640, 480);
const FRAMES_A_SECOND: u32 = 30;
const BUFFERS: u32 = 4;
/// A camera that gives no first frame in this time does not work.
const FIRST_FRAME: Duration = Duration::from_secs(3);
/// `<linux/poll.h>`
const POLLIN: i16 = 0x001;

/// The cameras of this machine, or the one that was configured.
pub struct HardwareSource {
    configured: Option<PathBuf>,
}

impl HardwareSource {
    /// `configured`: e.g. `/dev/video0`; none takes the first that works.
    pub fn new(configured: Option<PathBuf>) -> Self {
        Self { configured }
    }
}

impl CameraSource for HardwareSource {
    fn list(&self) -> Vec<CameraDescription> {
        let paths = match &self.configured {
            Some(path) => vec![path.clone()],
            None => video_nodes(Path::new("/dev")),
        };
        paths
            .into_iter()
            // A camera has a second node for metadata: it has no picture format.
            .filter(|path| Device::with_path(path).is_ok_and(|d| Capture::format(&d).is_ok()))
            .map(|path| CameraDescription {
                name: name_of(&path),
                path,
            })
            .collect()
    }

    fn open(&mut self) -> Result<Box<dyn Camera>, CameraError> {
        let mut last = CameraError::NotFound;
        for camera in self.list() {
            match V4lCamera::open(&camera.path) {
                Ok(opened) => {
                    tracing::info!(path = %camera.path.display(), name = camera.name, "camera opened");
                    return Ok(Box::new(opened));
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// `videoN` by rising N. (The library's own listing panics on odd names.)
fn video_nodes(directory: &Path) -> Vec<PathBuf> {
    let number = |path: &Path| -> Option<u32> {
        path.file_name()?
            .to_str()?
            .strip_prefix("video")?
            .parse()
            .ok()
    };
    let mut nodes: Vec<(u32, PathBuf)> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((number(&entry.path())?, entry.path())))
        .collect();
    nodes.sort();
    nodes.into_iter().map(|(_, path)| path).collect()
}

/// From sysfs: asking the driver through the library panics where a long name was
/// cut in the middle of a UTF-8 character.
fn name_of(path: &Path) -> String {
    let node = path.canonicalize().unwrap_or_else(|_| path.into());
    let node = node.file_name().unwrap_or_default();
    let file = Path::new("/sys/class/video4linux").join(node).join("name");
    let name = std::fs::read(file).unwrap_or_default();
    String::from_utf8_lossy(&name).trim().to_owned()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Mjpeg,
    Yuyv,
}

struct V4lCamera {
    path: PathBuf,
    /// Taken only to be dropped; it keeps the device open.
    stream: Option<Stream<'static>>,
    started: bool,
    encoding: Encoding,
    width: u32,
    height: u32,
    stride: usize,
    /// The newest frame, copied out of the driver's buffer.
    frame: Zeroizing<Vec<u8>>,
}

impl V4lCamera {
    fn open(path: &Path) -> Result<Self, CameraError> {
        let failed = |source| CameraError::Device {
            path: path.into(),
            source,
        };
        let device = Device::with_path(path).map_err(failed)?;
        let (format, encoding) =
            choose_format(&device).ok_or(CameraError::NoUsableFormat { path: path.into() })?;
        // Some drivers have one rate only and refuse to be asked.
        let _ = device.set_params(&Parameters::with_fps(FRAMES_A_SECOND));
        let mut stream =
            Stream::with_buffers(&device, Type::VideoCapture, BUFFERS).map_err(failed)?;
        stream.set_timeout(FIRST_FRAME);
        Ok(Self {
            path: path.into(),
            stream: Some(stream),
            started: false,
            encoding,
            width: format.width,
            height: format.height,
            stride: (format.stride as usize).max(format.width as usize * 2),
            frame: Zeroizing::new(Vec::new()),
        })
    }

    /// Waits for a frame and skips to the newest that is there. False if nothing
    /// came or the frame is marked as torn.
    fn fetch(&mut self, wait: Duration) -> io::Result<bool> {
        let Some(stream) = &mut self.stream else {
            return Ok(false);
        };
        let handle = stream.handle();
        let ready = |wait: Duration| -> io::Result<bool> {
            let wait = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
            match handle.poll(POLLIN, wait) {
                Ok(count) => Ok(count > 0),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(false),
                Err(e) => Err(e),
            }
        };
        // The library queues a buffer twice after a time-out of `next`: ask only
        // when a frame is there. The first call starts the stream.
        if self.started && !ready(wait)? {
            return Ok(false);
        }
        let mut whole = false;
        for _ in 0..BUFFERS {
            let (bytes, meta) = CaptureStream::next(stream)?;
            self.started = true;
            let used = (meta.bytesused as usize).min(bytes.len());
            whole = used > 0 && !meta.flags.contains(Flags::ERROR);
            if used > self.frame.capacity() {
                // Growing in place would leave an unwiped copy behind.
                self.frame = Zeroizing::new(Vec::with_capacity(bytes.len()));
            }
            self.frame.clear();
            self.frame.extend_from_slice(&bytes[..used]);
            if !ready(Duration::ZERO)? {
                break;
            }
        }
        Ok(whole)
    }
}

/// The first format that the driver accepts as asked, in the size nearest to
/// [`CAPTURE_SIZE`] that it offers.
fn choose_format(device: &Device) -> Option<(Format, Encoding)> {
    let (width, height) = CAPTURE_SIZE;
    FORMATS.into_iter().find_map(|(code, encoding)| {
        let wanted = FourCC::new(code);
        let given = device
            .set_format(&Format::new(width, height, wanted))
            .ok()?;
        let large = given.width >= SMALLEST.0 && given.height >= SMALLEST.1;
        (given.fourcc == wanted && large).then_some((given, encoding))
    })
}

impl Camera for V4lCamera {
    fn next(&mut self, wait: Duration) -> Result<Option<RawFrame<'_>>, CameraError> {
        let whole = self.fetch(wait).map_err(|source| CameraError::Device {
            path: self.path.clone(),
            source,
        })?;
        Ok(whole.then_some(match self.encoding {
            Encoding::Mjpeg => RawFrame::Mjpeg(&self.frame),
            Encoding::Yuyv => RawFrame::Yuyv {
                bytes: &self.frame,
                width: self.width,
                height: self.height,
                stride: self.stride,
            },
        }))
    }
}

impl Drop for V4lCamera {
    fn drop(&mut self) {
        // The library panics when stopping fails for another reason than an
        // unplugged camera; a camera must not end the thread.
        let stream = self.stream.take();
        if catch_unwind(AssertUnwindSafe(|| drop(stream))).is_err() {
            tracing::warn!(path = %self.path.display(), "the camera did not stop");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_listed_by_number_and_odd_names_left_out() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["video10", "video2", "video", "videos", "video0", "vbi0"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let names: Vec<_> = video_nodes(dir.path())
            .iter()
            .map(|p| p.file_name().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["video0", "video2", "video10"]);
    }

    #[test]
    fn what_is_no_camera_is_neither_listed_nor_opened() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut source = HardwareSource::new(Some(file.path().into()));
        assert_eq!(source.list(), []);
        assert!(matches!(source.open(), Err(CameraError::NotFound)));
        let opened = V4lCamera::open(file.path());
        assert!(matches!(opened, Err(CameraError::NoUsableFormat { .. })));
        let nowhere = V4lCamera::open(Path::new("/nonexistent/video0"));
        assert!(matches!(nowhere, Err(CameraError::Device { .. })));
    }
}
