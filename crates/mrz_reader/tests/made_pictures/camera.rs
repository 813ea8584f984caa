//! A made document before a made camera.

use super::document::Document;
use super::random::Random;

pub const WIDTH: usize = 1280;
pub const HEIGHT: usize = 720;
/// Distance of the lens in pixels.
const FOCUS: f32 = 1300.0;

/// How the picture is taken. Angles in degrees, lengths in pixels unless said.
pub struct Shot {
    /// About the document's own axes.
    pub tilt: (f32, f32),
    pub roll: f32,
    /// Part of the picture that the document fills.
    pub fills: f32,
    /// Deviation of the lens's blur.
    pub blur: f32,
    /// Motion: length and direction.
    pub motion: (f32, f32),
    /// Deviation of the sensor's noise, in grey values.
    pub noise: f32,
    /// Grey value of white paper.
    pub light: f32,
    /// Strength in grey values, place on the document (0-1), size in millimetres.
    pub glare: Option<(f32, f32, f32, f32)>,
    pub shadow: bool,
}

impl Shot {
    /// A calm picture in good light.
    pub fn clean() -> Shot {
        Shot {
            tilt: (0.0, 0.0),
            roll: 0.0,
            fills: 0.95,
            blur: 0.5,
            motion: (0.0, 0.0),
            noise: 1.5,
            light: 200.0,
            glare: None,
            shadow: false,
        }
    }

    /// As people hold documents.
    pub fn any(random: &mut Random, document: &Document) -> Shot {
        let glare = random.chance(0.35).then(|| {
            let (x, y) = (random.unit(), random.unit());
            let on_zone = y * document.height as f32 > document.zone[1] - 6.0 * document.scale;
            // Full strength on the zone leaves nothing to read.
            let strength = random.between(50.0, if on_zone { 110.0 } else { 260.0 });
            (strength, x, y, random.between(6.0, 16.0))
        });
        Shot {
            tilt: (random.between(-20.0, 20.0), random.between(-20.0, 20.0)),
            roll: random.between(-15.0, 15.0) + if random.chance(0.15) { 180.0 } else { 0.0 },
            fills: random.between(0.78, 1.0),
            blur: random.between(0.4, 1.3),
            motion: if random.chance(0.3) {
                (random.between(1.0, 4.0), random.between(0.0, 6.3))
            } else {
                (0.0, 0.0)
            },
            noise: random.between(1.0, 7.0),
            light: random.between(110.0, 225.0),
            glare,
            shadow: random.chance(0.4),
        }
    }
}

pub fn take(random: &mut Random, document: &Document, shot: &Shot) -> Vec<u8> {
    let eye = Eye::new(document, shot);
    let (wide, high) = (document.width as f32, document.height as f32);
    let gradient = (random.between(-0.15, 0.15), random.between(-0.15, 0.15));
    let turn = random.between(0.0, 6.3);
    let edge = (turn.cos(), turn.sin(), random.between(-0.3, 0.3));
    let dark = random.between(0.55, 0.85);
    let soft = random.between(8.0, 60.0);
    let table = (random.between(0.15, 0.6), random.between(0.02, 0.3));
    let mut image = vec![0.0f32; WIDTH * HEIGHT];
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let mut sum = 0.0;
            for (dx, dy) in [(-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25)] {
                let (a, b) = eye.look(x as f32 + dx, y as f32 + dy);
                sum += document
                    .at(a, b)
                    .unwrap_or_else(|| table.0 + 0.04 * (a * table.1).sin() * (b * 0.05).cos());
            }
            let (a, b) = eye.look(x as f32, y as f32);
            let (u, v) = (a / wide - 0.5, b / high - 0.5);
            let mut light = shot.light * (1.0 + gradient.0 * u + gradient.1 * v);
            if shot.shadow {
                let side = (u * edge.0 + v * edge.1 - edge.2) * soft;
                light *= 1.0 - (1.0 - dark) / (1.0 + (-side).exp());
            }
            let mut value = sum / 4.0 * light;
            if let Some((strength, gx, gy, size)) = shot.glare {
                let (dx, dy) = (a - gx * wide, b - gy * high);
                let spread = size * document.scale;
                value += strength * (-(dx * dx + dy * dy) / (spread * spread)).exp();
            }
            image[y * WIDTH + x] = value;
        }
    }
    if shot.motion.0 > 0.5 {
        image = moved(&image, shot.motion);
    }
    let image = blurred(&image, shot.blur);
    image
        .into_iter()
        .map(|value| {
            // The sum of four even chances is nearly normal.
            let chance: f32 = (0..4).map(|_| random.unit() - 0.5).sum::<f32>() * 1.73;
            (value + chance * shot.noise).clamp(0.0, 255.0) as u8
        })
        .collect()
}

