//! Time to read one 1280x720 picture on one core: the median of many.

#[path = "../tests/made_pictures/mod.rs"]
mod made_pictures;

use std::time::Instant;

use chip::MrzFormat;
use made_pictures::{HEIGHT, Shot, WIDTH, picture};
use mrz_reader::{Grey, read_frame};

fn main() {
    for format in [MrzFormat::Td1, MrzFormat::Td3] {
        let mut millis: Vec<f64> = Vec::new();
        let mut read = 0;
        for seed in 0..20 {
            let picture = picture(5_000 + seed, format, Shot::any);
            let grey = Grey::new(WIDTH as u32, HEIGHT as u32, &picture.bytes).expect("a picture");
            for _ in 0..5 {
                let begun = Instant::now();
                let frame = read_frame(grey);
                millis.push(begun.elapsed().as_secs_f64() * 1e3);
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
