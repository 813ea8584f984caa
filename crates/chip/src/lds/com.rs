//! EF.COM: versions and which data groups there are (ICAO 9303-10, 4.6.1).

use std::collections::BTreeSet;

use super::LdsError;
use super::fields::{Fields, text};
use crate::file_id::DataGroup;
use crate::tlv::{self, TlvError};

const TEMPLATE: u32 = 0x60;
const LDS_VERSION: u32 = 0x5F01;
const UNICODE_VERSION: u32 = 0x5F36;
const TAG_LIST: u32 = 0x5C;

/// Nothing signs it: EF.SOD says the same under a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Com {
    /// Four digits, `0107` for 1.7.
    pub lds_version: String,
    /// Six digits, `040000` for 4.0.0.
    pub unicode_version: String,
    pub data_groups: BTreeSet<DataGroup>,
}

impl Com {
    /// # Errors
    /// The file is not as it should be, or names a data group twice.
    pub fn parse(file: &[u8]) -> Result<Com, LdsError> {
        let fields = Fields::parse(tlv::only(file, TEMPLATE)?)?;
        let version = |tag, length: usize| {
            let text = text(tag, fields.get(tag).ok_or(TlvError::Missing(tag))?)?;
            let digits = text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
            digits.then_some(text).ok_or(LdsError::Text(tag))
        };
        let mut data_groups = BTreeSet::new();
        for &tag in fields.get(TAG_LIST).ok_or(TlvError::Missing(TAG_LIST))? {
            let tag = u32::from(tag);
            let group = DataGroup::from_tag(tag).ok_or(LdsError::DataGroup(tag))?;
            if !data_groups.insert(group) {
                return Err(LdsError::Repeated(tag));
            }
        }
        Ok(Com {
            lds_version: version(LDS_VERSION, 4)?,
            unicode_version: version(UNICODE_VERSION, 6)?,
            data_groups,
        })
    }
}
