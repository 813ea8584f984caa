//! A picture: the first bytes say its size and the pattern's width, the rest is the
//! pattern, laid side by side until the picture is full. So a few bytes make many
//! shapes in rows, which is what the reader looks for.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mrz_reader::{Grey, read_frame};

fuzz_target!(|data: &[u8]| {
    let Some(([width, height, pattern_width, scale], pattern)) = data.split_first_chunk() else {
        return;
    };
    let (width, height) = (u32::from(*width) * 2 + 1, u32::from(*height) + 1);
    let (pattern_width, scale) = (usize::from(*pattern_width) + 1, usize::from(scale % 8) + 1);
    let Some(pattern_height) = pattern
        .len()
        .checked_div(pattern_width)
        .filter(|rows| *rows > 0)
    else {
        return;
    };
    let mut pixels = Vec::with_capacity(width as usize * height as usize);
    for y in 0..height as usize {
        let row = y / scale % pattern_height * pattern_width;
        for x in 0..width as usize {
            pixels.push(pattern[row + x / scale % pattern_width]);
        }
    }
    let grey = Grey::new(width, height, &pixels).expect("as many bytes as pixels");
    let _ = read_frame(grey);
});
