//! Processor time to read one 1280x720 picture: the median of many. Time in which
//! the machine does other work does not count.

#[path = "../tests/made_pictures/mod.rs"]
mod made_pictures;

use chip::MrzFormat;
use made_pictures::{HEIGHT, Shot, WIDTH, picture};
use mrz_reader::{Grey, read_frame};
use rustix::time::{ClockId, clock_gettime};

fn main() {
    for format in [MrzFormat::Td1, MrzFormat::Td3] {
        let mut millis: Vec<f64> = Vec::new();
        let mut read = 0;
        for seed in 0..20 {
            let picture = picture(5_000 + seed, format, Shot::any);
            let grey = Grey::new(WIDTH as u32, HEIGHT as u32, &picture.bytes).expect("a picture");
            for _ in 0..5 {
                let begun = processor_millis();
                let frame = read_frame(grey);
                millis.push(processor_millis() - begun);
                read += usize::from(frame.candidate.is_some());
            }
        }
        millis.sort_by(f64::total_cmp);
        println!(
            "{format:?}: median {:.1} ms, longest {:.1} ms, {read} of {} read",
            millis[millis.len() / 2],
            millis[millis.len() - 1],
            millis.len()
        );
    }
}

fn processor_millis() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}
