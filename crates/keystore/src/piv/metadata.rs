//! GET METADATA, an extension of Yubico's: what a card tells of a key or PIN without
//! being asked for the PIN (developers.yubico.com/PIV, "Yubico extensions").

use apdu::{CardChannel, Command, StatusWord};

use super::{application::Application, tlv};
use crate::{PinStatus, StorageError};

const GET_METADATA: u8 = 0xF7;

/// What the card tells of a key reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metadata {
    /// The card does not know the command, or says nothing.
    Untold,
    /// There is no such key.
    Absent,
    Present(Details),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// SP 800-78-4, table 6-2.
    pub algorithm: Option<u8>,
    pub pin: PinStatus,
}

impl Metadata {
    /// Nothing where it is not told.
    pub fn pin(&self) -> PinStatus {
        match self {
            Metadata::Present(details) => details.pin,
            _ => PinStatus::default(),
        }
    }

    pub fn algorithm(&self) -> Option<u8> {
        match self {
            Metadata::Present(details) => details.algorithm,
            _ => None,
        }
    }

    fn parse(data: &[u8]) -> Metadata {
        if data.is_empty() {
            return Metadata::Untold;
        }
        let first = |tag| tlv::find(data, tag).and_then(<[u8]>::first).copied();
        Metadata::Present(Details {
            algorithm: first(0x01),
            pin: PinStatus {
                is_default: first(0x05).map(|flag| flag != 0),
                // All tries, then those left.
                tries_left: tlv::find(data, 0x06).and_then(|tries| tries.get(1).copied()),
            },
        })
    }
}

impl<C: CardChannel> Application<C> {
    /// Costs no try.
    pub fn metadata(&mut self, reference: u8) -> Result<Metadata, StorageError> {
        let answer = self.transmit(&Command::new(GET_METADATA, 0, reference, &[], Some(256)))?;
        Ok(match answer.status {
            StatusWord::OK => Metadata::parse(&answer.data),
            StatusWord::REFERENCE_NOT_FOUND => Metadata::Absent,
            _ => Metadata::Untold,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of Yubico's page: a fresh PIN, a generated key.
    #[test]
    fn what_is_told_is_read() {
        let pin = Metadata::parse(&[1, 1, 0xFF, 5, 1, 1, 6, 2, 3, 2]);
        assert_eq!(pin.pin().is_default, Some(true));
        assert_eq!(pin.pin().tries_left, Some(2));
        let key = Metadata::parse(&[1, 1, 0x11, 2, 2, 3, 1, 3, 1, 1]);
        assert_eq!(key.algorithm(), Some(0x11));
        assert_eq!(key.pin(), PinStatus::default());
        assert_eq!(Metadata::parse(&[]), Metadata::Untold);
    }
}
