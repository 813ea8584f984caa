//! How a new kiosk becomes one of the office's: it makes its keys, brings its one-use token, and
//! waits until an administrator has compared the words.

use std::path::{Path, PathBuf};
use std::time::Duration;

use exchange::api::{self, ProvisionAnswer, ProvisionRequest, Provisioned};
use exchange::seal::Recipients;
use exchange::{KioskId, Secret, SigningKey, VerifyingKey, fingerprint_words};
use p256::ecdsa::DerSignature;
use p256::pkcs8::{DecodePublicKey, EncodePublicKey, LineEnding};
use x509_cert::Certificate;
use x509_cert::builder::{Builder, RequestBuilder};
use x509_cert::der::{DecodePem, Encode, EncodePem};
use x509_cert::name::Name;
use zeroize::Zeroizing;

use super::{DeviceKey, FileDeviceKey, OfficeClient, SyncError, device_key, private_file};

/// What this kiosk is to the office: two keys made here, and what the office gave for them.
pub struct Identity {
    dir: PathBuf,
    device_key: FileDeviceKey,
    tls_key: SigningKey,
    /// Kept, because the office takes only the same request again.
    tls_request_pem: String,
}

/// What a provisioned kiosk shows and checks with.
#[derive(Clone)]
pub struct Credentials {
    pub kiosk: KioskId,
    pub(super) tls_certificate_pem: String,
    pub(super) tls_key_pem: Zeroizing<String>,
    /// Signs receipts and time.
    pub receipt_key: VerifyingKey,
    /// Signs results.
    pub decision_key: VerifyingKey,
    /// To seal to: operations and escrow.
    pub recipients: Recipients,
    /// The authority that issues to citizens, issuing CA first, PEM.
    pub authority_chain_pem: String,
}

/// Where provisioning stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provisioning {
    /// Show these words; an administrator compares them with the office's.
    Awaiting {
        kiosk: KioskId,
        words: Vec<String>,
    },
    Done,
}

const PROVISIONED: &str = "provisioned.json";
const ASK_EVERY: Duration = Duration::from_secs(3);

impl Identity {
    /// Reads the keys in `dir`, or makes them at the first start.
    ///
    /// # Errors
    /// A file is damaged, readable by others, or cannot be written.
    pub fn open_or_create(dir: &Path) -> Result<Self, SyncError> {
        private_file::create_dir(dir)?;
        let device_key = FileDeviceKey::open_or_create(&dir.join("device-key.pem"))?;
        let tls_key = device_key::open_or_create(&dir.join("tls-key.pem"))?;
        let path = dir.join("tls-request.pem");
        let tls_request_pem = match private_file::read(&path)? {
            Some(pem) => pem.to_string(),
            None => {
                let pem = tls_request(&tls_key)?;
                private_file::write(&path, pem.as_bytes())?;
                pem
            }
        };
        Ok(Self {
            dir: dir.to_owned(),
            device_key,
            tls_key,
            tls_request_pem,
        })
    }

    pub fn device_key(&self) -> &dyn DeviceKey {
        &self.device_key
    }

    /// The words over this kiosk's two keys, computed from the keys themselves.
    ///
    /// # Errors
    /// A key cannot be encoded.
    pub fn words(&self) -> Result<Vec<String>, SyncError> {
        let tls = public_der(self.tls_key.verifying_key())?;
        let manifest = public_der(&self.device_key.public_key())?;
        Ok(fingerprint_words(&tls, &manifest))
    }

    /// What the office gave earlier; `None` before provisioning is done.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn provisioned(&self) -> Result<Option<Provisioned>, SyncError> {
        let path = self.dir.join(PROVISIONED);
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
        if certified != public_der(self.tls_key.verifying_key())? {
            return Err(bad("the certificate of another key"));
        }
        let key = |pem: &str| VerifyingKey::from_public_key_pem(pem).map_err(|_| bad("no key"));
        Ok(Credentials {
            kiosk: given.kiosk,
            tls_certificate_pem: given.tls_certificate_pem,
            tls_key_pem: device_key::to_pem(&self.tls_key)?,
            receipt_key: key(&given.receipt_key_pem)?,
            decision_key: key(&given.decision_key_pem)?,
            recipients: Recipients::parse(&given.sealing_recipients)
                .map_err(|_| bad("no recipients"))?,
            authority_chain_pem: given.authority_chain_pem,
        })
    }
}

impl OfficeClient {
    /// Brings token and public keys once. Repeat until [`Provisioning::Done`]; then
    /// [`Identity::credentials`] has what the office gave, durable.
    ///
    /// # Errors
    /// [`SyncError::Refused`] with `ProvisioningToken`; [`SyncError::Untrusted`] when the office
    /// holds other keys than this kiosk's.
    pub async fn provision(
        &self,
        identity: &Identity,
        token: &Secret,
    ) -> Result<Provisioning, SyncError> {
        let manifest_key_pem = identity
            .device_key
            .public_key()
            .to_public_key_pem(LineEnding::LF)
            .map_err(|e| SyncError::Configuration(e.to_string()))?;
        let request = ProvisionRequest {
            token: token.clone(),
            tls_csr_pem: identity.tls_request_pem.clone(),
            manifest_key_pem,
        };
        match self.post(api::PROVISION, &request).await? {
            ProvisionAnswer::AwaitingConfirmation {
                kiosk,
                fingerprint_words: theirs,
            } => {
                let words = identity.words()?;
                if theirs != words {
                    let told = "the office's words are of other keys than this kiosk's";
                    return Err(SyncError::Untrusted(told.into()));
                }
                Ok(Provisioning::Awaiting { kiosk, words })
            }
            ProvisionAnswer::Confirmed(given) => {
                identity.check((*given).clone())?;
                let text = serde_json::to_string(&given)
                    .map_err(|e| SyncError::Unexpected(e.to_string()))?;
                private_file::write(&identity.dir.join(PROVISIONED), text.as_bytes())?;
                Ok(Provisioning::Done)
            }
        }
    }

    /// As [`Self::provision`], asked again until confirmed; `show` gets each new standing. A line
    /// that breaks meanwhile is no end.
    ///
    /// # Errors
    /// See [`Self::provision`].
    pub async fn provision_and_wait(
        &self,
        identity: &Identity,
        token: &Secret,
        mut show: impl FnMut(&Provisioning),
    ) -> Result<(), SyncError> {
        let mut shown = None;
        loop {
            match self.provision(identity, token).await {
                Ok(now) => {
                    if shown.as_ref() != Some(&now) {
                        show(&now);
                    }
                    if now == Provisioning::Done {
                        return Ok(());
                    }
                    shown = Some(now);
                }
                Err(SyncError::Unreachable(_) | SyncError::Busy { .. }) => {}
                Err(e) => return Err(e),
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }
}

fn public_der(key: &VerifyingKey) -> Result<Vec<u8>, SyncError> {
    key.to_public_key_der()
        .map(|der| der.as_bytes().to_vec())
        .map_err(|e| SyncError::Configuration(format!("a key cannot be encoded: {e}")))
}

/// PKCS#10 (RFC 2986). The office chooses the name in the certificate.
fn tls_request(key: &SigningKey) -> Result<String, SyncError> {
    let make = || -> Result<String, Box<dyn std::error::Error>> {
        let subject: Name = "CN=kiosk".parse()?;
        let request = RequestBuilder::new(subject)?.build::<_, DerSignature>(key)?;
        Ok(request.to_pem(LineEnding::LF)?)
    };
    make().map_err(|e| SyncError::Configuration(format!("no certificate request: {e}")))
}
