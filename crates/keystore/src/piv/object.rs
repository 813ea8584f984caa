//! GET DATA and PUT DATA (SP 800-73-4, part 2, sections 3.1.2 and 3.3.2).

use apdu::{CardChannel, Command, StatusWord};
use zeroize::Zeroizing;

use super::{application::Application, tlv};
use crate::StorageError;

const GET_DATA: u8 = 0xCB;
const PUT_DATA: u8 = 0xDB;
const TAG_LIST: u16 = 0x5C;
const DATA: u16 = 0x53;

/// Not enough memory in the file (ISO 7816-4, table 6).
pub const NO_SPACE: StatusWord = StatusWord(0x6A84);

/// Cardholder Unique Identifier.
pub const CHUID: [u8; 3] = [0x5F, 0xC1, 0x02];

impl<C: CardChannel> Application<C> {
    /// What is inside tag 53. None: there is no such object, or the card knows none.
    pub fn get_data(&mut self, tag: [u8; 3]) -> Result<Option<Zeroizing<Vec<u8>>>, StorageError> {
        let list = tlv::Writer::default().object(TAG_LIST, &tag).done();
        let answer = self.transmit(&Command::new(GET_DATA, 0x3F, 0xFF, &list, Some(256)))?;
        match answer.status {
            StatusWord::OK => {
                let value = tlv::find(&answer.data, DATA).ok_or(StorageError::TokenFailed)?;
                // An object that was emptied.
                Ok((!value.is_empty()).then(|| Zeroizing::new(value.to_vec())))
            }
            StatusWord::FILE_NOT_FOUND
            | StatusWord::WRONG_DATA
            | StatusWord::FUNCTION_NOT_SUPPORTED
            | StatusWord::REFERENCE_NOT_FOUND => Ok(None),
            _ => Err(StorageError::TokenFailed),
        }
    }

    /// Needs the management key. Puts `value` inside tag 53.
    ///
    /// # Errors
    /// [`StorageError::TokenFull`] without space, [`StorageError::TokenManagementKey`]
    /// without the right, [`StorageError::TokenReadOnly`] for an object that the card
    /// does not keep.
    pub fn put_data(&mut self, tag: [u8; 3], value: &[u8]) -> Result<(), StorageError> {
        let data = tlv::Writer::default()
            .object(TAG_LIST, &tag)
            .object(DATA, value)
            .done();
        let answer = self.transmit(&Command::new(PUT_DATA, 0x3F, 0xFF, &data, None))?;
        match answer.status {
            StatusWord::OK => Ok(()),
            NO_SPACE => Err(StorageError::TokenFull),
            StatusWord::SECURITY_STATUS_NOT_SATISFIED => Err(StorageError::TokenManagementKey),
            StatusWord::WRONG_DATA
            | StatusWord::FILE_NOT_FOUND
            | StatusWord::FUNCTION_NOT_SUPPORTED
            | StatusWord::INSTRUCTION_NOT_SUPPORTED => Err(StorageError::TokenReadOnly),
            _ => Err(StorageError::TokenFailed),
        }
    }
}
