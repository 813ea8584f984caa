//! What this kiosk tells the office of itself, and whom it lets in to be maintained.
//!
//! Here: the readiness report of each day, work orders, the list of revoked technicians. The
//! results of updates are told where updates are made.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use exchange::readiness::{Readiness, ReadinessReport};
use exchange::{KioskId, Signed, Technician, TechnicianError, UnixMillis, WorkOrder};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::link::office_config;
use super::readiness::{Facts, Versions, readiness};
use super::standing::OfficeSeen;
use super::world::Inner;
use crate::config;
use crate::sync::{Credentials, StatementKind, Statements, SyncError, Technicians};

/// What a provisioned kiosk keeps for this; also where queue or link are broken.
pub(super) struct Reports {
    kiosk: KioskId,
    pub statements: Statements,
    technicians: Technicians,
    wake: Notify,
    newest: Mutex<NewestReport>,
}

/// The last readiness report, as far as this start of the kiosk knows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NewestReport {
    pub number: u64,
    pub made_at: UnixMillis,
    /// The office has it.
    pub sent_at: Option<UnixMillis>,
}

const REPORT_EVERY: Duration = Duration::from_secs(24 * 3600);
/// A list is good for a week; a revoked technician is kept out within this, where there is a link.
const LIST_EVERY: Duration = Duration::from_secs(3600);
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// The first report of a start waits for the devices.
const DEVICES_WITHIN: Duration = Duration::from_secs(60);

impl Reports {
    /// # Errors
    /// The disk's; the file of the office's TLS authority cannot be read.
    pub fn open(
        data_dir: &Path,
        configured: &config::Office,
        credentials: &Credentials,
    ) -> Result<Self, SyncError> {
        let pinned = office_config(configured)?.office_ca_pem;
        let list = data_dir.join("technicians.json");
        Ok(Self {
            kiosk: credentials.kiosk.clone(),
            statements: Statements::open(data_dir.join("statements"))?,
            technicians: Technicians::open(list, &pinned, credentials.decision_key)?,
            wake: Notify::new(),
            newest: Mutex::default(),
        })
    }
}

impl Inner {
    fn reports(&self) -> Result<&Reports, SyncError> {
        self.link.reports.as_ref().ok_or(SyncError::NotProvisioned)
    }

    /// Whom a card's certificate (DER) names, if this office lets them maintain its kiosks. That
    /// the card has its key is for the caller to see.
    ///
    /// # Errors
    /// See [`TechnicianError`]; of a kiosk that is nobody's, nobody is the technician.
    pub fn admit(&self, certificate: &[u8]) -> Result<Technician, TechnicianError> {
        let reports = self.reports().map_err(|_| TechnicianError::OtherOffice)?;
        reports
            .technicians
            .admit(certificate, self.clock.not_before())
    }

    /// How this kiosk is, now.
    pub async fn readiness(&self) -> Readiness {
        let outbox = self.outbox().ok();
        let capacity = tokio::task::spawn_blocking(move || outbox?.capacity().ok());
        let capacity = capacity.await.ok().flatten();
        let faults = self.standing().faults;
        readiness(&Facts {
            office: OfficeSeen::of(self.link_is_up(), &faults),
            faults: faults.into_iter().collect(),
            answered: self.answered(),
            has_writer: self.tokens.is_some(),
            has_panel: self.has_panel(),
            capacity,
            keys_in_file: self.link.device_key().is_ok_and(|key| key.is_degraded()),
            time_trust: self.clock.now().trust,
            update: self.update_note(),
            versions: Versions::read(),
        })
    }

    /// Makes a report that is kept until the office has it. Its JSON is what a drive can carry
    /// there, too.
    ///
    /// # Errors
    /// Not provisioned; the device key's or the disk's.
    pub async fn report_readiness(&self) -> Result<Signed<ReadinessReport>, SyncError> {
        let reports = self.reports()?;
        let (now, readiness) = (self.clock.now(), self.readiness().await);
        let (number, signed) =
            reports
                .statements
                .make(self.link.device_key()?, |number| ReadinessReport {
                    kiosk: reports.kiosk.clone(),
                    number,
                    made_at: now.wall,
                    time_trust: now.trust,
                    readiness,
                })?;
        // More than the newest tells nothing new.
        let kind = StatementKind::Readiness;
        reports.statements.forget_older(kind, number)?;
        *lock(&reports.newest) = NewestReport {
            number,
            made_at: now.wall,
            sent_at: None,
        };
        Ok(signed)
    }

