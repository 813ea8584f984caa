//! A token as a key storage.

use cryptoki::slot::{Slot, TokenInfo};
use der::Encode;
use exchange::{KeyAlgorithm, Secret, StorageType};

use super::{
    Place, Profile,
    inventory::{Entry, PENDING},
    key_pair::Made,
    module::Module,
    session::TokenSession,
};
use crate::{
    CertificateError, Contents, KeyId, KeyStorage, PublicKey, SlotContent, StorageError, StoredKey,
    certificate::{Chain, key_of},
    placeholder,
};

/// The one token of a profile's kind that is inserted. For one thread; each piece
/// of work opens its own session and logs out at its end.
///
/// Only the citizen's own certificate is written: programs bring the issuers' with
/// them, and space on a token is scarce.
pub struct Pkcs11Storage {
    module: Module,
    profile: Profile,
}

/// Opens the module whose token is inserted, of those that serve a storage.
///
/// # Errors
/// [`StorageError::TokenMissing`], [`StorageError::TokenSeveral`],
/// [`StorageError::TokenUnknown`], [`StorageError::TokenFailed`] when no module of
/// the storage can be used.
pub fn find(
    profiles: impl IntoIterator<Item = Profile>,
    storage: StorageType,
) -> Result<Pkcs11Storage, StorageError> {
    let mut found = None;
    let mut reason = StorageError::TokenUnknown;
    for profile in profiles.into_iter().filter(|p| p.storage == storage) {
        let opened = Pkcs11Storage::open(profile).and_then(|token| {
            token.module.token(&token.profile)?;
            Ok(token)
        });
        match opened {
            Ok(_) if found.is_some() => return Err(StorageError::TokenSeveral),
            Ok(token) => found = Some(token),
            Err(StorageError::TokenSeveral) => return Err(StorageError::TokenSeveral),
            // The plainest reason wins: a token that another module may know, then none
            // at all, then a module that is not installed.
            Err(e) => match (&reason, &e) {
                (_, StorageError::TokenMissing) => reason = e,
                (StorageError::TokenMissing, _) => {}
                _ => reason = e,
            },
        }
    }
    found.ok_or(reason)
}

impl Pkcs11Storage {
    /// Loads the module. Whether a token is there shows itself at the first use.
    ///
    /// # Errors
    /// [`StorageError::TokenUnknown`] when the profile names no module,
    /// [`StorageError::TokenFailed`] when it cannot be loaded.
    pub fn open(profile: Profile) -> Result<Self, StorageError> {
        let path = profile.module.as_deref();
        let module = Module::load(path.ok_or(StorageError::TokenUnknown)?)?;
        Ok(Self { module, profile })
    }

    /// Whether its token is in, without a session.
    ///
    /// # Errors
    /// As [`find`].
    pub fn present(&self) -> Result<StorageType, StorageError> {
        self.token().map(|_| self.profile.storage)
    }

    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    pub(super) fn token(&self) -> Result<(Slot, TokenInfo), StorageError> {
        self.module.token(&self.profile)
    }

    /// One piece of work with the token.
    pub(super) fn with_token<T>(
        &self,
        work: impl FnOnce(&TokenSession<'_>) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let (slot, _) = self.token()?;
        let done = TokenSession::open(&self.module, slot, &self.profile).and_then(|s| work(&s));
        match done {
            // Modules call a card that is gone a device error.
            Err(StorageError::TokenFailed) if !self.module.is_present(slot) => {
                Err(StorageError::TokenPulled)
            }
            other => other,
        }
    }

    /// The same for work that changes something.
    pub(super) fn writing<T>(
        &self,
        work: impl FnOnce(&TokenSession<'_>) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        self.with_token(|session| {
            if session.info()?.write_protected() {
                return Err(StorageError::TokenReadOnly);
            }
            work(session)
        })
    }

    /// Takes away what interrupted writes left; says how many keys. Only the owner
    /// sees all of it, so this needs the PIN; [`KeyStorage::generate`] does it too.
    pub fn remove_leftovers_as_owner(&mut self, pin: &Secret) -> Result<usize, StorageError> {
        self.writing(|session| {
            session.as_owner(pin)?;
            session.destroy_leftovers()
        })
    }
}

