//! Letters for a display of points: embedded-graphics' own fonts end before the
//! Kazakh letters, so the interface's font is rasterised here.

use std::collections::HashMap;
use std::sync::LazyLock;

use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::prelude::{DrawTarget, Pixel, Point};
use fontdue::{Font, FontSettings, Metrics};

/// Golos Text (OFL-1.1).
static FONT: LazyLock<Option<Font>> = LazyLock::new(|| {
    let bytes: &[u8] = include_bytes!("../../../ui/fonts/GolosText-SemiBold.ttf");
    Font::from_bytes(bytes, FontSettings::default())
        .map_err(|reason| tracing::error!(reason, "the panel's font"))
        .ok()
});

/// Half-covered points of thin strokes stay on; below this letters grow together.
const COVERED: u8 = 105;

/// One line of text at one size.
pub(super) struct Line {
    glyphs: Vec<(i32, Metrics, Vec<u8>)>,
    /// In points.
    pub(super) width: i32,
    /// Height of a capital letter.
    pub(super) height: i32,
}

impl Line {
    /// The largest of `sizes` (points a line) at which the text is at most `width` wide.
    pub(super) fn fitting(text: &str, sizes: &[u8], width: i32) -> Line {
        let mut lines = sizes.iter().map(|&size| Line::new(text, size));
        let mut last = lines.next().unwrap_or_else(|| Line::new(text, 8));
        for line in lines {
            if last.width <= width {
                break;
            }
            last = line;
        }
        last
    }

    fn new(text: &str, size: u8) -> Line {
        let mut line = Line {
            glyphs: Vec::new(),
            width: 0,
            height: 0,
        };
        let Some(font) = &*FONT else {
            return line;
        };
        let size = f32::from(size);
        let mut known: HashMap<char, (Metrics, Vec<u8>)> = HashMap::new();
        for letter in text.chars() {
            let (metrics, coverage) = known
                .entry(letter)
                .or_insert_with(|| font.rasterize(letter, size))
                .clone();
            // Rounded up: on so few points neighbours would run into each other.
            let advance = metrics.advance_width.ceil() as i32;
            line.glyphs.push((line.width, metrics, coverage));
            line.width += advance;
        }
        line.height = font.metrics('H', size).height as i32;
        line
    }

    /// `at`: left end of the base line.
    ///
    /// # Errors
    /// Those of the target.
    pub(super) fn draw<D>(&self, target: &mut D, at: Point) -> Result<(), D::Error>
    where
        D: DrawTarget<Color = BinaryColor>,
    {
        for (x, metrics, coverage) in &self.glyphs {
            let left = at.x + x + metrics.xmin;
            let top = at.y - metrics.ymin - metrics.height as i32;
            let width = metrics.width.max(1);
            target.draw_iter(coverage.iter().enumerate().filter_map(|(i, &covered)| {
                let point = Point::new(left + (i % width) as i32, top + (i / width) as i32);
                (covered >= COVERED).then_some(Pixel(point, BinaryColor::On))
            }))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_has_every_letter_of_kazakh_and_russian() {
        let font = FONT.as_ref().expect("the font is read");
        for letter in "АӘБВГҒДЕЁЖЗИЙКҚЛМНҢОӨПРСТУҰҮФХҺЦЧШЩЪЫІЬЭЮЯ0123456789-:".chars()
        {
            assert_ne!(font.lookup_glyph_index(letter), 0, "{letter}");
        }
    }

    #[test]
    fn a_long_line_takes_a_smaller_size() {
        let (long, short) = ("ЖҰМЫС ІСТЕМЕЙДІ", "ДАЙЫН");
        let sizes = [30, 20, 14, 10];
        assert!(Line::fitting(long, &sizes, 128).width <= 128);
        assert!(Line::fitting(long, &sizes, 128).height < Line::fitting(short, &sizes, 128).height);
    }
}
