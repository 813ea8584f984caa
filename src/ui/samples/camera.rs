//! What the sample camera sees.

use slint::{Rgb8Pixel, SharedPixelBuffer};

/// Stands for what a camera sees: a grey head and shoulders before a window.
pub fn camera_frame(width: u32, height: u32) -> SharedPixelBuffer<Rgb8Pixel> {
    let mut frame = SharedPixelBuffer::<Rgb8Pixel>::new(width, height);
    let (w, h) = (width as f32, height as f32);
    for (at, pixel) in frame.make_mut_slice().iter_mut().enumerate() {
        let x = (at as u32 % width) as f32 / w - 0.5;
        let y = (at as u32 / width) as f32 / h - 0.5;
        let (x, y) = (x * w / h, y);
        let head = (x / 0.19).powi(2) + ((y + 0.03) / 0.25).powi(2) < 1.0;
        let shoulders = (x / 0.42).powi(2) + ((y - 0.62) / 0.34).powi(2) < 1.0;
        let grey = if head {
            176
        } else if shoulders {
            92
        } else {
            (214.0 - 60.0 * (y + 0.5)) as u8
        };
        *pixel = Rgb8Pixel {
            r: grey,
            g: grey,
            b: grey.saturating_add(8),
        };
    }
    frame
}
