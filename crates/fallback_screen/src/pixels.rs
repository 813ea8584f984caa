//! A frame in the framebuffer's own layout.

use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::{RgbColor, Size};

use crate::canvas::Canvas;

/// Pixels either way; more is no display's.
const LARGEST: u32 = 16_384;

/// Where a colour lies in a pixel: bits from the lowest, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Channel {
    pub offset: u32,
    pub length: u32,
}

impl Channel {
    fn place(self, value: u8) -> u32 {
        (u32::from(value) >> (8 - self.length)) << self.offset
    }
}

/// What the kernel says of a framebuffer, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    width: u32,
    height: u32,
    /// Pixels from the beginning of the memory to what is shown.
    left: u32,
    top: u32,
    /// Bytes from one line to the next.
    line_length: u32,
    /// 2 or 4.
    bytes_per_pixel: u32,
    channels: [Channel; 3],
}

/// As the kernel says it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reported {
    pub width: u32,
    pub height: u32,
    pub left: u32,
    pub top: u32,
    pub bits_per_pixel: u32,
    /// Red, green, blue.
    pub channels: [Channel; 3],
    pub line_length: u32,
    /// Bytes.
    pub memory: u32,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LayoutError {
    #[error("{0} bits per pixel: only 16 and 32 are known")]
    Depth(u32),
    #[error("the framebuffer's sizes do not fit each other: {0}")]
    Sizes(&'static str),
}

impl TryFrom<Reported> for Layout {
    type Error = LayoutError;

    fn try_from(said: Reported) -> Result<Layout, LayoutError> {
        let bytes_per_pixel = match said.bits_per_pixel {
            16 => 2,
            32 => 4,
            other => return Err(LayoutError::Depth(other)),
        };
        let side = 1..=LARGEST;
        if !side.contains(&said.width) || !side.contains(&said.height) {
            return Err(LayoutError::Sizes("no width or height of a display"));
        }
        let line = (u64::from(said.left) + u64::from(said.width)) * u64::from(bytes_per_pixel);
        if line > u64::from(said.line_length) {
            return Err(LayoutError::Sizes("a line is longer than a line"));
        }
        let lines = u64::from(said.top) + u64::from(said.height);
        if lines * u64::from(said.line_length) > u64::from(said.memory) {
            return Err(LayoutError::Sizes("a frame is larger than the memory"));
        }
        let fits = |channel: &Channel| {
            (1..=8).contains(&channel.length)
                && channel.offset.saturating_add(channel.length) <= said.bits_per_pixel
        };
        if !said.channels.iter().all(fits) {
            return Err(LayoutError::Sizes("a colour lies outside of its pixel"));
        }
        Ok(Layout {
            width: said.width,
            height: said.height,
            left: said.left,
            top: said.top,
            line_length: said.line_length,
            bytes_per_pixel,
            channels: said.channels,
        })
    }
}

impl Layout {
    pub fn size(&self) -> Size {
        Size::new(self.width, self.height)
    }

    /// Bytes from the beginning of the memory to the first line that is shown.
    pub fn start(&self) -> u64 {
        u64::from(self.top) * u64::from(self.line_length)
    }

    /// Whole lines, what is not shown of them black.
    pub fn pack(&self, canvas: &Canvas) -> Vec<u8> {
        let line_length = self.line_length as usize;
        let pixel = self.bytes_per_pixel as usize;
        let left = self.left as usize * pixel;
        let mut bytes = vec![0; line_length * self.height as usize];
        for (row, line) in canvas.rows().zip(bytes.chunks_exact_mut(line_length)) {
            for (color, place) in row.iter().zip(line[left..].chunks_exact_mut(pixel)) {
                place.copy_from_slice(&self.value(*color).to_ne_bytes()[..pixel]);
            }
        }
        bytes
    }

    fn value(&self, color: Rgb888) -> u32 {
        let [red, green, blue] = self.channels;
        // A little-endian machine's low bytes come first; kiosks have no other.
        (red.place(color.r()) | green.place(color.g()) | blue.place(color.b())).to_le()
    }
}

#[cfg(test)]
mod tests {
    use embedded_graphics::prelude::{DrawTarget, Point};
    use embedded_graphics::primitives::Rectangle;
    use proptest::prelude::*;

    use super::*;

    fn channel(offset: u32, length: u32) -> Channel {
        Channel { offset, length }
    }

    fn xrgb() -> Reported {
        Reported {
            width: 2,
            height: 1,
            bits_per_pixel: 32,
            channels: [channel(16, 8), channel(8, 8), channel(0, 8)],
            line_length: 8,
            memory: 8,
            ..Reported::default()
        }
    }

    fn canvas(size: Size, color: Rgb888) -> Canvas {
        let mut canvas = Canvas::new(size);
        let Ok(()) = canvas.clear(color);
        canvas
    }

    #[test]
    fn thirty_two_bits() {
        let layout = Layout::try_from(xrgb()).unwrap();
        let bytes = layout.pack(&canvas(Size::new(2, 1), Rgb888::new(1, 2, 3)));
        assert_eq!(bytes, [3, 2, 1, 0, 3, 2, 1, 0]);
    }

    #[test]
    fn sixteen_bits_with_longer_lines_and_a_virtual_screen() {
        let layout = Layout::try_from(Reported {
            width: 2,
            height: 2,
            left: 1,
            top: 3,
            bits_per_pixel: 16,
            channels: [channel(11, 5), channel(5, 6), channel(0, 5)],
            line_length: 8,
            memory: 40,
        })
        .unwrap();
        let mut frame = canvas(Size::new(2, 2), Rgb888::RED);
        let Ok(()) = frame.fill_solid(
            &Rectangle::new(Point::new(1, 1), Size::new(1, 1)),
            Rgb888::GREEN,
        );
        assert_eq!(layout.start(), 24);
        let bytes = layout.pack(&frame);
        assert_eq!(bytes[..8], [0, 0, 0x00, 0xf8, 0x00, 0xf8, 0, 0]);
        assert_eq!(bytes[8..], [0, 0, 0x00, 0xf8, 0xe0, 0x07, 0, 0]);
    }

    #[test]
    fn sizes_that_do_not_fit_each_other_are_refused() {
        let good = xrgb();
        assert_eq!(
            Layout::try_from(Reported {
                bits_per_pixel: 8,
                ..good
            }),
            Err(LayoutError::Depth(8))
        );
        for bad in [
            Reported { width: 0, ..good },
            Reported {
                height: 70_000,
                ..good
            },
            Reported { left: 1, ..good },
            Reported {
                left: u32::MAX,
                ..good
            },
            Reported {
                top: u32::MAX,
                ..good
            },
            Reported { memory: 7, ..good },
            Reported {
                line_length: 4,
                ..good
            },
            Reported {
                channels: [channel(30, 8); 3],
                ..good
            },
            Reported {
                channels: [channel(u32::MAX, 8); 3],
                ..good
            },
            Reported {
                channels: [channel(0, 0); 3],
                ..good
            },
        ] {
            assert!(Layout::try_from(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        /// Whatever a driver says, and whatever was drawn: a frame of whole lines, or a refusal.
        #[test]
        fn any_layout_packs_or_is_refused(
            sizes in prop::array::uniform4(0u32..40),
            bits in prop::sample::select(vec![8u32, 16, 24, 32]),
            places in prop::array::uniform3((0u32..40, 0u32..12)),
            line_length in 0u32..400,
            memory in any::<u32>(),
        ) {
            let reported = Reported {
                width: sizes[0],
                height: sizes[1],
                left: sizes[2],
                top: sizes[3],
                bits_per_pixel: bits,
                channels: places.map(|(offset, length)| channel(offset, length)),
                line_length,
                memory,
            };
            if let Ok(layout) = Layout::try_from(reported) {
                let bytes = layout.pack(&canvas(Size::new(20, 20), Rgb888::WHITE));
                prop_assert_eq!(bytes.len() as u32, line_length * sizes[1]);
                prop_assert!(layout.start() + bytes.len() as u64 <= u64::from(memory));
            }
        }
    }
}