    /// A report of this moment, at the office when it returns.
    ///
    /// # Errors
    /// Why it is not there yet; it is sent as soon as it can be.
    pub async fn send_readiness(&self) -> Result<(), SyncError> {
        self.report_readiness().await?;
        self.send_reports(StatementKind::Readiness).await
    }

    /// Kept, and sent as soon as it can be.
    ///
    /// # Errors
    /// Not provisioned; the device key's or the disk's.
    pub fn file_work_order(
        &self,
        order: impl FnOnce(KioskId, u64) -> WorkOrder,
    ) -> Result<Signed<WorkOrder>, SyncError> {
        let reports = self.reports()?;
        let key = self.link.device_key()?;
        let (_, signed) = reports
            .statements
            .make(key, |number| order(reports.kiosk.clone(), number))?;
        reports.wake.notify_one();
        Ok(signed)
    }

    async fn send_reports(&self, kind: StatementKind) -> Result<(), SyncError> {
        let office = self.provisioned().ok_or(SyncError::NotProvisioned)?;
        let client = office.uplink.client();
        let reports = self.reports()?;
        client.send_statements(&reports.statements, kind).await?;
        if kind == StatementKind::Readiness {
            let mut newest = lock(&reports.newest);
            let now = self.clock.now().wall;
            newest.sent_at.get_or_insert(now);
        }
        Ok(())
    }

    /// `None` before the first one of this start.
    /// Every work order that was filed.
    pub fn orders_are_sent(&self) -> bool {
        let reports = self.link.reports.as_ref();
        reports.is_some_and(|reports| {
            let unsent = reports.statements.unsent(StatementKind::WorkOrder);
            unsent.is_ok_and(|orders| orders.is_empty())
        })
    }

    pub fn newest_report(&self) -> Option<NewestReport> {
        let newest = *lock(&self.reports().ok()?.newest);
        (newest.number > 0).then_some(newest)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells and asks for as long as the kiosk runs.
pub(super) async fn run(world: Arc<Inner>) {
    let (Some(office), Some(reports)) = (world.provisioned(), &world.link.reports) else {
        return;
    };
    let client = office.uplink.client();
    let mut news = office.uplink.subscribe();
    let mut report_at = Instant::now() + DEVICES_WITHIN;
    let mut list_at = Instant::now();
    let mut is_first = true;
    loop {
        let now = Instant::now();
        if now >= report_at || (is_first && world.answered().all()) {
            (report_at, is_first) = (now + REPORT_EVERY, false);
            if let Err(e) = world.report_readiness().await {
                tracing::error!("no readiness report: {e}");
            }
        }
        if office.uplink.is_up() {
            if now >= list_at {
                match client.ask_revoked_technicians(&reports.technicians).await {
                    Ok(()) => list_at = now + LIST_EVERY,
                    Err(e) => tracing::info!("no list of revoked technicians: {e}"),
                }
            }
            for kind in [StatementKind::Readiness, StatementKind::WorkOrder] {
                if let Err(e) = world.send_reports(kind).await {
                    tracing::info!(?kind, "stays here: {e}");
                }
            }
        }
        let look = if is_first {
            Duration::from_secs(1)
        } else {
            LOOK_EVERY
        };
        tokio::select! {
            () = tokio::time::sleep(look) => {}
            () = reports.wake.notified() => {}
            // The link came: what waits for it is sent at once.
            () = link_came(&mut news) => {}
        }
    }
}

async fn link_came(news: &mut tokio::sync::broadcast::Receiver<crate::sync::UplinkEvent>) {
    use crate::sync::UplinkEvent;
    use tokio::sync::broadcast::error::RecvError;
    loop {
        match news.recv().await {
            Ok(UplinkEvent::Link(Ok(()))) => return,
            Err(RecvError::Closed) => std::future::pending().await,
            Ok(_) | Err(RecvError::Lagged(_)) => {}
        }
    }
}
