//! What an answer to reset says about T=1, and what follows for the reader
//! (ISO 7816-3, sections 8.3, 9 and 11.4).

use std::time::Duration;

use apdu::{Atr, Convention};

/// The card's clock, Hz. Serial readers give 4 MHz.
const CLOCK: f64 = 4_000_000.0;

/// Fastest the reader's card side can, bit/s (GemPC Twin).
const FASTEST: f64 = 344_086.0;

/// Fi 372, Di 1: every card begins with it.
const DEFAULT_TA1: u8 = 0x11;

/// How a card speaks T=1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockParameters {
    /// Fi and Di, coded as in TA1, that the card can do at most.
    pub speed: u8,
    /// Specific mode: what the card says holds already, nothing is negotiated.
    pub specific: bool,
    /// T=1 holds without being asked for.
    pub first_offered: bool,
    pub inverse: bool,
    pub extra_guard_time: u8,
    pub block_waiting: u8,
    pub character_waiting: u8,
    /// IFSC: longest information field that the card takes.
    pub information_size: u8,
}

/// Why a card cannot be spoken to by T=1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsuitable {
    NotOffered,
    /// It asks for the cyclic redundancy code in place of LRC, as hardly one does.
    RedundancyCode,
}

impl BlockParameters {
    pub fn of(atr: &Atr) -> Result<BlockParameters, Unsuitable> {
        let protocols = atr.protocols();
        if !protocols.contains(&1) {
            return Err(Unsuitable::NotOffered);
        }
        let groups = atr.interface_bytes();
        let first = groups.first().copied().unwrap_or_default();
        let second = groups.get(1).copied().unwrap_or_default();
        // From the third group on they belong to the protocol named before (8.3).
        let own = groups
            .iter()
            .skip(2)
            .find(|group| group.protocol == Some(1));
        let own = own.copied().unwrap_or_default();
        if own.tc.is_some_and(|tc| tc & 1 != 0) {
            return Err(Unsuitable::RedundancyCode);
        }
        // TA2: bit 5 leaves the speed to the reader, which is then the default one.
        let implicit = second.ta.is_some_and(|ta| ta & 0x10 != 0);
        if second.ta.is_some_and(|ta| ta & 0x0F != 1) {
            return Err(Unsuitable::NotOffered);
        }
        let waiting = own.tb.unwrap_or(0x4D);
        Ok(BlockParameters {
            speed: match first.ta {
                Some(ta) if !implicit => ta,
                _ => DEFAULT_TA1,
            },
            specific: second.ta.is_some(),
            first_offered: protocols.first() == Some(&1),
            inverse: atr.convention() == Convention::Inverse,
            extra_guard_time: first.tc.unwrap_or(0),
            // Above 9 reserved.
            block_waiting: (waiting >> 4).min(9),
            character_waiting: waiting & 0x0F,
            // 0 and 255 are reserved.
            information_size: own.ta.filter(|size| (1..=254).contains(size)).unwrap_or(32),
        })
    }

    /// The protocol and parameters selection that gets the best of both (9.2): request
    /// without an answer's bytes. None: what holds already is the best.
    pub fn selection(&self) -> Option<Vec<u8>> {
        if self.specific {
            return None;
        }
        let faster = self.speed != DEFAULT_TA1 && self.is_possible();
        if !faster && self.first_offered {
            return None;
        }
        let mut request = match faster {
            true => vec![0xFF, 0x11, self.speed],
            false => vec![0xFF, 0x01],
        };
        request.push(request.iter().fold(0, |sum, byte| sum ^ byte));
        Some(request)
    }

    /// Fi and Di that hold, coded as in TA1, after a selection that went well or none.
    pub fn speed(&self, selected: bool) -> u8 {
        let holds = self.specific || selected && self.is_possible();
        if holds { self.speed } else { DEFAULT_TA1 }
    }

    fn is_possible(&self) -> bool {
        elementary_time(self.speed).is_some_and(|etu| 1.0 / etu <= FASTEST)
    }

    /// The data structure for protocol T=1 (USB CCID 1.1, 6.1.7).
    pub fn structure(&self, speed: u8) -> [u8; 7] {
        [
            speed,
            // LRC; convention.
            0x10 | u8::from(self.inverse) << 1,
            self.extra_guard_time,
            self.block_waiting << 4 | self.character_waiting,
            // The clock is not to be stopped.
            0,
            self.information_size,
            // Node addresses.
            0,
        ]
    }

