//! How a new kiosk becomes one of the office's: it makes its keys, brings its one-use token, and
//! waits until an administrator has compared the words.

use std::time::Duration;

use exchange::api::{self, ProvisionAnswer, ProvisionRequest};
use exchange::{KioskId, Secret};
use p256::pkcs8::{EncodePublicKey, LineEnding};

use super::{Identity, OfficeClient, SyncError};

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

const ASK_EVERY: Duration = Duration::from_secs(3);

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
            .device_key()
            .public_key()
            .to_public_key_pem(LineEnding::LF)
            .map_err(|e| SyncError::Configuration(e.to_string()))?;
        let request = ProvisionRequest {
            token: token.clone(),
            tls_csr_pem: identity.tls_request_pem().to_owned(),
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
                identity.confirmed(*given)?;
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
