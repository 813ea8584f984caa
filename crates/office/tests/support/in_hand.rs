//! The key storage that a citizen carries from one kiosk to the next.

use std::path::PathBuf;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use der::Encode;
use exchange::{Digest, KeyAlgorithm, Secret, StorageType, SubmissionId, api::CollectIssued};
use keystore::{Chain, KeyId, KeyStorage, SimulatedToken, Subject};

/// When the citizen's key is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    BeforeSending,
    /// In a card that erases older keys.
    AtCollection,
}

/// A token in the citizen's hand, presented anew at each kiosk.
pub struct InHand {
    pub file: PathBuf,
    pub pin: Secret,
    pub made: Key,
    pub key: Option<KeyId>,
}

impl InHand {
    pub fn present(&self) -> SimulatedToken {
        let (kind, slots) = match self.made {
            Key::BeforeSending => (StorageType::Piv, 2),
            Key::AtCollection => (StorageType::AKKZIDCardStore, 2),
        };
        let token = SimulatedToken::in_file(kind, &self.pin, slots, &self.file).unwrap();
        match self.made {
            Key::BeforeSending => token,
            Key::AtCollection => token.erasing(),
        }
    }

    pub fn key(&self) -> &KeyId {
        self.key.as_ref().expect("it is made")
    }

    /// A request for the key that is there, or for one that is made now.
    pub fn request(&mut self, subject: Subject) -> Vec<u8> {
        let mut token = self.present();
        let key = match &self.key {
            Some(key) => token.read_back(key, &self.pin).unwrap().key,
            None => token.generate(KeyAlgorithm::EcdsaP256, &self.pin).unwrap(),
        };
        self.key = Some(key.id());
        keystore::request(&mut token, &key, &self.pin, subject, None).unwrap()
    }

    pub fn sign(&self, submission: SubmissionId, nonce: &str) -> String {
        let mut token = self.present();
        let signature = keystore::prove(&mut token, self.key(), &self.pin, submission, nonce);
        BASE64.encode(signature.unwrap())
    }

    /// Beside its key, read back and tried; gives what the office hears of it.
    pub fn install(&self, issued: &CollectIssued) -> Digest {
        let chain = Chain::from_pem(&issued.certificate_pem, &issued.chain_pem).unwrap();
        let mut token = self.present();
        token.install(self.key(), &self.pin, &chain).unwrap();
        let stored = token.read_back(self.key(), &self.pin).unwrap();
        let certificate = stored.chain.unwrap().certificate().to_der().unwrap();
        Digest::of(&certificate)
    }

    /// SHA-256 of the certificate that lies there, if one does.
    pub fn holds(&self) -> Option<Digest> {
        let stored = self.present().read_back(self.key(), &self.pin).unwrap();
        let certificate = stored.chain?.certificate().to_der().unwrap();
        Some(Digest::of(&certificate))
    }
}
