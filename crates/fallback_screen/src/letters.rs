//! Lines of text: embedded-graphics' own fonts end before the Kazakh letters, so the
//! interface's font is rasterised here.

use std::sync::LazyLock;

use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::{DrawTarget, Pixel, Point, RgbColor};
use fontdue::{Font, FontSettings};

/// Golos Text (OFL-1.1).
static REGULAR: LazyLock<Option<Font>> =
    LazyLock::new(|| font(include_bytes!("../../../ui/fonts/GolosText-Regular.ttf")));
static SEMI_BOLD: LazyLock<Option<Font>> =
    LazyLock::new(|| font(include_bytes!("../../../ui/fonts/GolosText-SemiBold.ttf")));

fn font(bytes: &[u8]) -> Option<Font> {
    Font::from_bytes(bytes, FontSettings::default())
        .map_err(|reason| tracing::error!(reason, "the font"))
        .ok()
}

/// Ends a text of which something is left out; the font has no sign for it.
const LEFT_OUT: &str = "...";

/// A space at which no line ends.
pub const NO_BREAK: char = '\u{a0}';

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    Regular,
    SemiBold,
}

/// Font and height of a line, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    pub weight: Weight,
    pub size: f32,
}

impl Style {
    fn font(self) -> Option<&'static Font> {
        match self.weight {
            Weight::Regular => REGULAR.as_ref(),
            Weight::SemiBold => SEMI_BOLD.as_ref(),
        }
    }

    /// From one base line to the next.
    pub fn line_height(self) -> i32 {
        (self.size * 1.3).ceil() as i32
    }

    /// From the top of a line to its base line, with room for the marks on Й and Ё.
    pub fn ascent(self) -> i32 {
        self.size.ceil() as i32
    }

    /// Pixels from the first letter's origin to the end of the last one.
    pub fn width(self, text: &str) -> i32 {
        self.advance(text).ceil() as i32
    }

    fn advance(self, text: &str) -> f32 {
        let advance = |letter| {
            self.font()
                .map_or(0.0, |font| font.metrics(letter, self.size).advance_width)
        };
        text.chars().map(advance).sum()
    }

    /// Broken at spaces, but not at [`NO_BREAK`]. A word that is wider than that stands
    /// alone and too wide.
    pub fn wrap(self, text: &str, width: i32) -> Vec<String> {
        let space = self.advance(" ");
        let mut lines: Vec<String> = Vec::new();
        let mut end = 0.0;
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let length = self.advance(word);
            match lines.last_mut() {
                Some(line) if (end + space + length).ceil() as i32 <= width => {
                    line.push(' ');
                    line.push_str(word);
                    end += space + length;
                }
                _ => {
                    lines.push(word.to_owned());
                    end = length;
                }
            }
        }
        lines
    }

    /// One line of a text that may say less.
    pub fn shorten(self, text: &str, width: i32) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let mut short: String = text.to_owned();
        while short.pop().is_some() {
            let line = format!("{}{LEFT_OUT}", short.trim_end());
            if self.width(&line) <= width {
                return line;
            }
        }
        String::new()
    }

    /// `at`: left end of the base line. Letters are smoothed against `ground`.
    ///
    /// # Errors
    /// Those of the target.
    pub fn draw<D>(
        self,
        target: &mut D,
        text: &str,
        at: Point,
        color: Rgb888,
        ground: Rgb888,
    ) -> Result<(), D::Error>
    where
        D: DrawTarget<Color = Rgb888>,
    {
        let Some(font) = self.font() else {
            return Ok(());
        };
        let mut x = at.x as f32;
        for letter in text.chars() {
            let (metrics, coverage) = font.rasterize(letter, self.size);
            let left = x.round() as i32 + metrics.xmin;
            let top = at.y - metrics.ymin - metrics.height as i32;
            let width = metrics.width.max(1);
            let covered = coverage
                .iter()
                .enumerate()
                .filter(|(_, covered)| **covered > 0);
            target.draw_iter(covered.map(|(i, &covered)| {
                let point = Point::new(left + (i % width) as i32, top + (i / width) as i32);
                Pixel(point, mix(color, ground, covered))
            }))?;
            x += metrics.advance_width;
        }
        Ok(())
    }
}

/// `share`: of `color`, in 255ths.
fn mix(color: Rgb888, ground: Rgb888, share: u8) -> Rgb888 {
    let mix = |color: u8, ground: u8| {
        let sum = u32::from(color) * u32::from(share) + u32::from(ground) * u32::from(255 - share);
        (sum / 255) as u8
    };
    Rgb888::new(
        mix(color.r(), ground.r()),
        mix(color.g(), ground.g()),
        mix(color.b(), ground.b()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: Style = Style {
        weight: Weight::Regular,
        size: 30.0,
    };

    #[test]
    fn both_fonts_have_every_letter_of_the_three_languages() {
        for font in [&*REGULAR, &*SEMI_BOLD] {
            let font = font.as_ref().expect("the font is read");
            let letters = "АӘБВГҒДЕЁЖЗИЙКҚЛМНҢОӨПРСТУҰҮФХҺЦЧШЩЪЫІЬЭЮЯ";
            let others = "ABCXYZabcxyz0123456789 .,:;-+()/%*_'«»";
            let small = letters.to_lowercase();
            let all = letters.chars().chain(small.chars()).chain(others.chars());
            for letter in all.chain([NO_BREAK]) {
                assert_ne!(font.lookup_glyph_index(letter), 0, "{letter}");
            }
        }
    }

    #[test]
    fn lines_break_between_words_and_lose_none() {
        let text = "Басқа киоскіні пайдаланыңыз немесе кейінірек келіңіз.";
        let lines = BODY.wrap(text, 300);
        assert!(lines.len() > 1);
        assert!(lines.iter().all(|line| BODY.width(line) <= 300));
        assert_eq!(lines.join(" "), text);
        assert_eq!(BODY.wrap("", 300), [""; 0]);
        let phone = "Call and say the code: +7\u{a0}(7172)\u{a0}90-64-00";
        assert_eq!(
            BODY.wrap(phone, 320).last().unwrap(),
            "+7\u{a0}(7172)\u{a0}90-64-00"
        );
    }

    #[test]
    fn what_may_be_shortened_says_that_it_was() {
        assert_eq!(BODY.shorten("short", 300), "short");
        let line = BODY.shorten(&"long words ".repeat(20), 300);
        assert!(line.ends_with("...") && BODY.width(&line) <= 300, "{line}");
        assert_eq!(BODY.shorten("no room", 1), "");
    }
}
