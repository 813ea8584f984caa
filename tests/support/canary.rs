//! Pieces of a citizen's data that must not be found, and the search for them.

use std::collections::HashMap;

/// What the walkthrough's citizen says and types: everything in full, so that
/// chance cannot make it up.
const TEXTS: [(&str, &str); 13] = [
    ("identity number", "880412401006"),
    // With and without country code.
    ("phone", "7010000001"),
    ("surname", "ҮЛГІБЕКОВА"),
    ("given name", "САУЛЕ"),
    ("patronymic", "ҚАНАТҚЫЗЫ"),
    ("e-mail as typed", "saule.u@gmial.com"),
    ("e-mail", "saule.u@gmail.com"),
    ("key password", "Kilt2026"),
    ("account PIN", "274916"),
    ("document number", "N00000000"),
    // What the chip of the card says in Latin letters.
    ("surname in the zone", "ULGIBEKOVA"),
    ("number in the zone", "041236587"),
    ("dates in the zone", "8804123F310411"),
];

/// One thing to look for.
#[derive(Clone)]
pub struct Needle {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// A text in each encoding a library might keep it in: UTF-8, UTF-16LE, and the
/// UTF-16BE of a PKCS#12 password.
pub fn of_text(name: &str, text: &str) -> Vec<Needle> {
    let wide = |to_bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to_bytes).collect();
    [
        ("UTF-8", text.as_bytes().to_vec()),
        ("UTF-16LE", wide(u16::to_le_bytes)),
        ("UTF-16BE", wide(u16::to_be_bytes)),
    ]
    .map(|(how, bytes)| Needle {
        name: format!("{name} in {how}"),
        bytes,
    })
    .into()
}

pub fn texts() -> Vec<Needle> {
    TEXTS
        .iter()
        .flat_map(|(name, text)| of_text(name, text))
        .collect()
}

/// The marks of a JPEG file, with the zeros that follow them: four letters alone
/// are in a few megabytes of sealed bytes by chance, once in a hundred walks.
pub fn marks() -> Vec<Needle> {
    [("JFIF", &b"JFIF\0"[..]), ("Exif", b"Exif\0\0")]
        .map(|(name, bytes)| Needle {
            name: name.into(),
            bytes: bytes.to_vec(),
        })
        .into()
}

/// Where these needles are found: name and offset of each first hit.
pub fn find(needles: &[Needle], hay: &[u8]) -> Vec<(String, usize)> {
    // By the first two bytes: most places are passed by one look.
    let mut starts: HashMap<[u8; 2], Vec<&Needle>> = HashMap::new();
    let mut any = vec![false; 1 << 16];
    for needle in needles {
        let start = [needle.bytes[0], needle.bytes[1]];
        starts.entry(start).or_default().push(needle);
        any[usize::from(u16::from_le_bytes(start))] = true;
    }
    let mut found: Vec<(String, usize)> = Vec::new();
    for (at, pair) in hay.windows(2).enumerate() {
        if !any[usize::from(u16::from_le_bytes([pair[0], pair[1]]))] {
            continue;
        }
        for needle in &starts[&[pair[0], pair[1]]] {
            if hay[at..].starts_with(&needle.bytes) {
                found.push((needle.name.clone(), at));
            }
        }
    }
    found
}

/// Every sixteenth slice of sixteen bytes of the captured files; whatever was
/// copied of them in a run of 31 bytes holds one in full.
#[derive(Default)]
pub struct Slices {
    slices: HashMap<u128, String>,
    /// A hash of each slice, so that most places are passed by one look.
    maybe: Vec<u64>,
}

const FILTER_BITS: u32 = 24;

impl Slices {
    pub fn add(&mut self, name: &str, file: &[u8]) {
        if self.maybe.is_empty() {
            self.maybe = vec![0; 1 << (FILTER_BITS - 6)];
        }
        for (i, slice) in file.chunks_exact(16).enumerate() {
            let mut different = slice.to_vec();
            different.sort_unstable();
            different.dedup();
            // Padding and the like say nothing of whose picture it is.
            if different.len() < 8 {
                continue;
            }
            let value = u128::from_le_bytes(slice.try_into().unwrap());
            let place = place(value);
            self.maybe[place / 64] |= 1 << (place % 64);
            self.slices
                .entry(value)
                .or_insert_with(|| format!("{name} at {}", i * 16));
        }
    }

    pub fn len(&self) -> usize {
        self.slices.len()
    }

    /// The slices found, at most one a place.
    pub fn find(&self, hay: &[u8]) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        let Some(first) = hay.get(..16) else {
            return found;
        };
        let mut value = u128::from_le_bytes(first.try_into().unwrap());
        for at in 0..=hay.len() - 16 {
            if at > 0 {
                value = value >> 8 | u128::from(hay[at + 15]) << 120;
            }
            let place = place(value);
            if self.maybe[place / 64] >> (place % 64) & 1 == 1
                && let Some(name) = self.slices.get(&value)
            {
                found.push((name.clone(), at));
            }
        }
        found
    }
}

fn place(value: u128) -> usize {
    let folded = (value as u64) ^ ((value >> 64) as u64).rotate_left(17);
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - FILTER_BITS)) as usize
}
