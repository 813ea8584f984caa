//! Pictures out of a motion-JPEG Matroska file (RFC 9559), without a player.

const SEGMENT: u32 = 0x1853_8067;
const CLUSTER: u32 = 0x1F43_B675;
const BLOCK_GROUP: u32 = 0xA0;
const BLOCK: u32 = 0xA1;
const SIMPLE_BLOCK: u32 = 0xA3;

/// The JPEG of every block, in file order. Damaged or cut off: what could be read
/// until there.
pub fn frames(file: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    walk(file, &mut found);
    found
}

fn walk<'a>(mut bytes: &'a [u8], found: &mut Vec<&'a [u8]>) {
    while let Some((id, content, rest)) = element(bytes) {
        match id {
            SEGMENT | CLUSTER | BLOCK_GROUP => walk(content, found),
            SIMPLE_BLOCK | BLOCK => found.extend(picture(content)),
            _ => {}
        }
        bytes = rest;
    }
}

/// A block without its track number, relative time (2 bytes) and flags (1 byte).
fn picture(block: &[u8]) -> Option<&[u8]> {
    let (_track, length) = number(block)?;
    let data = block.get(length + 3..)?;
    data.starts_with(&[0xFF, 0xD8]).then_some(data)
}

/// First element: id, content, what follows.
fn element(bytes: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let id_length = bytes.first()?.leading_zeros() as usize + 1;
    if id_length > 4 {
        return None;
    }
    let id = bytes
        .get(..id_length)?
        .iter()
        .fold(0, |id, b| id << 8 | u32::from(*b));
    let after_id = &bytes[id_length..];
    let (size, size_length) = number(after_id)?;
    let content = &after_id[size_length..];
    // Unknown size (live streams): to the end of what there is. A cut-off file likewise.
    let end = size
        .and_then(|s| usize::try_from(s).ok())
        .map_or(content.len(), |s| s.min(content.len()));
    Some((id, &content[..end], &content[end..]))
}

/// A variable-length number and how many bytes it takes; `None` inside: "unknown".
fn number(bytes: &[u8]) -> Option<(Option<u64>, usize)> {
    let length = bytes.first()?.leading_zeros() as usize + 1;
    if length > 8 {
        return None;
    }
    let all = bytes
        .get(..length)?
        .iter()
        .fold(0u64, |n, b| n << 8 | u64::from(*b));
    let mask = (1u64 << (7 * length)) - 1;
    let value = all & mask;
    Some(((value != mask).then_some(value), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
        let size = (0x1000_0000 | content.len() as u32).to_be_bytes();
        [id, &size, content].concat()
    }

    fn block(id: u8, jpeg: &[u8]) -> Vec<u8> {
        element(&[id], &[&[0x81, 0, 0, 0x80], jpeg].concat())
    }

    fn file() -> Vec<u8> {
        let group = element(&[0xA0], &block(0xA1, &[0xFF, 0xD8, 2]));
        let cluster = element(
            &[0x1F, 0x43, 0xB6, 0x75],
            &[element(&[0xE7], &[0]), block(0xA3, &[0xFF, 0xD8, 1]), group].concat(),
        );
        let header = element(&[0x1A, 0x45, 0xDF, 0xA3], b"\x42\x86\x81\x01");
        let unknown = [&[0x18, 0x53, 0x80, 0x67, 0xFF][..], &cluster].concat();
        [header, unknown].concat()
    }

    #[test]
    fn blocks_are_found_in_order() {
        assert_eq!(
            frames(&file()),
            [&[0xFF, 0xD8, 1][..], &[0xFF, 0xD8, 2][..]]
        );
    }

    #[test]
    fn hostile_files_are_survived() {
        let whole = file();
        for end in 0..whole.len() {
            assert!(frames(&whole[..end]).len() <= 2);
        }
        for at in 0..whole.len() {
            let mut bad = whole.clone();
            bad[at] ^= 0xFF;
            let _ = frames(&bad).len();
        }
    }
}
