//! Where the management key lies so that the PIN alone suffices: in the object "printed
//! information", which only the PIN opens, and a flag in "admin data" that says so. Both
//! are as Yubico's own programs write and read them (developers.yubico.com, "PIN-protected
//! management key"); the PUK has a tag of its own there, which they pass over.

use exchange::Secret;
use zeroize::Zeroizing;

use super::{management_key::ManagementKey, tlv};

/// Printed information (SP 800-73-4, part 1, table 3).
pub const PRINTED: [u8; 3] = [0x5F, 0xC1, 0x09];
/// Yubico's admin data.
pub const ADMIN_DATA: [u8; 3] = [0x5F, 0xFF, 0x00];

const PROTECTED_DATA: u16 = 0x88;
const KEY: u16 = 0x89;
const PUK: u16 = 0x8A;

const ADMIN: u16 = 0x80;
const FLAGS: u16 = 0x81;
const KEY_IS_PROTECTED: u8 = 0x02;

/// What only the PIN opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protected {
    pub key: ManagementKey,
    /// Made here, perhaps not set yet.
    pub puk: Option<Secret>,
}

impl Protected {
    /// `value`: what is inside tag 53. None: no key is kept there.
    pub fn parse(value: &[u8]) -> Option<Protected> {
        let data = tlv::find(value, PROTECTED_DATA)?;
        let key = ManagementKey::from_bytes(tlv::find(data, KEY)?)?;
        let puk = tlv::find(data, PUK)
            .and_then(|puk| std::str::from_utf8(puk).ok())
            .filter(|puk| puk.len() <= 8)
            .map(Secret::from);
        Some(Protected { key, puk })
    }

    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut data = tlv::Writer::default().object(KEY, self.key.as_bytes());
        if let Some(puk) = &self.puk {
            data = data.object(PUK, puk.expose().as_bytes());
        }
        let data = data.done();
        tlv::Writer::default().object(PROTECTED_DATA, &data).done()
    }
}

/// Admin data with the flag set, whatever other flags there were.
pub fn flagged(admin_data: Option<&[u8]>) -> Zeroizing<Vec<u8>> {
    let flags = admin_data
        .and_then(|value| tlv::find(value, ADMIN))
        .and_then(|data| tlv::find(data, FLAGS))
        .and_then(<[u8]>::first)
        .copied()
        .unwrap_or_default();
    let data = tlv::Writer::default()
        .object(FLAGS, &[flags | KEY_IS_PROTECTED])
        .done();
    tlv::Writer::default().object(ADMIN, &data).done()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn as_yubico_writes_it() {
        let key = ManagementKey::default_key();
        let mut protected = Protected { key, puk: None };
        let hexadecimal = "881a8918010203040506070801020304050607080102030405060708";
        assert_eq!(hex::encode(&*protected.encode()), hexadecimal);
        protected.puk = Some(Secret::from("87654321"));
        assert_eq!(
            Protected::parse(&protected.encode()),
            Some(protected.clone())
        );
        assert_eq!(hex::encode(&*flagged(None)), "8003810102");
        assert_eq!(
            hex::encode(&*flagged(Some(&[0x80, 3, 0x81, 1, 1]))),
            "8003810103"
        );
        assert!(!format!("{protected:?}").contains("8765"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(data in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Protected::parse(&data);
            let _ = Protected::parse(&tlv::Writer::default().object(PROTECTED_DATA, &data).done());
            flagged(Some(&data));
        }
    }
}
