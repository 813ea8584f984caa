//! Which character of OCR-B a patch shows: a small neural network, trained by
//! `training/train.py` on drawn characters.

use std::sync::OnceLock;

use crate::patch::Patch;

pub const ALPHABET: &[u8; 37] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<";
/// The alphabet, and last "no character".
pub const CLASSES: usize = ALPHABET.len() + 1;

/// Natural logarithm of each class's probability.
pub type Odds = [f32; CLASSES];

static WEIGHTS: &[u8] = include_bytes!("ocr_b.weights");

struct Layer {
    inputs: usize,
    bias: Vec<f32>,
    /// Row by output.
    weights: Vec<f32>,
}

pub struct Recogniser {
    layers: Vec<Layer>,
}

impl Recogniser {
    /// The one that is built in.
    pub fn get() -> &'static Recogniser {
        static READY: OnceLock<Recogniser> = OnceLock::new();
        // A damaged file is found by the tests; without layers nothing is recognised.
        READY.get_or_init(|| Recogniser {
            layers: parse(WEIGHTS).unwrap_or_default(),
        })
    }

    pub fn odds(&self, patch: &Patch) -> Odds {
        let mut values = patch.values.to_vec();
        let last = self.layers.len().saturating_sub(1);
        for (at, layer) in self.layers.iter().enumerate() {
            let mut next = layer.apply(&values);
            if at < last {
                next.iter_mut().for_each(|v| *v = v.max(0.0));
            }
            zeroize::Zeroize::zeroize(&mut values);
            values = next;
        }
        let mut odds = [f32::NEG_INFINITY; CLASSES];
        if values.len() == CLASSES {
            odds.copy_from_slice(&values);
        }
        normalise(&mut odds);
        odds
    }
}

/// The logarithm of one character's probability.
pub fn of(odds: &Odds, character: u8) -> f32 {
    let at = match character {
        b'0'..=b'9' => character - b'0',
        b'A'..=b'Z' => character - b'A' + 10,
        _ => 36,
    };
    odds.get(usize::from(at))
        .copied()
        .unwrap_or(f32::NEG_INFINITY)
}

/// Makes the probabilities sum up to 1.
pub fn normalise(odds: &mut Odds) {
    let most = odds.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = odds.iter().map(|o| (o - most).exp()).sum();
    let less = most + sum.ln();
    if less.is_finite() {
        odds.iter_mut().for_each(|o| *o -= less);
    }
}

impl Layer {
    fn apply(&self, inputs: &[f32]) -> Vec<f32> {
        let rows = self.weights.chunks_exact(self.inputs.max(1));
        rows.zip(&self.bias)
            .map(|(row, bias)| bias + dot(row, inputs))
            .collect()
    }
}

/// In lanes, so that the compiler may do several at once.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut sums = [0.0f32; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest = |s: &[f32]| s.len() - s.len() % LANES;
    let tail = a.iter().skip(rest(a)).zip(b.iter().skip(rest(b)));
    sums.iter().sum::<f32>() + tail.map(|(a, b)| a * b).sum::<f32>()
}

/// The file's layout is told in `training/train.py`.
fn parse(file: &[u8]) -> Option<Vec<Layer>> {
    let mut rest = file.strip_prefix(b"OCRB")?;
    let mut layers: Vec<Layer> = Vec::new();
    while !rest.is_empty() {
        let inputs = usize::from(u16::from_le_bytes(*take(&mut rest)?));
        let outputs = usize::from(u16::from_le_bytes(*take(&mut rest)?));
        let mut layer = Layer {
            inputs,
            bias: Vec::with_capacity(outputs),
            weights: Vec::with_capacity(inputs * outputs),
        };
        for _ in 0..outputs {
            let scale = f32::from_le_bytes(*take(&mut rest)?);
            layer.bias.push(f32::from_le_bytes(*take(&mut rest)?));
            let (row, after) = rest.split_at_checked(inputs)?;
            let weight = |&b: &u8| f32::from(b as i8) * scale;
            layer.weights.extend(row.iter().map(weight));
            rest = after;
        }
        let before = layers.last().map_or(crate::patch::SIZE, |l| l.bias.len());
        if before != inputs {
            return None;
        }
        layers.push(layer);
    }
    (layers.last()?.bias.len() == CLASSES).then_some(layers)
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (first, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_weights_are_whole() {
        let layers = parse(WEIGHTS).expect("weights");
        assert_eq!(layers.len(), 3);
        assert!(parse(&WEIGHTS[..WEIGHTS.len() - 1]).is_none());
    }

    #[test]
    fn a_dot_product_takes_every_element() {
        let a: Vec<f32> = (0..37).map(|n| n as f32).collect();
        assert_eq!(dot(&a, &a), (0..37).map(|n| (n * n) as f32).sum());
    }

    #[test]
    fn a_character_is_found_at_its_place() {
        let mut odds = [0.0; CLASSES];
        odds.iter_mut()
            .zip(0u8..)
            .for_each(|(o, n)| *o = f32::from(n));
        for (at, &character) in ALPHABET.iter().enumerate() {
            assert_eq!(of(&odds, character), at as f32);
        }
    }

    #[test]
    fn probabilities_sum_up_to_one() {
        let mut odds = [0.5; CLASSES];
        odds[3] = 9.0;
        normalise(&mut odds);
        let sum: f32 = odds.iter().map(|o| o.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-5);
    }
}
