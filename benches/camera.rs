//! Medians of the camera's path at 1280x720 on one core: from the camera's bytes
//! to pixels at the size of the portrait screen's preview, and finding a face.
//!
//! The work runs on this thread alone. The UI's own copy and drawing of the
//! frame come on top of it.

use std::time::{Duration, Instant};

use kiosk::devices::camera::{Pipeline, RawFrame};
use portrait::{FaceSize, Picture, SelfieCheck, SelfieConfig, SelfieJudge, jpeg};

const RUNS: usize = 120;
const SHOWN: (u32, u32) = (1080, 1032);

fn median(mut work: impl FnMut()) -> Duration {
    for _ in 0..10 {
        work();
    }
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let began = Instant::now();
            work();
            began.elapsed()
        })
        .collect();
    times.sort();
    times[RUNS / 2]
}

fn say(what: &str, time: Duration) {
    println!("{what:<52} {:>7.2} ms", time.as_secs_f64() * 1000.0);
}

fn main() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/camera/astronaut-selfie.jpg"
    );
    let file = std::fs::read(path).expect("the fixture");
    let mut picture = Picture::decode(&file).expect("a picture");
    // A sensor's noise: without it the frame would decode too fast.
    let mut state = 1u32;
    for byte in picture.rgb_mut() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = byte.saturating_add((state >> 29) as u8);
    }
    let frame = jpeg::encode(&picture, 85).expect("a frame");
    println!("Motion JPEG frame of {} KB", frame.bytes().len() / 1000);

    let mut pipeline = Pipeline::default();
    let decode = median(|| {
        pipeline
            .decode(RawFrame::Mjpeg(frame.bytes()))
            .expect("decodes");
    });
    let show = median(|| {
        pipeline.show(SHOWN, true).expect("scales");
    });
    let both = median(|| {
        pipeline
            .decode(RawFrame::Mjpeg(frame.bytes()))
            .expect("decodes");
        pipeline.show(SHOWN, true).expect("scales");
    });
    say("decode Motion JPEG 1280x720", decode);
    say("crop, mirror, scale to 1080x1032", show);
    say("Motion JPEG 1280x720 to shown pixels (<= 10 ms)", both);

    let yuyv = vec![128u8; 1280 * 720 * 2];
    let raw = RawFrame::Yuyv {
        bytes: &yuyv,
        width: 1280,
        height: 720,
        stride: 2560,
    };
    let yuyv = median(|| pipeline.decode(raw).expect("decodes"));
    say("decode YUYV 1280x720", yuyv);

    let mut judge = SelfieCheck::new(SelfieConfig::default()).expect("a model");
    let shown = picture.centred(SHOWN.0, SHOWN.1);
    let preview = median(|| {
        judge
            .judge(&picture, shown, FaceSize::Preview)
            .expect("judged");
    });
    say("find a face for the preview (320x256)", preview);
    let small = recorded_frame(&picture);
    let encode = median(|| {
        jpeg::encode(&small, 80).expect("encodes");
    });
    say("encode a recorded frame (640x612)", encode);
}

fn recorded_frame(picture: &Picture) -> Picture {
    let part = picture.centred(SHOWN.0, SHOWN.1);
    portrait::Scaler::new()
        .scale(picture, part, (640, 612))
        .expect("scales")
}
