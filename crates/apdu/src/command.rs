//! Command APDUs (ISO 7816-4, 5.1), short and extended.

use zeroize::Zeroizing;

/// A command. `data` may be personal or secret and is zeroized.
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    pub cla: u8,
    pub ins: u8,
    pub p1: u8,
    pub p2: u8,
    /// Empty where there is no command data field.
    pub data: Zeroizing<Vec<u8>>,
    /// Most bytes expected in answer, 1 to 65536. None: no answer but a status.
    pub le: Option<u32>,
}

impl Command {
    /// Le of 256 and more data than 255 bytes do not fit a short APDU.
    pub const SHORT_DATA: usize = 0xFF;
    pub const SHORT_LE: u32 = 0x100;
    pub const EXTENDED_LE: u32 = 0x1_0000;

    /// Class 00.
    pub fn new(ins: u8, p1: u8, p2: u8, data: &[u8], le: Option<u32>) -> Command {
        Command {
            cla: 0,
            ins,
            p1,
            p2,
            data: Zeroizing::new(data.to_vec()),
            le,
        }
    }

    /// Whether only extended length can say it.
    pub fn needs_extended(&self) -> bool {
        self.data.len() > Self::SHORT_DATA || self.le.is_some_and(|le| le > Self::SHORT_LE)
    }

    /// In extended form where asked for or needed. None: more than 65535 bytes of data,
    /// or an `le` out of range.
    pub fn encode(&self, extended: bool) -> Option<Zeroizing<Vec<u8>>> {
        let length = u16::try_from(self.data.len()).ok()?;
        if self.le.is_some_and(|le| le == 0 || le > Self::EXTENDED_LE) {
            return None;
        }
        let extended = extended || self.needs_extended();
        let mut out = Zeroizing::new(Vec::with_capacity(self.data.len() + 9));
        out.extend([self.cla, self.ins, self.p1, self.p2]);
        // A field that is there twice has its zero byte once (ISO 7816-4, 5.1, cases 2E to 4E).
        if extended && (length > 0 || self.le.is_some()) {
            out.push(0);
        }
        let number = |out: &mut Vec<u8>, number: u16| match extended {
            true => out.extend(number.to_be_bytes()),
            false => out.push(number as u8),
        };
        if length > 0 {
            number(&mut out, length);
            out.extend_from_slice(&self.data);
        }
        if let Some(le) = self.le {
            // 256 and 65536 are zero in their form.
            number(&mut out, le as u16);
        }
        Some(out)
    }

    /// Reads an encoded command. None: no form of ISO 7816-4.
    pub fn parse(apdu: &[u8]) -> Option<Command> {
        let (&[cla, ins, p1, p2], body) = apdu.split_first_chunk()?;
        let (data, le) = match body {
            [] => (&[][..], None),
            &[le] => (&[][..], Some(short_le(le))),
            &[0, high, low] => (&[][..], Some(extended_le(high, low))),
            // Extended: Lc in three bytes, Le in two.
            &[0, high, low, ref rest @ ..] => {
                let length = usize::from(u16::from_be_bytes([high, low]));
                let (data, behind) = rest.split_at_checked(length)?;
                match *behind {
                    [] => (data, None),
                    [high, low] => (data, Some(extended_le(high, low))),
                    _ => return None,
                }
            }
            &[length, ref rest @ ..] => {
                let (data, behind) = rest.split_at_checked(usize::from(length))?;
                match *behind {
                    [] => (data, None),
                    [le] => (data, Some(short_le(le))),
                    _ => return None,
                }
            }
        };
        // An Lc of zero is no Lc.
        if data.is_empty() && !matches!(body.len(), 0 | 1 | 3) {
            return None;
        }
        Some(Command {
            cla,
            ins,
            p1,
            p2,
            data: Zeroizing::new(data.to_vec()),
            le,
        })
    }

    /// Whether an encoded command is in extended form.
    pub fn is_extended(apdu: &[u8]) -> bool {
        apdu.len() > 5 && apdu.get(4) == Some(&0)
    }
}

pub(crate) fn short_le(le: u8) -> u32 {
    match le {
        0 => Command::SHORT_LE,
        le => u32::from(le),
    }
}

