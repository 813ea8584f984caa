//! The work order: begun when a technician is let in, closed when they leave, and by the next
//! start where they could not leave.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use exchange::readiness::Readiness;
use exchange::work_order::{Action, WorkDone};
use exchange::{AtMost, CertificateSerial, UnixMillis, WorkOrder};
use serde::{Deserialize, Serialize};

use crate::maintenance::{Answer, Light, Refusal, Row, RowName, Value};
use crate::run::asked::blocking;
use crate::run::world::Inner;
use crate::session::event::Failure;
use crate::sync::private_file;

const DEVICES_WITHIN: Duration = Duration::from_secs(30);
/// An office that can be reached has a work order within this.
const SENT_WITHIN: Duration = Duration::from_secs(30);

/// Opening one and closing another one never meet.
static ORDERS: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// What is known of a visit that goes on; in a file, so that no cut makes it forgotten.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::run) struct OpenOrder {
    technician: CertificateSerial,
    began_at: UnixMillis,
    before: Readiness,
    /// What the kiosk itself carried out.
    done: Vec<(Action, UnixMillis)>,
}

impl OpenOrder {
    fn note(&mut self, action: Action, at: UnixMillis) {
        if !self.done.iter().any(|(done, _)| *done == action) {
            self.done.push((action, at));
        }
    }
}

impl Inner {
    /// The one that an earlier visit left open is closed first.
    pub(super) async fn open_work_order(self: &Arc<Self>, technician: CertificateSerial) {
        let _one_at_a_time = ORDERS.lock().await;
        self.close_kept().await;
        let order = OpenOrder {
            technician,
            began_at: self.clock.now().wall,
            before: self.readiness().await,
            done: Vec::new(),
        };
        self.kept().order = Some(order.clone());
        self.keep_order(order).await;
    }

    /// The kiosk did this for the technician.
    pub(super) async fn note_done(self: &Arc<Self>, action: Action) {
        let at = self.clock.now().wall;
        let order = self.kept().order.as_mut().map(|order| {
            order.note(action, at);
            order.clone()
        });
        if let Some(order) = order {
            self.keep_order(order).await;
        }
    }

    /// It came to nothing.
    pub(super) async fn forget_done(self: &Arc<Self>, action: Action) {
        let order = self.kept().order.as_mut().map(|order| {
            order.done.retain(|(done, _)| *done != action);
            order.clone()
        });
        if let Some(order) = order {
            self.keep_order(order).await;
        }
    }

    async fn keep_order(self: &Arc<Self>, order: OpenOrder) {
        let path = self.order_file();
        let written = blocking(move || {
            let text = serde_json::to_vec(&order).unwrap_or_default();
            Ok(private_file::write(&path, &text))
        });
        if let Ok(Err(e)) = written.await {
            tracing::error!("a work order is kept in memory only: {e}");
        }
    }

    pub(super) async fn close_work_order(
        self: &Arc<Self>,
        done: Vec<(Action, UnixMillis)>,
    ) -> Result<Answer, Failure> {
        let Some(mut order) = self.kept().order.clone() else {
            return Ok(Answer::Refused(Refusal::NothingToDo));
        };
        for (action, at) in done {
            order.note(action, at);
        }
        let Some(closed) = self.file(order).await else {
            return Ok(Answer::Refused(Refusal::Failed));
        };
        self.kept().order = None;
        Ok(Answer::Rows(vec![
            Row::new(
                RowName::ReportNumber,
                Light::Good,
                Value::Count(closed.number),
            ),
            Row::text(RowName::Technician, closed.technician.to_string()),
            Row::new(RowName::Began, Light::None, Value::Moment(closed.began_at)),
            Row::new(RowName::MadeAt, Light::None, Value::Moment(closed.ended_at)),
            Row::new(
                RowName::Done,
                Light::None,
                Value::Count(closed.done.len() as u64),
            ),
        ]))
    }

    /// Before all that the kiosk keeps goes, the order of this visit too: closed, and at the office where that can be
    /// reached. Gives whose it was.
    pub(super) async fn hand_in_order(self: &Arc<Self>) -> Option<CertificateSerial> {
        let order = self.kept().order.clone()?;
        let technician = order.technician.clone();
        self.file(order).await?;
        self.kept().order = None;
        let end = tokio::time::Instant::now() + SENT_WITHIN;
        while self.link_is_up() && tokio::time::Instant::now() < end {
            let world = self.clone();
            let sent = blocking(move || Ok(world.orders_are_sent())).await;
            if sent.is_ok_and(|sent| sent) {
                return Some(technician);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        tracing::warn!("the office has not got the work order of this visit");
        Some(technician)
    }

    /// One whose technician did not get to leave: a cut, a restart, the end of the visit.
    pub(in crate::run) async fn close_what_was_left(self: &Arc<Self>) {
        let _one_at_a_time = ORDERS.lock().await;
        if self.kept().order.is_none() {
            self.close_kept().await;
        }
    }

    async fn close_kept(self: &Arc<Self>) {
        let path = self.order_file();
        let read = blocking(move || Ok(private_file::read(&path))).await;
        match read {
            Ok(Ok(None)) | Err(_) => {}
            Ok(Ok(Some(text))) => match serde_json::from_str(&text) {
                Ok(order) => {
                    self.file(order).await;
                }
                Err(e) => tracing::error!("a work order that was left open is damaged: {e}"),
            },
            Ok(Err(e)) => tracing::error!("a work order that was left open: {e}"),
        }
    }

    /// Signed and kept until the office has it; only then it is open no more.
    async fn file(self: &Arc<Self>, order: OpenOrder) -> Option<WorkOrder> {
        let (world, after, now) = (self.clone(), self.readiness().await, self.clock.now());
        let filed = blocking(move || {
            let done = order.done.iter().map(|&(action, at)| WorkDone {
                action,
                aspect: None,
                note: None,
                at,
            });
            let done = AtMost::new(done.collect()).unwrap_or_default();
            let mut closed = None;
            let filed = world.file_work_order(|kiosk, number| {
                let order = WorkOrder {
                    kiosk,
                    number,
                    technician: order.technician,
                    began_at: order.began_at,
                    ended_at: now.wall.max(order.began_at),
                    time_trust: now.trust,
                    done,
                    before: order.before,
                    after,
                };
                closed = Some(order.clone());
                order
            });
            let removed = filed.and_then(|_| private_file::remove(&world.order_file()));
            if let Err(e) = removed {
                tracing::error!("no work order: {e}");
                return Ok(None);
            }
            Ok(closed)
        });
        filed.await.ok().flatten()
    }

    fn order_file(&self) -> PathBuf {
        self.config.data_dir.join("open-work-order.json")
    }
}

/// A restart, or a cut, in the middle of a visit: how the kiosk is afterwards is told once
/// its devices have answered.
pub(in crate::run) async fn close_after_start(world: Arc<Inner>) {
    let end = tokio::time::Instant::now() + DEVICES_WITHIN;
    while !world.answered().all() && tokio::time::Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    world.close_what_was_left().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again_and_names_nobody() {
        let mut order = OpenOrder {
            technician: "0a1b".parse().unwrap(),
            began_at: UnixMillis(1),
            before: Readiness::default(),
            done: Vec::new(),
        };
        order.note(Action::Configured, UnixMillis(2));
        order.note(Action::Configured, UnixMillis(3));
        let text = serde_json::to_string(&order).unwrap();
        let again: OpenOrder = serde_json::from_str(&text).unwrap();
        assert_eq!(again.done, [(Action::Configured, UnixMillis(2))]);
        assert_eq!(again.technician, order.technician);
    }
}
