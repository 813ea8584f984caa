//! Video identification: frames in, judged and written as they come.
//!
//! Runs on the thread of whoever asked, so that neither encoding nor sealing nor
//! a slow disk ever holds the camera up.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use portrait::liveness::Timing;
use portrait::matroska::{MatroskaError, MatroskaWriter};
use portrait::{Face, FacePresence, LivenessJudge, LivenessState, Picture, Sight, jpeg};

/// Time from frame to frame: at most ten frames a second.
pub(super) const PERIOD: Duration = Duration::from_millis(100);
/// A recording is never larger, in bytes.
pub const LIMIT: u64 = 12_000_000;
/// Without exactly one face for longer, the recording has failed.
const LONGEST_LOSS: Duration = Duration::from_secs(2);
/// Without a look for faces for longer, on a machine that is too busy, likewise.
const LONGEST_BLIND: Duration = Duration::from_secs(5);
/// Without a frame for longer, the camera is given up.
const LONGEST_SILENCE: Duration = Duration::from_secs(3);
const BEST_QUALITY: u8 = 80;
const WORST_QUALITY: u8 = 25;

#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A prompt was not followed, or the face was lost for too long.
    #[error("the person did not follow the prompts")]
    NotFollowed,
    #[error("the recording was cancelled")]
    Cancelled,
    #[error("the camera sent nothing any more")]
    CameraLost,
    #[error("another recording is running, or the camera thread has ended")]
    NotAvailable,
    #[error("a frame cannot be encoded: {0}")]
    Encode(#[from] portrait::JpegError),
    #[error(transparent)]
    Write(#[from] MatroskaError),
}

/// Set from any thread to end a recording within a second.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Who judges, how long that takes, and whom to tell.
pub struct RecordingOrder<'a> {
    pub judge: Box<dyn LivenessJudge>,
    /// The longest that the judge can take to decide: shares out the limit.
    pub planned: Duration,
    pub cancel: Cancel,
    /// Told on every change.
    pub progress: &'a mut dyn FnMut(RecordingProgress),
}

