//! BER-TLV as PIV uses it (SP 800-73-4, part 1, section 4): tags of one or two bytes,
//! lengths of up to two bytes behind the first.

use zeroize::Zeroizing;

/// One data object.
#[derive(Clone, Copy)]
pub struct Tlv<'a> {
    pub tag: u16,
    pub value: &'a [u8],
}

/// The objects of `data`, one behind the other; ends before the first that is none.
pub fn objects(data: &[u8]) -> impl Iterator<Item = Tlv<'_>> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let (object, behind) = split(rest)?;
        rest = behind;
        Some(object)
    })
}

/// The value of the first object with this tag.
pub fn find(data: &[u8], tag: u16) -> Option<&[u8]> {
    objects(data).find(|o| o.tag == tag).map(|o| o.value)
}

fn split(data: &[u8]) -> Option<(Tlv<'_>, &[u8])> {
    let (&first, mut rest) = data.split_first()?;
    let mut tag = u16::from(first);
    if first & 0x1F == 0x1F {
        let (&second, behind) = rest.split_first()?;
        if second & 0x80 != 0 {
            return None;
        }
        tag = tag << 8 | u16::from(second);
        rest = behind;
    }
    let (&length, mut rest) = rest.split_first()?;
    let count = match length {
        0..=0x7F => 0,
        0x81 | 0x82 => usize::from(length & 0x0F),
        _ => return None,
    };
    let (bytes, behind) = rest.split_at_checked(count)?;
    rest = behind;
    let length = match bytes {
        [] => usize::from(length),
        more => more.iter().fold(0, |n, &b| n << 8 | usize::from(b)),
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some((Tlv { tag, value }, rest))
}

/// Objects being written; zeroized, as some hold keys.
#[derive(Default)]
pub struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    /// `value` has fewer than 65536 bytes.
    pub fn object(mut self, tag: u16, value: &[u8]) -> Self {
        // Room for all at once: growing would leave a copy behind.
        let mut grown = Zeroizing::new(Vec::with_capacity(self.0.len() + value.len() + 5));
        grown.extend_from_slice(&self.0);
        let tag = tag.to_be_bytes();
        grown.extend_from_slice(if tag[0] == 0 { &tag[1..] } else { &tag });
        let [high, low] = (value.len() as u16).to_be_bytes();
        match value.len() {
            0..=0x7F => grown.push(low),
            0x80..=0xFF => grown.extend([0x81, low]),
            _ => grown.extend([0x82, high, low]),
        }
        grown.extend_from_slice(value);
        self.0 = grown;
        self
    }

    pub fn done(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_of_all_forms() {
        for length in [0, 1, 127, 128, 255, 256, 3000] {
            let value = vec![7; length];
            let written = Writer::default()
                .object(0x5F50, b"before")
                .object(0x70, &value)
                .done();
            assert_eq!(find(&written, 0x70), Some(&value[..]));
            assert_eq!(objects(&written).count(), 2);
        }
        assert_eq!(find(&[0x70, 0x83, 0, 0, 0], 0x70), None);
        assert_eq!(find(&[0x70, 0x80], 0x70), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(data in prop::collection::vec(any::<u8>(), 0..80)) {
            let inside: usize = objects(&data).map(|o| o.value.len() + 2).sum();
            prop_assert!(inside <= data.len());
        }
    }
}
