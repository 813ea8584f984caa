//! What one kiosk last told of itself, and what was done at it.
//!
//! `receive` has looked at each signature; here it is looked at again, because who broke
//! into the listener writes into the same tables.

use anyhow::Result;
use exchange::{
    KioskId, KioskStatement, ReadinessReport, Signed, UnixMillis, UpdateResult, WorkOrder,
};
use rusqlite::Connection;

use super::Desk;
use crate::{
    db::{
        kiosks::{self, Kiosk},
        reports::{self, ReportKind},
        technicians,
        updates::{self, SoftwareUpdate},
    },
    keys,
};

/// Of each kind, on a page.
const SHOWN: u32 = 10;

pub struct WorkOrderRecord {
    pub order: WorkOrder,
    /// Of the technician's certificate; `None`: it is none of this office.
    pub technician: Option<technicians::Technician>,
}

impl WorkOrderRecord {
    /// Whether the certificate was good while the work was done. A kiosk without a link
    /// may not have known better.
    pub fn is_doubtful(&self) -> bool {
        doubtful(&self.order, self.technician.as_ref())
    }
}

/// See [`WorkOrderRecord::is_doubtful`].
pub(crate) fn doubtful(order: &WorkOrder, technician: Option<&technicians::Technician>) -> bool {
    technician.is_none_or(|technician| {
        let ended = technician.revoked_at.unwrap_or(technician.not_after);
        order.began_at > ended.min(technician.not_after)
    })
}

/// Newest first.
pub struct KioskRecord {
    pub kiosk: Kiosk,
    pub group: Option<String>,
    /// What is offered to it now.
    pub offered: Option<SoftwareUpdate>,
    pub readiness: Option<(UnixMillis, ReadinessReport)>,
    pub work_orders: Vec<WorkOrderRecord>,
    pub results: Vec<UpdateResult>,
    /// How many are left out because their signature is not this kiosk's.
    pub unsigned: usize,
}

impl KioskRecord {
    /// Each statement as JSON, under the name of its kind; newest first.
    ///
    /// # Errors
    /// None but those of serialising plain data.
    pub fn told(&self) -> serde_json::Result<Vec<serde_json::Value>> {
        fn named(
            kind: &str,
            said: &impl serde::Serialize,
        ) -> serde_json::Result<serde_json::Value> {
            Ok(serde_json::json!({ kind: serde_json::to_value(said)? }))
        }
        let readiness = self.readiness.iter().map(|(_, r)| named("readiness", r));
        let orders = self
            .work_orders
            .iter()
            .map(|w| named("work_order", &w.order));
        let results = self.results.iter().map(|r| named("update_result", r));
        readiness.chain(orders).chain(results).collect()
    }
}

impl Desk {
    /// `None`: there is no such kiosk.
    ///
    /// # Errors
    /// The database's.
    pub fn kiosk_record(&self, id: &KioskId) -> Result<Option<KioskRecord>> {
        let now = UnixMillis::from_system_clock();
        self.database.read(|c| {
            let Some(kiosk) = kiosks::by_id(c, id)? else {
                return Ok(None);
            };
            let mut signed = SignedBy::new(c, &kiosk);
            let readiness = signed.newest::<ReadinessReport>(ReportKind::Readiness, 1)?;
            let orders = signed.newest::<WorkOrder>(ReportKind::WorkOrder, SHOWN)?;
            let results = signed.newest(ReportKind::UpdateResult, SHOWN)?;
            let unsigned = signed.unsigned;
            let work_orders = orders
                .into_iter()
                .map(|(_, order)| {
                    Ok(WorkOrderRecord {
                        technician: technicians::by_serial(c, &order.technician)?,
                        order,
                    })
                })
                .collect::<rusqlite::Result<_>>()?;
            Ok(Some(KioskRecord {
                group: updates::group(c, id)?,
                offered: updates::current(c, id, now)?.map(|current| current.update),
                readiness: readiness.into_iter().next(),
                work_orders,
                results: results.into_iter().map(|(_, result)| result).collect(),
                unsigned,
                kiosk,
            }))
        })
    }
}

struct SignedBy<'a> {
    connection: &'a Connection,
    kiosk: &'a Kiosk,
    key: Option<exchange::VerifyingKey>,
    unsigned: usize,
}

impl<'a> SignedBy<'a> {
    fn new(connection: &'a Connection, kiosk: &'a Kiosk) -> Self {
        let pem = kiosk.manifest_key_pem.as_deref();
        Self {
            connection,
            kiosk,
            key: pem.and_then(|pem| keys::verifying_key(pem).ok()),
            unsigned: 0,
        }
    }

    fn newest<T: KioskStatement>(
        &mut self,
        kind: ReportKind,
        most: u32,
    ) -> rusqlite::Result<Vec<(UnixMillis, T)>> {
        let rows = reports::newest(self.connection, &self.kiosk.id, kind, most)?;
        let total = rows.len();
        let verified: Vec<(UnixMillis, T)> = rows
            .into_iter()
            .filter_map(|(at, text)| {
                let signed: Signed<T> = serde_json::from_str(&text).ok()?;
                let statement = signed.verify(self.key.as_ref()?).ok()?;
                (*statement.kiosk() == self.kiosk.id).then_some((at, statement))
            })
            .collect();
        self.unsigned += total - verified.len();
        Ok(verified)
    }
}
