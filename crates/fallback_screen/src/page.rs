//! Where everything stands, for any size of screen: three blocks, one a language, below each
//! other in portrait and side by side in landscape, in the largest letters that have room.

use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::{DrawTarget, Drawable, Point, Primitive, Size};
use embedded_graphics::primitives::{Circle, PrimitiveStyle, Rectangle};
use faults::{Fault, Language};

use crate::drives::Outcome;
use crate::letters::{Style, Weight};
use crate::words::{self, LANGUAGES};

// As in the interface's theme.
const GROUND: Rgb888 = Rgb888::new(0xf5, 0xf8, 0xfa);
const TEXT: Rgb888 = Rgb888::new(0x10, 0x22, 0x2b);
const SECONDARY: Rgb888 = Rgb888::new(0x3d, 0x4d, 0x57);
const PRIMARY: Rgb888 = Rgb888::new(0x00, 0x5a, 0x6e);
const ON_PRIMARY: Rgb888 = Rgb888::new(0xff, 0xff, 0xff);
const ERROR: Rgb888 = Rgb888::new(0x9b, 0x1c, 0x1c);
const FAINT: Rgb888 = Rgb888::new(0xc3, 0xd0, 0xd7);

/// Of the letters that a screen would have with all the room in the world, in per cent.
const SCALES: [i32; 10] = [100, 94, 88, 82, 76, 70, 64, 58, 52, 46];

/// What is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pub fault: Fault,
    pub phone: Option<String>,
    pub kiosk: Option<String>,
    /// `28.11.2026 14:05`
    pub time: String,
    /// `14:15`
    pub next_try: Option<String>,
    pub drive: Option<Outcome>,
}

/// One line at its place.
#[derive(Clone, Debug)]
pub struct Text {
    pub text: String,
    pub style: Style,
    /// Left end of the line's top.
    pub at: Point,
    color: Rgb888,
    ground: Rgb888,
}

impl Text {
    /// What the line takes, from the top of its letters to the bottom.
    pub fn area(&self) -> Rectangle {
        let size = Size::new(
            self.style.width(&self.text).cast_unsigned(),
            self.style.line_height().cast_unsigned(),
        );
        Rectangle::new(self.at, size)
    }
}

/// A screen with everything on it.
#[derive(Clone, Debug)]
pub struct Page {
    size: Size,
    pub texts: Vec<Text>,
    fills: Vec<(Rectangle, Rgb888)>,
    sign: Rectangle,
    fits: bool,
}

impl Page {
    /// In the largest letters with which everything has room, or in the smallest.
    pub fn new(size: Size, content: &Content) -> Page {
        let pages = SCALES.map(|scale| (size, scale));
        let mut page = None;
        for (size, scale) in pages {
            let next = Layout::new(size, scale).page(content);
            let fits = next.fits;
            page = Some(next);
            if fits {
                break;
            }
        }
        page.unwrap_or_else(|| Layout::new(size, 100).page(content))
    }

    /// Nothing is cut off.
    pub fn fits(&self) -> bool {
        self.fits
    }

    /// # Errors
    /// Those of the target.
    pub fn draw<D>(&self, target: &mut D) -> Result<(), D::Error>
    where
        D: DrawTarget<Color = Rgb888>,
    {
        target.fill_solid(&Rectangle::new(Point::zero(), self.size), GROUND)?;
        for (area, color) in &self.fills {
            target.fill_solid(area, *color)?;
        }
        self.draw_sign(target)?;
        for text in &self.texts {
            let base = text.at + Point::new(0, text.style.ascent());
            text.style
                .draw(target, &text.text, base, text.color, text.ground)?;
        }
        Ok(())
    }

