//! Secure messaging (ICAO 9303-11, 9.8): what a reader sends and takes in once BAC,
//! PACE or chip authentication has agreed on keys. The chip's side is in [`card`].
//!
//! A protected command carries DO87 (or DO85 with an odd instruction), DO97 and DO8E,
//! a protected answer DO87 or DO85, DO99 and DO8E, in this order. The send sequence
//! counter is counted up before each of the two, so that nothing can be left out,
//! swapped or sent again.

mod card;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

pub use crate::cipher::Cipher;

use crate::cipher::{CipherError, pad, unpad};
use crate::read::ReadError;
use crate::tlv::{self, TlvError, TlvReader};
use apdu::{Command, Response, StatusWord};

/// Cryptogram, without padding indicator: odd instructions (ISO 7816-4, 10.2.2).
const CRYPTOGRAM_PLAIN: u32 = 0x85;
/// Cryptogram behind a padding indicator.
const CRYPTOGRAM: u32 = 0x87;
const EXPECTED_LENGTH: u32 = 0x97;
const STATUS: u32 = 0x99;
const CHECKSUM: u32 = 0x8E;
/// Padding by method 2 of ISO 9797-1.
const PADDING_INDICATOR: u8 = 0x01;
/// Bytes of DO99 and DO8E, or at most of DO97 and DO8E.
const TRAILER: usize = 14;

