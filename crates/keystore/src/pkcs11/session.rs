//! One piece of work with a token: who is logged in, and how many tries are left.

use cryptoki::{
    error::RvError,
    session::{Session, UserType},
    slot::{Slot, TokenInfo},
    types::AuthPin,
};
use exchange::Secret;

use super::{Profile, failure::code, module::Module};
use crate::{PinStatus, StorageError};

/// Logged out and closed when dropped.
pub(super) struct TokenSession<'a> {
    pub session: Session,
    pub profile: &'a Profile,
    module: &'a Module,
    slot: Slot,
}

impl<'a> TokenSession<'a> {
    pub fn open(
        module: &'a Module,
        slot: Slot,
        profile: &'a Profile,
    ) -> Result<Self, StorageError> {
        let session = match module.context().open_rw_session(slot) {
            // It can still be read, and sign.
            Err(e) if code(&e) == Some(RvError::TokenWriteProtected) => {
                module.context().open_ro_session(slot)?
            }
            other => other?,
        };
        Ok(Self {
            session,
            profile,
            module,
            slot,
        })
    }

    pub fn info(&self) -> Result<TokenInfo, StorageError> {
        Ok(self.module.context().get_token_info(self.slot)?)
    }

    pub fn module(&self) -> &Module {
        self.module
    }

    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// Logs the owner in, whoever was before.
    pub fn as_owner(&self, pin: &Secret) -> Result<(), StorageError> {
        // An empty PIN would ask for one at the reader's own keys.
        if pin.is_empty() {
            return Err(StorageError::TokenPinWrong);
        }
        self.log_out();
        match self.session.login(UserType::User, Some(&auth(pin))) {
            Err(e) if is_wrong_pin(code(&e)) => {
                let tries_left = self.pin_status()?.tries_left;
                Err(match tries_left {
                    Some(0) => StorageError::TokenBlocked,
                    Some(_) => StorageError::WrongSecret { tries_left },
                    None => StorageError::TokenPinWrong,
                })
            }
            other => Ok(other?),
        }
    }

    /// Logs in who may write keys and certificates. The owner has to have been
    /// logged in before, so that a wrong PIN is found first.
    pub fn as_writer(&self) -> Result<(), StorageError> {
        let Some(key) = &self.profile.pin.management_key else {
            return Ok(());
        };
        self.log_out();
        match self.session.login(UserType::So, Some(&auth(key))) {
            Err(e) if is_wrong_pin(code(&e)) || code(&e) == Some(RvError::PinLocked) => {
                Err(StorageError::TokenManagementKey)
            }
            other => Ok(other?),
        }
    }

    /// Logs the security officer in with the owner's PUK.
    pub fn as_security_officer(&self, puk: &Secret) -> Result<(), StorageError> {
        if puk.is_empty() {
            return Err(StorageError::TokenPukWrong { tries_left: None });
        }
        self.log_out();
        match self.session.login(UserType::So, Some(&auth(puk))) {
            Err(e) if code(&e) == Some(RvError::PinLocked) => Err(StorageError::TokenPukBlocked),
            Err(e) if is_wrong_pin(code(&e)) => Err(match puk_status(&self.info()?).tries_left {
                Some(0) => StorageError::TokenPukBlocked,
                tries_left => StorageError::TokenPukWrong { tries_left },
            }),
            other => Ok(other?),
        }
    }

    pub fn pin_status(&self) -> Result<PinStatus, StorageError> {
        Ok(pin_status(&self.info()?, self.profile.pin.tries))
    }

    fn log_out(&self) {
        // That nobody was logged in is no error.
        let _ = self.session.logout();
    }
}

impl Drop for TokenSession<'_> {
    fn drop(&mut self) {
        self.log_out();
    }
}

/// Cleared when dropped.
pub(super) fn auth(pin: &Secret) -> AuthPin {
    AuthPin::from(pin.expose())
}

/// A PIN of impossible length or characters is a wrong one too.
fn is_wrong_pin(code: Option<RvError>) -> bool {
    matches!(
        code,
        Some(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange)
    )
}

/// From the flags (PKCS #11 2.40 section 3.2). A flag that is not set says nothing:
/// modules need not tell.
pub(super) fn pin_status(info: &TokenInfo, tries: Option<u8>) -> PinStatus {
    let tries_left = tries_left(
        info.user_pin_locked(),
        info.user_pin_final_try(),
        info.user_pin_count_low(),
        tries,
    );
    PinStatus {
        tries_left,
        is_default: info.user_pin_to_be_changed().then_some(true),
    }
}

pub(super) fn puk_status(info: &TokenInfo) -> PinStatus {
    let tries_left = tries_left(
        info.so_pin_locked(),
        info.so_pin_final_try(),
        info.so_pin_count_low(),
        None,
    );
    PinStatus {
        tries_left,
        is_default: info.so_pin_to_be_changed().then_some(true),
    }
}

/// "Low" is at least one wrong try and not yet the last one: of three, that is two.
fn tries_left(locked: bool, last: bool, low: bool, of: Option<u8>) -> Option<u8> {
    match (locked, last, low) {
        (true, _, _) => Some(0),
        (_, true, _) => Some(1),
        (_, _, true) if of == Some(3) => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::tries_left;

    #[test]
    fn flags_say_how_many_tries_are_left() {
        assert_eq!(tries_left(true, true, true, None), Some(0));
        assert_eq!(tries_left(false, true, true, Some(10)), Some(1));
        assert_eq!(tries_left(false, false, true, Some(3)), Some(2));
        // Between two and nine.
        assert_eq!(tries_left(false, false, true, Some(10)), None);
        assert_eq!(tries_left(false, false, false, Some(3)), None);
    }
}
