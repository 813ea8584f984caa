//! Key storage in files of a folder: `PENDING_<ski>.p12` from the moment the
//! key exists, `RSA256_<ski>.p12` or `ECDSA256_<ski>.p12` once the certificate
//! is in it.

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

/// No key file is near this size.
const LARGEST: u64 = 1 << 20;
/// Free space needed before a key is made: two files and the unfinished one.
const SPACE_NEEDED: u64 = 64 * 1024;

const PENDING: &str = "PENDING_";
const ENDING: &str = ".p12";

/// The prefix of a finished file, as the authority names its own.
fn prefix(algorithm: KeyAlgorithm) -> &'static str {
    match algorithm {
        KeyAlgorithm::Rsa2048 => "RSA256_",
        KeyAlgorithm::EcdsaP256 => "ECDSA256_",
    }
}

/// Name of the file in which a key waits for its certificate.
pub fn pending_name(key: &KeyId) -> String {
    format!("{PENDING}{key}{ENDING}")
}

/// Name of the file with the certificate in it.
pub fn installed_name(key: &KeyId, algorithm: KeyAlgorithm) -> String {
    format!("{}{key}{ENDING}", prefix(algorithm))
}

/// The key that one of our file names speaks of, and whether it is pending.
fn parse_name(name: &str) -> Option<(KeyId, bool)> {
    let stem = name.strip_suffix(ENDING)?;
    if let Some(id) = stem.strip_prefix(PENDING) {
        return Some((id.parse().ok()?, true));
    }
    let id = [KeyAlgorithm::Rsa2048, KeyAlgorithm::EcdsaP256]
        .into_iter()
        .find_map(|a| stem.strip_prefix(prefix(a)))?;
    Some((id.parse().ok()?, false))
}

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

    /// The finished file of a key, of whichever algorithm it is.
    fn open_installed(
        &self,
        key: &KeyId,
        password: &str,
    ) -> Result<Option<OpenFile>, StorageError> {
        for algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::EcdsaP256] {
            let found = self.open_file(&installed_name(key, algorithm), password)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The key itself: from the finished file, else from the pending one. A
    /// damaged finished file matters only when nothing is pending.
    fn open_key(&self, key: &KeyId, password: &str) -> Result<OpenFile, StorageError> {
        let installed = self.open_installed(key, password);
        let found = match installed {
            Ok(Some(file)) => file,
            Ok(None) => self
                .open_file(&pending_name(key), password)?
                .ok_or(StorageError::NoKey)?,
            Err(StorageError::Damaged) => self
                .open_file(&pending_name(key), password)?
                .ok_or(StorageError::Damaged)?,
            Err(other) => return Err(other),
        };
        if found.id() != *key {
            return Err(StorageError::Damaged);
        }
        Ok(found)
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
            if folder::finished_name(&name).is_some_and(|n| parse_name(n).is_some()) {
                contents.leftovers += 1;
            }
            match parse_name(&name) {
                Some((key, true)) => contents.pending.push(key),
                Some((key, false)) => contents.installed.push(key),
                None => {}
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
        let name = pending_name(&key.public().id());
        self.write_and_try(&name, &key, &chain, password.expose())?;
        Ok(key.public().clone())
    }

    fn sign(
        &mut self,
        key: &KeyId,
        secret: &Secret,
        message: &[u8],
    ) -> Result<Vec<u8>, StorageError> {
        let file = self.open_key(key, secret.expose())?;
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
        let file = self.open_key(key, secret.expose())?;
        let name = installed_name(key, chain.key().algorithm());
        // What an earlier run finished is not written again, only tried.
        let installed = if file.chain == *chain {
            file.try_signature()?;
            file
        } else {
            self.write_and_try(&name, &file.key, chain, secret.expose())?
        };
        // Last: until here the pending file alone would do to begin anew.
        self.folder.remove(&pending_name(key))?;
        self.remove_leftovers()?;
        Ok(stored(&installed))
    }

    fn read_back(&mut self, key: &KeyId, secret: &Secret) -> Result<StoredKey, StorageError> {
        let file = self.open_key(key, secret.expose())?;
        file.try_signature()?;
        Ok(stored(&file))
    }

    fn discard(&mut self, key: &KeyId, _secret: &Secret) -> Result<(), StorageError> {
        self.folder.remove(&pending_name(key))
    }

    fn remove_leftovers(&mut self) -> Result<usize, StorageError> {
        let is_ours =
            |n: &String| folder::finished_name(n).is_some_and(|n| parse_name(n).is_some());
        let names: Vec<String> = self.folder.names()?.into_iter().filter(is_ours).collect();
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
