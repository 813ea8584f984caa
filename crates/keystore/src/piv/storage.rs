//! The token as a key storage.

use apdu::CardChannel;
use exchange::{KeyAlgorithm, Secret, StorageType};

use super::{
    pin,
    session::{Session, object},
    signature,
    slot::SlotId,
    token::PivToken,
};
use crate::{Chain, Contents, KeyId, KeyStorage, PublicKey, SlotContent, StorageError, StoredKey};

impl<C: CardChannel> KeyStorage for PivToken<C> {
    fn storage_type(&self) -> StorageType {
        self.kind
    }

    fn contents(&mut self) -> Result<Contents, StorageError> {
        self.card.select()?;
        let mut contents = Contents::default();
        for slot in SlotId::all() {
            match object(&mut self.card, slot)?.content(false) {
                SlotContent::Pending(id) => contents.pending.push(id),
                SlotContent::Installed(id) => contents.installed.push(id),
                SlotContent::Empty | SlotContent::Unknown => {}
            }
        }
        Ok(contents)
    }

    fn free_bytes(&mut self) -> Result<Option<u64>, StorageError> {
        Ok(None)
    }

    /// In the first free place, the signature key's if possible.
    ///
    /// # Errors
    /// [`StorageError::TokenPinDefault`] before [`Token::change_pin`](crate::Token),
    /// [`StorageError::TokenOccupied`] when no place is free.
    fn generate(
        &mut self,
        algorithm: KeyAlgorithm,
        secret: &Secret,
    ) -> Result<PublicKey, StorageError> {
        let able = self.card.select()?.algorithms;
        if !able.is_empty() && !able.contains(&signature::identifier(algorithm)) {
            return Err(StorageError::TokenUnknown);
        }
        if self.card.metadata(pin::PIN)?.pin().is_default == Some(true) {
            return Err(StorageError::TokenPinDefault);
        }
        let mut session = Session::new(&mut self.card, secret);
        session.verify()?;
        if pin::is_default(secret) {
            return Err(StorageError::TokenPinDefault);
        }
        for slot in SlotId::all() {
            if session.is_free(slot)? {
                match session.make(slot, algorithm) {
                    // Not every card has all the retired keys.
                    Err(StorageError::TokenReadOnly) => {}
                    other => return other,
                }
            }
        }
        Err(StorageError::TokenOccupied)
    }

    fn sign(
        &mut self,
        key: &KeyId,
        secret: &Secret,
        message: &[u8],
    ) -> Result<Vec<u8>, StorageError> {
        self.card.select()?;
        let mut session = Session::new(&mut self.card, secret);
        let (slot, held) = session.find(key)?;
        session.sign(slot, &held.key, message)
    }

    /// Only the citizen's own certificate has a place on the card; those of its issuers
    /// come with the chain that is given.
    fn install(
        &mut self,
        key: &KeyId,
        secret: &Secret,
        chain: &Chain,
    ) -> Result<StoredKey, StorageError> {
        if chain.key().id() != *key {
            return Err(StorageError::ForeignCertificate);
        }
        self.card.select()?;
        let mut session = Session::new(&mut self.card, secret);
        let (slot, lies_there) = match session.find(key) {
            Ok((slot, held)) => (slot, held.certificate == *chain.certificate()),
            Err(StorageError::NoKey) => (session.find_bare(chain.key())?, false),
            Err(other) => return Err(other),
        };
        if !lies_there {
            session.permit_writing()?;
            session.write_certificate(slot, chain.certificate())?;
        }
        session.try_signature(slot, chain.key())?;
        Ok(StoredKey {
            key: chain.key().clone(),
            chain: Some(chain.clone()),
        })
    }

    /// The chain is the citizen's certificate alone, as it lies there.
    fn read_back(&mut self, key: &KeyId, secret: &Secret) -> Result<StoredKey, StorageError> {
        self.card.select()?;
        let mut session = Session::new(&mut self.card, secret);
        let (slot, held) = session.find(key)?;
        session.try_signature(slot, &held.key)?;
        let chain = match held.is_placeholder {
            true => None,
            false => Some(Chain::partial(vec![held.certificate])?),
        };
        Ok(StoredKey {
            key: held.key,
            chain,
        })
    }

    fn discard(&mut self, key: &KeyId, secret: &Secret) -> Result<(), StorageError> {
        self.card.select()?;
        let mut session = Session::new(&mut self.card, secret);
        match session.find(key) {
            Ok((slot, held)) if held.is_placeholder => session.void(slot),
            Ok(_) | Err(StorageError::NoKey) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// There never are any: an interrupted write leaves a place that counts as empty.
    fn remove_leftovers(&mut self) -> Result<usize, StorageError> {
        Ok(0)
    }
}