/// From a pixel to the document's plane.
struct Eye {
    /// Columns: the document's x and y axes and its middle, seen from the camera.
    axes: [[f32; 3]; 2],
    middle: [f32; 3],
    origin: (f32, f32),
}

impl Eye {
    fn new(document: &Document, shot: &Shot) -> Eye {
        let (sx, cx) = shot.tilt.0.to_radians().sin_cos();
        let (sy, cy) = shot.tilt.1.to_radians().sin_cos();
        let (sr, cr) = shot.roll.to_radians().sin_cos();
        // Tilt about both axes, then roll about the line of sight.
        let right = [cy, sx * sy, -cx * sy];
        let down = [0.0, cx, sx];
        let turned = |v: [f32; 3]| [v[0] * cr - v[1] * sr, v[0] * sr + v[1] * cr, v[2]];
        let axes = [turned(right), turned(down)];
        let origin = (document.width as f32 / 2.0, document.height as f32 / 2.0);
        // As near as leaves the whole document in view.
        let mut depth = FOCUS * 0.2;
        let corners = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
        let fits = |depth: f32| {
            corners.iter().all(|&(a, b): &(f32, f32)| {
                let (a, b) = (a * origin.0, b * origin.1);
                let point = |n: usize| axes[0][n] * a + axes[1][n] * b;
                let z = point(2) + depth;
                z > 1.0
                    && (FOCUS * point(0) / z).abs() < WIDTH as f32 / 2.0 - 4.0
                    && (FOCUS * point(1) / z).abs() < HEIGHT as f32 / 2.0 - 4.0
            })
        };
        while !fits(depth) {
            depth *= 1.01;
        }
        Eye {
            axes,
            middle: [0.0, 0.0, depth / shot.fills],
            origin,
        }
    }

    fn look(&self, x: f32, y: f32) -> (f32, f32) {
        // The ray meets middle + a * right + b * down.
        let ray = [x - WIDTH as f32 / 2.0, y - HEIGHT as f32 / 2.0, FOCUS];
        let [right, down] = self.axes;
        let normal = cross(right, down);
        let along = dot(normal, self.middle) / dot(normal, ray);
        let hit = [0, 1, 2].map(|n| ray[n] * along - self.middle[n]);
        (
            dot(hit, right) + self.origin.0,
            dot(hit, down) + self.origin.1,
        )
    }
}

fn cross(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn moved(image: &[f32], (length, direction): (f32, f32)) -> Vec<f32> {
    const STEPS: i32 = 5;
    let (sin, cos) = direction.sin_cos();
    let mut out = vec![0.0; image.len()];
    for step in 0..STEPS {
        let along = length * (step as f32 / (STEPS - 1) as f32 - 0.5);
        let (dx, dy) = (along * cos, along * sin);
        let (ix, iy) = (dx.floor(), dy.floor());
        let (fx, fy) = (dx - ix, dy - iy);
        for (ox, oy, weight) in [
            (0, 0, (1.0 - fx) * (1.0 - fy)),
            (1, 0, fx * (1.0 - fy)),
            (0, 1, (1.0 - fx) * fy),
            (1, 1, fx * fy),
        ] {
            let (ox, oy) = (ix as i32 + ox, iy as i32 + oy);
            for y in 0..HEIGHT as i32 {
                let row = (y + oy).clamp(0, HEIGHT as i32 - 1) as usize * WIDTH;
                for x in 0..WIDTH as i32 {
                    let from = row + (x + ox).clamp(0, WIDTH as i32 - 1) as usize;
                    out[y as usize * WIDTH + x as usize] += weight / STEPS as f32 * image[from];
                }
            }
        }
    }
    out
}

fn blurred(image: &[f32], deviation: f32) -> Vec<f32> {
    let reach = (deviation * 3.0).ceil() as i32;
    let weights: Vec<f32> = (-reach..=reach)
        .map(|n| (-(n * n) as f32 / (2.0 * deviation * deviation)).exp())
        .collect();
    let total: f32 = weights.iter().sum();
    let along = |from: &[f32], dx: i32, dy: i32| {
        let mut out = vec![0.0; from.len()];
        for (weight, n) in weights.iter().zip(-reach..) {
            for y in 0..HEIGHT as i32 {
                let row = (y + n * dy).clamp(0, HEIGHT as i32 - 1) as usize * WIDTH;
                for x in 0..WIDTH as i32 {
                    let at = row + (x + n * dx).clamp(0, WIDTH as i32 - 1) as usize;
                    out[y as usize * WIDTH + x as usize] += weight / total * from[at];
                }
            }
        }
        out
    };
    along(&along(image, 1, 0), 0, 1)
}
