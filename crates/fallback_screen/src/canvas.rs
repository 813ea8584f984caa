//! One frame in memory; from here it goes to the framebuffer or into a picture file.

use std::convert::Infallible;
use std::fs;
use std::io::{self, BufWriter};
use std::path::Path;

use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::{
    Dimensions, DrawTarget, OriginDimensions, Pixel, Point, RgbColor, Size,
};
use embedded_graphics::primitives::Rectangle;

/// Rows from the top, each from the left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canvas {
    size: Size,
    pixels: Vec<Rgb888>,
}

impl Canvas {
    pub fn new(size: Size) -> Canvas {
        let count = size.width as usize * size.height as usize;
        Canvas {
            size,
            pixels: vec![Rgb888::BLACK; count],
        }
    }

    /// From the top.
    pub fn rows(&self) -> impl Iterator<Item = &[Rgb888]> {
        self.pixels.chunks_exact(self.size.width.max(1) as usize)
    }

    /// Replaced as a whole: whoever reads it sees one frame or the next.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write_png(&self, path: &Path) -> io::Result<()> {
        let part = path.with_extension("png.part");
        let file = BufWriter::new(fs::File::create(&part)?);
        let mut encoder = png::Encoder::new(file, self.size.width, self.size.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        let bytes: Vec<u8> = self
            .pixels
            .iter()
            .flat_map(|pixel| [pixel.r(), pixel.g(), pixel.b()])
            .collect();
        writer.write_image_data(&bytes)?;
        writer.finish()?;
        fs::rename(&part, path)
    }

    fn place(&mut self, point: Point) -> Option<&mut Rgb888> {
        let x = u32::try_from(point.x)
            .ok()
            .filter(|x| *x < self.size.width)?;
        let y = u32::try_from(point.y).ok()?;
        let place = y as usize * self.size.width as usize + x as usize;
        self.pixels.get_mut(place)
    }
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        self.size
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    /// What lies outside is not drawn, as on a real display.
    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<Rgb888>>,
    {
        for Pixel(point, color) in pixels {
            if let Some(place) = self.place(point) {
                *place = color;
            }
        }
        Ok(())
    }

    fn fill_solid(&mut self, area: &Rectangle, color: Rgb888) -> Result<(), Infallible> {
        let area = area.intersection(&self.bounding_box());
        let width = self.size.width as usize;
        let left = area.top_left.x as usize;
        for y in area.rows() {
            let start = y as usize * width + left;
            self.pixels[start..start + area.size.width as usize].fill(color);
        }
        Ok(())
    }
}
