//! Pictures of documents that never were, made from a seed.

// Each program that includes this uses a part of it.
#![allow(dead_code, unused_imports)]

pub mod camera;
pub mod document;
pub mod holder;
pub mod random;

use chip::MrzFormat;

pub use camera::{HEIGHT, Shot, WIDTH};
use document::Document;
use random::Random;

pub struct Picture {
    pub bytes: Vec<u8>,
    pub lines: Vec<String>,
}

pub fn picture(
    seed: u64,
    format: MrzFormat,
    shot: impl FnOnce(&mut Random, &Document) -> Shot,
) -> Picture {
    let mut random = Random::new(seed);
    let lines = holder::lines(&mut random, format);
    let document = Document::new(&mut random, format, &lines);
    let shot = shot(&mut random, &document);
    Picture {
        bytes: camera::take(&mut random, &document, &shot),
        lines,
    }
}