    /// Longest the card may take for a block (11.4.3): 11 etu + 2^BWI · 960 · 372 / f.
    pub fn block_waiting_time(&self, speed: u8) -> Duration {
        let etu = elementary_time(speed).unwrap_or(372.0 / CLOCK);
        let units = f64::from(1_u32 << self.block_waiting);
        Duration::from_secs_f64(11.0 * etu + units * 960.0 * 372.0 / CLOCK)
    }
}

/// Seconds a bit takes: F / (D · f), tables 7 and 8. None: reserved.
fn elementary_time(speed: u8) -> Option<f64> {
    let f = match speed >> 4 {
        0 | 1 => 372.0,
        2 => 558.0,
        3 => 744.0,
        4 => 1116.0,
        5 => 1488.0,
        6 => 1860.0,
        9 => 512.0,
        10 => 768.0,
        11 => 1024.0,
        12 => 1536.0,
        13 => 2048.0,
        _ => return None,
    };
    let d = match speed & 0x0F {
        1 => 1.0,
        2 => 2.0,
        3 => 4.0,
        4 => 8.0,
        5 => 16.0,
        6 => 32.0,
        7 => 64.0,
        8 => 12.0,
        9 => 20.0,
        _ => return None,
    };
    Some(f / (d * CLOCK))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Result<BlockParameters, Unsuitable> {
        let mut bytes = hex::decode(text).unwrap();
        bytes.push(bytes[1..].iter().fold(0, |sum, byte| sum ^ byte));
        BlockParameters::of(&Atr::parse(&bytes).unwrap())
    }

    /// TA1 = 18, T=1 alone, IFSC FE, BWI 4, CWI 5.
    #[test]
    fn a_token_that_speaks_t1_only() {
        let parameters = of("3B90188131FE45").unwrap();
        assert_eq!(parameters.information_size, 0xFE);
        assert_eq!(parameters.selection(), Some(vec![0xFF, 0x11, 0x18, 0xF6]));
        assert_eq!(parameters.speed(true), 0x18);
        assert_eq!(parameters.speed(false), 0x11);
        assert_eq!(
            parameters.structure(0x18),
            [0x18, 0x10, 0, 0x45, 0, 0xFE, 0]
        );
        let waiting = parameters.block_waiting_time(0x18).as_secs_f64();
        assert!((waiting - 1.4285).abs() < 0.001, "{waiting}");
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let parameters = of("3B8001").unwrap();
        assert_eq!(parameters.information_size, 32);
        assert_eq!(parameters.structure(0x11), [0x11, 0x10, 0, 0x4D, 0, 32, 0]);
        assert_eq!(parameters.selection(), None);
    }

    #[test]
    fn t1_offered_second_is_selected() {
        let parameters = of("3B808001").unwrap();
        assert_eq!(parameters.selection(), Some(vec![0xFF, 0x01, 0xFE]));
        assert_eq!(parameters.speed(true), 0x11);
    }

    #[test]
    fn specific_mode_is_taken_as_it_is() {
        let parameters = of("3B9018910131FE45").unwrap();
        assert_eq!(parameters.selection(), None);
        assert_eq!(parameters.speed(false), 0x18);
        // By T=0; by a speed of the reader's own.
        assert_eq!(of("3B9018910031FE45"), Err(Unsuitable::NotOffered));
        assert_eq!(of("3B9018911131FE45").unwrap().speed(false), 0x11);
    }

    #[test]
    fn a_speed_above_the_readers_is_not_asked_for() {
        // Fi 512, Di 64: 500 kbit/s.
        let parameters = of("3B90978131FE45").unwrap();
        assert_eq!(parameters.selection(), None);
        assert_eq!(parameters.speed(true), 0x11);
    }

    #[test]
    fn what_cannot_be_spoken_to_is_named() {
        assert_eq!(of("3B90188171FE4501"), Err(Unsuitable::RedundancyCode));
        let t0 = Atr::parse(&[0x3B, 0]).unwrap();
        assert_eq!(BlockParameters::of(&t0), Err(Unsuitable::NotOffered));
    }

    proptest! {
        #[test]
        fn any_answer_to_reset_is_understood_or_refused(
            bytes in prop::collection::vec(any::<u8>(), 1..31),
        ) {
            let mut bytes = [&[0x3B], &bytes[..]].concat();
            bytes.push(bytes[1..].iter().fold(0, |sum, byte| sum ^ byte));
            if let Ok(parameters) = Atr::parse(&bytes).map_err(drop)
                .and_then(|atr| BlockParameters::of(&atr).map_err(drop))
            {
                prop_assert!((1..=254).contains(&parameters.information_size));
                let longest = Duration::from_secs(60);
                prop_assert!(parameters.block_waiting_time(parameters.speed(true)) < longest);
            }
        }
    }
}
