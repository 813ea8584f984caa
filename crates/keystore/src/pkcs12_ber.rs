//! BER to DER (X.690), as far as PKCS#12 files need it: older programs write
//! indefinite lengths and strings in pieces.

/// Deeper than any key file.
const DEEPEST: usize = 24;

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
const OCTET_STRING_IN_PIECES: u8 = 0x24;
const CONTEXT_0: u8 = 0x80;
const CONTEXT_0_CONSTRUCTED: u8 = 0xA0;
const CONSTRUCTED: u8 = 0x20;

/// One element with definite lengths and whole strings throughout. Values inside
/// strings stay as they are. None: this is no BER.
pub(crate) fn to_der(bytes: &[u8]) -> Option<Vec<u8>> {
    let (node, rest) = Node::read(bytes, 0)?;
    let mut der = Vec::with_capacity(bytes.len());
    node.write(&mut der)?;
    rest.is_empty().then_some(der)
}

struct Node<'a> {
    tag: &'a [u8],
    body: Body<'a>,
}

enum Body<'a> {
    Primitive(&'a [u8]),
    Constructed(Vec<Node<'a>>),
}

impl<'a> Node<'a> {
    fn read(bytes: &'a [u8], depth: usize) -> Option<(Self, &'a [u8])> {
        if depth > DEEPEST {
            return None;
        }
        let tag_length = tag_length(bytes)?;
        let (tag, bytes) = bytes.split_at_checked(tag_length)?;
        let (length, bytes) = read_length(bytes)?;
        let is_constructed = tag[0] & CONSTRUCTED != 0;
        let Some(length) = length else {
            let (children, rest) = Self::read_to_end_mark(bytes, depth)?;
            let body = Body::Constructed(children);
            return is_constructed.then_some((Self { tag, body }, rest));
        };
        let (mut content, rest) = bytes.split_at_checked(length)?;
        if !is_constructed {
            let body = Body::Primitive(content);
            return Some((Self { tag, body }, rest));
        }
        let mut children = Vec::new();
        while !content.is_empty() {
            let (child, after) = Self::read(content, depth + 1)?;
            children.push(child);
            content = after;
        }
        let body = Body::Constructed(children);
        Some((Self { tag, body }, rest))
    }

    fn read_to_end_mark(mut bytes: &'a [u8], depth: usize) -> Option<(Vec<Self>, &'a [u8])> {
        let mut children = Vec::new();
        loop {
            if let Some(rest) = bytes.strip_prefix(&[0, 0]) {
                return Some((children, rest));
            }
            let (child, rest) = Self::read(bytes, depth + 1)?;
            children.push(child);
            bytes = rest;
        }
    }

    fn write(&self, out: &mut Vec<u8>) -> Option<()> {
        let (mut tag, mut content) = (self.tag, Vec::new());
        match &self.body {
            Body::Primitive(bytes) => content.extend_from_slice(bytes),
            Body::Constructed(_) if tag == [OCTET_STRING_IN_PIECES] => {
                self.join(&mut content)?;
                tag = &[OCTET_STRING];
            }
            Body::Constructed(children) => {
                for (at, child) in children.iter().enumerate() {
                    if tag == [SEQUENCE] && is_encrypted_content(children, at) {
                        let mut whole = Vec::new();
                        child.join(&mut whole)?;
                        write_element(&[CONTEXT_0], &whole, &mut content);
                    } else {
                        child.write(&mut content)?;
                    }
                }
            }
        }
        write_element(tag, &content, out);
        Some(())
    }

    /// The pieces of a string put together.
    fn join(&self, out: &mut Vec<u8>) -> Option<()> {
        let Body::Constructed(pieces) = &self.body else {
            return None;
        };
        for piece in pieces {
            match &piece.body {
                Body::Primitive(bytes) if piece.tag == [OCTET_STRING] => {
                    out.extend_from_slice(bytes);
                }
                Body::Constructed(_) if piece.tag == [OCTET_STRING_IN_PIECES] => {
                    piece.join(out)?;
                }
                _ => return None,
            }
        }
        Some(())
    }
}

/// encryptedContent \[0\] IMPLICIT OCTET STRING is the third part of
/// EncryptedContentInfo (RFC 5652 section 6.1), after an object identifier and an
/// algorithm. The same tag second after an object identifier is an explicit one.
fn is_encrypted_content(siblings: &[Node<'_>], at: usize) -> bool {
    at == 2
        && siblings[0].tag == [OBJECT_IDENTIFIER]
        && siblings[1].tag == [SEQUENCE]
        && siblings[2].tag == [CONTEXT_0_CONSTRUCTED]
}

/// The high form of a tag has at most four bytes here.
fn tag_length(bytes: &[u8]) -> Option<usize> {
    if bytes.first()? & 0x1F != 0x1F {
        return Some(1);
    }
    let more = bytes.get(1..)?.iter().take(3);
    let last = more.enumerate().find(|(_, byte)| *byte & 0x80 == 0)?.0;
    Some(last + 2)
}

/// None inside: indefinite.
fn read_length(bytes: &[u8]) -> Option<(Option<usize>, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    match first {
        0..=0x7F => Some((Some(usize::from(*first)), rest)),
        0x80 => Some((None, rest)),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            let length = length.iter().fold(0, |sum, b| sum << 8 | usize::from(*b));
            Some((Some(length), rest))
        }
        _ => None,
    }
}

fn write_element(tag: &[u8], content: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(tag);
    match u8::try_from(content.len()) {
        Ok(short @ 0..=0x7F) => out.push(short),
        _ => {
            let bytes = content.len().to_be_bytes();
            let zeros = bytes.iter().take_while(|b| **b == 0).count();
            out.push(0x80 | (bytes.len() - zeros) as u8);
            out.extend_from_slice(&bytes[zeros..]);
        }
    }
    out.extend_from_slice(content);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        hex::decode(text.replace(' ', "")).unwrap()
    }

    #[test]
    fn lengths_become_definite_and_strings_whole() {
        for (ber, der) in [
            ("3080 020103 0000", "3003 020103"),
            ("2480 0402aabb 2403 0401cc 0000", "0403 aabbcc"),
            // A long form where a short one does.
            ("308100", "3000"),
            // ContentInfo: explicit, stays.
            (
                "3080 06012a a080 0401aa 0000 0000",
                "3008 06012a a003 0401aa",
            ),
            // EncryptedContentInfo: implicit, put together.
            (
                "3080 06012a 3000 a080 0401aa 0401bb 0000 0000",
                "3009 06012a 3000 8002 aabb",
            ),
        ] {
            assert_eq!(to_der(&hex(ber)), Some(hex(der)), "{ber}");
        }
    }

    #[test]
    fn what_is_no_ber_is_refused() {
        for broken in [
            "",
            "30",
            "3080",
            "3080 0000 00",
            "3003 0201",
            "0480 0000",
            "2480 020101 0000",
            "3085 0000000001 00",
            "1f8080808001 00",
        ] {
            assert_eq!(to_der(&hex(broken)), None, "{broken}");
        }
        assert_eq!(to_der(&[0x30, 0x80].repeat(100_000)), None);
    }

    proptest! {
        #[test]
        fn noise_is_survived_and_der_is_a_fixed_point(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            if let Some(der) = to_der(&bytes) {
                prop_assert_eq!(to_der(&der), Some(der.clone()));
            }
        }
    }
}
