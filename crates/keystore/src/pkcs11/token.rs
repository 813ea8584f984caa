//! What a token can do beyond a key storage: PIN, PUK, places.

use cryptoki::mechanism::MechanismType;
use exchange::{KeyAlgorithm, Secret};

use super::{
    Pkcs11Storage,
    inventory::Entry,
    session::{TokenSession, auth, pin_status, puk_status},
};
use crate::{Slot, SlotContent, StorageError, Token, TokenStatus};

/// What a place that has no name yet is called.
const NEW: &str = "new";

impl TokenSession<'_> {
    /// What both the token and the profile know.
    pub(super) fn algorithms(&self) -> Result<Vec<KeyAlgorithm>, StorageError> {
        let context = self.module().context();
        let offered = context.get_mechanism_list(self.slot())?;
        let makes = |algorithm: &KeyAlgorithm| {
            offered.contains(&match algorithm {
                KeyAlgorithm::Rsa2048 => MechanismType::RSA_PKCS_KEY_PAIR_GEN,
                KeyAlgorithm::EcdsaP256 => MechanismType::ECC_KEY_PAIR_GEN,
            })
        };
        let known = self.profile.keys.algorithms.iter().copied();
        Ok(known.filter(makes).collect())
    }

    fn slots(&self) -> Result<Vec<Slot>, StorageError> {
        let entries = self.inventory()?;
        let places = &self.profile.keys.places;
        if !places.is_empty() {
            let content = |id: &[u8]| {
                let entry = entries.iter().find(|e| e.id == id && e.fills_place());
                entry.map_or(SlotContent::Empty, Entry::content)
            };
            let slot = |p: &super::Place| Slot {
                name: p.name.clone(),
                content: content(&p.id),
            };
            return Ok(places.iter().map(slot).collect());
        }
        let whole = entries.iter().filter(|e| !e.is_leftover());
        let mut slots: Vec<Slot> = whole
            .map(|e| Slot {
                name: hex::encode(&e.id),
                content: e.content(),
            })
            .collect();
        if self.has_room(&entries) {
            slots.push(Slot {
                name: NEW.to_owned(),
                content: SlotContent::Empty,
            });
        }
        Ok(slots)
    }
}

impl Token for Pkcs11Storage {
    fn status(&mut self) -> Result<TokenStatus, StorageError> {
        let (_, info) = self.token()?;
        let profile = self.profile();
        let serial = Some(info.serial_number().trim().to_owned());
        self.with_token(|session| {
            Ok(TokenStatus {
                label: format!("{} {}", info.manufacturer_id(), info.model()),
                serial: serial.filter(|s| !s.is_empty()),
                pin: pin_status(&info, profile.pin.tries),
                puk: profile.pin.unblocks.then(|| puk_status(&info)),
                slots: session.slots()?,
                algorithms: session.algorithms()?,
                read_only: info.write_protected(),
                generation_erases: profile.keys.generation_erases,
            })
        })
    }

    fn verify_pin(&mut self, pin: &Secret) -> Result<(), StorageError> {
        self.with_token(|session| {
            session.as_owner(pin)?;
            let default = session.profile.pin.is_default(pin);
            if default || session.pin_status()?.is_default == Some(true) {
                return Err(StorageError::TokenPinDefault);
            }
            Ok(())
        })
    }

    /// A management key stays what it is: without it nothing could be written any more.
    /// No PUK is made: who has the token as security officer sets it.
    fn change_pin(&mut self, old: &Secret, new: &Secret) -> Result<Option<Secret>, StorageError> {
        if old == new || !self.profile().pin.accept(new) {
            return Err(StorageError::TokenPinRule);
        }
        self.writing(|session| {
            session.check_length(new)?;
            session.as_owner(old)?;
            session
                .session
                .set_pin(&auth(old), &auth(new))
                .map_err(new_pin)?;
            Ok(None)
        })
    }

    fn unblock(&mut self, puk: &Secret, new_pin_value: &Secret) -> Result<(), StorageError> {
        let rules = &self.profile().pin;
        if !rules.unblocks {
            return Err(StorageError::TokenBlocked);
        }
        if !rules.accept(new_pin_value) {
            return Err(StorageError::TokenPinRule);
        }
        self.writing(|session| {
            session.check_length(new_pin_value)?;
            session.as_security_officer(puk)?;
            session
                .session
                .init_pin(&auth(new_pin_value))
                .map_err(new_pin)
        })
    }

    fn clear(&mut self, slot: &str, pin: &Secret) -> Result<(), StorageError> {
        self.writing(|session| {
            session.as_owner(pin)?;
            let places = &session.profile.keys.places;
            let id = match places.iter().find(|p| p.name == slot) {
                Some(place) => place.id.clone(),
                None if places.is_empty() => hex::decode(slot).map_err(|_| StorageError::NoKey)?,
                None => return Err(StorageError::NoKey),
            };
            let entries = session.inventory()?;
            let Some(entry) = entries.iter().find(|e| e.id == id) else {
                return Ok(());
            };
            session.as_writer()?;
            session.destroy(entry)
        })
    }
}

impl TokenSession<'_> {
    /// The token's own limits, in bytes.
    fn check_length(&self, pin: &Secret) -> Result<(), StorageError> {
        let info = self.info()?;
        let length = pin.expose().len();
        let longest = info.max_pin_length();
        // Some modules leave the upper limit at zero.
        match length >= info.min_pin_length() && (longest == 0 || length <= longest) {
            true => Ok(()),
            false => Err(StorageError::TokenPinRule),
        }
    }
}

/// Of setting a PIN: one that the token finds too short, too long or too simple.
fn new_pin(error: cryptoki::error::Error) -> StorageError {
    use cryptoki::error::RvError;
    match super::failure::code(&error) {
        Some(RvError::PinInvalid | RvError::PinLenRange) => StorageError::TokenPinRule,
        _ => error.into(),
    }
}
