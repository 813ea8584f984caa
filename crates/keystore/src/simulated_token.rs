//! A token without hardware: PIN with counted tries, slots, and faults on
//! demand. With a file behind it, it survives a restart as a token would.

use std::path::{Path, PathBuf};

use der::Encode;
use exchange::{KeyAlgorithm, Secret, StorageType};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{
    Contents, KeyId, KeyStorage, PinStatus, Presented, PrivateKey, PublicKey, SlotContent,
    StorageError, StoredKey, Token, TokenStatus,
    certificate::{self, Chain},
    placeholder,
};

/// Wrong PINs in a row that block the token.
const TRIES: u8 = 3;

/// What a token of this kind comes with.
pub const DEFAULT_PIN: &str = "12345678";
pub const DEFAULT_PUK: &str = "87654321";
/// A new PIN has so many characters.
const PIN_LENGTH: std::ops::RangeInclusive<usize> = 6..=8;

/// What a test or a demonstration makes the token do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum TokenFault {
    #[default]
    None,
    /// Nothing is inserted.
    Missing,
    /// Pulled out before the operation after this many more.
    PulledAfter(u32),
    /// Answers every command with an error.
    Failing,
}

/// What lies on the token.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Memory {
    pin: String,
    tries_left: u8,
    puk: String,
    puk_tries_left: u8,
    slots: Vec<Option<Slot>>,
}

#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Slot {
    /// PKCS#8, DER, hex.
    key: String,
    /// Own certificate first, PEM.
    certificates: String,
    pending: bool,
}

/// A token of one of NCALayer's kinds.
pub struct SimulatedToken {
    kind: StorageType,
    memory: Memory,
    file: Option<PathBuf>,
    fault: TokenFault,
    generation_erases: bool,
}

impl SimulatedToken {
    /// A fresh token in memory only.
    pub fn new(kind: StorageType, pin: &Secret, slots: usize) -> Self {
        Self {
            kind,
            memory: Memory {
                pin: pin.expose().to_owned(),
                tries_left: TRIES,
                puk: DEFAULT_PUK.to_owned(),
                puk_tries_left: TRIES,
                slots: vec![None; slots],
            },
            file: None,
            fault: TokenFault::None,
            generation_erases: false,
        }
    }

    /// As the ID card: making a key first erases every other one that is there.
    pub fn erasing(mut self) -> Self {
        self.generation_erases = true;
        self
    }

    /// With this key on it, and the certificates beside it.
    ///
    /// # Errors
    /// The certificates are not for the key.
    pub fn holding(mut self, key: &PrivateKey, chain: &Chain) -> Result<Self, StorageError> {
        if chain.key() != key.public() {
            return Err(StorageError::ForeignCertificate);
        }
        self.memory.slots.insert(
            0,
            Some(Slot {
                key: hex::encode(&*key.to_pkcs8().map_err(StorageError::Key)?),
                certificates: pem(chain)?,
                pending: false,
            }),
        );
        Ok(self)
    }

    /// A token kept in a file, which is made when it is missing.
    pub fn in_file(
        kind: StorageType,
        pin: &Secret,
        slots: usize,
        file: &Path,
    ) -> Result<Self, StorageError> {
        let mut token = Self::new(kind, pin, slots);
        token.file = Some(file.to_owned());
        match std::fs::read(file) {
            Ok(bytes) => {
                let bytes = zeroize::Zeroizing::new(bytes);
                token.memory =
                    serde_json::from_slice(&bytes).map_err(|_| StorageError::TokenFailed)?;
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => token.save()?,
            Err(_) => return Err(StorageError::TokenFailed),
        }
        Ok(token)
    }

    pub fn set_fault(&mut self, fault: TokenFault) {
        self.fault = fault;
    }

    fn save(&self) -> Result<(), StorageError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let text = serde_json::to_vec(&self.memory)
            .map(zeroize::Zeroizing::new)
            .map_err(|_| StorageError::TokenFailed)?;
        let unfinished = file.with_extension("part");
        std::fs::write(&unfinished, &*text)
            .and_then(|()| std::fs::rename(&unfinished, file))
            .map_err(|_| StorageError::TokenFailed)
    }

