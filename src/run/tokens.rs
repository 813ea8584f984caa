//! Tokens and cards that hold keys, in the place that the kiosk has for them.

use std::sync::Arc;

use exchange::{Secret, StorageType};
use faults::Fault;
use keystore::{KeyId, SlotContent, StorageError, Token, TokenStatus};

use crate::session::command::KeyLocation;
use crate::session::event::{
    Failure, PendingKey, PukSeen, Reply, SlotHolds, StorageFound, StorageUnusable, TakenSlot,
    TokenSeen,
};

use super::asked::{blocking, failure};
use super::storages::{absent, storage_failure};
use super::world::Inner;

/// Every kind that people know, in the order of the screen.
const KINDS: [StorageType; 7] = [
    StorageType::AKKaztokenStore,
    StorageType::AKKZIDCardStore,
    StorageType::AKEToken72KStore,
    StorageType::AKEToken5110Store,
    StorageType::AKJaCartaStore,
    StorageType::AKAKEYStore,
    StorageType::Piv,
];

impl Inner {
    /// One piece of work on the token in the place; it must be of this kind.
    pub(super) fn with_token<T>(
        &self,
        kind: StorageType,
        work: impl FnOnce(&mut dyn Token) -> Result<T, StorageError>,
    ) -> Result<T, Failure> {
        let writer = self
            .tokens
            .as_ref()
            .ok_or_else(|| failure(Fault::TokenMissing, "no token writer"))?;
        let (mut work, mut done) = (Some(work), None);
        let reached = writer.with_token(&mut |token| {
            if token.storage_type() != kind {
                done = Some(Err(StorageError::TokenMissing));
            } else if let Some(work) = work.take() {
                done = Some(work(token));
            }
        });
        reached.map_err(|fault| failure(fault, "reaching the token"))?;
        done.unwrap_or(Err(StorageError::TokenMissing))
            .map_err(storage_failure)
    }

    pub(super) fn tokens_found(&self) -> Vec<StorageFound> {
        let inserted = self.tokens.as_ref().and_then(|writer| writer.inserted());
        KINDS
            .into_iter()
            .map(|kind| match inserted {
                Some(present) if present == kind => self.token_found(kind),
                _ if self.token_kinds.contains(&kind) => absent(kind, StorageUnusable::NotInserted),
                _ => absent(kind, StorageUnusable::NotSupportedHere),
            })
            .collect()
    }

    fn token_found(&self, kind: StorageType) -> StorageFound {
        match self.with_token(kind, |token| token.status()) {
            Ok(status) => StorageFound {
                storage: kind,
                unusable: unusable(&status),
                drive: None,
                generation_erases: status.generation_erases,
                label: status.label,
                free_bytes: None,
            },
            Err(failed) => absent(
                kind,
                match failed.fault {
                    Fault::TokenSeveral => StorageUnusable::Several,
                    Fault::TokenUnknown => StorageUnusable::Unknown,
                    Fault::TokenMissing => StorageUnusable::NotInserted,
                    _ => StorageUnusable::Failed,
                },
            ),
        }
    }

    /// The token in the place, if this key lies on it.
    pub(super) fn token_with(&self, key: &KeyId) -> Option<PendingKey> {
        let kind = self.tokens.as_ref()?.inserted()?;
        let (contents, status) = self
            .with_token(kind, |token| Ok((token.contents()?, token.status()?)))
            .ok()?;
        let holds = contents.pending.contains(key) || contents.installed.contains(key);
        holds.then(|| PendingKey {
            location: KeyLocation {
                storage: kind,
                drive: None,
                path: Vec::new(),
            },
            label: status.label,
        })
    }

