//! A slot into which simulated tokens are put by whoever holds it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use exchange::StorageType;
use faults::Fault;
use keystore::{KeyStorage, SimulatedToken, Token, TokenFault};

use super::TokenWriter;
use crate::session::event::DeviceEvent;

/// Cloned handles work on one slot.
#[derive(Clone)]
pub struct SimulatedWriter {
    sender: Arc<dyn Fn(DeviceEvent) + Send + Sync>,
    token: Arc<Mutex<Option<SimulatedToken>>>,
}

/// `sender` must not call back into the writer.
pub fn start(sender: impl Fn(DeviceEvent) + Send + Sync + 'static) -> SimulatedWriter {
    super::super::simulated_in_use("token writer");
    SimulatedWriter {
        sender: Arc::new(sender),
        token: Arc::default(),
    }
}

impl SimulatedWriter {
    pub fn insert(&self, token: SimulatedToken) {
        drop(self.remove());
        let kind = token.storage_type();
        *self.slot() = Some(token);
        (self.sender)(DeviceEvent::TokenInserted { kind });
    }

    /// Gives the token back with all that lies on it.
    pub fn remove(&self) -> Option<SimulatedToken> {
        let token = self.slot().take();
        if token.is_some() {
            (self.sender)(DeviceEvent::TokenRemoved);
        }
        token
    }

    /// What the token in the slot does wrong from now on.
    pub fn inject(&self, fault: TokenFault) {
        if let Some(token) = &mut *self.slot() {
            token.set_fault(fault);
        }
    }

    fn slot(&self) -> MutexGuard<'_, Option<SimulatedToken>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenWriter for SimulatedWriter {
    fn inserted(&self) -> Option<StorageType> {
        self.slot().as_ref().map(KeyStorage::storage_type)
    }

    fn with_token(&self, work: &mut dyn FnMut(&mut dyn Token)) -> Result<(), Fault> {
        let mut slot = self.slot();
        work(slot.as_mut().ok_or(Fault::TokenMissing)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use exchange::{KeyAlgorithm, Secret};

    use super::*;

    #[test]
    fn a_key_made_on_a_token_leaves_with_it_and_comes_back_with_it() {
        let (sender, events) = mpsc::channel();
        let writer = start(move |event| sender.send(event).unwrap());
        assert_eq!(writer.with_token(&mut |_| ()), Err(Fault::TokenMissing));

        let pin = Secret::from("13572468");
        let kind = StorageType::AKKaztokenStore;
        writer.insert(SimulatedToken::new(kind, &pin, 1));
        assert_eq!(writer.inserted(), Some(kind));
        let mut made = None;
        writer
            .with_token(&mut |token| made = token.generate(KeyAlgorithm::EcdsaP256, &pin).ok())
            .unwrap();
        assert!(made.is_some());

        let token = writer.remove().unwrap();
        assert_eq!(writer.inserted(), None);
        writer.insert(token);
        let mut pending = 0;
        writer
            .with_token(&mut |token| pending = token.contents().unwrap().pending.len())
            .unwrap();
        assert_eq!(pending, 1);

        writer.inject(TokenFault::Failing);
        let mut fault = None;
        writer
            .with_token(&mut |token| fault = token.contents().err().map(|e| e.fault()))
            .unwrap();
        assert_eq!(fault, Some(Fault::TokenFailed));
        assert_eq!(
            events.try_iter().collect::<Vec<_>>(),
            [
                DeviceEvent::TokenInserted { kind },
                DeviceEvent::TokenRemoved,
                DeviceEvent::TokenInserted { kind }
            ]
        );
    }
}
