//! What kiosks tell of themselves: readiness, work orders, results of updates. Kept as
//! the kiosk signed it; the same again is no second one.

use std::sync::Arc;

use axum::{Extension, extract::State, http::StatusCode};
use exchange::{
    KioskStatement, ReadinessReport, Signed, UnixMillis, UpdateResult, UpdateSource, WorkOrder,
    api::ApiError, update::UpdateOutcome,
};
use rusqlite::Transaction;

use super::answer::{Body, Refusal, blocking, malformed};
use super::{Caller, Receive};
use crate::{
    db::{
        alarms::{self, AlarmKind},
        limits,
        reports::{self, Arrival, ReportKind},
        technicians, updates,
    },
    desk, keys,
};

/// More than the newest tells nothing new.
const KEPT_READINESS: u32 = 20;

pub async fn readiness(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Body(signed): Body<Signed<ReadinessReport>>,
) -> Result<StatusCode, Refusal> {
    blocking(state, move |s| {
        let kind = ReportKind::Readiness;
        keep(s, &caller, kind, &signed, |t, _, arrival| {
            reports::insert(t, arrival)?;
            reports::forget_old(t, arrival.kiosk, kind, KEPT_READINESS)
        })
    })
    .await
}

pub async fn work_order(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Body(signed): Body<Signed<WorkOrder>>,
) -> Result<StatusCode, Refusal> {
    blocking(state, move |s| {
        keep(
            s,
            &caller,
            ReportKind::WorkOrder,
            &signed,
            |t, order, arrival| {
                // Kept whoever it was: it was done.
                let technician = technicians::by_serial(t, &order.technician)?;
                if desk::doubtful(order, technician.as_ref()) {
                    let kind = AlarmKind::TechnicianDoubtful;
                    alarms::raise(t, kind, Some(arrival.kiosk), None, arrival.at)?;
                }
                reports::insert(t, arrival)
            },
        )
    })
    .await
}

pub async fn update_result(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Body(signed): Body<Signed<UpdateResult>>,
) -> Result<StatusCode, Refusal> {
    blocking(state, move |s| {
        keep(
            s,
            &caller,
            ReportKind::UpdateResult,
            &signed,
            |t, result, arrival| {
                let kiosk = arrival.kiosk;
                if matches!(result.outcome, UpdateOutcome::RolledBack { .. }) {
                    let kind = AlarmKind::UpdateRolledBack;
                    alarms::raise(t, kind, Some(kiosk), None, arrival.at)?;
                }
                reports::insert(
                    t,
                    &Arrival {
                        software_update: match &result.source {
                            UpdateSource::Offer { offer, sha256 } => {
                                updates::offered(t, kiosk, *offer, sha256)?
                            }
                            UpdateSource::Drive { .. } => None,
                        },
                        settled: !matches!(result.outcome, UpdateOutcome::Refused { .. }),
                        ..*arrival
                    },
                )?;
                updates::look_at(t, kiosk)
            },
        )
    })
    .await
}

fn keep<T: KioskStatement>(
    s: &Receive,
    caller: &Caller,
    kind: ReportKind,
    signed: &Signed<T>,
    insert: impl FnOnce(&Transaction, &T, &Arrival) -> rusqlite::Result<()>,
) -> Result<StatusCode, Refusal> {
    let key = keys::verifying_key(&caller.manifest_key_pem)?;
    let statement = signed.verify(&key).map_err(|_| ApiError::Unverified)?;
    if *statement.kiosk() != caller.id {
        return Err(ApiError::Unverified.into());
    }
    let number = i64::try_from(statement.number()).unwrap_or_default();
    if number == 0 {
        return Err(malformed("a report is counted from 1"));
    }
    let now = UnixMillis::from_system_clock();
    let text = serde_json::to_string(signed).map_err(anyhow::Error::from)?;
    let arrival = Arrival {
        kiosk: &caller.id,
        kind,
        number,
        digest: signed.digest(),
        statement: &text,
        at: now,
        software_update: None,
        settled: false,
    };
    let limit = s.configuration.maintenance.reports_per_hour;
    s.database.write(|t| {
        if let Some(before) = reports::digest(t, &caller.id, kind, number)? {
            if before == arrival.digest.to_string() {
                return Ok(Ok(()));
            }
            alarms::raise(t, AlarmKind::ReportChanged, Some(&caller.id), None, now)?;
            return Ok(Err(ApiError::Conflict));
        }
        let who = caller.id.as_str();
        if let Some(seconds) = limits::hourly(t, kind.as_str(), who, limit, now)? {
            return Ok(Err(ApiError::TooMany { seconds }));
        }
        limits::count(t, kind.as_str(), who, now)?;
        insert(t, &statement, &arrival).map(Ok)
    })??;
    Ok(StatusCode::NO_CONTENT)
}
