//! Answer to reset of a contact card: ISO/IEC 7816-3 section 8.

/// Longest answer to reset, TS included.
const LONGEST: usize = 33;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AtrError {
    #[error("an answer to reset has 2 to 33 bytes; {0} were given")]
    Length(usize),
    #[error("the first byte {0:#04x} is neither 3B nor 3F")]
    InitialCharacter(u8),
    #[error("it ends at byte {0}, in the middle of what it announces")]
    Truncated(usize),
    #[error("{0} bytes follow its announced end")]
    Trailing(usize),
    #[error("the check byte TCK does not match")]
    CheckByte,
}

/// How the card codes bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    Direct,
    Inverse,
}

/// The interface bytes of one group: TA, TB, TC; the first group holds TA1, TB1, TC1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct InterfaceBytes {
    /// Protocol T that the group belongs to; none for the first group, which is global.
    pub protocol: Option<u8>,
    pub ta: Option<u8>,
    pub tb: Option<u8>,
    pub tc: Option<u8>,
}

/// A parsed answer to reset. It names a kind of card, not a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atr {
    bytes: Vec<u8>,
    convention: Convention,
    groups: Vec<InterfaceBytes>,
    historical: std::ops::Range<usize>,
}

impl Atr {
    /// # Errors
    /// What does not fit the standard. Never panics, whatever a card sends.
    pub fn parse(bytes: &[u8]) -> Result<Atr, AtrError> {
        if !(2..=LONGEST).contains(&bytes.len()) {
            return Err(AtrError::Length(bytes.len()));
        }
        let convention = match bytes[0] {
            0x3B => Convention::Direct,
            0x3F => Convention::Inverse,
            other => return Err(AtrError::InitialCharacter(other)),
        };
        let mut rest = Rest { bytes, at: 1 };
        let t0 = rest.next()?;
        let mut groups = Vec::new();
        let (mut indicator, mut protocol) = (Some(t0), None);
        while let Some(y) = indicator {
            let mut group = InterfaceBytes {
                protocol,
                ..InterfaceBytes::default()
            };
            group.ta = rest.next_if(y & 0x10 != 0)?;
            group.tb = rest.next_if(y & 0x20 != 0)?;
            group.tc = rest.next_if(y & 0x40 != 0)?;
            indicator = rest.next_if(y & 0x80 != 0)?;
            protocol = indicator.map(|td| td & 0x0F);
            groups.push(group);
        }
        let historical = rest.at..rest.at + usize::from(t0 & 0x0F);
        if historical.end > bytes.len() {
            return Err(AtrError::Truncated(bytes.len()));
        }
        let atr = Atr {
            bytes: bytes.to_vec(),
            convention,
            groups,
            historical,
        };
        atr.check_end()?;
        Ok(atr)
    }

    /// TCK is absent only when T=0 alone is offered (section 8.2.5).
    fn check_end(&self) -> Result<(), AtrError> {
        let end = self.historical.end;
        let expected = end + usize::from(self.protocols() != [0]);
        if self.bytes.len() < expected {
            return Err(AtrError::Truncated(self.bytes.len()));
        }
        if self.bytes.len() > expected {
            return Err(AtrError::Trailing(self.bytes.len() - expected));
        }
        let checked = expected > end;
        if checked && self.bytes[1..].iter().fold(0, |x, b| x ^ b) != 0 {
            return Err(AtrError::CheckByte);
        }
        Ok(())
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn convention(&self) -> Convention {
        self.convention
    }

    pub fn interface_bytes(&self) -> &[InterfaceBytes] {
        &self.groups
    }

    /// Protocols T offered, in order, each once; T=0 when none is named. T=15
    /// (global interface bytes) counts only for the check byte.
    pub fn protocols(&self) -> Vec<u8> {
        let mut offered: Vec<u8> = Vec::new();
        for protocol in self.groups.iter().filter_map(|g| g.protocol) {
            if !offered.contains(&protocol) {
                offered.push(protocol);
            }
        }
        if offered.is_empty() {
            offered.push(0);
        }
        offered
    }

    pub fn historical_bytes(&self) -> &[u8] {
        &self.bytes[self.historical.clone()]
    }

    /// Upper-case hexadecimal without separators, as applications state it.
    pub fn to_hex(&self) -> String {
        use std::fmt::Write;
        self.bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02X}");
            text
        })
    }
}

struct Rest<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Rest<'_> {
    fn next(&mut self) -> Result<u8, AtrError> {
        let byte = self.bytes.get(self.at).copied();
        self.at += 1;
        byte.ok_or(AtrError::Truncated(self.bytes.len()))
    }

    fn next_if(&mut self, present: bool) -> Result<Option<u8>, AtrError> {
        present.then(|| self.next()).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_card_with_both_protocols() {
        // TD1 = 80 offers T=0, TD2 = 01 offers T=1; 4 historical bytes; TCK.
        let mut bytes = vec![0x3B, 0x84, 0x80, 0x01, b'T', b'e', b's', b't'];
        bytes.push(bytes[1..].iter().fold(0, |x, b| x ^ b));
        let atr = Atr::parse(&bytes).unwrap();
        assert_eq!(atr.protocols(), [0, 1]);
        assert_eq!(atr.historical_bytes(), b"Test");
        assert_eq!(atr.convention(), Convention::Direct);
        assert_eq!(atr.interface_bytes().len(), 3);
        assert!(atr.to_hex().starts_with("3B848001"));

        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        assert_eq!(Atr::parse(&bytes), Err(AtrError::CheckByte));
        bytes.pop();
        assert_eq!(Atr::parse(&bytes), Err(AtrError::Truncated(last)));
    }

    #[test]
    fn t0_alone_has_no_check_byte() {
        let bytes = [0x3B, 0x12, 0x95, 0xAA, 0xBB];
        let atr = Atr::parse(&bytes).unwrap();
        assert_eq!(atr.protocols(), [0]);
        assert_eq!(atr.interface_bytes()[0].ta, Some(0x95));
        assert_eq!(atr.historical_bytes(), [0xAA, 0xBB]);
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(Atr::parse(&longer), Err(AtrError::Trailing(1)));
    }

    #[test]
    fn inverse_convention_and_wrong_starts() {
        assert_eq!(
            Atr::parse(&[0x3F, 0x00]).unwrap().convention(),
            Convention::Inverse
        );
        assert_eq!(
            Atr::parse(&[0x3C, 0]),
            Err(AtrError::InitialCharacter(0x3C))
        );
        assert_eq!(Atr::parse(&[]), Err(AtrError::Length(0)));
        assert_eq!(Atr::parse(&[0x3B; 34]), Err(AtrError::Length(34)));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(atr) = Atr::parse(&bytes) {
                prop_assert_eq!(atr.bytes(), &bytes[..]);
                prop_assert!(atr.historical_bytes().len() <= 15);
            }
        }

        #[test]
        fn never_panics_behind_a_right_start(bytes in proptest::collection::vec(any::<u8>(), 1..32)) {
            let bytes = [&[0x3B][..], &bytes].concat();
            let _ = Atr::parse(&bytes);
        }
    }
}
