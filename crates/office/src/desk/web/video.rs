//! Frames of the recording: the JPEGs of a Matroska file (RFC 9559, RFC 8794).
//!
//! Reads what kiosks write: one track of Motion JPEG, a segment of unknown size,
//! whole clusters, one frame a block. The file came from outside, so nothing in
//! it is believed: every length is checked against what is left.

use std::ops::Range;

const EBML: u32 = 0x1a45_dfa3;
const SEGMENT: u32 = 0x1853_8067;
const CLUSTER: u32 = 0x1f43_b675;
const CLUSTER_TIMESTAMP: u32 = 0xe7;
const SIMPLE_BLOCK: u32 = 0xa3;
/// More than a kiosk may record; keeps a hostile file from using much memory.
const MOST_FRAMES: usize = 10_000;

/// One frame: where its JPEG lies in the file, and when it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub jpeg: Range<usize>,
    /// Since the beginning of the recording.
    pub millis: u64,
}

/// The frames in the order in which they were written. A torn file gives those
/// before the tear; what is no Matroska gives none.
pub fn frames(file: &[u8]) -> Vec<Frame> {
    let mut found = Vec::new();
    let mut reader = Reader {
        file,
        at: 0,
        end: file.len(),
    };
    match reader.element() {
        Some((EBML, body)) => reader.at = body.end,
        _ => return found,
    }
    let Some((SEGMENT, segment)) = reader.element() else {
        return found;
    };
    let mut segment = Reader {
        file,
        at: segment.start,
        end: segment.end,
    };
    while let Some((id, body)) = segment.element() {
        segment.at = body.end;
        if id == CLUSTER {
            cluster(file, body, &mut found);
        }
        if found.len() >= MOST_FRAMES {
            break;
        }
    }
    found
}

/// `most` frames spread evenly over the recording, first and last among them.
pub fn spread(frames: &[Frame], most: usize) -> Vec<&Frame> {
    let count = frames.len().min(most);
    match count {
        0 => Vec::new(),
        1 => vec![&frames[0]],
        _ => (0..count)
            .map(|i| &frames[i * (frames.len() - 1) / (count - 1)])
            .collect(),
    }
}

fn cluster(file: &[u8], body: Range<usize>, found: &mut Vec<Frame>) {
    let mut reader = Reader {
        file,
        at: body.start,
        end: body.end,
    };
    let mut start = 0;
    while let Some((id, body)) = reader.element() {
        reader.at = body.end;
        match id {
            CLUSTER_TIMESTAMP if body.len() <= 8 => {
                start = file[body]
                    .iter()
                    .fold(0, |number, b| number << 8 | u64::from(*b));
            }
            SIMPLE_BLOCK if found.len() < MOST_FRAMES => found.extend(block(file, body, start)),
            _ => {}
        }
    }
}

/// Track number (one byte for track 1), offset in milliseconds, flags, one JPEG.
fn block(file: &[u8], body: Range<usize>, start: u64) -> Option<Frame> {
    let bytes = &file[body.clone()];
    let [0x81, high, low, _flags, jpeg @ ..] = bytes else {
        return None;
    };
    let whole = jpeg.starts_with(&[0xff, 0xd8, 0xff]) && jpeg.ends_with(&[0xff, 0xd9]);
    let offset = i16::from_be_bytes([*high, *low]);
    whole.then(|| Frame {
        jpeg: body.end - jpeg.len()..body.end,
        millis: start.saturating_add_signed(offset.into()),
    })
}

struct Reader<'a> {
    file: &'a [u8],
    at: usize,
    end: usize,
}

