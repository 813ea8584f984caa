//! A new kiosk brings its token and its public keys.

use std::sync::Arc;

use axum::{Json, extract::State};
use exchange::{
    Digest, UnixMillis, VerifyingKey,
    api::{ApiError, ProvisionAnswer, ProvisionRequest, Provisioned},
};
use keystore::csr::Request;
use p256::pkcs8::EncodePublicKey;

use super::Receive;
use super::answer::{Body, Refusal, json, malformed};
use crate::{
    db::{
        alarms::{self, AlarmKind},
        kiosks::{self, Kiosk, KioskState},
    },
    keys,
};

pub async fn post(
    State(state): State<Arc<Receive>>,
    Body(request): Body<ProvisionRequest>,
) -> Result<Json<ProvisionAnswer>, Refusal> {
    json(state, move |s| provision(s, &request)).await
}

fn provision(s: &Receive, request: &ProvisionRequest) -> Result<ProvisionAnswer, Refusal> {
    let now = UnixMillis::from_system_clock();
    let keys = NewKeys::check(request)?;
    let token = Digest::of(request.token.expose().as_bytes());
    let kiosk = s.database.read(|c| kiosks::by_token(c, &token))?;
    let Some(kiosk) = kiosk.filter(|k| k.token_expires_at > now) else {
        return Err(ApiError::ProvisioningToken.into());
    };
    let awaiting = || ProvisionAnswer::AwaitingConfirmation {
        kiosk: kiosk.id.clone(),
        fingerprint_words: keys.words.clone(),
    };
    match kiosk.state {
        KioskState::Invited => {
            let (tls, manifest) = (&request.tls_csr_pem, &request.manifest_key_pem);
            let first = s
                .database
                .write(|t| kiosks::keys_arrived(t, &kiosk.id, tls, manifest))?;
            if first {
                Ok(awaiting())
            } else {
                // Two came at once with one token.
                Err(ApiError::ProvisioningToken.into())
            }
        }
        _ if !same_keys(&kiosk, request) => {
            s.database
                .write(|t| alarms::raise(t, AlarmKind::TokenReused, Some(&kiosk.id), None, now))?;
            Err(ApiError::ProvisioningToken.into())
        }
        KioskState::Awaiting => Ok(awaiting()),
        KioskState::Confirmed => Ok(ProvisionAnswer::Confirmed(Box::new(Provisioned {
            kiosk: kiosk.id,
            tls_certificate_pem: kiosk.tls_certificate_pem.unwrap_or_default(),
            sealing_recipients: s.public.sealing_recipients.clone(),
            receipt_key_pem: s.public.receipt_key_pem.clone(),
            decision_key_pem: s.public.decision_key_pem.clone(),
            authority_chain_pem: s.public.authority_chain_pem.clone(),
        }))),
        KioskState::Revoked => Err(ApiError::ProvisioningToken.into()),
    }
}

fn same_keys(kiosk: &Kiosk, request: &ProvisionRequest) -> bool {
    kiosk.tls_csr_pem.as_deref() == Some(request.tls_csr_pem.as_str())
        && kiosk.manifest_key_pem.as_deref() == Some(request.manifest_key_pem.as_str())
}

/// Two keys that are what they should be.
struct NewKeys {
    words: Vec<String>,
}

impl NewKeys {
    fn check(request: &ProvisionRequest) -> Result<Self, Refusal> {
        words(&request.tls_csr_pem, &request.manifest_key_pem)
            .map(|words| Self { words })
            .ok_or_else(|| malformed("the TLS request or the manifest key cannot be used"))
    }
}

/// The words an administrator compares; `None` when either key cannot be used.
pub(crate) fn words(tls_csr_pem: &str, manifest_key_pem: &str) -> Option<Vec<String>> {
    let request = Request::verify(tls_csr_pem.as_bytes()).ok()?;
    let manifest: VerifyingKey = keys::verifying_key(manifest_key_pem).ok()?;
    let manifest = manifest.to_public_key_der().ok()?;
    let tls = request.key().to_der();
    Some(exchange::fingerprint_words(&tls, manifest.as_bytes()))
}
