//! A loaded module, and the token that is meant.

use std::path::Path;

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    slot::{Slot, TokenInfo},
};

use super::{Profile, failure::code};
use crate::StorageError;

/// A module is initialised once in a process, and finalised when this is dropped.
pub(super) struct Module {
    context: Pkcs11,
}

impl Module {
    /// # Errors
    /// [`StorageError::TokenFailed`] when the library is not installed, is none, or
    /// is in use in this process already.
    pub fn load(path: &Path) -> Result<Self, StorageError> {
        let context = Pkcs11::new(path)?;
        let flags = CInitializeFlags::OS_LOCKING_OK;
        match context.initialize(CInitializeArgs::new(flags)) {
            // Used from one thread, it does without locks.
            Err(e) if code(&e) == Some(RvError::CantLock) => {
                context.initialize(CInitializeArgs::new(CInitializeFlags::empty()))?;
            }
            other => other?,
        }
        Ok(Self { context })
    }

    pub fn context(&self) -> &Pkcs11 {
        &self.context
    }

    /// The one token of the profile's kind.
    ///
    /// # Errors
    /// [`StorageError::TokenMissing`], [`StorageError::TokenUnknown`] when only others
    /// are there, [`StorageError::TokenSeveral`].
    pub fn token(&self, profile: &Profile) -> Result<(Slot, TokenInfo), StorageError> {
        let mut tokens = Vec::new();
        for slot in self.occupied()? {
            match self.context.get_token_info(slot) {
                Ok(info) => tokens.push((slot, info)),
                // Pulled out since the list was made, or not understood.
                Err(e) => match StorageError::from(e) {
                    StorageError::TokenPulled => {}
                    StorageError::TokenUnknown => return Err(StorageError::TokenUnknown),
                    other => return Err(other),
                },
            }
        }
        if tokens.is_empty() {
            return Err(StorageError::TokenMissing);
        }
        tokens.retain(|(_, info)| is_meant(profile, info));
        if tokens.len() > 1 {
            return Err(StorageError::TokenSeveral);
        }
        tokens.pop().ok_or(StorageError::TokenUnknown)
    }

    pub fn is_present(&self, slot: Slot) -> bool {
        self.occupied().is_ok_and(|slots| slots.contains(&slot))
    }

    /// Slots with a token, each asked for itself: to the question for these alone some
    /// modules say for ever that the list is too short, once a token is put in between
    /// asking for its length and asking for it.
    fn occupied(&self) -> Result<Vec<Slot>, Error> {
        let mut slots = self.context.get_all_slots()?;
        let is_there = |slot: &Slot| {
            let info = self.context.get_slot_info(*slot);
            info.is_ok_and(|info| info.token_present())
        };
        slots.retain(is_there);
        Ok(slots)
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.context.clone().finalize();
    }
}

/// A token without a PIN of its owner cannot be logged in to.
fn is_meant(profile: &Profile, info: &TokenInfo) -> bool {
    let begins = |allowed: &[String], value: &str| {
        allowed.is_empty() || allowed.iter().any(|a| value.starts_with(a.as_str()))
    };
    info.token_initialized()
        && begins(&profile.manufacturers, info.manufacturer_id())
        && begins(&profile.models, info.model())
        && begins(&profile.labels, info.label())
}
