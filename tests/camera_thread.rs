//! The camera's thread with a simulated camera: what a person at the kiosk and
//! the session get to know.
#![cfg(feature = "simulated")]

use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use faults::Fault;
use kiosk::devices::camera::simulated::{CameraFault, FaultSwitch, SimulatedSource};
use kiosk::devices::camera::{
    Callbacks, CameraEvent, CameraSettings, CameraThread, Cancel, HealthConfig, PreviewRequest,
    RecordError, RecordingOrder, RecordingProgress, StillError, StillRequest,
};
use kiosk::session::command::PreviewFor;
use kiosk::session::event::MrzHint;
use portrait::{Finding, Picture, Rect, Scaler};

const SHOWN: (u32, u32) = (1080, 1032);

struct Shown {
    width: u32,
    height: u32,
    /// Columns 100 and width - 101 of the middle row.
    left: [u8; 3],
    right: [u8; 3],
}

struct Camera {
    thread: CameraThread,
    events: Receiver<CameraEvent>,
    frames: Receiver<Shown>,
    switch: FaultSwitch,
    /// Last: the next test begins when this thread has ended.
    _one_at_a_time: MutexGuard<'static, ()>,
}

/// Each test needs the processor for itself to see frames in time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn camera(picture: &Picture) -> Camera {
    camera_before(picture, Duration::ZERO)
}

/// In a kiosk that takes so long to draw a frame.
fn camera_before(picture: &Picture, drawing: Duration) -> Camera {
    let one_at_a_time = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(|failed| failed.into_inner());
    let switch = FaultSwitch::default();
    let source = SimulatedSource::still(picture, switch.clone()).unwrap();
    let (event, events) = mpsc::channel();
    let (frame, frames) = mpsc::channel();
    let settings = CameraSettings {
        health: HealthConfig {
            black_after: Duration::from_millis(500),
            frozen_after: Duration::from_millis(800),
            // Fast enough for unoptimised code on a busy machine.
            slow_below: 3.0,
            slow_window: Duration::from_millis(2000),
            well_for: Duration::from_millis(200),
            ..HealthConfig::default()
        },
        ..CameraSettings::default()
    };
    let callbacks = Callbacks {
        preview: Box::new(move |shown| {
            std::thread::sleep(drawing);
            let pixel = |x: u32| {
                let at = ((shown.height / 2 * shown.width + x) * 3) as usize;
                shown.rgb[at..at + 3].try_into().unwrap()
            };
            let _ = frame.send(Shown {
                width: shown.width,
                height: shown.height,
                left: pixel(100),
                right: pixel(shown.width - 101),
            });
        }),
        event: Box::new(move |e| {
            let _ = event.send(e);
        }),
    };
    Camera {
        thread: CameraThread::start(move || Ok(Box::new(source)), settings, callbacks).unwrap(),
        events,
        frames,
        switch,
        _one_at_a_time: one_at_a_time,
    }
}

impl Camera {
    fn show(&self, purpose: PreviewFor) {
        self.thread.preview(Some(PreviewRequest {
            purpose,
            width: SHOWN.0,
            height: SHOWN.1,
        }));
    }

    /// The first event that `wanted` accepts.
    fn wait(&self, what: &str, wanted: impl Fn(&CameraEvent) -> bool) -> CameraEvent {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let event = self
                .events
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("no {what}"));
            if wanted(&event) {
                return event;
            }
        }
    }

    fn wait_for(&self, event: CameraEvent) {
        self.wait(&format!("{event:?}"), |e| *e == event);
    }

    fn finding(&self) -> Finding {
        match self.wait("finding", |e| matches!(e, CameraEvent::Face(_))) {
            CameraEvent::Face(finding) => finding,
            other => unreachable!("{other:?}"),
        }
    }

    fn selfie(&self) -> Result<portrait::Jpeg, StillError> {
        self.thread.capture_still(StillRequest {
            purpose: PreviewFor::Face,
            proportions: SHOWN,
        })
    }
}

fn fixture(name: &str) -> Picture {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/camera")
        .join(name);
    Picture::decode(&std::fs::read(path).unwrap()).unwrap()
}

fn astronaut() -> Picture {
    fixture("astronaut-selfie.jpg")
}

/// The head of the photograph `width` wide at each of these corners of a wall.
fn on_a_wall(corners: &[(u32, u32)], width: u32) -> Picture {
    let head = Rect {
        left: 124,
        top: 0,
        width: 200,
        height: 220,
    };
    let height = width * 11 / 10;
    let head = Scaler::new()
        .scale(&fixture("astronaut.png"), head, (width, height))
        .unwrap();
    let mut wall = Picture::filled(1280, 720, [150, 150, 145]).unwrap();
    // Something on the wall, so that its frames differ when the camera sways.
    for (i, pixel) in wall.rgb_mut().chunks_exact_mut(3).enumerate() {
        pixel[0] = pixel[0].wrapping_add((i % 37) as u8);
    }
    let row = width as usize * 3;
    for &(left, top) in corners {
        for (y, from) in head.rgb().chunks_exact(row).enumerate() {
            let to = ((top as usize + y) * 1280 + left as usize) * 3;
            wall.rgb_mut()[to..to + row].copy_from_slice(from);
        }
    }
    wall
}

