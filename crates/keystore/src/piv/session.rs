//! One operation on a card: what its steps share, with the PIN for as long as it takes.

use apdu::CardChannel;
use exchange::{KeyAlgorithm, Secret};
use x509_cert::Certificate;

use super::{
    application::Application,
    certificate_object::{self, CertificateObject, Held},
    management_key::ManagementKey,
    metadata::Metadata,
    protected::{PRINTED, Protected},
    signature::trials,
    slot::SlotId,
};
use crate::{CertificateError, KeyId, PublicKey, StorageError, placeholder};

/// Signed to see whether a key is there; says to whoever finds it what it was for.
const TRIAL: &[u8] = b"qoltanba: is there a key in this place?";

pub struct Session<'a, C: CardChannel> {
    pub card: &'a mut Application<C>,
    pub pin: &'a Secret,
    verified: bool,
    may_write: bool,
}

impl<'a, C: CardChannel> Session<'a, C> {
    /// The application is selected already.
    pub fn new(card: &'a mut Application<C>, pin: &'a Secret) -> Self {
        Self {
            card,
            pin,
            verified: false,
            may_write: false,
        }
    }

    pub fn verify(&mut self) -> Result<(), StorageError> {
        self.card.verify(self.pin)?;
        self.verified = true;
        Ok(())
    }

    pub fn object(&mut self, slot: SlotId) -> Result<CertificateObject, StorageError> {
        object(self.card, slot)
    }

    /// The place of a key by its certificate.
    ///
    /// # Errors
    /// [`StorageError::NoKey`], or [`StorageError::TokenCertificateCompressed`] when the
    /// key may be where a certificate cannot be read.
    pub fn find(&mut self, id: &KeyId) -> Result<(SlotId, Held), StorageError> {
        let mut compressed = false;
        for slot in SlotId::all() {
            let object = self.object(slot)?;
            compressed |= object == CertificateObject::Compressed;
            if let Some(held) = object.held_for(id) {
                return Ok((slot, held));
            }
        }
        Err(match compressed {
            true => StorageError::TokenCertificateCompressed,
            false => StorageError::NoKey,
        })
    }

    /// The place of a key that proves who holds the card.
    ///
    /// # Errors
    /// [`StorageError::NoKey`].
    pub fn find_of_holder(&mut self, id: &KeyId) -> Result<(SlotId, Held), StorageError> {
        for slot in SlotId::of_holder() {
            if let Some(held) = self.object(slot)?.held_for(id) {
                return Ok((slot, held));
            }
        }
        Err(StorageError::NoKey)
    }

    /// The place of a key whose certificate object was lost, by its signature.
    pub fn find_bare(&mut self, key: &PublicKey) -> Result<SlotId, StorageError> {
        for slot in SlotId::all() {
            let candidate = matches!(
                self.object(slot)?,
                CertificateObject::Absent | CertificateObject::Unknown
            );
            if candidate && self.card.metadata(slot.reference())? != Metadata::Absent {
                self.verify()?;
                let signature = self.card.sign(slot, key.algorithm(), TRIAL)?;
                if signature.is_some_and(|signature| key.verifies(TRIAL, &signature)) {
                    return Ok(slot);
                }
            }
        }
        Err(StorageError::NoKey)
    }

    /// Whether making a key there loses nothing.
    pub fn is_free(&mut self, slot: SlotId) -> Result<bool, StorageError> {
        match self.object(slot)? {
            CertificateObject::Void => Ok(true),
            CertificateObject::Absent => match self.card.metadata(slot.reference())? {
                Metadata::Absent => Ok(true),
                Metadata::Present(_) => Ok(false),
                Metadata::Untold => Ok(!self.signs(slot)?),
            },
            _ => Ok(false),
        }
    }

