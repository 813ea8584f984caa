//! BER-TLV data objects as chips and the LDS write them (ISO 7816-4, 5.2.2):
//! tags of one to three bytes, definite lengths of up to four bytes behind the
//! first. Nothing is copied and nothing is looked for beyond the bytes given.

/// Why bytes are no data object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlvError {
    #[error("the data end within a data object")]
    Truncated,
    /// More than three bytes, or 00, which is no tag.
    #[error("not a tag")]
    Tag,
    /// Indefinite, or of more than four bytes.
    #[error("not a definite length")]
    Length,
    /// The object asked for is not there.
    #[error("data object {0:02X} is missing")]
    Missing(u32),
    /// Something other than the one object asked for.
    #[error("an unexpected data object {0:02X}")]
    Unexpected(u32),
}

/// One data object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// As its bytes stand, such as `0x61`, `0x5F1F`, `0x7F61`.
    pub tag: u32,
    pub value: &'a [u8],
    /// Tag, length and value.
    pub raw: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// Whether the value is itself made of data objects.
    pub fn is_constructed(&self) -> bool {
        let mut first = self.tag;
        while first > 0xFF {
            first >>= 8;
        }
        first & 0x20 != 0
    }

    /// The objects in the value.
    pub fn children(&self) -> TlvReader<'a> {
        TlvReader::new(self.value)
    }
}

/// Tag and length of a data object whose value need not be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub tag: u32,
    /// Bytes of tag and length.
    pub length: usize,
    pub value_length: usize,
}

impl Header {
    /// # Errors
    /// [`TlvError::Truncated`] when there are too few bytes to know; the rest as it says.
    pub fn parse(data: &[u8]) -> Result<Header, TlvError> {
        let (tag, tag_length) = tag(data)?;
        let behind = data.get(tag_length..).unwrap_or_default();
        let (&first, rest) = behind.split_first().ok_or(TlvError::Truncated)?;
        let count = match first {
            0..=0x7F => {
                return Ok(Header {
                    tag,
                    length: tag_length + 1,
                    value_length: usize::from(first),
                });
            }
            0x81..=0x84 => usize::from(first & 0x0F),
            _ => return Err(TlvError::Length),
        };
        let bytes = rest.get(..count).ok_or(TlvError::Truncated)?;
        let value_length = bytes
            .iter()
            .fold(0_u64, |length, &byte| length << 8 | u64::from(byte));
        Ok(Header {
            tag,
            length: tag_length + 1 + count,
            value_length: usize::try_from(value_length).map_err(|_| TlvError::Length)?,
        })
    }

    /// Bytes of the whole object.
    pub fn total(&self) -> usize {
        self.length.saturating_add(self.value_length)
    }
}

fn tag(data: &[u8]) -> Result<(u32, usize), TlvError> {
    let &first = data.first().ok_or(TlvError::Truncated)?;
    if first == 0 {
        return Err(TlvError::Tag);
    }
    let mut tag = u32::from(first);
    if first & 0x1F != 0x1F {
        return Ok((tag, 1));
    }
    for length in 2..=3 {
        let &byte = data.get(length - 1).ok_or(TlvError::Truncated)?;
        tag = tag << 8 | u32::from(byte);
        if byte & 0x80 == 0 {
            return Ok((tag, length));
        }
    }
    Err(TlvError::Tag)
}

/// One object after the other. Ends behind the first error.
#[derive(Clone, Debug)]
pub struct TlvReader<'a> {
    rest: &'a [u8],
}

impl<'a> TlvReader<'a> {
    pub fn new(data: &'a [u8]) -> TlvReader<'a> {
        TlvReader { rest: data }
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn object(&self) -> Result<(Tlv<'a>, &'a [u8]), TlvError> {
        let header = Header::parse(self.rest)?;
        let (raw, rest) = self
            .rest
            .split_at_checked(header.total())
            .ok_or(TlvError::Truncated)?;
        let value = raw.get(header.length..).ok_or(TlvError::Truncated)?;
        let tag = header.tag;
        Ok((Tlv { tag, value, raw }, rest))
    }
}

impl<'a> Iterator for TlvReader<'a> {
    type Item = Result<Tlv<'a>, TlvError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match self.object() {
            Ok((object, rest)) => {
                self.rest = rest;
                Some(Ok(object))
            }
            Err(error) => {
                self.rest = &[];
                Some(Err(error))
            }
        }
    }
}

/// The value of the first object of this tag, at the outermost level.
///
/// # Errors
/// The data before it are no data objects; where it is absent, any of them.
pub fn first(data: &[u8], tag: u32) -> Result<Option<&[u8]>, TlvError> {
    for object in TlvReader::new(data) {
        let object = object?;
        if object.tag == tag {
            return Ok(Some(object.value));
        }
    }
    Ok(None)
}

