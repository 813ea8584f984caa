//! A made document as it lies there: print, ground, everything else on it.

use chip::MrzFormat;
use fontdue::{Font, FontSettings};

use super::random::Random;

static OCR_B: [&[u8]; 2] = [
    include_bytes!("../../fonts/OCRB.otf"),
    include_bytes!("../../fonts/OCRBS.otf"),
];
static PLAIN: &[u8] = include_bytes!("../../../../ui/fonts/GolosText-Regular.ttf");
/// Advance of an OCR-B character, as part of the font's size and in millimetres.
const ADVANCE: f32 = 0.723;
const PITCH: f32 = 2.54;

/// Reflection 0-1 of each point.
pub struct Document {
    pub width: usize,
    pub height: usize,
    pub points: Vec<f32>,
    /// Points for each millimetre.
    pub scale: f32,
    /// The zone's corners in points: left, top, right, bottom.
    pub zone: [f32; 4],
}

impl Document {
    pub fn new(random: &mut Random, format: MrzFormat, lines: &[String]) -> Document {
        let (wide, high, scale) = match format {
            MrzFormat::Td1 => (85.6, 54.0, 16.0),
            MrzFormat::Td2 => (105.0, 74.0, 14.0),
            MrzFormat::Td3 => (125.0, 88.0, 12.0),
        };
        let (width, height) = ((wide * scale) as usize, (high * scale) as usize);
        let mut document = Document {
            width,
            height,
            points: vec![1.0; width * height],
            scale,
            zone: [0.0; 4],
        };
        document.ground(random);
        let columns = lines[0].len() as f32;
        let spacing = random.between(5.2, 6.4);
        let left = (wide - columns * PITCH) / 2.0 + random.between(-1.0, 1.0);
        let last = high - random.between(5.5, 7.5);
        let first = last - spacing * (lines.len() - 1) as f32;
        document.other_print(random, first - 7.0, format == MrzFormat::Td1);
        let font = font(OCR_B[random.below(OCR_B.len())]);
        let ink = random.between(0.10, 0.38);
        for (at, line) in lines.iter().enumerate() {
            let base = first + spacing * at as f32;
            for (column, character) in line.chars().enumerate() {
                let x = left + PITCH * column as f32;
                document.glyph(&font, character, x, base, PITCH / ADVANCE, ink);
            }
        }
        document.zone = [
            left,
            first - PITCH * 1.1,
            left + columns * PITCH,
            last + 0.3,
        ]
        .map(|v| v * scale);
        document
    }

    /// Fine waves as of security print.
    fn ground(&mut self, random: &mut Random) {
        let strength = random.between(0.01, 0.07);
        let waves: Vec<[f32; 4]> = (0..4)
            .map(|_| {
                let (turn, length) = (random.between(0.0, 6.3), random.between(0.6, 9.0));
                let rate = std::f32::consts::TAU / (length * self.scale);
                [
                    turn.cos() * rate,
                    turn.sin() * rate,
                    random.between(0.0, 6.3),
                    random.between(0.5, 4.0) / (12.0 * self.scale),
                ]
            })
            .collect();
        for y in 0..self.height {
            for x in 0..self.width {
                let (a, b) = (x as f32, y as f32);
                let sum: f32 = waves
                    .iter()
                    .map(|w| (a * w[0] + b * w[1] + w[2] + (b * w[3]).sin() * 2.0).sin())
                    .sum();
                self.points[y * self.width + x] = 1.0 - strength * (1.0 + sum / 2.0);
            }
        }
    }

    /// Fields, a portrait or a bar code above the zone, down to `to` millimetres.
    fn other_print(&mut self, random: &mut Random, to: f32, card: bool) {
        let font = font(PLAIN);
        let mut y = 6.0;
        let left = if card { 5.0 } else { 44.0 };
        while y < to {
            let size = random.between(2.2, 4.2);
            let mut x = left;
            for _ in 0..8 + random.below(18) {
                let letter =
                    *random.pick(&['A', 'B', 'e', 'k', 'т', 'ң', 'Қ', 'а', '1', '7', ' ', '.']);
                let ink = random.between(0.15, 0.3);
                x += self.glyph(&font, letter, x, y, size, ink);
            }
            y += size * random.between(1.1, 1.7);
        }
        if card {
            // A bar code and a chip's shape.
            let mut x = 50.0;
            while x < 80.0 {
                let bar = random.between(0.2, 0.9);
                self.fill(x, 5.0, bar, 9.0, 0.15);
                x += bar + random.between(0.2, 0.9);
            }
            self.fill(6.0, to - 8.0, 11.0, 8.0, 0.6);
        } else {
            for row in 0..20 {
                for column in 0..16 {
                    let grey = random.between(0.2, 0.8);
                    let (x, y) = (6.0 + 2.0 * column as f32, 8.0 + 2.2 * row as f32);
                    self.fill(x, y, 2.0, 2.2, grey);
                }
            }
        }
    }

    fn fill(&mut self, x: f32, y: f32, width: f32, height: f32, grey: f32) {
        let at = |v: f32, end: usize| ((v * self.scale).max(0.0) as usize).min(end);
        let (left, right) = (at(x, self.width), at(x + width, self.width));
        let (top, bottom) = (at(y, self.height), at(y + height, self.height));
        for row in top..bottom {
            self.points[row * self.width + left..row * self.width + right].fill(grey);
        }
    }

    /// Prints with its base line at `y`, all in millimetres. Returns the advance.
    fn glyph(&mut self, font: &Font, character: char, x: f32, y: f32, size: f32, ink: f32) -> f32 {
        let (metrics, coverage) = font.rasterize(character, size * self.scale);
        let left = (x * self.scale).round() as i32 + metrics.xmin;
        let top = (y * self.scale).round() as i32 - metrics.ymin - metrics.height as i32;
        for (at, &covered) in coverage.iter().enumerate() {
            let column = left + (at % metrics.width) as i32;
            let row = top + (at / metrics.width) as i32;
            let inside =
                (0..self.width as i32).contains(&column) && (0..self.height as i32).contains(&row);
            if inside {
                let point = &mut self.points[row as usize * self.width + column as usize];
                let covered = f32::from(covered) / 255.0;
                *point = *point * (1.0 - covered) + ink * covered;
            }
        }
        metrics.advance_width / self.scale
    }

    pub fn at(&self, x: f32, y: f32) -> Option<f32> {
        if x < 0.0 || y < 0.0 || x >= self.width as f32 - 1.0 || y >= self.height as f32 - 1.0 {
            return None;
        }
        let (left, top) = (x as usize, y as usize);
        let (fx, fy) = (x - left as f32, y - top as f32);
        let at = top * self.width + left;
        let above = self.points[at] * (1.0 - fx) + self.points[at + 1] * fx;
        let below =
            self.points[at + self.width] * (1.0 - fx) + self.points[at + self.width + 1] * fx;
        Some(above * (1.0 - fy) + below * fy)
    }
}

fn font(file: &'static [u8]) -> Font {
    Font::from_bytes(file, FontSettings::default()).expect("a font of this project")
}