/// Why an answer (or, on the chip's side, a command) is not to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecureMessagingError {
    /// The chip answered in the clear: secure messaging is over.
    #[error("the chip answered unprotected, SW {0}")]
    Unprotected(StatusWord),
    #[error("{0}")]
    Tlv(#[from] TlvError),
    /// A data object too many, too few or out of order.
    #[error("unexpected data objects")]
    Objects,
    #[error("the message authentication code is wrong")]
    Checksum,
    /// SW1 SW2 is not what DO99 says.
    #[error("the status word is not the protected one")]
    Status,
    #[error("the padding is wrong")]
    Padding,
    #[error("a command too long to protect")]
    TooLong,
    #[error("{0}")]
    Cipher(#[from] CipherError),
}

impl From<SecureMessagingError> for ReadError {
    fn from(error: SecureMessagingError) -> ReadError {
        ReadError::SecureMessaging(error.to_string())
    }
}

/// Session keys and send sequence counter. No `Debug`.
pub struct SecureMessaging {
    cipher: Cipher,
    encryption_key: Zeroizing<Vec<u8>>,
    mac_key: Zeroizing<Vec<u8>>,
    /// Send sequence counter: as many of the lowest bytes as the cipher's block has.
    counter: u128,
}

impl SecureMessaging {
    /// `ssc` is the counter before the first command: 8 bytes from BAC, zeros (or
    /// nothing) after PACE and chip authentication.
    ///
    /// # Errors
    /// Keys that are not the cipher's; a counter longer than its block.
    pub fn new(
        cipher: Cipher,
        ks_enc: &[u8],
        ks_mac: &[u8],
        ssc: &[u8],
    ) -> Result<SecureMessaging, CipherError> {
        let length = cipher.key_length();
        if ks_enc.len() != length || ks_mac.len() != length {
            return Err(CipherError::KeyLength);
        }
        if ssc.len() > cipher.block_length() {
            return Err(CipherError::VectorLength);
        }
        Ok(SecureMessaging {
            cipher,
            encryption_key: Zeroizing::new(ks_enc.to_vec()),
            mac_key: Zeroizing::new(ks_mac.to_vec()),
            counter: ssc
                .iter()
                .fold(0, |number, &byte| number << 8 | u128::from(byte)),
        })
    }

    pub fn cipher(&self) -> Cipher {
        self.cipher
    }

    /// The protected form of a command, short where that is enough.
    ///
    /// # Errors
    /// [`SecureMessagingError::TooLong`].
    pub fn protect(&mut self, command: &Command) -> Result<Command, SecureMessagingError> {
        self.protect_in(command, false)
    }

    /// Likewise, for extended length where asked for: DO97 of two bytes, any length of
    /// answer. Encoding the result chooses the form by itself.
    ///
    /// # Errors
    /// [`SecureMessagingError::TooLong`].
    pub fn protect_in(
        &mut self,
        command: &Command,
        extended: bool,
    ) -> Result<Command, SecureMessagingError> {
        let cla = command.cla | 0x0C;
        let header = [cla, command.ins, command.p1, command.p2];
        self.count();
        let mut objects = Zeroizing::new(Vec::new());
        if !command.data.is_empty() {
            self.write_cryptogram(&mut objects, command.ins, &command.data)?;
        }
        let extended = extended
            || command.le.is_some_and(|le| le > Command::SHORT_LE)
            || objects.len() + TRAILER > Command::SHORT_DATA;
        if let Some(le) = command.le {
            // 256 and 65536 are zero in their form.
            let le = (le as u16).to_be_bytes();
            tlv::write(
                &mut objects,
                EXPECTED_LENGTH,
                if extended { &le } else { &le[1..] },
            );
        }
        let mac = self.mac(Some(header), &objects)?;
        tlv::write(&mut objects, CHECKSUM, &mac);
        if objects.len() > usize::from(u16::MAX) {
            return Err(SecureMessagingError::TooLong);
        }
        // There is always an answer: DO99 and DO8E.
        let le = if extended {
            Command::EXTENDED_LE
        } else {
            Command::SHORT_LE
        };
        Ok(Command {
            cla,
            ins: command.ins,
            p1: command.p1,
            p2: command.p2,
            data: objects,
            le: Some(le),
        })
    }

    /// What a protected answer says. After an error the keys are of no use any more.
    ///
    /// # Errors
    /// It is not the chip's, not to the last command, or not whole.
    pub fn unprotect(&mut self, response: &Response) -> Result<Response, SecureMessagingError> {
        if response.data.is_empty() {
            return Err(SecureMessagingError::Unprotected(response.status));
        }
        self.count();
        let objects = Objects::parse(&response.data)?;
        self.verify(None, &objects)?;
        let (Some(&[sw1, sw2]), None) = (objects.status, objects.expected_length) else {
            return Err(SecureMessagingError::Objects);
        };
        let status = StatusWord(u16::from_be_bytes([sw1, sw2]));
        // Behind GET RESPONSE the outer one may be 9000 where the protected one warns.
        if response.status != status && !response.status.is_ok() {
            return Err(SecureMessagingError::Status);
        }
        Ok(Response {
            data: self.read_cryptogram(&objects)?,
            status,
        })
    }

    /// Most bytes of plain data whose protected answer has at most `limit` bytes without
    /// its status word: 223 with AES and 231 with 3DES for the 256 of short length.
    pub fn capacity(&self, limit: usize) -> usize {
        let block = self.cipher.block_length();
        let room = limit.saturating_sub(TRAILER);
        // DO87: tag, length of 1 to 4 bytes, padding indicator.
        let head = 2 + match room {
            0..=0x81 => 1,
            0x82..=0x102 => 2,
            0x103..=0x1_0003 => 3,
            _ => 4,
        };
        let blocks = room.saturating_sub(head) / block;
        (blocks * block).saturating_sub(1)
    }

    fn count(&mut self) {
        self.counter = self.counter.wrapping_add(1);
    }

    /// The counter as a block.
    fn counter_block(&self) -> Vec<u8> {
        let all = self.counter.to_be_bytes();
        let skipped = all.len().saturating_sub(self.cipher.block_length());
        all.into_iter().skip(skipped).collect()
    }

    /// Zero with 3DES; with AES the encrypted counter (9.8.6.1 and 9.8.7.1).
    fn initialization_vector(&self) -> Result<Zeroizing<Vec<u8>>, CipherError> {
        let zero = vec![0; self.cipher.block_length()];
        match self.cipher {
            Cipher::TripleDes => Ok(Zeroizing::new(zero)),
            Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => {
                self.cipher
                    .encrypt_cbc(&self.encryption_key, &zero, &self.counter_block())
            }
        }
    }

    fn write_cryptogram(
        &self,
        objects: &mut Vec<u8>,
        ins: u8,
        data: &[u8],
    ) -> Result<(), CipherError> {
        let cryptogram = self.cipher.encrypt_cbc(
            &self.encryption_key,
            &self.initialization_vector()?,
            &pad(data, self.cipher.block_length()),
        )?;
        if ins & 1 == 1 {
            tlv::write(objects, CRYPTOGRAM_PLAIN, &cryptogram);
        } else {
            tlv::write(
                objects,
                CRYPTOGRAM,
                &[&[PADDING_INDICATOR], &cryptogram[..]].concat(),
            );
        }
        Ok(())
    }

    fn read_cryptogram(
        &self,
        objects: &Objects,
    ) -> Result<Zeroizing<Vec<u8>>, SecureMessagingError> {
        let Some(cryptogram) = objects.cryptogram else {
            return Ok(Zeroizing::default());
        };
        let mut data = self.cipher.decrypt_cbc(
            &self.encryption_key,
            &self.initialization_vector()?,
            cryptogram,
        )?;
        let length = unpad(&data, self.cipher.block_length())
            .ok_or(SecureMessagingError::Padding)?
            .len();
        data.truncate(length);
        Ok(data)
    }

    /// Over the counter, the padded header (of a command) and the objects before DO8E,
    /// padded once where the last of these is not.
    fn mac(&self, header: Option<[u8; 4]>, objects: &[u8]) -> Result<[u8; 8], CipherError> {
        let block = self.cipher.block_length();
        let mut message = Zeroizing::new(self.counter_block());
        if let Some(header) = header {
            message.extend_from_slice(&pad(&header, block));
        }
        if !objects.is_empty() {
            message.extend_from_slice(&pad(objects, block));
        }
        self.cipher.mac_of_blocks(&self.mac_key, &message)
    }

    fn verify(
        &self,
        header: Option<[u8; 4]>,
        objects: &Objects,
    ) -> Result<(), SecureMessagingError> {
        let mac = self.mac(header, objects.authenticated)?;
        if bool::from(mac.ct_eq(objects.checksum)) {
            Ok(())
        } else {
            Err(SecureMessagingError::Checksum)
        }
    }
}

/// The data objects of a protected command or answer.
struct Objects<'a> {
    /// Without its padding indicator.
    cryptogram: Option<&'a [u8]>,
    expected_length: Option<&'a [u8]>,
    status: Option<&'a [u8]>,
    checksum: &'a [u8],
    /// All that stands before DO8E.
    authenticated: &'a [u8],
}

