//! Signatures by a token in the form that this project uses everywhere.

use cryptoki::{
    error::RvError,
    mechanism::Mechanism,
    object::{Attribute, AttributeType, KeyType, ObjectHandle},
    session::UserType,
};
use exchange::Secret;
use openssl::sha::sha256;
use p256::ecdsa::Signature;

use super::{
    EcdsaMechanism, RsaMechanism,
    failure::code,
    session::{TokenSession, auth},
};
use crate::{PublicKey, StorageError};

/// DigestInfo of SHA-256 up to the digest: RFC 8017 section 9.2, note 1.
const DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

impl TokenSession<'_> {
    /// SHA-256 with RSA PKCS#1 v1.5, or with ECDSA in DER. The owner has to be
    /// logged in.
    pub fn sign(
        &self,
        key: ObjectHandle,
        pin: &Secret,
        message: &[u8],
    ) -> Result<Vec<u8>, StorageError> {
        let (mut is_ec, mut always) = (false, self.profile.keys.always_authenticate);
        let asked = [AttributeType::KeyType, AttributeType::AlwaysAuthenticate];
        for attribute in self.session.get_attributes(key, &asked)? {
            match attribute {
                Attribute::KeyType(kind) => is_ec = kind == KeyType::EC,
                Attribute::AlwaysAuthenticate(true) => always = true,
                _ => {}
            }
        }
        if is_ec {
            let (mechanism, data) = match self.profile.keys.ecdsa {
                EcdsaMechanism::Ecdsa => (Mechanism::Ecdsa, sha256(message).to_vec()),
                EcdsaMechanism::EcdsaSha256 => (Mechanism::EcdsaSha256, message.to_vec()),
            };
            let raw = self.signature(&mechanism, key, pin, &data, always)?;
            let signature = Signature::from_slice(&raw).map_err(|_| StorageError::TokenFailed)?;
            Ok(signature.to_der().as_bytes().to_vec())
        } else {
            let (mechanism, data) = match self.profile.keys.rsa {
                RsaMechanism::Sha256RsaPkcs => (Mechanism::Sha256RsaPkcs, message.to_vec()),
                RsaMechanism::RsaPkcs => {
                    let info = [&DIGEST_INFO[..], &sha256(message)].concat();
                    (Mechanism::RsaPkcs, info)
                }
            };
            self.signature(&mechanism, key, pin, &data, always)
        }
    }

    fn signature(
        &self,
        mechanism: &Mechanism<'_>,
        key: ObjectHandle,
        pin: &Secret,
        data: &[u8],
        always_authenticate: bool,
    ) -> Result<Vec<u8>, StorageError> {
        if !always_authenticate {
            return Ok(self.session.sign(mechanism, key, data)?);
        }
        // In parts: the PIN has to be given between the beginning and the end, which a
        // signature at one go leaves no room for.
        self.session.sign_init(mechanism, key)?;
        match self
            .session
            .login(UserType::ContextSpecific, Some(&auth(pin)))
        {
            // Some modules count the first signature after a login as authenticated.
            Err(e) if code(&e) == Some(RvError::UserAlreadyLoggedIn) => {}
            other => other?,
        }
        self.session.sign_update(data)?;
        Ok(self.session.sign_final()?)
    }

    /// Signs something new and checks it with the public half.
    pub fn try_signature(
        &self,
        id: &[u8],
        pin: &Secret,
        public: &PublicKey,
    ) -> Result<(), StorageError> {
        let message = crate::storage::test_message()?;
        let signature = self.sign(self.private_key(id)?, pin, &message)?;
        match public.verifies(&message, &signature) {
            true => Ok(()),
            false => Err(StorageError::TestFailed),
        }
    }
}