#[test]
fn the_zone_of_a_card_before_the_camera_is_seen() {
    let camera = camera(&fixture("card-back.png"));
    camera.show(PreviewFor::Mrz);
    camera.wait_for(CameraEvent::MrzHint(MrzHint::Reading));
    let seen = camera.wait("zone", |e| matches!(e, CameraEvent::MrzSeen(_)));
    let CameraEvent::MrzSeen(mrz) = seen else {
        unreachable!();
    };
    assert_eq!(mrz.document_number(), "041236587");
    assert_eq!(mrz.surname(), "SERIKKYZY");
    // Nothing is looked for once nobody wants it, and what was read is forgotten.
    camera.thread.preview(None);
    std::thread::sleep(Duration::from_millis(500));
    camera.events.try_iter().for_each(drop);
    std::thread::sleep(Duration::from_millis(500));
    let of_zone = |e: CameraEvent| matches!(e, CameraEvent::MrzHint(_) | CameraEvent::MrzSeen(_));
    assert!(!camera.events.try_iter().any(of_zone));
}

#[test]
fn a_face_before_the_camera_is_no_zone() {
    let camera = camera(&astronaut());
    camera.show(PreviewFor::Mrz);
    let hint = camera.wait("hint", |e| matches!(e, CameraEvent::MrzHint(_)));
    assert_ne!(hint, CameraEvent::MrzHint(MrzHint::Reading));
}

#[test]
fn the_real_photograph_passes_the_selfie_step() {
    let camera = camera(&astronaut());
    camera.show(PreviewFor::Face);
    assert_eq!(camera.finding(), Finding::Good);
    let frame = camera.frames.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!((frame.width, frame.height), SHOWN);
    let selfie = camera.selfie().unwrap();
    assert_eq!((selfie.width(), selfie.height()), (753, 720));
    let picture = portrait::jpeg::decode(selfie.bytes()).unwrap();
    assert_eq!((picture.width(), picture.height()), (753, 720));
}

#[test]
fn each_other_picture_is_refused_with_its_own_finding() {
    let mut dark = astronaut();
    for byte in dark.rgb_mut() {
        *byte /= 6;
    }
    let cases = [
        (on_a_wall(&[], 20), Finding::NoFace),
        (
            on_a_wall(&[(290, 150), (650, 150)], 340),
            Finding::SeveralFaces,
        ),
        (on_a_wall(&[(540, 260)], 200), Finding::TooSmall),
        (on_a_wall(&[(240, 90)], 480), Finding::OffCentre),
        (dark, Finding::TooDark),
    ];
    for (picture, expected) in cases {
        let camera = camera(&picture);
        camera.show(PreviewFor::Face);
        assert_eq!(camera.finding(), expected);
        match camera.selfie() {
            Err(StillError::Finding(finding)) => assert_eq!(finding, expected),
            other => panic!("{expected:?}: {other:?}"),
        }
    }
}

#[test]
fn a_face_is_mirrored_and_a_document_is_not() {
    let mut picture = Picture::filled(1280, 720, [200, 20, 20]).unwrap();
    for row in picture.rgb_mut().chunks_exact_mut(1280 * 3) {
        for pixel in row[640 * 3..].chunks_exact_mut(3) {
            pixel.copy_from_slice(&[20, 20, 200]);
        }
    }
    let camera = camera(&picture);
    let red = |p: [u8; 3]| p[0] > 150 && p[2] < 80;
    camera.show(PreviewFor::Document);
    let frame = camera.frames.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(red(frame.left) && !red(frame.right));
    camera.show(PreviewFor::Face);
    let mirrored = (0..100).any(|_| {
        let frame = camera.frames.recv_timeout(Duration::from_secs(10)).unwrap();
        red(frame.right) && !red(frame.left)
    });
    assert!(mirrored);
    // What is kept of a document is as the camera saw it, whole if asked.
    let still = camera
        .thread
        .capture_still(StillRequest {
            purpose: PreviewFor::Document,
            proportions: (16, 9),
        })
        .unwrap();
    assert_eq!((still.width(), still.height()), (1280, 720));
    let still = portrait::jpeg::decode(still.bytes()).unwrap();
    assert!(still.rgb()[0] > 150 && still.rgb()[2] < 80);
}