    /// Each operation passes here first.
    fn reach(&mut self) -> Result<(), StorageError> {
        match self.fault {
            TokenFault::None => Ok(()),
            TokenFault::Missing | TokenFault::PulledAfter(0) => {
                self.fault = TokenFault::Missing;
                Err(StorageError::TokenMissing)
            }
            TokenFault::PulledAfter(n) => {
                self.fault = TokenFault::PulledAfter(n - 1);
                Ok(())
            }
            TokenFault::Failing => Err(StorageError::TokenFailed),
        }
    }

    fn check_pin(&mut self, pin: &Secret) -> Result<(), StorageError> {
        if self.memory.tries_left == 0 {
            return Err(StorageError::TokenBlocked);
        }
        if *pin == Secret::from(self.memory.pin.as_str()) {
            self.memory.tries_left = TRIES;
            return self.save();
        }
        self.memory.tries_left -= 1;
        self.save()?;
        match self.memory.tries_left {
            0 => Err(StorageError::TokenBlocked),
            left => Err(StorageError::WrongSecret {
                tries_left: Some(left),
            }),
        }
    }

    fn is_default_pin(&self) -> bool {
        self.memory.pin == DEFAULT_PIN
    }

    fn set_pin(&mut self, new: &Secret) -> Result<(), StorageError> {
        let new = new.expose();
        if !PIN_LENGTH.contains(&new.chars().count()) || new == DEFAULT_PIN {
            return Err(StorageError::TokenPinRule);
        }
        self.memory.pin.zeroize();
        new.clone_into(&mut self.memory.pin);
        self.memory.tries_left = TRIES;
        self.save()
    }

    fn find(&self, id: &KeyId) -> Result<(usize, PrivateKey), StorageError> {
        for (at, slot) in self.memory.slots.iter().enumerate() {
            let Some(slot) = slot else { continue };
            let key = slot.private_key()?;
            if key.public().id() == *id {
                return Ok((at, key));
            }
        }
        Err(StorageError::NoKey)
    }

    fn stored(&self, at: usize) -> Result<StoredKey, StorageError> {
        let slot = self.memory.slots[at].as_ref().ok_or(StorageError::NoKey)?;
        let key = slot.private_key()?;
        let chain = slot.chain()?;
        let message = crate::storage::test_message()?;
        let signature = key.sign(&message).map_err(|_| StorageError::TestFailed)?;
        if !chain.key().verifies(&message, &signature) {
            return Err(StorageError::TestFailed);
        }
        Ok(StoredKey {
            key: key.public().clone(),
            chain: (!slot.pending).then_some(chain),
        })
    }
}

impl Slot {
    fn private_key(&self) -> Result<PrivateKey, StorageError> {
        let der =
            zeroize::Zeroizing::new(hex::decode(&self.key).map_err(|_| StorageError::TokenFailed)?);
        PrivateKey::from_pkcs8(&der).map_err(|_| StorageError::TokenFailed)
    }

    fn chain(&self) -> Result<Chain, StorageError> {
        let certificates = x509_cert::Certificate::load_pem_chain(self.certificates.as_bytes())
            .map_err(|_| StorageError::TokenFailed)?;
        Ok(Chain::partial(certificates)?)
    }
}

fn pem(chain: &Chain) -> Result<String, StorageError> {
    let all = chain.certificates().iter().map(certificate::to_pem);
    Ok(all.collect::<Result<String, _>>()?)
}

impl KeyStorage for SimulatedToken {
    fn storage_type(&self) -> StorageType {
        self.kind
    }

