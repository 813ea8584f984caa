//! YUYV 4:2:2, what a camera gives that does not compress.

use crate::picture::{Picture, PictureError};

/// Converts a YUYV frame (BT.601, limited range, as USB video class cameras send
/// it) into `into`. `stride`: bytes from one row to the next, at least `2 * width`.
/// An odd last column takes its colour from its own pair.
pub fn decode_into(
    bytes: &[u8],
    width: u32,
    height: u32,
    stride: usize,
    into: &mut Picture,
) -> Result<(), PictureError> {
    into.resize_buffer(width, height)?;
    let pairs = (width as usize).div_ceil(2);
    let row_bytes = pairs * 4;
    let expected = stride
        .checked_mul(height as usize - 1)
        .and_then(|n| n.checked_add(row_bytes))
        .ok_or(PictureError::Empty)?;
    if stride < row_bytes || bytes.len() < expected {
        return Err(PictureError::WrongLength {
            got: bytes.len(),
            expected,
        });
    }
    let out_row = width as usize * 3;
    for (y, out) in into.rgb_mut().chunks_exact_mut(out_row).enumerate() {
        let row = &bytes[y * stride..y * stride + row_bytes];
        for (out, quad) in out.chunks_mut(6).zip(row.chunks_exact(4)) {
            let (d, e) = (i32::from(quad[1]) - 128, i32::from(quad[3]) - 128);
            let (red, green, blue) = (409 * e, -100 * d - 208 * e, 516 * d);
            for (pixel, luma) in out.chunks_exact_mut(3).zip([quad[0], quad[2]]) {
                let c = 298 * (i32::from(luma) - 16) + 128;
                pixel[0] = ((c + red) >> 8).clamp(0, 255) as u8;
                pixel[1] = ((c + green) >> 8).clamp(0, 255) as u8;
                pixel[2] = ((c + blue) >> 8).clamp(0, 255) as u8;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_white_and_red_come_out_right() {
        // Two black, two white, two red pixels (BT.601 limited range).
        let row = [16, 128, 16, 128, 235, 128, 235, 128, 82, 90, 82, 240];
        let mut out = Picture::placeholder();
        decode_into(&row, 6, 1, 12, &mut out).unwrap();
        let pixels: Vec<_> = out.rgb().chunks_exact(3).collect();
        assert_eq!(pixels[0], [0, 0, 0]);
        assert_eq!(pixels[3], [255, 255, 255]);
        assert!(pixels[4][0] > 250 && pixels[4][1] < 5 && pixels[4][2] < 5);
    }

    #[test]
    fn a_short_frame_is_refused() {
        let mut out = Picture::placeholder();
        assert!(decode_into(&[0; 30], 4, 4, 8, &mut out).is_err());
        assert!(decode_into(&[0; 64], 4, 4, 6, &mut out).is_err());
    }
}