impl TokenSession<'_> {
    /// A place that is empty; none inside where the token takes keys without places.
    fn free_place(&self) -> Result<Option<&Place>, StorageError> {
        let entries = self.inventory()?;
        let keys = &self.profile.keys;
        if !keys.places.is_empty() {
            let is_free = |p: &&Place| !entries.iter().any(|e| e.id == p.id && e.fills_place());
            let free = keys.places.iter().find(is_free);
            return free.map(Some).ok_or(StorageError::TokenOccupied);
        }
        match self.has_room(&entries) {
            true => Ok(None),
            false => Err(StorageError::TokenOccupied),
        }
    }

    /// Of a token without fixed places.
    pub(super) fn has_room(&self, entries: &[Entry]) -> bool {
        let keys = &self.profile.keys;
        let used = entries.iter().filter(|e| !e.is_leftover()).count();
        keys.most.is_none_or(|most| used < most) && !(keys.generation_erases && used > 0)
    }

    /// A placeholder beside a new key, and a signature that fits both.
    fn certify(&self, made: &Made, pin: &Secret) -> Result<(), StorageError> {
        self.as_owner(pin)?;
        let private = self.private_key(&made.id)?;
        let certificate = placeholder::certificate(&made.public, |m| self.sign(private, pin, m))?;
        self.as_writer()?;
        self.write_certificate(&made.id, PENDING, &certificate)?;
        self.as_owner(pin)?;
        // A fixed place may have come with another one, made by the module.
        let entry = self.find(&made.public.id())?;
        let kept = certificate
            .to_der()
            .map_err(|_| CertificateError::Encoding)?;
        self.supersede(&entry, &made.public.id(), &kept, pin)?;
        self.try_signature(&made.id, pin, &made.public)
    }

    /// Takes away the key's other certificates.
    fn supersede(
        &self,
        entry: &Entry,
        key: &KeyId,
        kept: &[u8],
        pin: &Secret,
    ) -> Result<(), StorageError> {
        let superseded = entry.superseded(key, kept);
        if superseded.is_empty() {
            return Ok(());
        }
        self.as_writer()?;
        for certificate in superseded {
            self.session.destroy_object(certificate)?;
        }
        self.as_owner(pin)
    }

    fn stored(&self, key: &KeyId, pin: &Secret) -> Result<StoredKey, StorageError> {
        let entry = self.find(key)?;
        let certificate = entry.certificate_of(key).ok_or(StorageError::NoKey)?;
        let public = key_of(&certificate)?;
        self.try_signature(&entry.id, pin, &public)?;
        let chain = match self.is_placeholder(&certificate) {
            true => None,
            false => Some(Chain::partial(vec![certificate])?),
        };
        Ok(StoredKey { key: public, chain })
    }
}

impl KeyStorage for Pkcs11Storage {
    fn storage_type(&self) -> StorageType {
        self.profile.storage
    }

    fn contents(&mut self) -> Result<Contents, StorageError> {
        self.with_token(|session| {
            let mut contents = Contents::default();
            for entry in session.inventory()? {
                match entry.content() {
                    _ if entry.is_leftover() => contents.leftovers += 1,
                    SlotContent::Pending(key) => contents.pending.push(key),
                    SlotContent::Installed(key) => contents.installed.push(key),
                    SlotContent::Empty | SlotContent::Unknown => {}
                }
            }
            Ok(contents)
        })
    }

    fn free_bytes(&mut self) -> Result<Option<u64>, StorageError> {
        self.token().map(|_| None)
    }

    fn generate(
        &mut self,
        algorithm: KeyAlgorithm,
        secret: &Secret,
    ) -> Result<PublicKey, StorageError> {
        self.writing(|session| {
            if !session.algorithms()?.contains(&algorithm) {
                return Err(StorageError::TokenUnknown);
            }
            session.as_owner(secret)?;
            let default = session.profile.pin.is_default(secret);
            if default || session.pin_status()?.is_default == Some(true) {
                return Err(StorageError::TokenPinDefault);
            }
            session.destroy_leftovers()?;
            let place = session.free_place()?;
            session.as_writer()?;
            let made = session.make_key_pair(algorithm, place)?;
            if let Err(e) = session.certify(&made, secret) {
                // As far as the token still answers; else the next run does it.
                let _ = session
                    .as_owner(secret)
                    .and_then(|()| session.find(&made.public.id()))
                    .and_then(|entry| session.destroy(&entry));
                return Err(e);
            }
            Ok(made.public)
        })
    }

    fn sign(
        &mut self,
        key: &KeyId,
        secret: &Secret,
        message: &[u8],
    ) -> Result<Vec<u8>, StorageError> {
        self.with_token(|session| {
            session.as_owner(secret)?;
            let entry = session.find(key)?;
            session.sign(session.private_key(&entry.id)?, secret, message)
        })
    }

    fn install(
        &mut self,
        key: &KeyId,
        secret: &Secret,
        chain: &Chain,
    ) -> Result<StoredKey, StorageError> {
        if chain.key().id() != *key {
            return Err(StorageError::ForeignCertificate);
        }
        let der = chain.certificate().to_der();
        let der = der.map_err(|_| CertificateError::Encoding)?;
        self.writing(|session| {
            session.as_owner(secret)?;
            let entry = session.find(key)?;
            session.private_key(&entry.id)?;
            // What an earlier run wrote is not written again.
            if !entry.certificates.iter().any(|c| c.der == der) {
                session.as_writer()?;
                session.write_certificate(&entry.id, &key.to_string(), chain.certificate())?;
                session.as_owner(secret)?;
            }
            session.try_signature(&entry.id, secret, chain.key())?;
            // Last: until here the placeholder alone would do to begin anew.
            let entry = session.find(key)?;
            session.supersede(&entry, key, &der, secret)?;
            let entry = session.find(key)?;
            let keys = entry.private_keys.iter().chain(&entry.public_keys);
            session.label(keys.copied(), &key.to_string());
            session.stored(key, secret)
        })
    }

    fn read_back(&mut self, key: &KeyId, secret: &Secret) -> Result<StoredKey, StorageError> {
        self.with_token(|session| {
            session.as_owner(secret)?;
            session.stored(key, secret)
        })
    }

    fn discard(&mut self, key: &KeyId, secret: &Secret) -> Result<(), StorageError> {
        self.writing(|session| {
            session.as_owner(secret)?;
            let entry = match session.find(key) {
                Err(StorageError::NoKey) => return Ok(()),
                other => other?,
            };
            if entry.content() == SlotContent::Pending(*key) {
                session.as_writer()?;
                session.destroy(&entry)?;
            }
            Ok(())
        })
    }

    /// Nothing: what is left is the owner's to see, and nobody is logged in.
    fn remove_leftovers(&mut self) -> Result<usize, StorageError> {
        self.token().map(|_| 0)
    }
}
