//! One cell of the zone cut out, straight and even in size and brightness.
//!
//! What is made here is what the recogniser was trained on: `training/train.py`.

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::grey::Grey;
use crate::zone::Cell;

pub const WIDTH: usize = 16;
pub const HEIGHT: usize = 24;
pub const SIZE: usize = WIDTH * HEIGHT;

/// A cell one pitch wide and one and a half high; dark is positive.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Patch {
    pub values: [f32; SIZE],
    /// Deviation of the grey values.
    #[zeroize(skip)]
    pub contrast: f32,
    /// Mean of the grey values.
    #[zeroize(skip)]
    pub brightness: f32,
}

impl Patch {
    /// `tall` is how much higher a character is than printed square to its pitch;
    /// `moved` by how many pitches right and down the cut is off the cell's middle.
    pub fn cut(grey: Grey, cell: &Cell, tall: f32, moved: (f32, f32)) -> Patch {
        let mut values = [0.0; SIZE];
        let across = (cell.right.0 / WIDTH as f32, cell.right.1 / WIDTH as f32);
        let down = (
            cell.down.0 * tall / WIDTH as f32,
            cell.down.1 * tall / WIDTH as f32,
        );
        // Each value is the mean of as many points as pixels lie under it.
        let step = cell.pitch() / WIDTH as f32;
        let points = (step.round() as usize).clamp(1, 4);
        let off = |n: usize| (n as f32 + 0.5) / points as f32 - 0.5;
        for (at, value) in values.iter_mut().enumerate() {
            let i = (at % WIDTH) as f32 - (WIDTH as f32 - 1.0) / 2.0 + moved.0 * WIDTH as f32;
            let j = (at / WIDTH) as f32 - (HEIGHT as f32 - 1.0) / 2.0 + moved.1 * WIDTH as f32;
            let mut sum = 0.0;
            for n in 0..points {
                let b = j + off(n);
                for m in 0..points {
                    let a = i + off(m);
                    sum += grey.at(
                        cell.x + a * across.0 + b * down.0,
                        cell.y + a * across.1 + b * down.1,
                    );
                }
            }
            *value = sum / (points * points) as f32;
        }
        let mean = values.iter().sum::<f32>() / SIZE as f32;
        let spread = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / SIZE as f32;
        let contrast = spread.sqrt();
        for value in &mut values {
            *value = (mean - *value) / contrast.max(2.0);
        }
        Patch {
            values,
            contrast,
            brightness: mean,
        }
    }
}
