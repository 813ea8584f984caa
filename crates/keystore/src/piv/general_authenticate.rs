//! GENERAL AUTHENTICATE: one exchange of a challenge and what it is answered with (SP
//! 800-73-4, part 2, section 3.2.4, table 7).

use apdu::{CardChannel, Command};
use zeroize::Zeroizing;

use super::{application::Application, tlv};
use crate::StorageError;

const GENERAL_AUTHENTICATE: u8 = 0x87;
const DYNAMIC_AUTHENTICATION: u16 = 0x7C;

pub const WITNESS: u16 = 0x80;
pub const CHALLENGE: u16 = 0x81;
pub const RESPONSE: u16 = 0x82;

impl<C: CardChannel> Application<C> {
    /// `inside`: the objects of the template. Gives the object `wanted` of the answer.
    /// None: refused.
    pub fn general_authenticate(
        &mut self,
        algorithm: u8,
        key: u8,
        inside: &[u8],
        wanted: u16,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, StorageError> {
        let data = tlv::Writer::default()
            .object(DYNAMIC_AUTHENTICATION, inside)
            .done();
        let command = Command::new(GENERAL_AUTHENTICATE, algorithm, key, &data, Some(256));
        let answer = self.transmit(&command)?;
        if !answer.status.is_ok() {
            return Ok(None);
        }
        let value = tlv::find(&answer.data, DYNAMIC_AUTHENTICATION)
            .and_then(|inside| tlv::find(inside, wanted))
            .ok_or(StorageError::TokenFailed)?;
        Ok(Some(Zeroizing::new(value.to_vec())))
    }
}
