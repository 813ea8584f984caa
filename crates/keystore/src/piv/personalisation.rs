//! Ending what every token of this kind comes with: management key, PUK, PIN.
//!
//! In this order: new key and PUK behind the PIN; the flag in admin data; the PUK; the
//! management key; the PIN. As long as the management key is the default, the run was
//! not finished, and the next one goes on with the key and PUK that lie there.

use apdu::CardChannel;
use exchange::Secret;

use super::{
    management_key::ManagementKey,
    pin::{self, Taken},
    protected::{ADMIN_DATA, PRINTED, Protected, flagged},
    session::Session,
};
use crate::StorageError;

impl<C: CardChannel> Session<'_, C> {
    /// Gives the PUK that was set here, now or earlier: when the card was pulled at the
    /// very end, the owner has not seen it yet.
    pub fn personalise(&mut self, new_pin: &Secret) -> Result<Option<Secret>, StorageError> {
        self.verify()?;
        let puk = self.end_defaults()?;
        self.card.change_pin(self.pin, new_pin)?;
        Ok(puk)
    }

    fn end_defaults(&mut self) -> Result<Option<Secret>, StorageError> {
        let earlier = self.protected()?;
        if let Some(protected) = &earlier
            && self.card.authenticate(&protected.key)?.is_some()
        {
            return Ok(protected.puk.clone());
        }
        let Some(algorithm) = self.card.authenticate(&ManagementKey::default_key())? else {
            // The owner's own, so not a default.
            return Ok(None);
        };
        let earlier =
            earlier.filter(|p| p.key.as_bytes().len() == algorithm.key_length() && p.puk.is_some());
        let is_second_run = earlier.is_some();
        let mut protected = match earlier {
            Some(protected) => protected,
            None => Protected {
                key: ManagementKey::random(algorithm)?,
                puk: Some(pin::random_puk()?),
            },
        };
        if !is_second_run {
            self.write_protected(&protected)?;
        }
        self.flag()?;
        if let Some(puk) = protected.puk.take()
            && self.set_puk(&puk, is_second_run)?
        {
            protected.puk = Some(puk);
        } else {
            self.write_protected(&protected)?;
        }
        // Where the card has no such command, its maker's programs alone can do it.
        match self.card.set_management_key(algorithm, &protected.key) {
            Err(StorageError::TokenManagementKey) => {}
            other => {
                other?;
                if self.card.authenticate(&protected.key)? != Some(algorithm) {
                    return Err(StorageError::TokenManagementKey);
                }
            }
        }
        Ok(protected.puk)
    }

    fn write_protected(&mut self, protected: &Protected) -> Result<(), StorageError> {
        self.card.put_data(PRINTED, &protected.encode())?;
        match self.protected()?.as_ref() == Some(protected) {
            true => Ok(()),
            false => Err(StorageError::TestFailed),
        }
    }

    /// Admin data is Yubico's: a card of another maker need not keep it.
    fn flag(&mut self) -> Result<(), StorageError> {
        let before = self.card.get_data(ADMIN_DATA)?;
        let wanted = flagged(before.as_deref().map(Vec::as_slice));
        if before.as_deref() == Some(&*wanted) {
            return Ok(());
        }
        match self.card.put_data(ADMIN_DATA, &wanted) {
            Err(StorageError::TokenReadOnly) => Ok(()),
            other => other,
        }
    }

    /// Whether the PUK is `new` now. The owner's own is left alone; where the card
    /// does not tell of it, that costs a try of the PUK, once.
    fn set_puk(&mut self, new: &Secret, is_second_run: bool) -> Result<bool, StorageError> {
        let default = pin::default_puk();
        let status = self.card.pin_status(pin::PUK)?;
        match status.is_default {
            Some(false) => return Ok(is_second_run),
            Some(true) => {}
            // Set already when the first run was cut short; a right PUK ends the count.
            None if is_second_run => match self.card.change_puk(new, new)? {
                Taken::Yes => return Ok(true),
                Taken::Blocked | Taken::Wrong(Some(1)) => return Ok(false),
                _ => {}
            },
            None => {}
        }
        Ok(self.card.change_puk(&default, new)? == Taken::Yes)
    }
}
