//! Key storage in files of a folder: `PENDING_<ski>.p12` from the moment the
//! key exists, `RSA256_<ski>.p12` or `ECDSA256_<ski>.p12` once the certificate
//! is in it; with `AUTH_` where a second pair is for authentication. A name holds
//! the key's own digest, so that no older key is ever in the way.

use std::path::Path;

use exchange::{KeyAlgorithm, Secret, StorageType};
use serde::Serialize;

use crate::{
    Contents, Folder, KeyId, KeyPassword, KeyStorage, PrivateKey, PublicKey, StorageError,
    StoredKey,
    certificate::Chain,
    folder,
    pkcs12_file::{OpenFile, encode},
    placeholder,
};

pub use crate::pkcs12_names::{
    KeyFile, KeyFileKind, Purpose, installed_name, installed_name_for, pending_name,
    pending_name_for,
};

/// No key file is near this size.
const LARGEST: u64 = 1 << 20;
/// Free space needed before a key is made: two files and the unfinished one.
const SPACE_NEEDED: u64 = 64 * 1024;

/// Key files in one folder of a citizen's drive.
pub struct Pkcs12Storage {
    folder: Folder,
}

impl Pkcs12Storage {
    pub fn new(folder: Folder) -> Self {
        Self { folder }
    }

    /// See [`Folder::open`].
    pub fn open<S: AsRef<str>>(root: &Path, path: &[S]) -> Result<Self, StorageError> {
        Ok(Self::new(Folder::open(root, path)?))
    }

    fn open_file(&self, name: &str, password: &str) -> Result<Option<OpenFile>, StorageError> {
        match self.folder.read(name, LARGEST)? {
            Some(bytes) => OpenFile::decode(&bytes, password).map(Some),
            None => Ok(None),
        }
    }

    /// Every file with a key file's name, those of older keys and of kinds that are
    /// not opened here included.
    pub fn key_files(&self) -> Result<Vec<KeyFile>, StorageError> {
        let names = self.folder.names()?;
        Ok(names.iter().filter_map(|n| KeyFile::from_name(n)).collect())
    }

    /// Makes a key pair for a purpose; [`KeyStorage::generate`] makes one for signing.
    pub fn generate_for(
        &mut self,
        purpose: Purpose,
        algorithm: KeyAlgorithm,
        secret: &Secret,
    ) -> Result<PublicKey, StorageError> {
        let password = KeyPassword::new(secret)?;
        if self.folder.is_read_only()? {
            return Err(StorageError::ReadOnly);
        }
        if self.folder.free_bytes()? < SPACE_NEEDED {
            return Err(StorageError::Full);
        }
        let key = PrivateKey::generate(algorithm).map_err(StorageError::Key)?;
        let certificate =
            placeholder::certificate(key.public(), |m| key.sign(m).map_err(StorageError::Key))?;
        let chain = Chain::new(vec![certificate])?;
        let name = pending_name_for(&key.public().id(), purpose);
        self.write_and_try(&name, &key, &chain, password.expose())?;
        Ok(key.public().clone())
    }

    /// The files of one key, the finished ones first.
    fn files_of(&self, key: &KeyId) -> Result<Vec<KeyFile>, StorageError> {
        let mut files = self.key_files()?;
        files.retain(|f| f.key == *key && f.is_ours());
        files.sort_by_key(|f| matches!(f.kind, KeyFileKind::Pending(_)));
        Ok(files)
    }

    /// The key itself and what it is for: from the finished file, else from the
    /// pending one. A damaged finished file matters only when nothing is pending.
    fn open_key(&self, key: &KeyId, password: &str) -> Result<(OpenFile, Purpose), StorageError> {
        let mut reason = StorageError::NoKey;
        for file in self.files_of(key)? {
            match self.open_file(&file.name, password) {
                Ok(Some(open)) if open.id() == *key => return Ok((open, file.purpose())),
                Ok(Some(_)) | Err(StorageError::Damaged) => reason = StorageError::Damaged,
                // Removed since the listing.
                Ok(None) => {}
                Err(other) => return Err(other),
            }
        }
        Err(reason)
    }

    /// Writes a file, reads it back from the drive and tries it.
    fn write_and_try(
        &self,
        name: &str,
        key: &PrivateKey,
        chain: &Chain,
        password: &str,
    ) -> Result<OpenFile, StorageError> {
        let bytes = encode(key, chain, password)?;
        self.folder.write(name, &bytes)?;
        let back = self
            .open_file(name, password)
            .map_err(|e| match e {
                // It was written with this password a moment ago.
                StorageError::WrongSecret { .. } | StorageError::Damaged => {
                    StorageError::TestFailed
                }
                other => other,
            })?
            .ok_or(StorageError::Pulled)?;
        if back.chain != *chain {
            return Err(StorageError::TestFailed);
        }
        back.try_signature()?;
        Ok(back)
    }
}

/// An unfinished file of ours.
fn is_leftover(name: &str) -> bool {
    folder::finished_name(name)
        .and_then(KeyFile::from_name)
        .is_some_and(|file| file.is_ours())
}

fn stored(file: &OpenFile) -> StoredKey {
    StoredKey {
        key: file.key.public().clone(),
        chain: (!file.chain.is_placeholder()).then(|| file.chain.clone()),
    }
}