impl<'a> Objects<'a> {
    /// Each at most once, nothing unknown, DO8E at the end.
    fn parse(data: &'a [u8]) -> Result<Objects<'a>, SecureMessagingError> {
        let mut objects = Objects {
            cryptogram: None,
            expected_length: None,
            status: None,
            checksum: &[],
            authenticated: &[],
        };
        let mut reader = TlvReader::new(data);
        let mut before = 0;
        while let Some(object) = reader.next() {
            let object = object?;
            let place = match object.tag {
                CRYPTOGRAM_PLAIN => &mut objects.cryptogram,
                CRYPTOGRAM => {
                    let (indicator, cryptogram) = object
                        .value
                        .split_first()
                        .ok_or(SecureMessagingError::Objects)?;
                    if *indicator != PADDING_INDICATOR || objects.cryptogram.is_some() {
                        return Err(SecureMessagingError::Objects);
                    }
                    objects.cryptogram = Some(cryptogram);
                    before += object.raw.len();
                    continue;
                }
                EXPECTED_LENGTH => &mut objects.expected_length,
                STATUS => &mut objects.status,
                CHECKSUM if reader.rest().is_empty() => {
                    objects.checksum = object.value;
                    objects.authenticated = data.get(..before).unwrap_or_default();
                    return Ok(objects);
                }
                _ => return Err(SecureMessagingError::Objects),
            };
            if place.replace(object.value).is_some() {
                return Err(SecureMessagingError::Objects);
            }
            before += object.raw.len();
        }
        Err(SecureMessagingError::Objects)
    }
}

#[cfg(test)]
#[path = "secure_messaging_tests.rs"]
mod tests;
