//! A manifest closes a submission; its receipt says that everything is durable.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Path, State},
};
use exchange::{
    Manifest, PartName, SealedPart, Signed, SubmissionId, UnixMillis,
    api::{ApiError, DurableReceipt, SubmissionResult},
};
use rusqlite::Transaction;

use super::answer::{Body, Refusal, json, malformed};
use super::{Caller, Receive};
use crate::{
    db::{
        alarms::{self, AlarmKind},
        submissions::{self, Arrival},
        uploads::{self, Wanted},
    },
    keys,
    objects::ObjectId,
};

pub async fn put(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Body(signed): Body<Signed<Manifest>>,
) -> Result<Json<Signed<DurableReceipt>>, Refusal> {
    let id: SubmissionId = id.parse().map_err(|_| ApiError::NotFound)?;
    json(state, move |s| close(s, &caller, id, &signed)).await
}

fn close(
    s: &Receive,
    caller: &Caller,
    id: SubmissionId,
    signed: &Signed<Manifest>,
) -> Result<Signed<DurableReceipt>, Refusal> {
    let manifest = verify(caller, signed)?;
    if manifest.submission != id {
        return Err(ApiError::Unverified.into());
    }
    Ok(take_in(s, &manifest, signed, &[])?.receipt)
}

/// What this kiosk signed, if a submission can be like that.
pub fn verify(caller: &Caller, signed: &Signed<Manifest>) -> Result<Manifest, Refusal> {
    let key = keys::verifying_key(&caller.manifest_key_pem)?;
    let manifest = signed.verify(&key).map_err(|_| ApiError::Unverified)?;
    if manifest.kiosk != caller.id {
        return Err(ApiError::Unverified.into());
    }
    check_parts(&manifest)?;
    Ok(manifest)
}

/// A part that did not come by an upload: its object is whole and durable, its digest right.
pub struct Brought {
    pub part: SealedPart,
    pub object: ObjectId,
}

pub struct TakenIn {
    pub receipt: Signed<DurableReceipt>,
    /// It was there before; the receipt is that of the first time.
    pub again: bool,
}

/// Closes a submission, by whichever way its parts came. Of `brought`, and of the uploads whose
/// place it takes, what is not needed is removed.
pub fn take_in(
    s: &Receive,
    manifest: &Manifest,
    signed: &Signed<Manifest>,
    brought: &[Brought],
) -> Result<TakenIn, Refusal> {
    let (id, kiosk) = (manifest.submission, &manifest.kiosk);
    let now = UnixMillis::from_system_clock();
    let digest = signed.digest();
    let text = serde_json::to_string(signed).map_err(anyhow::Error::from)?;
    let receipt = Signed::new(
        &DurableReceipt {
            submission: id,
            manifest: digest,
            received_at: now,
        },
        &s.receipt_key,
    );
    let receipt_text = serde_json::to_string(&receipt).map_err(anyhow::Error::from)?;
    let mut spare: Vec<ObjectId> = brought.iter().map(|b| b.object.clone()).collect();
    let outcome = s.database.write(|t| {
        if let Some(before) = submissions::get(t, id)? {
            return if before.kiosk == *kiosk && before.manifest_digest == digest {
                Ok(Outcome::Again(before.receipt))
            } else {
                let kind = if before.kiosk == *kiosk {
                    AlarmKind::SubmissionChanged
                } else {
                    AlarmKind::ForeignSubmission
                };
                alarms::raise(t, kind, Some(kiosk), Some(id), now)?;
                Ok(Outcome::Conflict)
            };
        }
        if submissions::reused(t, manifest)? {
            alarms::raise(t, AlarmKind::RequestReused, Some(kiosk), Some(id), now)?;
            return Ok(Outcome::Conflict);
        }
        let objects = match present(t, manifest, brought)? {
            Ok(objects) => objects,
            Err(missing) => return Ok(Outcome::Missing(missing)),
        };
        spare.clear();
        for came in brought {
            if objects.iter().any(|(_, used)| *used == came.object) {
                let wanted = wanted(manifest, &came.part);
                spare.extend(uploads::brought(t, &came.object, kiosk, &wanted, now)?);
            } else {
                spare.push(came.object.clone());
            }
        }
        if submissions::sequence_used(t, manifest)? {
            // A restored disk or a copied key: taken in, for the citizen's sake, and shown.
            alarms::raise(t, AlarmKind::SequenceReused, Some(kiosk), Some(id), now)?;
        }
        submissions::insert(
            t,
            &Arrival {
                manifest,
                signed: &text,
                digest,
                receipt: &receipt_text,
                at: now,
                objects: &objects,
            },
        )?;
        Ok(Outcome::Stored(receipt_text))
    })?;
    for object in &spare {
        // What was taken in is durable whether or not this goes.
        if let Err(e) = s.objects.remove(object) {
            tracing::warn!("an object that is not needed stays: {e}");
        }
    }
    let (receipt, again) = match outcome {
        Outcome::Stored(receipt) => (receipt, false),
        Outcome::Again(receipt) => (receipt, true),
        Outcome::Missing(parts) => return Err(ApiError::MissingParts { parts }.into()),
        Outcome::Conflict => return Err(ApiError::Conflict.into()),
    };
    let receipt = serde_json::from_str(&receipt).map_err(anyhow::Error::from)?;
    Ok(TakenIn { receipt, again })
}