    /// No entry: understood by those who read none of the languages.
    fn draw_sign<D>(&self, target: &mut D) -> Result<(), D::Error>
    where
        D: DrawTarget<Color = Rgb888>,
    {
        let side = self.sign.size.width;
        Circle::new(self.sign.top_left, side)
            .into_styled(PrimitiveStyle::with_fill(ON_PRIMARY))
            .draw(target)?;
        let bar = Size::new(side * 3 / 5, side / 5);
        let left = (side - bar.width) / 2;
        let top = (side - bar.height) / 2;
        let at = self.sign.top_left + Size::new(left, top);
        target.fill_solid(&Rectangle::new(at, bar), PRIMARY)
    }
}

/// One try with letters of one scale.
struct Layout {
    width: i32,
    height: i32,
    margin: i32,
    landscape: bool,
    headline: Style,
    code: Style,
    cause: Style,
    body: Style,
    small: Style,
    page: Page,
}

impl Layout {
    fn new(size: Size, scale: i32) -> Layout {
        let (width, height) = (size.width.cast_signed(), size.height.cast_signed());
        let landscape = width > height;
        // The shorter side decides: 1080 and 800 pixels are about as far from the eye.
        let unit = width.min(height) as f32 / 1000.0 * scale as f32 / 100.0;
        let style = |weight, size: f32| Style {
            weight,
            size: (size * unit).max(8.0),
        };
        let body = if landscape { 36.0 } else { 40.0 };
        Layout {
            width,
            height,
            margin: width.min(height) / 20,
            landscape,
            headline: style(Weight::SemiBold, 56.0),
            code: style(Weight::SemiBold, if landscape { 96.0 } else { 110.0 }),
            cause: style(Weight::SemiBold, body),
            body: style(Weight::Regular, body),
            small: style(Weight::Regular, 30.0),
            page: Page {
                size,
                texts: Vec::new(),
                fills: Vec::new(),
                sign: Rectangle::zero(),
                fits: false,
            },
        }
    }

    fn page(mut self, content: &Content) -> Page {
        let top = self.head(content);
        let blocks = self.blocks(content, top);
        let foot = self.foot(content);
        let drive = self.drive(content, foot);
        let inside = |text: &Text| {
            let area = text.area();
            let end = area.top_left + area.size;
            text.at.x >= 0 && text.at.y >= 0 && end.x <= self.width && end.y <= self.height
        };
        self.page.fits = blocks <= drive && self.page.texts.iter().all(inside);
        self.page
    }

    fn put(&mut self, text: String, style: Style, at: Point, color: Rgb888, ground: Rgb888) {
        self.page.texts.push(Text {
            text,
            style,
            at,
            color,
            ground,
        });
    }

    /// Lines below each other; gives where the next would begin.
    fn put_wrapped(&mut self, text: &str, style: Style, at: Point, width: i32) -> i32 {
        let mut y = at.y;
        for line in style.wrap(text, width) {
            // A word wider than its column reaches into the next.
            if style.width(&line) > width {
                y = self.height;
            }
            self.put(line, style, Point::new(at.x, y), TEXT, GROUND);
            y += style.line_height();
        }
        y
    }

    fn fill(&mut self, x: i32, y: i32, width: i32, height: i32, color: Rgb888) {
        let size = Size::new(width.max(0).cast_unsigned(), height.max(0).cast_unsigned());
        let area = Rectangle::new(Point::new(x, y), size);
        self.page.fills.push((area, color));
    }

    /// The band with the sign and "out of service", and the code: right in the band where
    /// that has room, else below.
    fn head(&mut self, content: &Content) -> i32 {
        let (margin, headline, code) = (self.margin, self.headline, self.code);
        let lines = headline.line_height() * LANGUAGES.len() as i32;
        let band = lines + 2 * margin;
        self.fill(0, 0, self.width, band, PRIMARY);
        let side = lines * 3 / 4;
        self.page.sign = Rectangle::new(
            Point::new(margin, margin + (lines - side) / 2),
            Size::new_equal(side.cast_unsigned()),
        );
        for (i, language) in LANGUAGES.into_iter().enumerate() {
            let at = Point::new(
                margin * 2 + side,
                margin + i as i32 * headline.line_height(),
            );
            let words = words::out_of_service(language).to_owned();
            self.put(words, headline, at, ON_PRIMARY, PRIMARY);
        }
        let text = content.fault.code().to_owned();
        if self.landscape {
            let x = self.width - margin - code.width(&text);
            let y = (band - code.line_height()) / 2;
            self.put(text, code, Point::new(x, y), ON_PRIMARY, PRIMARY);
            return band + margin;
        }
        self.put(
            text,
            code,
            Point::new(margin, band + margin / 2),
            ERROR,
            GROUND,
        );
        band + margin + code.line_height()
    }