    pub(super) async fn look_at_token(
        self: &Arc<Self>,
        kind: StorageType,
    ) -> Result<Reply, Failure> {
        let world = self.clone();
        blocking(move || {
            let status = world.with_token(kind, |token| token.status())?;
            let made_here = world.made_key(|made| {
                (made.location.storage == kind && made.location.drive.is_none()).then_some(())
            });
            Ok(Reply::TokenSeen(TokenSeen {
                kind,
                pin_tries: status.pin.tries_left,
                pin_is_default: status.pin.is_default,
                puk: status.puk.map(|puk| PukSeen {
                    tries: puk.tries_left,
                }),
                has_room: status.has_room() || made_here.is_some(),
                taken: taken(&status),
                generation_erases: status.generation_erases,
                label: status.label,
            }))
        })
        .await
    }

    pub(super) async fn try_token_pin(
        self: &Arc<Self>,
        kind: StorageType,
        pin: Secret,
    ) -> Result<Reply, Failure> {
        let world = self.clone();
        blocking(move || {
            world.with_token(kind, |token| token.verify_pin(&pin))?;
            Ok(Reply::PinRight)
        })
        .await
    }

    pub(super) async fn change_token_pin(
        self: &Arc<Self>,
        kind: StorageType,
        old: Secret,
        new: Secret,
    ) -> Result<Reply, Failure> {
        let world = self.clone();
        blocking(move || {
            let new_puk = world.with_token(kind, |token| token.change_pin(&old, &new))?;
            Ok(Reply::PinSet { new_puk })
        })
        .await
    }

    pub(super) async fn unblock_token(
        self: &Arc<Self>,
        kind: StorageType,
        puk: Secret,
        new_pin: Secret,
    ) -> Result<Reply, Failure> {
        let world = self.clone();
        blocking(move || {
            world.with_token(kind, |token| token.unblock(&puk, &new_pin))?;
            Ok(Reply::PinSet { new_puk: None })
        })
        .await
    }

    pub(super) async fn clear_token(
        self: &Arc<Self>,
        kind: StorageType,
        slot: String,
        pin: Secret,
    ) -> Result<Reply, Failure> {
        let world = self.clone();
        blocking(move || {
            world.with_token(kind, |token| token.clear(&slot, &pin))?;
            Ok(Reply::TokenCleared)
        })
        .await
    }

    /// Signs a sample with the key that was just certified.
    pub(super) async fn try_signature(
        self: &Arc<Self>,
        location: KeyLocation,
        password: Secret,
    ) -> Result<Reply, Failure> {
        let world = self.clone();
        blocking(move || {
            let certified = world
                .certified(&location)
                .ok_or_else(|| failure(Fault::KeyPendingMissing, "nothing was certified here"))?;
            let tried = world.with_storage(&location, |storage| {
                keystore::try_signature(
                    storage,
                    &certified.key,
                    &password,
                    SAMPLE,
                    &certified.issuers,
                )
            })?;
            Ok(Reply::SignatureTried {
                signer: tried.subject.to_string(),
                valid_until: tried.valid_until,
                ok: tried.ok,
            })
        })
        .await
    }
}

fn taken(status: &TokenStatus) -> Vec<TakenSlot> {
    let slots = status.slots.iter().filter_map(|slot| {
        let holds = match slot.content {
            SlotContent::Empty => return None,
            SlotContent::Pending(_) => SlotHolds::Waiting,
            SlotContent::Installed(_) => SlotHolds::Certified,
            SlotContent::Unknown => SlotHolds::Unknown,
        };
        let name = slot.name.clone();
        Some(TakenSlot { name, holds })
    });
    slots.collect()
}

/// What is signed to show that it works: it obliges nobody to anything.
const SAMPLE: &str = "Qoltanba: a trial signature";

/// Why no key can be made in this token as it is.
fn unusable(status: &TokenStatus) -> Option<StorageUnusable> {
    let puk_helps = status.puk.is_some_and(|puk| !puk.is_blocked());
    if status.read_only {
        Some(StorageUnusable::ReadOnly)
    } else if status.pin.is_blocked() && !puk_helps {
        Some(StorageUnusable::Blocked)
    } else if !status.has_room() && !status.generation_erases {
        Some(StorageUnusable::Occupied)
    } else {
        None
    }
}
