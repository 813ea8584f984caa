//! The window against a browser: start to first frame and memory, `kiosk run` in
//! the release build and Debian's `chromium --kiosk` showing the same screen as a
//! page, turn about under one Xvfb.
//!
//! The first frame is there when half of what the finished screen has drawn
//! beside its ground is on the display: read from Xvfb's frame buffer, so that
//! nothing is asked of either contestant. Memory is PSS, all processes of each.

#[path = "first_frame/contestant.rs"]
mod contestant;
#[path = "first_frame/display.rs"]
mod display;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use contestant::Contestant;
use display::Display;

const ROUNDS: usize = 7;

fn main() -> ExitCode {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench-first-frame");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder to write to");
    for program in ["Xvfb", "chromium"] {
        if !contestant::is_there(program) {
            println!("NOT MEASURED: first frame against the browser, {program} is not installed");
            return ExitCode::SUCCESS;
        }
    }
    let display = Display::start(&folder);
    let kiosk = Contestant::kiosk(&folder);
    let browser = Contestant::browser(&folder);

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        ours.push(kiosk.measure(&display, &folder.join(format!("kiosk-{round}.ppm"))));
        theirs.push(browser.measure(&display, &folder.join(format!("browser-{round}.ppm"))));
    }
    let time = |runs: &[contestant::Measured]| median(runs.iter().map(|m| m.first_frame));
    let memory = |runs: &[contestant::Measured]| median(runs.iter().map(|m| m.pss_kib));
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    let (our_time, their_time) = (millis(time(&ours)), millis(time(&theirs)));
    let (our_pss, their_pss) = (memory(&ours) as f64, memory(&theirs) as f64);
    println!("first frame: kiosk                      {our_time:>8.0} ms");
    println!("first frame: chromium --kiosk           {their_time:>8.0} ms");
    println!(
        "first frame, ratio                      {:>8.3}     (at most 0.250)",
        our_time / their_time
    );
    println!(
        "memory: kiosk with its workers          {:>8.0} MiB",
        our_pss / 1024.0
    );
    println!(
        "memory: chromium                        {:>8.0} MiB",
        their_pss / 1024.0
    );
    println!(
        "memory, ratio                           {:>8.3}     (at most 0.200)",
        our_pss / their_pss
    );
    println!("The last screens of each round are in {}", folder.display());
    ExitCode::SUCCESS
}

fn median<T: Ord + Copy>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort();
    values[values.len() / 2]
}
