//! Without a display: how long until a fresh process has drawn its first frame, and
//! how long from a touch until the frame that answers it, while the camera runs.
//!
//! The whole portrait screen is drawn anew for each frame by the software renderer:
//! what a window does at worst.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use exchange::Language;
use kiosk::devices::camera::{Pipeline, RawFrame};
use kiosk::run::{Picture, Screen as _};
use kiosk::session::command::PreviewFor;
use kiosk::session::event::Touch;
use kiosk::session::view::View;
use kiosk::ui::headless::Driver;
use kiosk::ui::{WindowSize, samples};

const SIZE: WindowSize = WindowSize::Portrait;
const FRESH_PROCESS: &str = "--draw-one-frame";
const STARTS: usize = 11;
const TOUCHES: usize = 60;
const FRAME_TIME: Duration = Duration::from_millis(33);

fn main() {
    if std::env::args().any(|word| word == FRESH_PROCESS) {
        return draw_one_frame();
    }
    say("headless: start to first frame", first_frame(), 100.0);
    let (median, worst) = touch_to_frame();
    say("touch to frame, camera running: median", median, 50.0);
    say("touch to frame, camera running: worst of 60", worst, 50.0);
}

fn say(what: &str, time: Duration, limit: f64) {
    let time = time.as_secs_f64() * 1000.0;
    println!("{what:<46} {time:>8.1} ms  (at most {limit})");
}

fn sample(name: &str) -> View {
    let sample = samples::all().into_iter().find(|s| s.name == name);
    sample.expect("a sample of this name").view
}

fn draw(driver: &Driver) {
    let frame = driver.ui().window().take_snapshot().expect("a frame");
    assert_eq!((frame.width(), frame.height()), SIZE.pixels());
    std::hint::black_box(frame);
}

/// What the fresh process does; the byte says that the frame is there.
fn draw_one_frame() {
    let driver = Driver::new(SIZE).expect("a window");
    driver.ui().show(&sample("welcome"));
    draw(&driver);
    let mut out = std::io::stdout();
    out.write_all(b"x")
        .and_then(|()| out.flush())
        .expect("told");
}

/// Median over fresh processes, from before `fork` on.
fn first_frame() -> Duration {
    let program = std::env::current_exe().expect("this program");
    let mut times: Vec<Duration> = (0..STARTS)
        .map(|_| {
            let began = Instant::now();
            let mut child = Command::new(&program)
                .arg(FRESH_PROCESS)
                .stdout(Stdio::piped())
                .spawn()
                .expect("a fresh process");
            let mut told = [0];
            let mut out = child.stdout.take().expect("piped");
            out.read_exact(&mut told).expect("a frame was drawn");
            let took = began.elapsed();
            assert!(child.wait().expect("ended").success());
            took
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

/// A touch of a language changes every word of the screen. It goes the person's
/// way: pointer event, touch, another thread, view, window.
fn touch_to_frame() -> (Duration, Duration) {
    let mut driver = Driver::new(SIZE).expect("a window");
    let stage = Arc::new(driver.ui().on_stage(SIZE));
    // None is the end: Slint keeps the callback, and so the sender, beyond the window.
    let (touches, touched) = mpsc::channel::<Option<Touch>>();
    let end = touches.clone();
    driver.ui().on_touch(move |touch| {
        let _ = touches.send(Some(touch));
    });
    let core = std::thread::spawn({
        let stage = stage.clone();
        move || {
            let mut view = sample("selfie");
            stage.show(view.clone());
            for touch in touched.into_iter().map_while(|touch| touch) {
                if let Touch::ChooseLanguage(language) = touch {
                    view.language = language;
                    stage.show(view.clone());
                }
            }
        }
    });
    let over = Arc::new(AtomicBool::new(false));
    let camera = std::thread::spawn({
        let (stage, over) = (stage, over.clone());
        move || run_camera(&stage, &over)
    });

    driver.wait_for("preview").expect("the selfie screen");
    let heading = |driver: &Driver| driver.find("heading").map(|seen| seen.label);
    let mut times = Vec::with_capacity(TOUCHES);
    for language in Language::ALL.into_iter().skip(1).cycle().take(TOUCHES) {
        let id = format!("language-{}", language.code());
        let at = driver.wait_for(&id).expect("the language");
        let before = heading(&driver);
        let began = Instant::now();
        driver
            .tap(at.x + at.width / 2.0, at.y + at.height / 2.0)
            .expect("touched");
        while heading(&driver) == before {
            driver.pump().expect("served");
            assert!(began.elapsed() < Duration::from_secs(5), "no answer");
        }
        draw(&driver);
        times.push(began.elapsed());
    }
    over.store(true, Ordering::Relaxed);
    camera.join().expect("the camera's thread");
    kiosk::ui::Stage::clear();
    drop(driver);
    end.send(None).expect("the core's thread listens");
    core.join().expect("the core's thread");
    times.sort();
    (times[times.len() / 2], times[times.len() - 1])
}

/// Thirty frames a second of 1280x720, decoded and scaled as the camera's thread does.
fn run_camera(stage: &kiosk::ui::Stage, over: &AtomicBool) {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/camera/astronaut-selfie.jpg"
    );
    let file = std::fs::read(path).expect("the fixture");
    let mut pipeline = Pipeline::default();
    while !over.load(Ordering::Relaxed) {
        let began = Instant::now();
        pipeline.decode(RawFrame::Mjpeg(&file)).expect("decodes");
        let shown = pipeline
            .show(stage.preview_size(PreviewFor::Face), true)
            .expect("scales");
        stage.preview(Picture {
            width: shown.width(),
            height: shown.height(),
            pixels: Arc::new(zeroize::Zeroizing::new(shown.rgb().to_vec())),
        });
        std::thread::sleep(FRAME_TIME.saturating_sub(began.elapsed()));
    }
}