/// The value where the data are exactly one object, of this tag.
///
/// # Errors
/// They are not.
pub fn only(data: &[u8], tag: u32) -> Result<&[u8], TlvError> {
    let mut objects = TlvReader::new(data);
    let object = objects.next().ok_or(TlvError::Missing(tag))??;
    if object.tag != tag {
        return Err(TlvError::Unexpected(object.tag));
    }
    match objects.next() {
        None => Ok(object.value),
        Some(Ok(more)) => Err(TlvError::Unexpected(more.tag)),
        Some(Err(error)) => Err(error),
    }
}

/// Appends an object with the shortest length. The tag is written as its bytes stand.
pub fn write(out: &mut Vec<u8>, tag: u32, value: &[u8]) {
    out.extend(significant(&tag.to_be_bytes()));
    let length = value.len().to_be_bytes();
    let length = significant(&length);
    match length {
        [short @ 0..=0x7F] => out.push(*short),
        long => {
            out.push(0x80 | long.len() as u8);
            out.extend(long);
        }
    }
    out.extend_from_slice(value);
}

/// The bytes of a number without leading zeros, one at least.
fn significant(bytes: &[u8]) -> &[u8] {
    match bytes {
        [0, rest @ ..] if !rest.is_empty() => significant(rest),
        all => all,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_of_one_two_and_three_bytes() {
        let data = [
            0x61, 0x01, 0xAA, 0x5F, 0x1F, 0x00, 0x7F, 0x81, 0x01, 0x81, 0x02, 1, 2,
        ];
        let objects: Vec<_> = TlvReader::new(&data).map(Result::unwrap).collect();
        let tags: Vec<_> = objects.iter().map(|object| object.tag).collect();
        assert_eq!(tags, [0x61, 0x5F1F, 0x7F8101]);
        assert_eq!(objects[2].value, [1, 2]);
        assert_eq!(objects[1].raw, [0x5F, 0x1F, 0x00]);
        assert!(objects[0].is_constructed() && objects[2].is_constructed());
        assert!(!objects[1].is_constructed());
        assert_eq!(first(&data, 0x5F1F), Ok(Some(&[][..])));
        assert_eq!(first(&data, 0x5F2E), Ok(None));
    }

    #[test]
    fn what_is_no_data_object_says_why() {
        let fails = |data: &[u8]| TlvReader::new(data).find_map(Result::err);
        assert_eq!(fails(&[0x61]), Some(TlvError::Truncated));
        assert_eq!(fails(&[0x61, 2, 0]), Some(TlvError::Truncated));
        assert_eq!(fails(&[0x61, 0x82, 1]), Some(TlvError::Truncated));
        assert_eq!(fails(&[0x30, 0x80, 0, 0]), Some(TlvError::Length));
        assert_eq!(fails(&[4, 0x85, 0, 0, 0, 0, 0]), Some(TlvError::Length));
        assert_eq!(fails(&[0x7F, 0x81, 0x81, 1, 0]), Some(TlvError::Tag));
        assert_eq!(fails(&[0, 0]), Some(TlvError::Tag));
        assert_eq!(
            fails(&[4, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]),
            Some(TlvError::Truncated)
        );
    }

    #[test]
    fn only_takes_one_object_and_nothing_else() {
        assert_eq!(only(&[0x60, 1, 7], 0x60), Ok(&[7][..]));
        assert_eq!(only(&[], 0x60), Err(TlvError::Missing(0x60)));
        assert_eq!(only(&[0x61, 0], 0x60), Err(TlvError::Unexpected(0x61)));
        assert_eq!(only(&[0x60, 0, 4, 0], 0x60), Err(TlvError::Unexpected(4)));
        assert_eq!(only(&[0x60, 0, 0], 0x60), Err(TlvError::Tag));
    }

    #[test]
    fn a_header_is_known_before_its_value() {
        let header = Header::parse(&[0x75, 0x82, 0x4A, 0x38]).unwrap();
        assert_eq!((header.tag, header.total()), (0x75, 0x4A3C));
        assert_eq!(Header::parse(&[0x75, 0x82, 1]), Err(TlvError::Truncated));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(data in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut seen = 0;
            for object in TlvReader::new(&data).flatten() {
                seen += object.raw.len();
                prop_assert!(object.raw.ends_with(object.value));
            }
            prop_assert!(seen <= data.len());
        }

        #[test]
        fn what_is_written_is_read(
            tag in prop::sample::select(vec![0x04, 0x61, 0x87, 0x5F1F, 0x7F61, 0x7F8101]),
            length in prop::sample::select(vec![0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000]),
        ) {
            let value = vec![0x5A; length];
            let mut out = Vec::new();
            write(&mut out, tag, &value);
            prop_assert_eq!(only(&out, tag), Ok(&value[..]));
        }
    }
}
