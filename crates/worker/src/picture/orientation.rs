//! Which way up a picture was taken (Exif 2.32, tag 0x0112). Telephones store
//! pixels as the sensor has them; the tag goes with the metadata, so the pixels
//! are turned first.

use zeroize::Zeroizing;

use super::Pixels;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Orientation {
    /// Exchange rows and columns, before the two below.
    transposed: bool,
    mirrored_across: bool,
    mirrored_down: bool,
}

impl Orientation {
    /// From a TIFF block (TIFF 6.0, section 2). Anything unexpected: as stored.
    pub(super) fn from_tiff(tiff: &[u8]) -> Orientation {
        Self::tag(tiff).map_or_else(Orientation::default, Orientation::from_value)
    }

    fn tag(tiff: &[u8]) -> Option<u16> {
        let little_endian = match tiff.get(..4)? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        let short = |at: usize| {
            let bytes = [*tiff.get(at)?, *tiff.get(at.checked_add(1)?)?];
            Some(if little_endian {
                u16::from_le_bytes(bytes)
            } else {
                u16::from_be_bytes(bytes)
            })
        };
        let (first, second) = (u32::from(short(4)?), u32::from(short(6)?));
        let directory = if little_endian {
            second << 16 | first
        } else {
            first << 16 | second
        } as usize;
        let entries = usize::from(short(directory)?);
        (0..entries)
            .map(|entry| directory + 2 + entry * 12)
            .find(|&at| short(at) == Some(0x0112))
            .and_then(|at| short(at + 8))
    }

    fn from_value(value: u16) -> Orientation {
        let (transposed, mirrored_across, mirrored_down) = match value {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => (false, false, false),
        };
        Orientation {
            transposed,
            mirrored_across,
            mirrored_down,
        }
    }

    /// The pixels as a person holds them.
    pub(super) fn upright(self, pixels: Pixels) -> Pixels {
        if self == Orientation::default() {
            return pixels;
        }
        let (stored_width, stored_height) = (pixels.width as usize, pixels.height as usize);
        let (width, height) = if self.transposed {
            (stored_height, stored_width)
        } else {
            (stored_width, stored_height)
        };
        let mut rgba = Zeroizing::new(vec![0; pixels.rgba.len()]);
        for y in 0..height {
            for x in 0..width {
                let u = if self.mirrored_across {
                    width - 1 - x
                } else {
                    x
                };
                let v = if self.mirrored_down {
                    height - 1 - y
                } else {
                    y
                };
                let (stored_x, stored_y) = if self.transposed { (v, u) } else { (u, v) };
                let from = (stored_y * stored_width + stored_x) * 4;
                let to = (y * width + x) * 4;
                rgba[to..to + 4].copy_from_slice(&pixels.rgba[from..from + 4]);
            }
        }
        Pixels {
            width: width as u32,
            height: height as u32,
            rgba,
            orientation: Orientation::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two wide, three high, red counts the pixels: 0 1 / 2 3 / 4 5.
    fn picture(orientation: Orientation) -> Pixels {
        Pixels {
            width: 2,
            height: 3,
            rgba: Zeroizing::new((0..6u8).flat_map(|i| [i, 0, 0, 255]).collect()),
            orientation,
        }
    }

    fn upright(value: u16) -> (u32, Vec<u8>) {
        let orientation = Orientation::from_value(value);
        let turned = orientation.upright(picture(orientation));
        (turned.width, turned.rgba.chunks(4).map(|p| p[0]).collect())
    }

    #[test]
    fn every_value_of_the_tag_turns_as_the_standard_says() {
        assert_eq!(upright(1), (2, vec![0, 1, 2, 3, 4, 5]));
        assert_eq!(upright(2), (2, vec![1, 0, 3, 2, 5, 4]));
        assert_eq!(upright(3), (2, vec![5, 4, 3, 2, 1, 0]));
        assert_eq!(upright(4), (2, vec![4, 5, 2, 3, 0, 1]));
        assert_eq!(upright(5), (3, vec![0, 2, 4, 1, 3, 5]));
        // The usual one of a telephone held upright: a quarter turn clockwise.
        assert_eq!(upright(6), (3, vec![4, 2, 0, 5, 3, 1]));
        assert_eq!(upright(7), (3, vec![5, 3, 1, 4, 2, 0]));
        assert_eq!(upright(8), (3, vec![1, 3, 5, 0, 2, 4]));
        assert_eq!(upright(0), upright(1));
        assert_eq!(upright(999), upright(1));
    }

    #[test]
    fn the_tag_is_found_in_either_byte_order() {
        let little = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0";
        let big = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0";
        assert_eq!(Orientation::tag(little), Some(6));
        assert_eq!(Orientation::tag(big), Some(6));
    }

    #[test]
    fn a_block_that_points_outside_itself_means_as_stored() {
        let outside = b"II*\0\xFF\xFF\xFF\xFF\x01\0";
        assert_eq!(Orientation::from_tiff(outside), Orientation::default());
        for cut in 0..22 {
            let little = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0";
            let _ = Orientation::from_tiff(&little[..cut]);
        }
    }
}
