//! How a chip behaves, and what goes wrong with it.

use std::time::Duration;

/// A quick chip without faults that takes extended length and says so.
#[derive(Clone, Debug)]
pub struct ChipConfig {
    /// Whether there is an eMRTD application; without one the chip is, say, a bank's.
    pub application: bool,
    /// Bytes of the longest answer in extended length. None: short APDUs only, an
    /// extended one is refused with 6700.
    pub extended_length: Option<u32>,
    /// Whether EF.ATR/INFO is there and tells how long APDUs may be.
    pub atr_info: bool,
    /// READ BINARY that asks for more is refused with 6700, as some chips do instead of
    /// giving less.
    pub largest_read: Option<u32>,
    /// Wrong access keys until the chip is blocked, counted down in 63Cx. None: 6300
    /// without an end.
    pub tries: Option<u8>,
    /// Slept for each APDU.
    pub latency: Duration,
    /// Both directions; slept for too.
    pub bytes_per_second: Option<u32>,
    pub faults: Faults,
}

impl Default for ChipConfig {
    fn default() -> Self {
        ChipConfig {
            application: true,
            extended_length: Some(0x1_0000),
            atr_info: true,
            largest_read: None,
            tries: None,
            latency: Duration::ZERO,
            bytes_per_second: None,
            faults: Faults::default(),
        }
    }
}

impl ChipConfig {
    /// As quick as a passport on a contactless reader: 12 ms for each APDU and 30 kB/s.
    pub fn realistic() -> ChipConfig {
        ChipConfig {
            latency: Duration::from_millis(12),
            bytes_per_second: Some(30_000),
            ..ChipConfig::default()
        }
    }
}

/// Each comes once, after so many APDUs were answered since power was switched on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// The card is taken away, until power is switched on again.
    pub remove_after: Option<u32>,
    /// The chip answers nothing more, until power is switched on again.
    pub silent_after: Option<u32>,
    /// How long the transport waits for a silent chip before it gives up.
    pub silence: Duration,
    /// The first protected answer from then on has a wrong authentication code.
    pub wrong_mac_after: Option<u32>,
    /// The first answer with data from then on has only half of it.
    pub truncate_after: Option<u32>,
    /// This status word alone, unprotected.
    pub status_after: Option<(u32, u16)>,
}

impl Default for Faults {
    fn default() -> Self {
        Faults {
            remove_after: None,
            silent_after: None,
            silence: Duration::from_secs(3600),
            wrong_mac_after: None,
            truncate_after: None,
            status_after: None,
        }
    }
}