    fn contents(&mut self) -> Result<Contents, StorageError> {
        self.reach()?;
        let mut contents = Contents::default();
        for slot in self.memory.slots.iter().flatten() {
            let id = slot.chain()?.key().id();
            if slot.pending {
                contents.pending.push(id);
            } else {
                contents.installed.push(id);
            }
        }
        Ok(contents)
    }

    fn free_bytes(&mut self) -> Result<Option<u64>, StorageError> {
        self.reach()?;
        Ok(None)
    }

    fn generate(
        &mut self,
        algorithm: KeyAlgorithm,
        secret: &Secret,
    ) -> Result<PublicKey, StorageError> {
        self.reach()?;
        self.check_pin(secret)?;
        if self.is_default_pin() {
            return Err(StorageError::TokenPinDefault);
        }
        if self.generation_erases {
            // Before the new key is there: pulled out in between, the card is empty.
            self.memory.slots.fill(None);
            self.save()?;
        }
        let free = self.memory.slots.iter().position(Option::is_none);
        let free = free.ok_or(StorageError::TokenOccupied)?;
        let key = PrivateKey::generate(algorithm).map_err(StorageError::Key)?;
        let certificate =
            placeholder::certificate(key.public(), |m| key.sign(m).map_err(StorageError::Key))?;
        self.reach()?;
        self.memory.slots[free] = Some(Slot {
            key: hex::encode(&*key.to_pkcs8().map_err(StorageError::Key)?),
            certificates: certificate::to_pem(&certificate)?,
            pending: true,
        });
        self.save()?;
        Ok(self.stored(free)?.key)
    }

    fn sign(
        &mut self,
        key: &KeyId,
        secret: &Secret,
        message: &[u8],
    ) -> Result<Vec<u8>, StorageError> {
        self.reach()?;
        self.check_pin(secret)?;
        let (_, key) = self.find(key)?;
        key.sign(message).map_err(|_| StorageError::TokenFailed)
    }

    fn install(
        &mut self,
        key: &KeyId,
        secret: &Secret,
        chain: &Chain,
    ) -> Result<StoredKey, StorageError> {
        self.reach()?;
        self.check_pin(secret)?;
        let (at, private) = self.find(key)?;
        if chain.key() != private.public() {
            return Err(StorageError::ForeignCertificate);
        }
        self.reach()?;
        let certificates = pem(chain)?;
        if let Some(slot) = &mut self.memory.slots[at] {
            slot.certificates = certificates;
            slot.pending = false;
        }
        self.save()?;
        self.stored(at)
    }

    fn read_back(&mut self, key: &KeyId, secret: &Secret) -> Result<StoredKey, StorageError> {
        self.reach()?;
        self.check_pin(secret)?;
        let (at, _) = self.find(key)?;
        self.stored(at)
    }

    fn discard(&mut self, key: &KeyId, secret: &Secret) -> Result<(), StorageError> {
        self.reach()?;
        self.check_pin(secret)?;
        let (at, _) = match self.find(key) {
            Err(StorageError::NoKey) => return Ok(()),
            other => other?,
        };
        if self.memory.slots[at].as_ref().is_some_and(|s| s.pending) {
            self.memory.slots[at] = None;
            self.save()?;
        }
        Ok(())
    }

    fn remove_leftovers(&mut self) -> Result<usize, StorageError> {
        self.reach()?;
        Ok(0)
    }
}

impl Token for SimulatedToken {
    fn status(&mut self) -> Result<TokenStatus, StorageError> {
        self.reach()?;
        let slots = self.memory.slots.iter().zip(1..).map(|(slot, number)| {
            let content = match slot {
                None => SlotContent::Empty,
                Some(slot) if slot.pending => SlotContent::Pending(slot.chain()?.key().id()),
                Some(slot) => SlotContent::Installed(slot.chain()?.key().id()),
            };
            let name = format!("{number}");
            Ok(crate::Slot { name, content })
        });
        Ok(TokenStatus {
            label: "Simulated token".to_owned(),
            serial: None,
            pin: PinStatus {
                tries_left: Some(self.memory.tries_left),
                is_default: Some(self.is_default_pin()),
            },
            puk: Some(PinStatus {
                tries_left: Some(self.memory.puk_tries_left),
                is_default: None,
            }),
            slots: slots.collect::<Result<_, StorageError>>()?,
            algorithms: vec![KeyAlgorithm::Rsa2048, KeyAlgorithm::EcdsaP256],
            read_only: false,
            generation_erases: self.generation_erases,
        })
    }

