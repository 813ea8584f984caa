//! The chip's side of secure messaging: for chips made of software.

use super::{Objects, SecureMessaging, SecureMessagingError, tlv};
use apdu::{Command, Response};

impl SecureMessaging {
    /// What a protected command says: class without the bits of secure messaging, plain
    /// data, Le from DO97.
    ///
    /// # Errors
    /// It is not the reader's, not the next one, or not whole; a chip says 6988 then and
    /// forgets the keys.
    pub fn unprotect_command(
        &mut self,
        command: &Command,
    ) -> Result<Command, SecureMessagingError> {
        self.count();
        let objects = Objects::parse(&command.data)?;
        let header = [command.cla, command.ins, command.p1, command.p2];
        self.verify(Some(header), &objects)?;
        if objects.status.is_some() {
            return Err(SecureMessagingError::Objects);
        }
        let le = match objects.expected_length {
            None => None,
            Some(&[0]) => Some(Command::SHORT_LE),
            Some(&[le]) => Some(u32::from(le)),
            Some(&[0, 0]) => Some(Command::EXTENDED_LE),
            Some(&[high, low]) => Some(u32::from(u16::from_be_bytes([high, low]))),
            Some(_) => return Err(SecureMessagingError::Objects),
        };
        Ok(Command {
            cla: command.cla & !0x0C,
            ins: command.ins,
            p1: command.p1,
            p2: command.p2,
            data: self.read_cryptogram(&objects)?,
            le,
        })
    }

    /// The protected answer to a command of this instruction.
    ///
    /// # Errors
    /// None with the keys that [`SecureMessaging::new`] took.
    pub fn protect_response(
        &mut self,
        ins: u8,
        response: &Response,
    ) -> Result<Response, SecureMessagingError> {
        self.count();
        let mut objects = zeroize::Zeroizing::new(Vec::new());
        if !response.data.is_empty() {
            self.write_cryptogram(&mut objects, ins, &response.data)?;
        }
        tlv::write(
            &mut objects,
            super::STATUS,
            &response.status.0.to_be_bytes(),
        );
        let mac = self.mac(None, &objects)?;
        tlv::write(&mut objects, super::CHECKSUM, &mac);
        Ok(Response {
            data: objects,
            status: response.status,
        })
    }
}