enum Outcome {
    /// `Signed<DurableReceipt>` of now.
    Stored(String),
    /// … or of the first time.
    Again(String),
    Missing(Vec<PartName>),
    Conflict,
}

fn check_parts(manifest: &Manifest) -> Result<(), Refusal> {
    let mut names: Vec<PartName> = manifest.parts.iter().map(|p| p.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    if names.len() != count {
        return Err(malformed("a part is listed twice"));
    }
    let longest = manifest.parts.iter().map(|p| p.length).max();
    if i64::try_from(manifest.sequence.max(longest.unwrap_or(0))).is_err() {
        return Err(malformed("a number is out of range"));
    }
    // No recording of a face lies where nobody would look at it.
    let wanted = manifest.kind().parts();
    if names.iter().any(|name| !wanted.contains(name)) {
        return Err(malformed("a part is listed that does not belong here"));
    }
    // Without these nothing can be decided; what else is missing the desk judges.
    let needed = |part: &&PartName| matches!(part, PartName::Form | PartName::Csr);
    if !wanted
        .iter()
        .filter(needed)
        .all(|part| names.contains(part))
    {
        return Err(malformed("form or csr is not listed"));
    }
    if !manifest.is_consistent() {
        return Err(malformed("csr is listed without its digest, or not at all"));
    }
    Ok(())
}

/// What uploads one of its parts.
pub fn wanted(manifest: &Manifest, part: &SealedPart) -> Wanted {
    Wanted {
        submission: manifest.submission,
        part: part.name,
        sha256: part.sha256,
        length: part.length,
    }
}

type Present = Result<Vec<(PartName, ObjectId)>, Vec<PartName>>;

/// The complete object of every part, or the parts that lack one. An upload is
/// complete only after its bytes were durable and their digest right.
fn present(t: &Transaction, manifest: &Manifest, brought: &[Brought]) -> rusqlite::Result<Present> {
    let (mut objects, mut missing) = (Vec::new(), Vec::new());
    for part in &manifest.parts {
        let uploaded = uploads::complete(t, &manifest.kiosk, &wanted(manifest, part))?;
        let carried = || brought.iter().find(|b| b.part == *part);
        match uploaded.or_else(|| carried().map(|b| b.object.clone())) {
            Some(object) => objects.push((part.name, object)),
            None => missing.push(part.name),
        }
    }
    Ok(if missing.is_empty() {
        Ok(objects)
    } else {
        Err(missing)
    })
}

pub async fn result(
    State(state): State<Arc<Receive>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Signed<SubmissionResult>>, Refusal> {
    let id: SubmissionId = id.parse().map_err(|_| ApiError::NotFound)?;
    json(state, move |s| {
        let found = s.database.read(|c| submissions::get(c, id))?;
        let submission = found
            .filter(|f| f.kiosk == caller.id)
            .ok_or(ApiError::NotFound)?;
        // The desk signs even "pending"; it looks within a second of the receipt.
        let text = submission.result.ok_or(ApiError::Unavailable)?;
        Ok(serde_json::from_str(&text).map_err(anyhow::Error::from)?)
    })
    .await
}