impl Reader<'_> {
    /// Id and body of the element that begins here. An unknown size reaches to
    /// the end of what encloses it; a size beyond that ends the reading.
    fn element(&mut self) -> Option<(u32, Range<usize>)> {
        let id = u32::try_from(self.number(4, true)?.0).ok()?;
        let (size, unknown) = self.number(8, false)?;
        let end = if unknown {
            self.end
        } else {
            self.at.checked_add(usize::try_from(size).ok()?)?
        };
        (end <= self.end).then_some((id, self.at..end))
    }

    /// A variable-length integer of at most `longest` bytes, with its length
    /// marker (ids) or without (sizes), and whether all its data bits are ones.
    fn number(&mut self, longest: usize, keep_marker: bool) -> Option<(u64, bool)> {
        let rest = self.file.get(self.at..self.end)?;
        let first = *rest.first()?;
        let length = first.leading_zeros() as usize + 1;
        if length > longest {
            return None;
        }
        let bytes = rest.get(..length)?;
        let whole = bytes.iter().fold(0, |n, b| n << 8 | u64::from(*b));
        let mask = (1u64 << (7 * length)) - 1;
        self.at += length;
        let value = if keep_marker { whole } else { whole & mask };
        Some((value, whole & mask == mask))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(id: &[u8], body: &[u8]) -> Vec<u8> {
        let size = (body.len() as u64 | 1 << 56).to_be_bytes();
        [id, &size, body].concat()
    }

    fn jpeg(tag: u8) -> Vec<u8> {
        vec![0xff, 0xd8, 0xff, 0xfe, tag, 0xff, 0xd9]
    }

    fn simple_block(offset: i16, jpeg: &[u8]) -> Vec<u8> {
        let head = [&[0x81][..], &offset.to_be_bytes(), &[0x80]].concat();
        element(&[0xa3], &[head, jpeg.to_vec()].concat())
    }

    /// Laid out as the kiosk's writer does: segment of unknown size, two clusters.
    fn recording() -> Vec<u8> {
        let cluster = |start: u8, blocks: &[Vec<u8>]| {
            let body = [element(&[0xe7], &[0, start]), blocks.concat()].concat();
            element(&[0x1f, 0x43, 0xb6, 0x75], &body)
        };
        [
            element(&[0x1a, 0x45, 0xdf, 0xa3], b"header"),
            vec![
                0x18, 0x53, 0x80, 0x67, 0x01, 255, 255, 255, 255, 255, 255, 255,
            ],
            element(&[0x15, 0x49, 0xa9, 0x66], b"info"),
            cluster(0, &[simple_block(0, &jpeg(1)), simple_block(100, &jpeg(2))]),
            cluster(200, &[simple_block(5, &jpeg(3))]),
        ]
        .concat()
    }

    #[test]
    fn frames_come_in_order_with_their_times() {
        let file = recording();
        let frames = frames(&file);
        let read: Vec<_> = frames
            .iter()
            .map(|f| (f.millis, file[f.jpeg.clone()].to_vec()))
            .collect();
        assert_eq!(read, [(0, jpeg(1)), (100, jpeg(2)), (205, jpeg(3))]);
    }

    #[test]
    fn a_torn_file_gives_the_whole_clusters_before_the_tear() {
        let file = recording();
        assert_eq!(frames(&file[..file.len() - 3]).len(), 2);
        assert!(frames(b"").is_empty());
        assert!(frames(b"RIFF....WEBP").is_empty());
    }

    #[test]
    fn frames_are_spread_over_the_whole_recording() {
        let frames: Vec<_> = (0..50).map(|millis| Frame { jpeg: 0..1, millis }).collect();
        let times = |n| {
            spread(&frames, n)
                .iter()
                .map(|f| f.millis)
                .collect::<Vec<_>>()
        };
        assert_eq!(times(3), [0, 24, 49]);
        assert_eq!(times(1), [0]);
        assert_eq!(times(100).len(), 50);
        assert!(spread(&[], 5).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn nothing_in_a_file_makes_the_reader_panic(
            mut damage in proptest::collection::vec((0usize..200, proptest::num::u8::ANY), 0..20),
            cut in 0usize..200,
        ) {
            let mut file = recording();
            for (at, byte) in damage.drain(..) {
                let at = at % file.len();
                file[at] = byte;
            }
            file.truncate(cut.max(1));
            for frame in frames(&file) {
                assert!(file.get(frame.jpeg).is_some());
            }
        }
    }
}
