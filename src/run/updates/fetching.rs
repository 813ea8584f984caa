//! The offer that stands, and its bundle on the way to this disk.

use exchange::{OfferError, Signed, UpdateOffer};
use faults::Fault;
use tokio::time::Instant;

use super::{MOST_TRIES, Updates, installer};
use crate::sync::{FetchError, SyncError};

impl Updates<'_> {
    /// Asks what this kiosk is to have; keeps what it accepts.
    pub(super) async fn ask(&mut self) -> Result<(), SyncError> {
        let client = self.office.uplink.client();
        let answered = client.ask_update().await?;
        self.asked += 1;
        let Some(signed) = answered else {
            self.kept.change(|r| r.offer = None)?;
            return self.clear_folder(None).await;
        };
        let offer = match self.accepted(&signed) {
            Ok(offer) => offer,
            Err(e) => {
                tracing::warn!("an offer that is not taken: {e}");
                return Ok(());
            }
        };
        let is_new = offer.number > self.kept.record.newest_seen;
        self.kept.change(|r| {
            r.newest_seen = offer.number;
            r.offer = Some(signed);
            if is_new {
                (r.tries, r.refused, r.failed) = (0, None, false);
            }
        })?;
        if is_new {
            tracing::info!(number = offer.number, version = %offer.version, "an update is offered");
            self.again_at = Instant::now();
            self.tell_fault();
            self.clear_folder(Some(&offer)).await?;
        }
        Ok(())
    }

    pub(super) fn accepted(&self, signed: &Signed<UpdateOffer>) -> Result<UpdateOffer, OfferError> {
        let credentials = self.office.uplink.client().credentials();
        let office = credentials.map_err(|_| OfferError::NotSigned)?.decision_key;
        let seen = self.kept.record.newest_seen;
        let now = self.world.clock.not_before();
        UpdateOffer::accept(signed, &office, &self.office.kiosk, seen, now)
    }

    /// The offer that stands and is not done with.
    pub(super) fn wanted(&self) -> Option<UpdateOffer> {
        let record = &self.kept.record;
        let offer = self.accepted(record.offer.as_ref()?).ok()?;
        (offer.number > record.settled && record.tries < MOST_TRIES).then_some(offer)
    }

    /// Looked at once; what the disk did to it since, rauc finds out.
    pub(super) async fn has(&mut self, offer: &UpdateOffer) -> bool {
        if self.ready != Some(offer.sha256) {
            let (folder, of) = (self.folder.clone(), offer.clone());
            let looked = tokio::task::spawn_blocking(move || folder.has(&of));
            self.ready = looked.await.unwrap_or(false).then_some(offer.sha256);
        }
        self.ready.is_some()
    }

    pub(super) async fn clear_folder(
        &mut self,
        offer: Option<&UpdateOffer>,
    ) -> Result<(), SyncError> {
        self.ready = None;
        let (folder, offer) = (self.folder.clone(), offer.cloned());
        let cleared = tokio::task::spawn_blocking(move || folder.keep_only(offer.as_ref()));
        cleared
            .await
            .map_err(|e| SyncError::Unexpected(format!("a thread: {e}")))?
    }

    pub(super) async fn fetch(&mut self, offer: &UpdateOffer) -> Result<(), SyncError> {
        // Where nothing can be installed, nothing is fetched.
        if let Err(e) = installer::slots(&self.world.config.steward).await {
            tracing::warn!("no update is fetched: {e}");
            return Ok(());
        }
        let client = self.office.uplink.client();
        let mut waits = self.office.uplink.waits();
        loop {
            match self.folder.fetch(client, offer, &mut waits).await {
                Ok(()) => {
                    tracing::info!(number = offer.number, "an update was fetched");
                    (self.ready, self.failures) = (Some(offer.sha256), 0);
                    return Ok(());
                }
                Err(FetchError::GaveWay) => {
                    if waits.wait_for(Option::is_none).await.is_err() {
                        return Ok(());
                    }
                }
                Err(e @ FetchError::NoRoom) => {
                    tracing::error!("an update cannot be fetched: {e}");
                    return self.refuse(offer, Fault::DiskFull);
                }
                Err(FetchError::NotOffered(e)) => {
                    tracing::error!("an update was thrown away: {e}");
                    self.kept.change(|r| r.tries += 1)?;
                    return self.refuse(offer, Fault::UpdateFailed);
                }
                Err(FetchError::Sync(e)) => {
                    tracing::info!("the fetch of an update goes on later: {e}");
                    // What is there already makes the next attempt cheap.
                    self.failures += 1;
                    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
                    let wait = outbox::backoff(self.failures, random).min(self.every);
                    self.ask_at = Instant::now() + wait;
                    return Ok(());
                }
            }
        }
    }
}