    fn verify_pin(&mut self, pin: &Secret) -> Result<(), StorageError> {
        self.reach()?;
        self.check_pin(pin)?;
        if self.is_default_pin() {
            return Err(StorageError::TokenPinDefault);
        }
        Ok(())
    }

    fn change_pin(&mut self, old: &Secret, new: &Secret) -> Result<Option<Secret>, StorageError> {
        self.reach()?;
        self.check_pin(old)?;
        self.set_pin(new)?;
        Ok(None)
    }

    fn unblock(&mut self, puk: &Secret, new_pin: &Secret) -> Result<(), StorageError> {
        self.reach()?;
        if self.memory.puk_tries_left == 0 {
            return Err(StorageError::TokenPukBlocked);
        }
        if *puk != Secret::from(self.memory.puk.as_str()) {
            self.memory.puk_tries_left -= 1;
            self.save()?;
            return match self.memory.puk_tries_left {
                0 => Err(StorageError::TokenPukBlocked),
                left => Err(StorageError::TokenPukWrong {
                    tries_left: Some(left),
                }),
            };
        }
        self.memory.puk_tries_left = TRIES;
        self.set_pin(new_pin)
    }

    fn clear(&mut self, slot: &str, pin: &Secret) -> Result<(), StorageError> {
        self.reach()?;
        self.check_pin(pin)?;
        let at = slot.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        let slot = at.and_then(|at| self.memory.slots.get_mut(at));
        *slot.ok_or(StorageError::NoKey)? = None;
        self.save()
    }

    fn present(&mut self) -> Result<Presented, StorageError> {
        let status = self.status()?;
        let mut certificates = Vec::new();
        for slot in self.memory.slots.iter().flatten() {
            certificates.extend(slot.chain()?.certificate().to_der().ok());
        }
        Ok(Presented {
            serial: status.serial,
            pin: status.pin,
            longest_pin: *PIN_LENGTH.end() as u8,
            certificates,
        })
    }

    fn authenticate(
        &mut self,
        key: &KeyId,
        pin: &Secret,
        message: &[u8],
    ) -> Result<Vec<u8>, StorageError> {
        self.sign(key, pin, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_that_erases_holds_only_the_newest_key() {
        let pin = Secret::from("246810");
        let mut card = SimulatedToken::new(StorageType::AKKZIDCardStore, &pin, 3).erasing();
        assert!(card.status().unwrap().generation_erases);
        card.generate(KeyAlgorithm::EcdsaP256, &pin).unwrap();
        let newest = card.generate(KeyAlgorithm::EcdsaP256, &pin).unwrap();
        assert_eq!(card.contents().unwrap().pending, [newest.id()]);
        // Pulled out when the old one is gone and the new one not there yet.
        card.set_fault(TokenFault::PulledAfter(1));
        card.generate(KeyAlgorithm::EcdsaP256, &pin).unwrap_err();
        card.set_fault(TokenFault::None);
        assert_eq!(card.contents().unwrap().pending, []);

        let mut other = SimulatedToken::new(StorageType::Piv, &pin, 3);
        assert!(!other.status().unwrap().generation_erases);
        other.generate(KeyAlgorithm::EcdsaP256, &pin).unwrap();
        other.generate(KeyAlgorithm::EcdsaP256, &pin).unwrap();
        assert_eq!(other.contents().unwrap().pending.len(), 2);
    }
}
