//! What a technician adjusts a camera by: rate, exposure, focus, over a while.

use std::time::{Duration, Instant};

use portrait::Picture;
use portrait::picture::Brightness;

/// Means over the frames of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Figures {
    pub size: (u32, u32),
    pub frames_a_second: f32,
    /// Luma, 0-255.
    pub brightness: Brightness,
    /// Mean square of the Laplacian of luma in the middle of the frame: the sharper the
    /// picture, the larger; below [`Figures::SOFT`] a face would be refused.
    pub sharpness: f32,
}

impl Figures {
    /// Out of focus, or before nothing at all.
    pub const SOFT: f32 = 20.0;
    /// Too dark or too bright to tell a face, luma.
    pub const EXPOSED: std::ops::RangeInclusive<f32> = 40.0..=215.0;
}

/// Collects until its time is over.
pub(super) struct Measurement {
    since: Instant,
    until: Instant,
    frames: u32,
    sum: Figures,
}

impl Measurement {
    pub fn begin(now: Instant, lasting: Duration) -> Self {
        Self {
            since: now,
            until: now + lasting,
            frames: 0,
            sum: Figures::default(),
        }
    }

    pub fn add(&mut self, picture: &Picture, brightness: Brightness) {
        self.frames += 1;
        self.sum.size = (picture.width(), picture.height());
        self.sum.brightness.mean += brightness.mean;
        self.sum.brightness.deviation += brightness.deviation;
        self.sum.sharpness += sharpness(picture);
    }

    pub fn is_over(&self, now: Instant) -> bool {
        now >= self.until
    }

    /// None: no frame came.
    pub fn figures(&self, now: Instant) -> Option<Figures> {
        let count = self.frames as f32;
        let seconds = now.duration_since(self.since).as_secs_f32();
        (self.frames > 0).then(|| Figures {
            size: self.sum.size,
            frames_a_second: count / seconds,
            brightness: Brightness {
                mean: self.sum.brightness.mean / count,
                deviation: self.sum.brightness.deviation / count,
            },
            sharpness: self.sum.sharpness / count,
        })
    }
}

/// Over the middle half of the frame, every second pixel: enough to turn a lens by.
fn sharpness(picture: &Picture) -> f32 {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let rgb = picture.rgb();
    // Green stands for luma: most of it, and what a lens is focused by.
    let green = |x: usize, y: usize| f32::from(rgb[(y * width + x) * 3 + 1]);
    let (mut sum, mut count) = (0.0, 0u32);
    for y in (height / 4..height * 3 / 4).step_by(2) {
        for x in (width / 4..width * 3 / 4).step_by(2) {
            if x == 0 || y == 0 || x + 1 >= width || y + 1 >= height {
                continue;
            }
            let laplacian = 4.0 * green(x, y)
                - green(x - 1, y)
                - green(x + 1, y)
                - green(x, y - 1)
                - green(x, y + 1);
            sum += laplacian * laplacian;
            count += 1;
        }
    }
    if count == 0 { 0.0 } else { sum / count as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stripes of this many pixels, with edges as soft as the steps are many.
    fn stripes(soft: usize) -> Picture {
        let mut picture = Picture::filled(128, 128, [0; 3]).unwrap();
        for (i, pixel) in picture.rgb_mut().chunks_exact_mut(3).enumerate() {
            let x = i % 128 % 32;
            let ramp = (x.min(soft) * 200 / soft) as u8;
            pixel.fill(ramp);
        }
        picture
    }

    #[test]
    fn a_softer_picture_has_a_smaller_figure() {
        let [sharp, soft, flat] = [
            stripes(1),
            stripes(16),
            Picture::filled(128, 128, [99; 3]).unwrap(),
        ]
        .map(|picture| sharpness(&picture));
        assert!(sharp > soft && soft > flat, "{sharp} {soft} {flat}");
        assert_eq!(flat, 0.0);
    }

    #[test]
    fn the_smallest_picture_has_no_middle() {
        assert_eq!(sharpness(&Picture::filled(1, 1, [9; 3]).unwrap()), 0.0);
    }

    #[test]
    fn figures_are_means_over_the_time() {
        let now = Instant::now();
        let mut measurement = Measurement::begin(now, Duration::from_secs(2));
        assert_eq!(measurement.figures(now + Duration::from_secs(1)), None);
        for mean in [50.0, 150.0] {
            let brightness = Brightness {
                mean,
                deviation: 10.0,
            };
            measurement.add(&stripes(1), brightness);
        }
        let figures = measurement.figures(now + Duration::from_secs(1)).unwrap();
        assert_eq!(figures.brightness.mean, 100.0);
        assert_eq!(figures.frames_a_second, 2.0);
        assert_eq!(figures.size, (128, 128));
        assert!(measurement.is_over(now + Duration::from_secs(2)));
        assert!(!measurement.is_over(now + Duration::from_secs(1)));
    }
}