#[test]
fn faults_are_raised_and_cleared() {
    let camera = camera(&astronaut());
    camera.show(PreviewFor::Face);
    assert_eq!(camera.finding(), Finding::Good);
    let faults = [
        (CameraFault::Black, Fault::CameraBlack),
        (CameraFault::Frozen, Fault::CameraFrozen),
        (CameraFault::Slow, Fault::CameraSlow),
        (CameraFault::Gone, Fault::CameraMissing),
    ];
    for (simulated, fault) in faults {
        camera.switch.set(simulated);
        camera.wait_for(CameraEvent::Raised(fault));
        camera.switch.set(CameraFault::None);
        camera.wait_for(CameraEvent::Cleared(fault));
        // The live picture goes on by itself, after unplugging too.
        while camera.frames.try_recv().is_ok() {}
        camera.frames.recv_timeout(Duration::from_secs(10)).unwrap();
    }
}

#[test]
fn a_slow_kiosk_does_not_call_its_camera_slow() {
    // Two frames a second at most, of a camera that gives thirty.
    let camera = camera_before(&astronaut(), Duration::from_millis(500));
    camera.show(PreviewFor::Document);
    for _ in 0..8 {
        camera.frames.recv_timeout(Duration::from_secs(20)).unwrap();
    }
    let raised = |e: CameraEvent| matches!(e, CameraEvent::Raised(_)).then_some(e);
    assert_eq!(camera.events.try_iter().find_map(raised), None);
}

#[test]
fn a_camera_that_nobody_uses_is_watched() {
    let camera = camera(&astronaut());
    camera.switch.set(CameraFault::Gone);
    camera.wait_for(CameraEvent::Raised(Fault::CameraMissing));
    camera.switch.set(CameraFault::None);
    camera.wait_for(CameraEvent::Cleared(Fault::CameraMissing));
    assert!(
        camera.frames.try_recv().is_err(),
        "nothing is shown unasked"
    );
}

fn record(
    camera: &Camera,
    prompts: usize,
    cancel: Cancel,
    progress: &mut dyn FnMut(RecordingProgress),
) -> Result<(Vec<u8>, kiosk::devices::camera::Recording), RecordError> {
    let each = Duration::from_millis(1200);
    let order = RecordingOrder::face_presence(prompts, each, cancel, progress);
    camera.thread.record(SHOWN, order, Vec::new())
}

#[test]
fn a_recording_follows_the_prompts_and_is_playable() {
    let camera = camera(&astronaut());
    camera.show(PreviewFor::Face);
    let mut told = Vec::new();
    let (film, recording) = record(&camera, 3, Cancel::default(), &mut |p| told.push(p)).unwrap();
    assert_eq!(
        told,
        [0, 1, 2].map(RecordingProgress::Prompt),
        "each prompt once, the face never lost"
    );
    assert!(recording.duration >= Duration::from_millis(3600));
    assert_eq!(recording.bytes, film.len() as u64);
    assert!(film.len() < 12_000_000);

    let file = tempfile::Builder::new().suffix(".mkv").tempfile().unwrap();
    std::fs::write(file.path(), &film).unwrap();
    let out = std::process::Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-count_frames",
            "-of",
            "json",
            "-show_streams",
        ])
        .arg(file.path())
        .output()
        .expect("ffprobe of Debian's ffmpeg");
    let seen: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert!(
        out.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    assert_eq!(seen["streams"].as_array().unwrap().len(), 1, "silent");
    assert_eq!(seen["streams"][0]["codec_name"], "mjpeg");
    assert_eq!(seen["streams"][0]["width"], 640);
    let frames: u32 = seen["streams"][0]["nb_read_frames"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(frames, recording.frames);
    let rate = frames as f32 / recording.duration.as_secs_f32();
    assert!((1.0..=10.5).contains(&rate), "{rate} frames a second");
}

#[test]
fn a_recording_of_nobody_fails_and_says_the_face_is_lost() {
    let camera = camera(&on_a_wall(&[], 20));
    let mut told = Vec::new();
    let result = record(&camera, 5, Cancel::default(), &mut |p| told.push(p));
    assert!(matches!(result, Err(RecordError::NotFollowed)));
    assert!(told.contains(&RecordingProgress::FaceLost(true)));
}

#[test]
fn a_recording_can_be_cancelled_and_another_started() {
    let camera = camera(&astronaut());
    let cancel = Cancel::default();
    let stop = cancel.clone();
    let began = Instant::now();
    let result = record(&camera, 60, cancel, &mut |_| stop.cancel());
    assert!(matches!(result, Err(RecordError::Cancelled)));
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(record(&camera, 1, Cancel::default(), &mut |_| {}).is_ok());
}

#[test]
fn an_unplugged_camera_ends_the_recording() {
    let camera = camera(&astronaut());
    let switch = camera.switch.clone();
    let result = record(&camera, 60, Cancel::default(), &mut |_| {
        switch.set(CameraFault::Gone);
    });
    assert!(matches!(result, Err(RecordError::CameraLost)));
}
