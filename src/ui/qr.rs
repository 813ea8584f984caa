//! A receipt code as a QR code (ISO/IEC 18004).

use slint::{Image, Rgb8Pixel, SharedPixelBuffer};

/// Black on white, one pixel a module and four around (ISO/IEC 18004 wants that
/// quiet zone); the screen enlarges it in whole modules.
pub(super) fn image(code: &str) -> Option<Image> {
    const QUIET: usize = 4;
    let made = qrcode::QrCode::new(code.as_bytes()).ok()?;
    let (modules, side) = (made.to_colors(), made.width());
    let full = side + 2 * QUIET;
    let mut pixels = SharedPixelBuffer::<Rgb8Pixel>::new(full as u32, full as u32);
    let white = Rgb8Pixel {
        r: 255,
        g: 255,
        b: 255,
    };
    pixels.make_mut_slice().fill(white);
    for (row, line) in modules.chunks(side).enumerate() {
        for (column, module) in line.iter().enumerate() {
            if *module == qrcode::Color::Dark {
                let at = (row + QUIET) * full + column + QUIET;
                pixels.make_mut_slice()[at] = Rgb8Pixel { r: 0, g: 0, b: 0 };
            }
        }
    }
    Some(Image::from_rgb8(pixels))
}
