//! A camera without a camera: a still that moves a little, or a film, and faults
//! at will. Product code for demonstration and training; never in the image.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use portrait::{Picture, PictureError, Rect, Scaler, jpeg};

use super::{CAPTURE_SIZE, Camera, CameraDescription, CameraError, CameraSource, RawFrame};

/// By how many pixels a still moves: a real camera never sends the same frame
/// twice.
const SWAYS: [(u32, u32); 6] = [(0, 0), (1, 0), (2, 1), (2, 2), (1, 2), (0, 1)];
const SWAY: u32 = 2;
const PERIOD: Duration = Duration::from_millis(33);
const SLOW_PERIOD: Duration = Duration::from_millis(500);
const QUALITY: u8 = 85;

/// What is wrong with the simulated camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum CameraFault {
    #[default]
    None,
    /// The lens is covered.
    Black,
    /// The same frame again and again.
    Frozen,
    /// Two frames a second.
    Slow,
    /// Unplugged.
    Gone,
}

impl CameraFault {
    const ALL: [(CameraFault, &'static str); 5] = [
        (CameraFault::None, "none"),
        (CameraFault::Black, "black"),
        (CameraFault::Frozen, "frozen"),
        (CameraFault::Slow, "slow"),
        (CameraFault::Gone, "gone"),
    ];
}

impl std::str::FromStr for CameraFault {
    type Err = UnknownFault;

    fn from_str(word: &str) -> Result<Self, UnknownFault> {
        Self::ALL
            .iter()
            .find(|(_, name)| *name == word.trim())
            .map(|(fault, _)| *fault)
            .ok_or(UnknownFault)
    }
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not one of none, black, frozen, slow, gone")]
pub struct UnknownFault;

/// Turns faults on and off while the camera runs, from any thread or, with a
/// control file holding one of the words, from any shell.
#[derive(Clone, Debug, Default)]
pub struct FaultSwitch {
    fault: Arc<AtomicU8>,
    file: Option<PathBuf>,
}

impl FaultSwitch {
    /// While `file` holds a fault's word it wins over [`FaultSwitch::set`].
    pub fn with_file(file: PathBuf) -> Self {
        Self {
            file: Some(file),
            ..Self::default()
        }
    }

    pub fn set(&self, fault: CameraFault) {
        self.fault.store(fault as u8, Ordering::Relaxed);
    }

