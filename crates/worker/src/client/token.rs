//! A token behind the worker, as the kiosk uses it: a [`KeyStorage`] whose every
//! call is one request with a deadline.

use std::time::Duration;

use exchange::{KeyAlgorithm, Secret, StorageType};
use keystore::{
    Chain, Contents, KeyId, KeyStorage, Presented, PublicKey, StorageError, StoredKey, Token,
    TokenStatus,
};
use tokio::runtime::Handle;

use super::{CallError, WorkerClient};
use crate::message::Refusal;
use crate::token::{ChainData, KeyData, TokenAnswer, TokenRequest};

/// RSA on a slow card takes up to a minute.
const GENERATING: Duration = Duration::from_secs(120);
const WRITING: Duration = Duration::from_secs(60);
const ASKING: Duration = Duration::from_secs(20);

/// The token that is in now. Its calls wait for the worker: not for a thread of the
/// runtime.
pub struct RemoteToken {
    worker: WorkerClient,
    runtime: Handle,
    kind: StorageType,
}

impl RemoteToken {
    pub fn new(worker: WorkerClient, runtime: Handle, kind: StorageType) -> Self {
        RemoteToken {
            worker,
            runtime,
            kind,
        }
    }

    fn ask(&self, request: TokenRequest, limit: Duration) -> Result<TokenAnswer, StorageError> {
        let answered = self.runtime.block_on(self.worker.token(request, limit));
        answered.map_err(|error| {
            tracing::info!(%error, "no answer from the token");
            match error {
                CallError::Refused(Refusal::Token(trouble)) => trouble.into(),
                _ => StorageError::TokenFailed,
            }
        })
    }

    fn done(&self, request: TokenRequest, limit: Duration) -> Result<(), StorageError> {
        match self.ask(request, limit)? {
            TokenAnswer::Done => Ok(()),
            _ => Err(StorageError::TokenFailed),
        }
    }

    fn key(&self, request: TokenRequest, limit: Duration) -> Result<KeyData, StorageError> {
        match self.ask(request, limit)? {
            TokenAnswer::Key(key) => Ok(key),
            _ => Err(StorageError::TokenFailed),
        }
    }
}

impl KeyStorage for RemoteToken {
    fn storage_type(&self) -> StorageType {
        self.kind
    }

    fn contents(&mut self) -> Result<Contents, StorageError> {
        match self.ask(TokenRequest::Contents, ASKING)? {
            TokenAnswer::Contents(contents) => Ok(contents),
            _ => Err(StorageError::TokenFailed),
        }
    }

    fn free_bytes(&mut self) -> Result<Option<u64>, StorageError> {
        Ok(None)
    }

    fn generate(
        &mut self,
        algorithm: KeyAlgorithm,
        secret: &Secret,
    ) -> Result<PublicKey, StorageError> {
        let pin = secret.clone();
        let request = TokenRequest::Generate { algorithm, pin };
        Ok(self.key(request, GENERATING)?.stored()?.key)
    }

    fn sign(
        &mut self,
        key: &KeyId,
        secret: &Secret,
        message: &[u8],
    ) -> Result<Vec<u8>, StorageError> {
        let request = TokenRequest::Sign {
            key: *key,
            pin: secret.clone(),
            message: message.to_vec(),
        };
        match self.ask(request, ASKING)? {
            TokenAnswer::Signature(signature) => Ok(signature),
            _ => Err(StorageError::TokenFailed),
        }
    }

    fn install(
        &mut self,
        key: &KeyId,
        secret: &Secret,
        chain: &Chain,
    ) -> Result<StoredKey, StorageError> {
        let request = TokenRequest::Install {
            key: *key,
            pin: secret.clone(),
            chain: ChainData::of(chain)?,
        };
        self.key(request, WRITING)?.stored()
    }

    fn read_back(&mut self, key: &KeyId, secret: &Secret) -> Result<StoredKey, StorageError> {
        let request = TokenRequest::ReadBack {
            key: *key,
            pin: secret.clone(),
        };
        self.key(request, ASKING)?.stored()
    }

    fn discard(&mut self, key: &KeyId, secret: &Secret) -> Result<(), StorageError> {
        let request = TokenRequest::Discard {
            key: *key,
            pin: secret.clone(),
        };
        self.done(request, WRITING)
    }

    fn remove_leftovers(&mut self) -> Result<usize, StorageError> {
        match self.ask(TokenRequest::RemoveLeftovers, WRITING)? {
            TokenAnswer::Removed(number) => Ok(number),
            _ => Err(StorageError::TokenFailed),
        }
    }
}

impl Token for RemoteToken {
    fn status(&mut self) -> Result<TokenStatus, StorageError> {
        match self.ask(TokenRequest::Status, ASKING)? {
            TokenAnswer::Status(_, status) => Ok(status),
            _ => Err(StorageError::TokenFailed),
        }
    }

    fn verify_pin(&mut self, pin: &Secret) -> Result<(), StorageError> {
        self.done(TokenRequest::VerifyPin { pin: pin.clone() }, ASKING)
    }

    fn change_pin(&mut self, old: &Secret, new: &Secret) -> Result<Option<Secret>, StorageError> {
        let request = TokenRequest::ChangePin {
            old: old.clone(),
            new: new.clone(),
        };
        match self.ask(request, WRITING)? {
            TokenAnswer::PinChanged(puk) => Ok(puk),
            _ => Err(StorageError::TokenFailed),
        }
    }

    fn unblock(&mut self, puk: &Secret, new_pin: &Secret) -> Result<(), StorageError> {
        let request = TokenRequest::Unblock {
            puk: puk.clone(),
            new_pin: new_pin.clone(),
        };
        self.done(request, WRITING)
    }

    fn clear(&mut self, slot: &str, pin: &Secret) -> Result<(), StorageError> {
        let request = TokenRequest::Clear {
            slot: slot.to_owned(),
            pin: pin.clone(),
        };
        self.done(request, WRITING)
    }

    fn present(&mut self) -> Result<Presented, StorageError> {
        match self.ask(TokenRequest::Present, ASKING)? {
            TokenAnswer::Presented(presented) => Ok(presented),
            _ => Err(StorageError::TokenFailed),
        }
    }

    fn authenticate(
        &mut self,
        key: &KeyId,
        pin: &Secret,
        message: &[u8],
    ) -> Result<Vec<u8>, StorageError> {
        let request = TokenRequest::Authenticate {
            key: *key,
            pin: pin.clone(),
            message: message.to_vec(),
        };
        match self.ask(request, ASKING)? {
            TokenAnswer::Signature(signature) => Ok(signature),
            _ => Err(StorageError::TokenFailed),
        }
    }
}
