//! What a token or card can do beyond [`KeyStorage`]: it counts tries, it can be
//! unblocked, and it has only so many places for keys.

use exchange::{KeyAlgorithm, Secret};
use serde::{Deserialize, Serialize};

use crate::{KeyId, KeyStorage, StorageError};

/// A PIN or PUK as far as the token tells without being asked for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinStatus {
    /// None where the token does not count, or does not tell.
    pub tries_left: Option<u8>,
    /// It still is what every token of this kind comes with. None: not known.
    pub is_default: Option<bool>,
}

impl PinStatus {
    /// One more wrong try blocks it.
    pub fn is_last_try(self) -> bool {
        self.tries_left == Some(1)
    }

    pub fn is_blocked(self) -> bool {
        self.tries_left == Some(0)
    }
}

/// What lies in one place for a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SlotContent {
    /// No key, or one that an interrupted write left and that belongs to nobody.
    Empty,
    /// A key of ours with its placeholder.
    Pending(KeyId),
    /// A key with a certificate of any authority.
    Installed(KeyId),
    /// Something that is not understood, so never touched unasked.
    Unknown,
}

/// One place for a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// As the token's own documents call it, e.g. `9C`.
    pub name: String,
    pub content: SlotContent,
}

/// A token as it lies there, without PIN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenStatus {
    /// The maker's words for this kind of token.
    pub label: String,
    /// As printed on it, where it tells.
    pub serial: Option<String>,
    pub pin: PinStatus,
    /// None: this kind has no PUK.
    pub puk: Option<PinStatus>,
    pub slots: Vec<Slot>,
    /// Which keys it can make.
    pub algorithms: Vec<KeyAlgorithm>,
    /// It refuses every change.
    pub read_only: bool,
    /// Making a key erases those that are there (the ID card).
    pub generation_erases: bool,
}

impl TokenStatus {
    /// A key can be made without losing another.
    pub fn has_room(&self) -> bool {
        self.slots.iter().any(|s| s.content == SlotContent::Empty)
    }
}

/// A card as a door looks at it, without PIN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presented {
    pub serial: Option<String>,
    pub pin: PinStatus,
    /// Characters of the longest PIN there can be.
    pub longest_pin: u8,
    /// DER, of the keys that prove who holds the card. Whose they are, is not looked at.
    pub certificates: Vec<Vec<u8>>,
}

/// A storage with a PIN of its own.
pub trait Token: KeyStorage {
    fn status(&mut self) -> Result<TokenStatus, StorageError>;

    /// # Errors
    /// [`StorageError::TokenPinDefault`] for the PIN that every token of this kind comes
    /// with: it is right, and has to be changed.
    fn verify_pin(&mut self, pin: &Secret) -> Result<(), StorageError>;

    /// Also sets whatever else still is as every token of this kind comes (PUK,
    /// management key), where the token has it. Gives the PUK, where one
    /// was made: it has to be shown to its owner, nobody else knows it.
    fn change_pin(&mut self, old: &Secret, new: &Secret) -> Result<Option<Secret>, StorageError>;

    /// Sets a new PIN after the old one was blocked.
    fn unblock(&mut self, puk: &Secret, new_pin: &Secret) -> Result<(), StorageError>;

    /// Empties one place by its name, whatever lies there: only with the owner's
    /// explicit yes.
    fn clear(&mut self, slot: &str, pin: &Secret) -> Result<(), StorageError>;

    /// # Errors
    /// [`StorageError::TokenUnknown`]: no card that opens doors.
    fn present(&mut self) -> Result<Presented, StorageError> {
        Err(StorageError::TokenUnknown)
    }

    /// One try of the PIN; then the key of one of the [`present`](Self::present)ed
    /// certificates signs. The signature is seen to be that key's.
    fn authenticate(
        &mut self,
        _key: &KeyId,
        _pin: &Secret,
        _message: &[u8],
    ) -> Result<Vec<u8>, StorageError> {
        Err(StorageError::TokenUnknown)
    }
}