impl<'a> RecordingOrder<'a> {
    /// Each prompt is shown for a time; exactly one face must be there throughout.
    pub fn face_presence(
        prompts: usize,
        each: Duration,
        cancel: Cancel,
        progress: &'a mut dyn FnMut(RecordingProgress),
    ) -> Self {
        let judge = FacePresence::new(Timing {
            prompts,
            each,
            longest_loss: LONGEST_LOSS,
            longest_blind: LONGEST_BLIND,
        });
        Self {
            judge: Box::new(judge),
            // A face that comes back late may hold the last prompt for this long.
            planned: each * prompts as u32 + LONGEST_LOSS,
            cancel,
            progress,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordingProgress {
    /// This prompt is to be shown now.
    Prompt(usize),
    FaceLost(bool),
}

/// A complete recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recording {
    pub frames: u32,
    pub bytes: u64,
    pub duration: Duration,
}

/// What the camera thread hands over.
pub(super) struct RecordedFrame {
    /// Always of the same size during one recording.
    pub picture: Picture,
    /// In the pixels of `picture`; none if this frame was not analysed.
    pub faces: Option<Vec<Face>>,
    pub at: Instant,
}

/// Writes frames to `sink` until the challenge ends. The sink comes back so that
/// its owner can close it.
pub(super) fn record<W: Write>(
    frames: Receiver<RecordedFrame>,
    order: RecordingOrder<'_>,
    sink: W,
) -> Result<(W, Recording), RecordError> {
    let RecordingOrder {
        mut judge,
        planned,
        cancel,
        progress,
    } = order;
    let first = next(&frames, &cancel)?;
    let size = (first.picture.width(), first.picture.height());
    let mut writer = MatroskaWriter::new(sink, size, PERIOD, LIMIT)?;
    let mut quality = Quality::default();
    let mut told = Told::default();
    let began = first.at;
    let mut frame = first;
    loop {
        let at = frame.at.saturating_duration_since(began);
        quality.write(&mut writer, &frame.picture, at, planned)?;
        if let Some(faces) = &frame.faces {
            let state = judge.observe(&Sight {
                picture: &frame.picture,
                faces,
                at,
            });
            match state {
                LivenessState::Prompt { index, face_lost } => {
                    told.tell(index, face_lost, progress);
                }
                LivenessState::Failed => return Err(RecordError::NotFollowed),
                LivenessState::Passed => {
                    let (sink, written) = writer.finish()?;
                    let recording = Recording {
                        frames: written.frames,
                        bytes: written.bytes,
                        duration: at,
                    };
                    return Ok((sink, recording));
                }
            }
        }
        frame = next(&frames, &cancel)?;
    }
}

fn next(frames: &Receiver<RecordedFrame>, cancel: &Cancel) -> Result<RecordedFrame, RecordError> {
    let began = Instant::now();
    while began.elapsed() < LONGEST_SILENCE {
        if cancel.is_set() {
            return Err(RecordError::Cancelled);
        }
        match frames.recv_timeout(PERIOD) {
            Ok(frame) => return Ok(frame),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(RecordError::NotAvailable),
        }
    }
    Err(RecordError::CameraLost)
}

/// Remembers what was told, to tell changes only.
#[derive(Default)]
struct Told {
    prompt: Option<usize>,
    lost: bool,
}

impl Told {
    fn tell(&mut self, prompt: usize, lost: bool, progress: &mut dyn FnMut(RecordingProgress)) {
        if self.prompt.replace(prompt) != Some(prompt) {
            progress(RecordingProgress::Prompt(prompt));
        }
        if std::mem::replace(&mut self.lost, lost) != lost {
            progress(RecordingProgress::FaceLost(lost));
        }
    }
}

/// Chooses the JPEG quality so that the whole recording keeps within its limit.
struct Quality(u8);

impl Default for Quality {
    fn default() -> Self {
        Self(BEST_QUALITY)
    }
}

impl Quality {
    fn write<W: Write>(
        &mut self,
        writer: &mut MatroskaWriter<W>,
        picture: &Picture,
        at: Duration,
        planned: Duration,
    ) -> Result<(), RecordError> {
        let frames_left = planned.saturating_sub(at).as_millis() / PERIOD.as_millis() + 1;
        let share = writer.room() / frames_left as u64;
        let jpeg = jpeg::encode(picture, self.0)?;
        let bytes = jpeg.bytes().len() as u64;
        if bytes > share {
            self.0 = self.0.saturating_sub(10).max(WORST_QUALITY);
        } else if bytes < share * 6 / 10 {
            self.0 = (self.0 + 5).min(BEST_QUALITY);
        }
        match writer.push(&jpeg, at) {
            // Full: the judgement goes on, the picture is left out. Order: two
            // frames within one millisecond.
            Ok(()) | Err(MatroskaError::Full(_) | MatroskaError::Order) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portrait::{FaceBox, Point};

    /// Ten frames a second, every other one analysed; `faces` says how many are
    /// seen at that time (ms), `noise` how hard the picture is to compress.
    fn frames(seconds: u64, noise: u32, faces: impl Fn(u64) -> usize) -> Receiver<RecordedFrame> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1000);
        let face = Face {
            area: FaceBox {
                left: 0.0,
                top: 0.0,
                width: 1.0,
                height: 1.0,
            },
            score: 0.9,
            points: [Point { x: 0.0, y: 0.0 }; 5],
        };
        let began = Instant::now();
        let mut state = 1u32;
        let mut picture = Picture::filled(320, 240, [100; 3]).unwrap();
        for byte in picture.rgb_mut() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte += (state >> 24) as u8 % noise as u8;
        }
        for ms in (0..seconds * 1000).step_by(100) {
            sender
                .send(RecordedFrame {
                    picture: picture.clone(),
                    faces: (ms % 200 == 0).then(|| vec![face; faces(ms)]),
                    at: began + Duration::from_millis(ms),
                })
                .unwrap();
        }
        receiver
    }

    fn run(
        frames: Receiver<RecordedFrame>,
        prompts: usize,
    ) -> (Result<Recording, RecordError>, Vec<RecordingProgress>) {
        let mut told = Vec::new();
        let mut tell = |p| told.push(p);
        let each = Duration::from_secs(3);
        let order = RecordingOrder::face_presence(prompts, each, Cancel::default(), &mut tell);
        let result = record(frames, order, Vec::new()).map(|(_, recording)| recording);
        (result, told)
    }

    #[test]
    fn every_frame_and_prompt_is_there() {
        let (result, told) = run(frames(13, 8, |_| 1), 4);
        let recording = result.unwrap();
        assert_eq!(recording.duration, Duration::from_secs(12));
        assert_eq!(recording.frames, 121);
        assert_eq!(told, [0, 1, 2, 3].map(RecordingProgress::Prompt));
    }

    #[test]
    fn a_short_loss_is_told_and_forgiven_a_long_one_is_not() {
        let away = |from: u64, to: u64| move |ms: u64| usize::from(!(from..to).contains(&ms));
        let (result, told) = run(frames(13, 8, away(4000, 5000)), 4);
        assert!(result.is_ok());
        assert!(told.contains(&RecordingProgress::FaceLost(true)));
        assert_eq!(
            told.iter()
                .filter(|p| **p == RecordingProgress::FaceLost(false))
                .count(),
            1
        );
        let (result, _) = run(frames(13, 8, away(4000, 6800)), 4);
        assert!(matches!(result, Err(RecordError::NotFollowed)));
    }

    #[test]
    fn a_noisy_picture_is_recorded_coarser_rather_than_with_gaps() {
        let limit = 2_000_000;
        let planned = Duration::from_secs(20);
        let mut writer = MatroskaWriter::new(Vec::new(), (320, 240), PERIOD, limit).unwrap();
        let mut quality = Quality::default();
        let frames = frames(20, 100, |_| 1);
        let first = frames.recv().unwrap();
        let plain = jpeg::encode(&first.picture, BEST_QUALITY).unwrap();
        assert!(plain.bytes().len() as u64 * 200 > limit, "hard enough");
        for i in 0..200 {
            let at = PERIOD * i;
            quality
                .write(&mut writer, &first.picture, at, planned)
                .unwrap();
        }
        let (_, written) = writer.finish().unwrap();
        assert_eq!(written.frames, 200);
        assert!(written.bytes <= limit);
    }
}
