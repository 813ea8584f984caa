//! From the BER that some states write EF.SOD in to DER: indefinite lengths get a
//! number, octet strings in pieces become whole (ITU-T X.690, 8.1.3.6 and 8.7.3).
//! Everything else stays as it is; DER comes back unchanged.

/// Deeper than any certificate or CMS.
const DEPTH: usize = 32;
const OCTET_STRING: u8 = 0x04;
const CONSTRUCTED: u8 = 0x20;
const INDEFINITE: u8 = 0x80;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BerError {
    #[error("more than {0} bytes")]
    Size(usize),
    #[error("nested deeper than {DEPTH}")]
    Depth,
    #[error("not BER")]
    Malformed,
}

/// One element in DER, nothing after it.
///
/// # Errors
/// It is longer than `limit` bytes, nested too deeply, or not BER.
pub fn to_der(ber: &[u8], limit: usize) -> Result<Vec<u8>, BerError> {
    if ber.len() > limit {
        return Err(BerError::Size(limit));
    }
    let mut out = Vec::with_capacity(ber.len());
    let mut rest = ber;
    element(&mut rest, &mut out, DEPTH)?;
    if rest.is_empty() {
        Ok(out)
    } else {
        Err(BerError::Malformed)
    }
}

fn byte(rest: &mut &[u8]) -> Result<u8, BerError> {
    let (&first, behind) = rest.split_first().ok_or(BerError::Malformed)?;
    *rest = behind;
    Ok(first)
}

/// None for the indefinite length.
fn length(rest: &mut &[u8]) -> Result<Option<usize>, BerError> {
    let first = byte(rest)?;
    match first {
        0..=0x7F => Ok(Some(usize::from(first))),
        INDEFINITE => Ok(None),
        0x81..=0x84 => {
            let mut length = 0_u64;
            for _ in 0..first & 0x0F {
                length = length << 8 | u64::from(byte(rest)?);
            }
            usize::try_from(length)
                .map(Some)
                .map_err(|_| BerError::Malformed)
        }
        _ => Err(BerError::Malformed),
    }
}

fn element(rest: &mut &[u8], out: &mut Vec<u8>, depth: usize) -> Result<(), BerError> {
    let depth = depth.checked_sub(1).ok_or(BerError::Depth)?;
    let start = *rest;
    let tag = byte(rest)?;
    if tag == 0 || tag & 0x1F == 0x1F {
        return Err(BerError::Malformed);
    }
    // Nobody needs lengths longer than necessary.
    if overlong(start) {
        return Err(BerError::Malformed);
    }
    let length = length(rest)?;
    if tag & CONSTRUCTED == 0 {
        let length = length.ok_or(BerError::Malformed)?;
        let header = start.len() - rest.len();
        let (raw, behind) = header
            .checked_add(length)
            .and_then(|total| start.split_at_checked(total))
            .ok_or(BerError::Malformed)?;
        out.extend_from_slice(raw);
        *rest = behind;
        return Ok(());
    }
    let mut content = Vec::new();
    children(rest, length, |rest| element(rest, &mut content, depth))?;
    let (tag, content) = if tag == OCTET_STRING | CONSTRUCTED {
        (OCTET_STRING, joined(&content)?)
    } else {
        (tag, content)
    };
    crate::tlv::write(out, u32::from(tag), &content);
    Ok(())
}

/// Calls `each` for every child of a constructed element, to its end.
fn children(
    rest: &mut &[u8],
    length: Option<usize>,
    mut each: impl FnMut(&mut &[u8]) -> Result<(), BerError>,
) -> Result<(), BerError> {
    match length {
        Some(length) => {
            let (mut content, behind) = rest.split_at_checked(length).ok_or(BerError::Malformed)?;
            *rest = behind;
            while !content.is_empty() {
                each(&mut content)?;
            }
        }
        None => loop {
            if let [0, 0, behind @ ..] = rest {
                *rest = behind;
                break;
            }
            each(rest)?;
        },
    }
    Ok(())
}

/// The values of octet strings side by side, which are DER already.
fn joined(pieces: &[u8]) -> Result<Vec<u8>, BerError> {
    let mut whole = Vec::with_capacity(pieces.len());
    let mut rest = pieces;
    while !rest.is_empty() {
        if byte(&mut rest)? != OCTET_STRING {
            return Err(BerError::Malformed);
        }
        let length = length(&mut rest)?.ok_or(BerError::Malformed)?;
        let (value, behind) = rest.split_at_checked(length).ok_or(BerError::Malformed)?;
        whole.extend_from_slice(value);
        rest = behind;
    }
    Ok(whole)
}

/// A definite length not in its shortest form.
fn overlong(start: &[u8]) -> bool {
    match start {
        [_, 0x81, first, ..] => *first < 0x80,
        [_, 0x82..=0x84, 0, ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        hex::decode(text.replace(' ', "")).unwrap()
    }

    #[test]
    fn indefinite_lengths_and_pieces_become_der() {
        for (ber, der) in [
            ("30 80 02 01 05 00 00", "30 03 02 01 05"),
            ("24 80 04 01 AA 04 02 BB CC 00 00", "04 03 AA BB CC"),
            ("24 07 04 01 AA 24 02 04 00", "04 01 AA"),
            (
                "30 80 A0 80 24 80 04 02 00 00 00 00 00 00 00 00",
                "30 06 A0 04 04 02 00 00",
            ),
            // Bytes in an octet string are nobody's structure.
            ("04 04 30 80 00 00", "04 04 30 80 00 00"),
        ] {
            assert_eq!(to_der(&hex(ber), 100), Ok(hex(der)), "{ber}");
        }
    }

    #[test]
    fn what_is_no_ber_is_refused() {
        for ber in [
            "",
            "00 00",
            "04 80 00 00",
            "30 80 02 01 05",
            "30 80 02 01 05 00",
            "30 03 02 01",
            "30 81 03 02 01 05",
            "30 82 00 83",
            "24 03 02 01 05",
            "30 00 00",
            "1F 01 00",
        ] {
            assert_eq!(to_der(&hex(ber), 100), Err(BerError::Malformed), "{ber}");
        }
        assert_eq!(to_der(&[0; 101], 100), Err(BerError::Size(100)));
        let deep = [0x30, 0x80].repeat(5000);
        assert_eq!(to_der(&deep, 10_000), Err(BerError::Depth));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = to_der(&bytes, 1000);
            let _ = to_der(&[&[0x30, 0x80], &bytes[..]].concat(), 1000);
        }

        /// What has become DER stays as it is.
        #[test]
        fn der_comes_back_unchanged(bytes in proptest::collection::vec(
            prop_oneof![Just(0x30u8), Just(0x80), Just(0), Just(4), Just(0x24), any::<u8>()], 0..60)
        ) {
            if let Ok(der) = to_der(&bytes, 1000) {
                prop_assert_eq!(to_der(&der, 10_000), Ok(der));
            }
        }
    }
}
