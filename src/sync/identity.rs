//! What this kiosk is to the office: two keys made here, and what the office gave for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use exchange::api::Provisioned;
use exchange::seal::Recipients;
use exchange::{KioskId, VerifyingKey, fingerprint_words};
use p256::pkcs8::{DecodePublicKey, EncodePublicKey};
use x509_cert::Certificate;
use x509_cert::der::{DecodePem, Encode};

use super::device_key::certificate_request;
use super::{DeviceKey, DeviceKeyError, FileDeviceKey, SyncError, Tpm, TpmDeviceKey, private_file};

/// The keys in a folder, all in the TPM or all in files.
///
/// They are made when the kiosk is provisioned, and anew each time it is: beside the folder, until
/// the office has confirmed them. Until then the kiosk is what it was.
pub struct Identity {
    dir: PathBuf,
    /// The folder that this one is to replace.
    replaces: Option<PathBuf>,
    device_key: Arc<dyn DeviceKey>,
    tls_key: Arc<dyn DeviceKey>,
    /// Kept, because the office takes only the same request again.
    tls_request_pem: String,
}

/// What a provisioned kiosk shows and checks with.
#[derive(Clone)]
pub struct Credentials {
    pub kiosk: KioskId,
    pub(super) tls_certificate_pem: String,
    pub(super) tls_key: Arc<dyn DeviceKey>,
    /// Signs receipts and time.
    pub receipt_key: VerifyingKey,
    /// Signs results.
    pub decision_key: VerifyingKey,
    /// To seal to: operations and escrow.
    pub recipients: Recipients,
    /// The authority that issues to citizens, issuing CA first, PEM.
    pub authority_chain_pem: String,
}

const PROVISIONED: &str = "provisioned.json";
const REQUEST: &str = "tls-request.pem";
/// In files, and in the TPM.
const DEVICE_KEY: [&str; 2] = ["device-key.pem", "device-key.tss2.pem"];
const TLS_KEY: [&str; 2] = ["tls-key.pem", "tls-key.tss2.pem"];

impl Identity {
    /// Reads what lies in `dir`; the TPM is not asked. `None`: the keys were never made.
    ///
    /// # Errors
    /// A file is damaged or readable by others.
    pub fn open(dir: &Path, tpm: &Tpm) -> Result<Option<Self>, SyncError> {
        let _one_at_a_time = folders();
        finish_replacing(dir)?;
        Self::read(dir, tpm)
    }

    /// The keys that are to be brought to an office: new ones, in the TPM where there is one, but
    /// for those that were made so, still sign, and that no office has confirmed yet.
    ///
    /// # Errors
    /// The TPM's, the disk's. What is damaged gives way.
    pub fn to_provision(dir: &Path, tpm: &Tpm) -> Result<Self, SyncError> {
        match Self::open(dir, tpm) {
            Ok(Some(known)) if known.may_be_brought(tpm)? => return known.complete(),
            Ok(None) => {
                remove_dir(dir)?;
                return Self::make(dir, tpm);
            }
            Ok(Some(_)) => {}
            Err(e) => tracing::warn!("keys that new ones are to replace: {e}"),
        }
        let beside = sibling(dir, "next");
        let mut next = match Self::read(&beside, tpm) {
            Ok(Some(known)) if known.may_be_brought(tpm)? => known.complete()?,
            _ => {
                remove_dir(&beside)?;
                Self::make(&beside, tpm)?
            }
        };
        next.replaces = Some(dir.to_owned());
        Ok(next)
    }

    fn may_be_brought(&self, tpm: &Tpm) -> Result<bool, SyncError> {
        let lies_well = self.device_key.is_degraded() != tpm.is_there();
        if !lies_well || self.provisioned()?.is_some() {
            return Ok(false);
        }
        for key in [&self.device_key, &self.tls_key] {
            match key.probe() {
                Ok(()) => {}
                // Made before the board was changed.
                Err(DeviceKeyError::OfAnotherTpm) => return Ok(false),
                Err(e) => return Err(e.into()),
            }
        }
        Ok(true)
    }

    fn read(dir: &Path, tpm: &Tpm) -> Result<Option<Self>, SyncError> {
        let keys = open_key(dir, DEVICE_KEY, tpm)?.zip(open_key(dir, TLS_KEY, tpm)?);
        let Some((device_key, tls_key)) = keys else {
            // Making them was cut off; or what the office confirmed is lost.
            return match dir.join(PROVISIONED).exists() {
                false => Ok(None),
                true => {
                    let lost = std::io::ErrorKind::NotFound.into();
                    Err(private_file::failed("find the keys in", dir, lost))
                }
            };
        };
        let request = private_file::read(&dir.join(REQUEST))?;
        Ok(Some(Self {
            dir: dir.to_owned(),
            replaces: None,
            device_key,
            tls_key,
            tls_request_pem: request.map_or_else(String::new, |pem| pem.to_string()),
        }))
    }

    fn make(dir: &Path, tpm: &Tpm) -> Result<Self, SyncError> {
        private_file::create_dir(dir)?;
        let make = |[in_file, in_tpm]: [&str; 2]| -> Result<Arc<dyn DeviceKey>, SyncError> {
            Ok(match tpm.is_there() {
                true => Arc::new(TpmDeviceKey::open_or_create(&dir.join(in_tpm), tpm)?),
                false => Arc::new(FileDeviceKey::open_or_create(&dir.join(in_file))?),
            })
        };
        Self {
            dir: dir.to_owned(),
            replaces: None,
            device_key: make(DEVICE_KEY)?,
            tls_key: make(TLS_KEY)?,
            tls_request_pem: String::new(),
        }
        .complete()
    }

