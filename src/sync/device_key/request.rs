//! The request for the kiosk's certificate.

use std::cell::RefCell;

use exchange::VerifyingKey;
use p256::ecdsa::DerSignature;
use p256::ecdsa::signature::{Error, Keypair, Signer};
use p256::pkcs8::LineEnding;
use x509_cert::builder::{Builder, RequestBuilder};
use x509_cert::der::EncodePem;
use x509_cert::der::oid::db::rfc5912::ECDSA_WITH_SHA_256;
use x509_cert::name::Name;
use x509_cert::spki::{self, AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier};

use super::super::SyncError;
use super::{DeviceKey, DeviceKeyError};

/// PKCS#10 (RFC 2986), PEM. The office chooses the name in the certificate.
///
/// # Errors
/// The key's.
pub(in super::super) fn certificate_request(key: &dyn DeviceKey) -> Result<String, SyncError> {
    let requester = Requester {
        key,
        failed: RefCell::default(),
    };
    let make = || -> Result<String, Box<dyn std::error::Error>> {
        let subject: Name = "CN=kiosk".parse()?;
        let request = RequestBuilder::new(subject)?.build::<_, DerSignature>(&requester)?;
        Ok(request.to_pem(LineEnding::LF)?)
    };
    make().map_err(|e| match requester.failed.take() {
        Some(failed) => failed.into(),
        None => SyncError::Configuration(format!("no certificate request: {e}")),
    })
}

struct Requester<'a> {
    key: &'a dyn DeviceKey,
    /// The builder's own error does not name it.
    failed: RefCell<Option<DeviceKeyError>>,
}

impl Keypair for Requester<'_> {
    type VerifyingKey = VerifyingKey;

    fn verifying_key(&self) -> VerifyingKey {
        self.key.public_key()
    }
}

impl DynSignatureAlgorithmIdentifier for Requester<'_> {
    /// RFC 5758 section 3.2.
    fn signature_algorithm_identifier(&self) -> spki::Result<AlgorithmIdentifierOwned> {
        Ok(AlgorithmIdentifierOwned {
            oid: ECDSA_WITH_SHA_256,
            parameters: None,
        })
    }
}

impl Signer<DerSignature> for Requester<'_> {
    fn try_sign(&self, message: &[u8]) -> Result<DerSignature, Error> {
        let signature = self.key.sign(message).map_err(|e| {
            *self.failed.borrow_mut() = Some(e.clone());
            Error::from_source(e)
        })?;
        DerSignature::from_bytes(&signature)
    }
}