    /// Cause, remedy, whom to call, when it tries again: in each language.
    fn blocks(&mut self, content: &Content, top: i32) -> i32 {
        let margin = self.margin;
        let count = LANGUAGES.len() as i32;
        let column = (self.width - margin * (count + 1)) / count;
        let mut end = top;
        for (i, language) in LANGUAGES.into_iter().enumerate() {
            if self.landscape {
                let x = margin + i as i32 * (column + margin);
                if i > 0 {
                    let (line_x, height) = (x - margin / 2, self.height * 45 / 100);
                    self.fill(line_x, top, 2, height, FAINT);
                }
                end = end.max(self.block(content, language, Point::new(x, top), column));
            } else {
                let width = self.width - 2 * margin;
                self.fill(margin, end, width, 2, FAINT);
                let at = Point::new(margin, end + margin / 2);
                end = self.block(content, language, at, width) + margin / 2;
            }
        }
        end
    }

    fn block(&mut self, content: &Content, language: Language, at: Point, width: i32) -> i32 {
        let text = content.fault.text(language);
        let gap = self.body.line_height() / 3;
        let mut y = self.put_wrapped(text.cause, self.cause, at, width);
        let mut next = |layout: &mut Self, text: &str, style: Style| {
            y = layout.put_wrapped(text, style, Point::new(at.x, y + gap), width);
        };
        next(self, text.remedy, self.body);
        if let Some(phone) = &content.phone {
            next(self, &words::call(language, phone), self.cause);
        }
        if let Some(time) = &content.next_try {
            next(self, &words::next_try(language, time), self.small);
        }
        y
    }

    /// Which kiosk, what time: at the bottom. Gives where it begins.
    fn foot(&mut self, content: &Content) -> i32 {
        let (margin, small) = (self.margin, self.small);
        let y = self.height - margin / 2 - small.line_height();
        let right = self.width - margin - small.width(&content.time);
        self.put(
            content.time.clone(),
            small,
            Point::new(right, y),
            SECONDARY,
            GROUND,
        );
        if let Some(kiosk) = &content.kiosk {
            let kiosk = small.shorten(kiosk, right - 2 * margin);
            self.put(kiosk, small, Point::new(margin, y), SECONDARY, GROUND);
        }
        y - margin / 4
    }

    /// What is done with a drive, above the foot. Gives where it begins.
    fn drive(&mut self, content: &Content, bottom: i32) -> i32 {
        let Some(outcome) = &content.drive else {
            return bottom;
        };
        let (margin, small) = (self.margin, self.small);
        let width = self.width - 2 * margin;
        let mut lines: Vec<String> = LANGUAGES
            .into_iter()
            .flat_map(|language| small.wrap(&words::outcome(language, outcome), width))
            .collect();
        if let Some(detail) = outcome.detail() {
            lines.push(small.shorten(detail, width));
        }
        let height = small.line_height() * lines.len() as i32 + margin;
        let top = bottom - height - margin / 4;
        self.fill(0, top, self.width, height, PRIMARY);
        for (i, line) in lines.into_iter().enumerate() {
            let y = top + margin / 2 + i as i32 * small.line_height();
            self.put(line, small, Point::new(margin, y), ON_PRIMARY, PRIMARY);
        }
        top
    }
}
