//! Updates: what is offered and fetched, what lies in the slots; one from a drive.

use std::sync::Arc;
use std::time::Duration;

use exchange::update::UpdateOutcome;
use exchange::work_order::Action;
use exchange::{UpdateResult, UpdateSource};
use faults::Fault;
use steward::DriveName;
use steward::protocol::{Answer as Told, Request};
use steward::slots::{Slot, Slots};
use tokio::time::Instant;

use crate::maintenance::{Answer, Light, Refusal, Row, RowName, Step, Value, Word};
use crate::run::asked::{Asked, blocking};
use crate::run::readiness::fault_code;
use crate::run::updates::{LastUpdate, UpdateSeen};
use crate::run::world::Inner;
use crate::session::event::Failure;
use crate::sync::SyncError;

use super::step;

/// The office is asked, and answers, within this.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);

impl Inner {
    pub(super) async fn examine_update(self: &Arc<Self>) -> Result<Answer, Failure> {
        let seen = self.update_seen();
        let fetched = fetched(&seen).await?;
        let mut rows = offer_rows(&seen, fetched);
        match self.ask_steward(Request::Slots {}, |_, _| ()).await {
            Ok(Told::Slots(slots)) => rows.extend(slot_rows(&slots)),
            // Not an image of ours, or something is being installed.
            Ok(_) | Err(_) => {
                rows.push(Row::word(RowName::BootedSlot, Light::None, Word::NotThere))
            }
        }
        Ok(Answer::Rows(rows))
    }