impl KeyStorage for Pkcs12Storage {
    fn storage_type(&self) -> StorageType {
        StorageType::Pkcs12
    }

    fn contents(&mut self) -> Result<Contents, StorageError> {
        let mut contents = Contents::default();
        for name in self.folder.names()? {
            if is_leftover(&name) {
                contents.leftovers += 1;
            }
            let Some(file) = KeyFile::from_name(&name) else {
                continue;
            };
            match file.kind {
                KeyFileKind::Pending(_) => contents.pending.push(file.key),
                KeyFileKind::Installed(..) => contents.installed.push(file.key),
                KeyFileKind::Gost => {}
            }
        }
        Ok(contents)
    }

    fn free_bytes(&mut self) -> Result<Option<u64>, StorageError> {
        self.folder.free_bytes().map(Some)
    }

    fn generate(
        &mut self,
        algorithm: KeyAlgorithm,
        secret: &Secret,
    ) -> Result<PublicKey, StorageError> {
        self.generate_for(Purpose::Sign, algorithm, secret)
    }

    fn sign(
        &mut self,
        key: &KeyId,
        secret: &Secret,
        message: &[u8],
    ) -> Result<Vec<u8>, StorageError> {
        let (file, _) = self.open_key(key, secret.expose())?;
        file.key.sign(message).map_err(|_| StorageError::TestFailed)
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
        let (file, purpose) = self.open_key(key, secret.expose())?;
        let name = installed_name_for(key, chain.key().algorithm(), purpose);
        // What an earlier run finished is not written again, only tried.
        let installed = if file.chain == *chain {
            file.try_signature()?;
            file
        } else {
            self.write_and_try(&name, &file.key, chain, secret.expose())?
        };
        // Last: until here the pending file alone would do to begin anew.
        self.folder.remove(&pending_name_for(key, purpose))?;
        self.remove_leftovers()?;
        Ok(stored(&installed))
    }

    fn read_back(&mut self, key: &KeyId, secret: &Secret) -> Result<StoredKey, StorageError> {
        let (file, _) = self.open_key(key, secret.expose())?;
        file.try_signature()?;
        Ok(stored(&file))
    }

    fn discard(&mut self, key: &KeyId, _secret: &Secret) -> Result<(), StorageError> {
        for purpose in Purpose::ALL {
            self.folder.remove(&pending_name_for(key, purpose))?;
        }
        Ok(())
    }

    fn remove_leftovers(&mut self) -> Result<usize, StorageError> {
        let mut names = self.folder.names()?;
        names.retain(|n| is_leftover(n));
        for name in &names {
            self.folder.remove(name)?;
        }
        Ok(names.len())
    }
}

/// What a key file holds, for the person who has its password.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// Subject key identifier, hex.
    pub key_id: String,
    pub algorithm: KeyAlgorithm,
    pub friendly_name: Option<String>,
    /// Hex.
    pub local_key_id: Option<String>,
    /// The key still waits for its certificate.
    pub pending: bool,
    /// Subjects from the key's own certificate to the last issuer in the file.
    pub subjects: Vec<String>,
    /// Serial number of the key's certificate, hex.
    pub serial: String,
    /// Validity of the key's certificate, ISO 8601.
    pub not_before: String,
    pub not_after: String,
    /// SHA-256 of the key's certificate (DER), hex.
    pub certificate_sha256: String,
}

/// Opens any PKCS#12 file with an RSA-2048 or P-256 key, tries a signature
/// against its certificate and tells what is in it.
pub fn inspect(path: &Path, password: &Secret) -> Result<Inspection, StorageError> {
    let file = verify(path, password)?;
    let own = file.chain.certificate();
    let tbs = own.tbs_certificate();
    let der = der::Encode::to_der(own).map_err(|_| StorageError::Damaged)?;
    Ok(Inspection {
        key_id: file.id().to_string(),
        algorithm: file.key.public().algorithm(),
        friendly_name: file.friendly_name.clone(),
        local_key_id: file.local_key_id.as_ref().map(hex::encode),
        pending: file.chain.is_placeholder(),
        subjects: file
            .chain
            .certificates()
            .iter()
            .map(|c| c.tbs_certificate().subject().to_string())
            .collect(),
        serial: hex::encode(tbs.serial_number().as_bytes()),
        not_before: tbs.validity().not_before.to_string(),
        not_after: tbs.validity().not_after.to_string(),
        certificate_sha256: exchange::Digest::of(&der).to_string(),
    })
}

/// Opens a key file and tries its key against its certificate.
pub fn verify(path: &Path, password: &Secret) -> Result<OpenFile, StorageError> {
    let (folder, name) = match (path.parent(), path.file_name().and_then(|n| n.to_str())) {
        (Some(folder), Some(name)) => (folder, name),
        _ => return Err(StorageError::PathRefused),
    };
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let bytes = Folder::open::<&str>(folder, &[])?
        .read(name, LARGEST)?
        .ok_or(StorageError::Missing)?;
    let file = OpenFile::decode(&bytes, password.expose())?;
    file.try_signature()?;
    Ok(file)
}