fn extended_le(high: u8, low: u8) -> u32 {
    match u16::from_be_bytes([high, low]) {
        0 => Command::EXTENDED_LE,
        le => u32::from(le),
    }
}

/// Without the data.
impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Command {
            cla, ins, p1, p2, ..
        } = self;
        write!(
            f,
            "Command({cla:02X} {ins:02X} {p1:02X} {p2:02X}, {} bytes, Le {:?})",
            self.data.len(),
            self.le
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Response, StatusWord};

    fn encoded(command: &Command, extended: bool) -> String {
        hex::encode_upper(command.encode(extended).unwrap())
    }

    /// ISO 7816-4, table 1: the four cases in both lengths.
    #[test]
    fn the_four_cases() {
        let case = |data: &[u8], le| Command::new(0xA4, 2, 0x0C, data, le);
        assert_eq!(encoded(&case(&[], None), false), "00A4020C");
        assert_eq!(encoded(&case(&[], Some(256)), false), "00A4020C00");
        assert_eq!(encoded(&case(&[1, 0x1E], None), false), "00A4020C02011E");
        assert_eq!(encoded(&case(&[7], Some(5)), false), "00A4020C010705");
        assert_eq!(encoded(&case(&[], None), true), "00A4020C");
        assert_eq!(encoded(&case(&[], Some(65536)), false), "00A4020C000000");
        assert_eq!(encoded(&case(&[7], None), true), "00A4020C00000107");
        assert_eq!(
            encoded(&case(&[7], Some(256)), true),
            "00A4020C000001070100"
        );
    }

    #[test]
    fn what_no_apdu_can_say_is_not_said() {
        let command = |length, le| Command::new(0xB0, 0, 0, &vec![0; length], le);
        assert!(command(65536, None).encode(true).is_none());
        assert!(command(0, Some(0)).encode(true).is_none());
        assert!(command(0, Some(65537)).encode(true).is_none());
        assert!(Command::parse(&[0, 0xB0, 0]).is_none());
        assert!(Command::parse(&[0, 0xB0, 0, 0, 2, 1]).is_none());
        assert!(Command::parse(&[0, 0xB0, 0, 0, 0, 0, 0, 0, 0]).is_none());
        assert!(Response::parse(&[0x90]).is_none());
    }

    #[test]
    fn status_words_tell_numbers() {
        assert_eq!(StatusWord(0x63C2).tries_left(), Some(2));
        assert_eq!(StatusWord(0x6300).tries_left(), None);
        assert_eq!(StatusWord(0x6100).more_bytes(), Some(256));
        assert_eq!(StatusWord(0x6CDF).right_le(), Some(223));
        assert_eq!(StatusWord::OK.right_le(), None);
        assert_eq!(StatusWord(0x6A82).to_string(), "6A82");
    }

    #[test]
    fn debug_tells_no_data() {
        let command = Command::new(0x82, 0, 0, &[0xAB; 40], Some(40));
        let response = Response::new(&[0xAB; 40], StatusWord::OK);
        let shown = format!("{command:?} {response:?}").to_uppercase();
        assert!(!shown.contains("AB") && !shown.contains("171"), "{shown}");
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_parsed(
            header in any::<[u8; 4]>(),
            data in prop::collection::vec(any::<u8>(), 0..600),
            le in prop::option::of(1_u32..=65536),
            extended in any::<bool>(),
        ) {
            let [cla, ins, p1, p2] = header;
            let command = Command { cla, ins, p1, p2, data: Zeroizing::new(data), le };
            let apdu = command.encode(extended).unwrap();
            prop_assert_eq!(Command::parse(&apdu).unwrap(), command.clone());
            let long = extended && apdu.len() > 4 || command.needs_extended();
            prop_assert_eq!(Command::is_extended(&apdu), long);
        }

        #[test]
        fn any_bytes_are_parsed_or_refused(apdu in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Some(command) = Command::parse(&apdu) {
                let extended = Command::is_extended(&apdu);
                prop_assert_eq!(&command.encode(extended).unwrap()[..], &apdu[..]);
            }
            if let Some(response) = Response::parse(&apdu) {
                prop_assert_eq!(&response.encode()[..], &apdu[..]);
            }
        }
    }
}
