//! One request at a time on an upload; a newer one interrupts the older, whose
//! line is usually dead without either side having noticed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

use crate::objects::ObjectId;

#[derive(Default)]
pub struct Active {
    slots: Mutex<HashMap<ObjectId, Slot>>,
}

#[derive(Clone)]
struct Slot {
    lock: Arc<tokio::sync::Mutex<()>>,
    /// Of the request that holds or will next hold the lock.
    interrupt: CancellationToken,
}

/// The right to change one upload; dropped when done.
pub struct Turn {
    _guard: OwnedMutexGuard<()>,
    /// Cancelled when another request wants its turn, or the office stops.
    pub interrupted: CancellationToken,
}

impl Active {
    /// Interrupts whoever has the upload and waits until it has made durable what
    /// it got; `None` after 10 s.
    pub async fn take(&self, id: &ObjectId) -> Option<Turn> {
        let interrupted = CancellationToken::new();
        let lock = {
            let mut slots = self.slots();
            slots.retain(|_, slot| Arc::strong_count(&slot.lock) > 1);
            let slot = slots.entry(id.clone()).or_insert_with(|| Slot {
                lock: Arc::default(),
                interrupt: CancellationToken::new(),
            });
            slot.interrupt.cancel();
            slot.interrupt = interrupted.clone();
            Arc::clone(&slot.lock)
        };
        let guard = tokio::time::timeout(Duration::from_secs(10), lock.lock_owned()).await;
        Some(Turn {
            _guard: guard.ok()?,
            interrupted,
        })
    }

    pub fn interrupt_all(&self) {
        for slot in self.slots().values() {
            slot.interrupt.cancel();
        }
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<ObjectId, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_newer_request_interrupts_the_older() {
        let active = Arc::new(Active::default());
        let id = ObjectId::random().unwrap();
        let first = active.take(&id).await.unwrap();
        let second = tokio::spawn({
            let (active, id) = (Arc::clone(&active), id.clone());
            async move { active.take(&id).await.is_some() }
        });
        first.interrupted.cancelled().await;
        drop(first);
        assert!(second.await.unwrap());
        let other = ObjectId::random().unwrap();
        assert!(active.take(&other).await.is_some());
        assert_eq!(active.slots().len(), 1, "finished uploads are forgotten");
    }
}