    pub fn get(&self) -> CameraFault {
        let told = self
            .file
            .as_ref()
            .and_then(|file| std::fs::read_to_string(file).ok())
            .and_then(|word| word.parse().ok());
        told.unwrap_or_else(|| {
            let number = self.fault.load(Ordering::Relaxed);
            CameraFault::ALL
                .get(usize::from(number))
                .map_or(CameraFault::None, |(fault, _)| *fault)
        })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SimulatedError {
    #[error("{path}: {source}")]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path}: {source}")]
    Picture { path: PathBuf, source: PictureError },
    #[error("{path}: no Motion JPEG frame in it")]
    NoFrames { path: PathBuf },
}

/// A source with one camera.
pub struct SimulatedSource {
    frames: Arc<Vec<Vec<u8>>>,
    black: Arc<Vec<Vec<u8>>>,
    switch: FaultSwitch,
}

impl SimulatedSource {
    /// `file`: a JPEG or PNG still, or a film: frames of Motion JPEG one after the
    /// other, bare or in Matroska.
    pub fn open_file(file: &Path, switch: FaultSwitch) -> Result<Self, SimulatedError> {
        super::super::simulated_in_use("camera");
        let path = || file.to_path_buf();
        let bytes = std::fs::read(file).map_err(|source| SimulatedError::Io {
            path: path(),
            source,
        })?;
        let film = film_frames(&bytes);
        let still = matches!(bytes.get(..2), Some([0x89, b'P']))
            || (bytes.starts_with(&[0xff, 0xd8]) && film.len() < 2);
        if !still {
            if film.is_empty() {
                return Err(SimulatedError::NoFrames { path: path() });
            }
            let frames = film.into_iter().map(<[u8]>::to_vec).collect();
            return Self::new(frames, switch).map_err(|source| SimulatedError::Picture {
                path: path(),
                source,
            });
        }
        Picture::decode(&bytes)
            .and_then(|picture| Self::still(&picture, switch))
            .map_err(|source| SimulatedError::Picture {
                path: path(),
                source,
            })
    }

    /// The middle of a picture, filling the camera's frame.
    pub fn still(picture: &Picture, switch: FaultSwitch) -> Result<Self, PictureError> {
        let (width, height) = CAPTURE_SIZE;
        let part = picture.centred(width, height);
        let size = (width + SWAY, height + SWAY);
        let large = Scaler::new().scale(picture, part, size)?;
        let frames = SWAYS
            .iter()
            .map(|&(left, top)| {
                let frame = large.crop(Rect {
                    left,
                    top,
                    width,
                    height,
                })?;
                Ok(jpeg::encode(&frame, QUALITY)?.bytes().to_vec())
            })
            .collect::<Result<_, PictureError>>()?;
        Self::new(frames, switch)
    }

    fn new(frames: Vec<Vec<u8>>, switch: FaultSwitch) -> Result<Self, PictureError> {
        let (width, height) = CAPTURE_SIZE;
        let black = [1u8, 2]
            .iter()
            .map(|&grey| {
                let frame = Picture::filled(width, height, [grey; 3])?;
                Ok(jpeg::encode(&frame, QUALITY)?.bytes().to_vec())
            })
            .collect::<Result<_, PictureError>>()?;
        Ok(Self {
            frames: Arc::new(frames),
            black: Arc::new(black),
            switch,
        })
    }
}

impl CameraSource for SimulatedSource {
    fn list(&self) -> Vec<CameraDescription> {
        if self.switch.get() == CameraFault::Gone {
            return Vec::new();
        }
        vec![CameraDescription {
            path: "simulated".into(),
            name: "Simulated camera".into(),
        }]
    }

    fn open(&mut self) -> Result<Box<dyn Camera>, CameraError> {
        if self.switch.get() == CameraFault::Gone {
            return Err(CameraError::NotFound);
        }
        Ok(Box::new(SimulatedCamera {
            frames: self.frames.clone(),
            black: self.black.clone(),
            switch: self.switch.clone(),
            shown: 0,
            last: Instant::now(),
        }))
    }
}

struct SimulatedCamera {
    frames: Arc<Vec<Vec<u8>>>,
    black: Arc<Vec<Vec<u8>>>,
    switch: FaultSwitch,
    shown: usize,
    last: Instant,
}

impl Camera for SimulatedCamera {
    fn next(&mut self, wait: Duration) -> Result<Option<RawFrame<'_>>, CameraError> {
        let fault = self.switch.get();
        let period = match fault {
            CameraFault::Gone => return Err(CameraError::NotFound),
            CameraFault::Slow => SLOW_PERIOD,
            _ => PERIOD,
        };
        let left = period.saturating_sub(self.last.elapsed());
        std::thread::sleep(left.min(wait));
        if left > wait {
            return Ok(None);
        }
        self.last = Instant::now();
        if fault != CameraFault::Frozen {
            self.shown = self.shown.wrapping_add(1);
        }
        let frames = if fault == CameraFault::Black {
            &self.black
        } else {
            &self.frames
        };
        Ok(Some(RawFrame::Mjpeg(&frames[self.shown % frames.len()])))
    }
}

/// The JPEG pictures in a stream of bytes, whatever stands between them.
fn film_frames(bytes: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    let mut at = 0;
    while let Some(found) = find(&bytes[at..], &[0xff, 0xd8, 0xff]) {
        let start = at + found;
        match jpeg_length(&bytes[start..]) {
            Some(length) => {
                frames.push(&bytes[start..start + length]);
                at = start + length;
            }
            None => at = start + 3,
        }
    }
    frames
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|w| w == pattern)
}

/// Bytes from start to end of image, by walking the segments.
fn jpeg_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        let (&[0xff, marker], rest) = bytes.get(at..)?.split_first_chunk()? else {
            return None;
        };
        match marker {
            0xd9 => return Some(at + 2),
            0xd0..=0xd7 => at += 2,
            _ => at += 2 + usize::from(u16::from_be_bytes(*rest.first_chunk()?)),
        }
        if marker == 0xda {
            // Entropy-coded data: ends at a marker that is neither an escaped
            // 0xff nor a restart.
            at += bytes
                .get(at..)?
                .windows(2)
                .position(|w| w[0] == 0xff && !matches!(w[1], 0x00 | 0xd0..=0xd7))?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portrait::MatroskaWriter;

    fn frame(grey: u8) -> portrait::Jpeg {
        let picture = Picture::filled(1280, 720, [grey, 90, 30]).unwrap();
        jpeg::encode(&picture, 85).unwrap()
    }

    #[test]
    fn a_recording_of_the_kiosk_plays_as_a_film() {
        let mut writer = MatroskaWriter::new(Vec::new(), (1280, 720), PERIOD, 1 << 24).unwrap();
        for i in 0..5u8 {
            writer.push(&frame(i * 40), PERIOD * u32::from(i)).unwrap();
        }
        let (bytes, _) = writer.finish().unwrap();
        let frames = film_frames(&bytes);
        assert_eq!(frames.len(), 5);
        assert_eq!(frames[3], frame(120).bytes());

        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        let source = SimulatedSource::open_file(file.path(), FaultSwitch::default()).unwrap();
        assert_eq!(source.frames.len(), 5);
    }

    #[test]
    fn a_still_never_repeats_a_frame_at_once() {
        let picture = Picture::decode(frame(9).bytes()).unwrap();
        let mut lively = picture.clone();
        for (i, byte) in lively.rgb_mut().iter_mut().enumerate() {
            *byte = (i * 7 % 251) as u8;
        }
        let source = SimulatedSource::still(&lively, FaultSwitch::default()).unwrap();
        let frames = &source.frames;
        for (i, frame) in frames.iter().enumerate() {
            assert_ne!(frame, &frames[(i + 1) % frames.len()]);
        }
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "no picture").unwrap();
        let opened = SimulatedSource::open_file(file.path(), FaultSwitch::default());
        assert!(matches!(opened, Err(SimulatedError::NoFrames { .. })));
    }

    #[test]
    fn the_control_file_wins_over_the_switch() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let switch = FaultSwitch::with_file(file.path().into());
        switch.set(CameraFault::Slow);
        assert_eq!(switch.get(), CameraFault::Slow);
        std::fs::write(file.path(), "gone\n").unwrap();
        assert_eq!(switch.get(), CameraFault::Gone);
    }
}