    /// With the request, which may have been cut off.
    fn complete(mut self) -> Result<Self, SyncError> {
        if self.tls_request_pem.is_empty() {
            self.tls_request_pem = certificate_request(&*self.tls_key)?;
            let path = self.dir.join(REQUEST);
            private_file::write(&path, self.tls_request_pem.as_bytes())?;
        }
        Ok(self)
    }

    pub fn device_key(&self) -> &dyn DeviceKey {
        &*self.device_key
    }

    /// Of TLS; it lies where the other does.
    pub fn tls_key(&self) -> &dyn DeviceKey {
        &*self.tls_key
    }

    pub(super) fn tls_request_pem(&self) -> &str {
        &self.tls_request_pem
    }

    fn home(&self) -> &Path {
        match &self.replaces {
            Some(dir) if !self.dir.exists() => dir,
            _ => &self.dir,
        }
    }

    /// The words over this kiosk's two keys, computed from the keys themselves.
    ///
    /// # Errors
    /// A key cannot be encoded.
    pub fn words(&self) -> Result<Vec<String>, SyncError> {
        let tls = public_der(&self.tls_key.public_key())?;
        let manifest = public_der(&self.device_key.public_key())?;
        Ok(fingerprint_words(&tls, &manifest))
    }

    /// What the office gave earlier; `None` before provisioning is done.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn provisioned(&self) -> Result<Option<Provisioned>, SyncError> {
        let path = self.home().join(PROVISIONED);
        let Some(text) = private_file::read(&path)? else {
            return Ok(None);
        };
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|e| SyncError::File {
                what: format!("cannot use {}", path.display()),
                source: e.into(),
            })
    }

    /// # Errors
    /// [`SyncError::NotProvisioned`], or what was kept is damaged.
    pub fn credentials(&self) -> Result<Credentials, SyncError> {
        let provisioned = self.provisioned()?.ok_or(SyncError::NotProvisioned)?;
        self.check(provisioned)
    }

    /// Takes only what fits this kiosk's keys and can be used.
    fn check(&self, given: Provisioned) -> Result<Credentials, SyncError> {
        let bad = |what: &str| SyncError::Unexpected(format!("provisioned with {what}"));
        let certificate = Certificate::from_pem(given.tls_certificate_pem.as_bytes())
            .map_err(|_| bad("no certificate"))?;
        let certified = certificate
            .tbs_certificate()
            .subject_public_key_info()
            .to_der()
            .map_err(|_| bad("no certificate"))?;
        if certified != public_der(&self.tls_key.public_key())? {
            return Err(bad("the certificate of another key"));
        }
        let key = |pem: &str| VerifyingKey::from_public_key_pem(pem).map_err(|_| bad("no key"));
        Ok(Credentials {
            kiosk: given.kiosk,
            tls_certificate_pem: given.tls_certificate_pem,
            tls_key: self.tls_key.clone(),
            receipt_key: key(&given.receipt_key_pem)?,
            decision_key: key(&given.decision_key_pem)?,
            recipients: Recipients::parse(&given.sealing_recipients)
                .map_err(|_| bad("no recipients"))?,
            authority_chain_pem: given.authority_chain_pem,
        })
    }

    /// Keeps what the office gave; from here on the kiosk is this.
    pub(super) fn confirmed(&self, given: Provisioned) -> Result<(), SyncError> {
        let text =
            serde_json::to_string(&given).map_err(|e| SyncError::Unexpected(e.to_string()))?;
        self.check(given)?;
        private_file::write(&self.home().join(PROVISIONED), text.as_bytes())?;
        match &self.replaces {
            Some(dir) if self.dir.exists() => {
                let _one_at_a_time = folders();
                private_file::rename(&self.dir, &sibling(dir, "confirmed"))?;
                finish_replacing(dir)
            }
            _ => Ok(()),
        }
    }
}

fn open_key(
    dir: &Path,
    [in_file, in_tpm]: [&str; 2],
    tpm: &Tpm,
) -> Result<Option<Arc<dyn DeviceKey>>, SyncError> {
    if let Some(key) = TpmDeviceKey::open(&dir.join(in_tpm), tpm)? {
        return Ok(Some(Arc::new(key)));
    }
    let key = FileDeviceKey::open(&dir.join(in_file))?;
    Ok(key.map(|key| Arc::new(key) as Arc<dyn DeviceKey>))
}

/// While it is held no folder takes another's place.
fn folders() -> MutexGuard<'static, ()> {
    static FOLDERS: Mutex<()> = Mutex::new(());
    FOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The folder beside `dir` that is named after it.
fn sibling(dir: &Path, what: &str) -> PathBuf {
    dir.with_extension(what)
}

/// A folder named `confirmed` is what the kiosk is, whatever was cut: the folder before goes out
/// of its way.
fn finish_replacing(dir: &Path) -> Result<(), SyncError> {
    let (confirmed, before) = (sibling(dir, "confirmed"), sibling(dir, "before"));
    if confirmed.exists() {
        if dir.exists() {
            remove_dir(&before)?;
            private_file::rename(dir, &before)?;
        }
        private_file::rename(&confirmed, dir)?;
    }
    remove_dir(&before)
}

fn remove_dir(dir: &Path) -> Result<(), SyncError> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(private_file::failed("remove", dir, e))
        }
        _ => Ok(()),
    }
}

fn public_der(key: &VerifyingKey) -> Result<Vec<u8>, SyncError> {
    key.to_public_key_der()
        .map(|der| der.as_bytes().to_vec())
        .map_err(|e| SyncError::Configuration(format!("a key cannot be encoded: {e}")))
}