    /// An offer that came is fetched at once and installed in its window.
    pub(super) async fn ask_for_update(self: &Arc<Self>) -> Result<Answer, Failure> {
        if self.kiosk_id().is_none() {
            return Ok(Answer::Refused(Refusal::NotPossibleHere));
        }
        if !self.link_is_up() {
            return Ok(Answer::Refused(Refusal::OfficeUnreachable));
        }
        let (before, end) = (self.update_seen().asked, Instant::now() + ANSWERED_WITHIN);
        self.update_wanted.notify_one();
        while self.update_seen().asked == before {
            if Instant::now() >= end {
                return Ok(Answer::Refused(Refusal::OfficeUnreachable));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.examine_update().await
    }

    /// Whose it is, the steward finds out by its signature. The machine starts anew.
    pub(super) async fn install_from_drive(
        self: &Arc<Self>,
        asked: &Asked,
    ) -> Result<Answer, Failure> {
        if !self.queue_is_safe() {
            return Ok(Answer::Refused(Refusal::CitizenPresent));
        }
        let world = self.clone();
        let drive = match blocking(move || Ok(world.drive_to_read())).await? {
            Ok(drive) => drive,
            Err(refusal) => return Ok(Answer::Refused(refusal)),
        };
        let Ok(drive) = drive.label.parse::<DriveName>() else {
            return Ok(Answer::Refused(Refusal::DriveFailed));
        };
        // Before: the restart leaves no time.
        self.note_done(Action::Updated).await;
        let request = Request::InstallUpdate {
            drive,
            restart: true,
        };
        let told = self
            .ask_steward(request, |percent, _| step(asked, Step::Percent(percent)))
            .await;
        Ok(match told {
            Ok(_) => {
                tracing::warn!("a technician had an update installed from a drive");
                Answer::Rows(vec![Row::word(
                    RowName::LastResult,
                    Light::Running,
                    Word::Restarted,
                )])
            }
            Err(refusal) => {
                self.forget_done(Action::Updated).await;
                if refusal == Refusal::BundleRefused
                    && let Err(e) = self.tell_refused_bundle()
                {
                    tracing::error!("the office is not told of a refused bundle: {e}");
                }
                Answer::Refused(refusal)
            }
        })
    }

    /// What was installed, the slots tell after the restart; this would leave no trace.
    fn tell_refused_bundle(&self) -> Result<(), SyncError> {
        let (Some(office), Some(reports)) = (self.provisioned(), &self.link.reports) else {
            return Ok(());
        };
        let at = self.clock.now().wall;
        let made = reports
            .statements
            .make(self.link.device_key()?, |number| UpdateResult {
                kiosk: office.kiosk.clone(),
                number,
                source: UpdateSource::Drive { version: None },
                outcome: UpdateOutcome::Refused {
                    fault: fault_code(Fault::UpdateFailed),
                },
                at,
            });
        made.map(|_| ())
    }
}

/// Per cent of the offered bundle that are here.
async fn fetched(seen: &UpdateSeen) -> Result<Option<u8>, Failure> {
    if seen.is_whole {
        return Ok(Some(100));
    }
    let (Some(offer), Some(half)) = (&seen.offer, seen.half.clone()) else {
        return Ok(None);
    };
    let length = offer.length.max(1);
    blocking(move || {
        let here = std::fs::metadata(half).map_or(0, |file| file.len());
        Ok(Some((here.min(length) * 100 / length) as u8))
    })
    .await
}

fn offer_rows(seen: &UpdateSeen, fetched: Option<u8>) -> Vec<Row> {
    let mut rows = Vec::new();
    match seen.offer.as_ref().filter(|_| !seen.is_settled) {
        None => rows.push(Row::word(RowName::Offer, Light::None, Word::NotThere)),
        Some(offer) => {
            let waits = Value::Text(offer.version.to_string());
            rows.push(Row::new(RowName::Offer, Light::Running, waits));
            rows.push(Row::text(RowName::OfferWindow, offer.window.to_string()));
            let fetched = Value::Percent(fetched.unwrap_or(0));
            rows.push(Row::new(RowName::Fetched, Light::None, fetched));
        }
    }
    rows.push(match seen.last {
        None => Row::word(RowName::LastResult, Light::None, Word::Never),
        Some(LastUpdate::Installed) => Row::word(RowName::LastResult, Light::Good, Word::Installed),
        Some(LastUpdate::RolledBack) => {
            Row::word(RowName::LastResult, Light::Bad, Word::RolledBack).with(Fault::UpdateFailed)
        }
        Some(LastUpdate::Refused) => {
            Row::word(RowName::LastResult, Light::Bad, Word::Failed).with(Fault::UpdateFailed)
        }
    });
    rows
}

fn slot_rows(slots: &Slots) -> Vec<Row> {
    let row = |name, slot: &Slot| {
        let light = match (slot.good, slot.whole) {
            (true, true) => Light::Good,
            _ => Light::Warning,
        };
        let version = slot.version.as_deref().unwrap_or("–");
        Row::new(
            name,
            light,
            Value::Text(format!("{}: {version}", slot.bootname)),
        )
    };
    let booted = slots
        .get(&slots.booted)
        .map(|slot| row(RowName::BootedSlot, slot));
    let other = slots.other().map(|slot| row(RowName::OtherSlot, slot));
    booted.into_iter().chain(other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_offer_only_the_last_result_is_told() {
        let seen = UpdateSeen {
            last: Some(LastUpdate::RolledBack),
            ..UpdateSeen::default()
        };
        let rows = offer_rows(&seen, None);
        assert_eq!(
            rows.iter().map(|r| r.name).collect::<Vec<_>>(),
            [RowName::Offer, RowName::LastResult]
        );
        assert_eq!(rows[1].fault, Some(Fault::UpdateFailed));
    }

    #[test]
    fn both_slots_are_shown_the_running_one_first() {
        let slot = |bootname: &str, good| Slot {
            bootname: bootname.into(),
            good,
            whole: true,
            version: Some("2026.11.28".into()),
            activation: None,
        };
        let slots = Slots {
            booted: "B".into(),
            next: None,
            slots: vec![slot("A", false), slot("B", true)],
        };
        let rows = slot_rows(&slots);
        assert_eq!(rows[0].value, Value::Text("B: 2026.11.28".into()));
        assert_eq!(
            [rows[0].light, rows[1].light],
            [Light::Good, Light::Warning]
        );
    }
}