    fn signs(&mut self, slot: SlotId) -> Result<bool, StorageError> {
        for (algorithm, challenge) in trials(TRIAL) {
            self.verify()?;
            if self.card.respond(slot, algorithm, &challenge)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Verifies the PIN and authenticates with the management key: the one that lies
    /// behind the PIN, else the default.
    ///
    /// # Errors
    /// [`StorageError::TokenManagementKey`] when it is neither.
    pub fn permit_writing(&mut self) -> Result<(), StorageError> {
        if self.may_write {
            return Ok(());
        }
        self.verify()?;
        let protected = self.protected()?.map(|protected| protected.key);
        for key in protected.into_iter().chain([ManagementKey::default_key()]) {
            if self.card.authenticate(&key)?.is_some() {
                self.may_write = true;
                return Ok(());
            }
        }
        Err(StorageError::TokenManagementKey)
    }

    /// After [`Session::verify`].
    pub fn protected(&mut self) -> Result<Option<Protected>, StorageError> {
        let printed = self.card.get_data(PRINTED)?;
        Ok(printed.and_then(|value| Protected::parse(&value)))
    }

    /// A signature that the key is seen to have made.
    pub fn sign(
        &mut self,
        slot: SlotId,
        key: &PublicKey,
        message: &[u8],
    ) -> Result<Vec<u8>, StorageError> {
        self.verify()?;
        let signature = self.card.sign(slot, key.algorithm(), message)?;
        signature
            .filter(|signature| key.verifies(message, signature))
            .ok_or(StorageError::TestFailed)
    }

    pub fn try_signature(&mut self, slot: SlotId, key: &PublicKey) -> Result<(), StorageError> {
        let message = crate::storage::test_message()?;
        self.sign(slot, key, &message).map(drop)
    }

    /// Makes a key with its placeholder in a place that is free.
    ///
    /// # Errors
    /// [`StorageError::TokenReadOnly`] when the card has no such place.
    pub fn make(
        &mut self,
        slot: SlotId,
        algorithm: KeyAlgorithm,
    ) -> Result<PublicKey, StorageError> {
        self.permit_writing()?;
        if self.object(slot)? != CertificateObject::Void {
            self.write(slot, &certificate_object::void())?;
        }
        let key = self.card.generate(slot, algorithm)?;
        let certificate = placeholder::certificate(&key, |m| self.sign(slot, &key, m))?;
        self.write_certificate(slot, &certificate)?;
        self.try_signature(slot, &key)?;
        Ok(key)
    }

    pub fn write_certificate(
        &mut self,
        slot: SlotId,
        certificate: &Certificate,
    ) -> Result<(), StorageError> {
        let encoding = |_| StorageError::Certificate(CertificateError::Encoding);
        self.write(
            slot,
            &certificate_object::encode(certificate).map_err(encoding)?,
        )
    }

    fn write(&mut self, slot: SlotId, value: &[u8]) -> Result<(), StorageError> {
        self.card.put_data(slot.certificate_tag(), value)?;
        match self.card.get_data(slot.certificate_tag())? {
            Some(written) if *written == value => Ok(()),
            _ => Err(StorageError::TestFailed),
        }
    }

    /// Empties a place. Another key is made over the old one, which otherwise would stay
    /// usable; a card that does not make one keeps the old until the place is used again.
    pub fn void(&mut self, slot: SlotId) -> Result<(), StorageError> {
        self.permit_writing()?;
        self.write(slot, &certificate_object::void())?;
        match self.card.generate(slot, KeyAlgorithm::EcdsaP256) {
            Err(StorageError::TokenPulled) => Err(StorageError::TokenPulled),
            _ => Ok(()),
        }
    }
}

/// The PIN ends with the operation.
impl<C: CardChannel> Drop for Session<'_, C> {
    fn drop(&mut self) {
        if self.verified {
            self.card.forget_pin();
        }
    }
}

pub fn object<C: CardChannel>(
    card: &mut Application<C>,
    slot: SlotId,
) -> Result<CertificateObject, StorageError> {
    let value = card.get_data(slot.certificate_tag())?;
    Ok(CertificateObject::parse(
        value.as_deref().map(Vec::as_slice),
    ))
}
