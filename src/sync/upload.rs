//! One submission on its way to the office: its parts, then its manifest, then the receipt.

use std::time::Duration;

use exchange::api::{self, ApiError, DurableReceipt};
use exchange::{Manifest, PartName, SealedPart, Signed, SubmissionId};
use outbox::{Boundary, Job, Outbox, OutboxError, Postponement, Task, backoff};

use super::tus::{Log, Progress, Upload};
use super::{OfficeClient, SyncError};

/// What a job brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    Part(PartName),
    /// Everything is durable at the office; the local files are gone.
    Received(DurableReceipt),
}

/// What becomes of a submission after a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It will never pass as it is: out of the way, for somebody to look at.
    Quarantine(String),
    Wait(Duration, Postponement),
}

/// `failures`: of this submission in a row, this one included; `random`: uniform over all `u32`.
pub fn verdict(error: &SyncError, failures: u32, random: u32) -> Verdict {
    match error {
        SyncError::Refused { status, reason } => {
            let reason = reason.as_ref().map_or(String::new(), |r| format!(": {r}"));
            Verdict::Quarantine(format!("refused with status {status}{reason}"))
        }
        SyncError::Part(what) => Verdict::Quarantine(what.clone()),
        _ => match error.wait() {
            Some(wait) => Verdict::Wait(wait, Postponement::Asked),
            None => Verdict::Wait(backoff(failures, random), Postponement::Backoff),
        },
    }
}

/// Carries out one job of the queue.
///
/// # Errors
/// See [`SyncError`]; [`verdict`] says what to do then.
pub async fn send_job(
    client: &OfficeClient,
    outbox: &Outbox,
    job: Job,
    progress: Progress,
) -> Result<Sent, SyncError> {
    let submission = job.submission;
    match job.task {
        Task::Part {
            part,
            file,
            upload_url,
            ..
        } => {
            let log = Kept {
                outbox,
                submission,
                part: part.name,
            };
            let upload = Upload {
                client,
                submission,
                part: &part,
                file: &file,
                progress,
                log,
            };
            match upload.run(upload_url).await {
                Err(e @ SyncError::Busy { status: 460, .. }) => {
                    intact(outbox, submission, part).await?;
                    return Err(e);
                }
                other => other?,
            }
            outbox.pass(Boundary::PartSent);
            let name = part.name;
            blocking(outbox, move |o| o.record_part_done(submission, name)).await?;
            Ok(Sent::Part(name))
        }
        Task::Manifest(signed) => hand_in(client, outbox, submission, *signed)
            .await
            .map(Sent::Received),
    }
}

/// The office received other bytes than the manifest names: on the way, or from this disk?
async fn intact(
    outbox: &Outbox,
    submission: SubmissionId,
    part: SealedPart,
) -> Result<(), SyncError> {
    let name = part.name;
    if blocking(outbox, move |o| o.part_is_intact(submission, &part)).await? {
        return Ok(());
    }
    Err(SyncError::Part(format!(
        "part {name} is altered on this disk"
    )))
}

async fn hand_in(
    client: &OfficeClient,
    outbox: &Outbox,
    submission: SubmissionId,
    signed: Signed<Manifest>,
) -> Result<DurableReceipt, SyncError> {
    let path = format!("{}/{submission}/{}", api::SUBMISSIONS, api::MANIFEST_SUFFIX);
    let receipt: Signed<DurableReceipt> = match client.put(&path, &signed).await {
        Err(e) => {
            if let Some(ApiError::MissingParts { parts }) = e.reason() {
                again(outbox, submission, parts.clone()).await?;
            }
            return Err(e);
        }
        Ok(receipt) => receipt,
    };
    let office = client.credentials()?.receipt_key;
    let statement = receipt.verify(&office)?;
    if statement.submission != submission {
        return Err(SyncError::Unexpected(
            "the receipt of another submission".into(),
        ));
    }
    blocking(outbox, move |o| o.record_receipt(&receipt, &office)).await?;
    Ok(statement)
}

/// Parts the office lacks are sent anew, if they are still here.
async fn again(
    outbox: &Outbox,
    submission: SubmissionId,
    parts: Vec<PartName>,
) -> Result<(), SyncError> {
    let lost = blocking(outbox, move |o| {
        let here = o.show(submission)?.parts;
        let is_here = |name: &PartName| here.iter().any(|p| p.name == *name && p.here);
        if let Some(lost) = parts.iter().find(|p| !is_here(p)) {
            return Ok(Some(*lost));
        }
        o.record_parts_missing(submission, &parts)?;
        Ok(None)
    });
    match lost.await? {
        Some(part) => Err(SyncError::Part(format!(
            "the office lacks part {part}, and it is not on this disk"
        ))),
        None => Ok(()),
    }
}

/// Runs `work` on the queue where blocking is allowed.
pub(super) async fn blocking<T: Send + 'static>(
    outbox: &Outbox,
    work: impl FnOnce(&Outbox) -> Result<T, OutboxError> + Send + 'static,
) -> Result<T, SyncError> {
    let outbox = outbox.clone();
    let done = tokio::task::spawn_blocking(move || work(&outbox)).await;
    Ok(done.map_err(|e| SyncError::Unexpected(format!("the queue's thread: {e}")))??)
}

/// Keeps in the queue where an upload stands.
struct Kept<'a> {
    outbox: &'a Outbox,
    submission: SubmissionId,
    part: PartName,
}

impl Log for Kept<'_> {
    async fn created(&self, url: &str) -> Result<(), SyncError> {
        self.outbox.pass(Boundary::UploadCreated);
        let (submission, part, url) = (self.submission, self.part, url.to_owned());
        blocking(self.outbox, move |o| {
            o.record_upload_url(submission, part, Some(&url))
        })
        .await?;
        self.outbox.pass(Boundary::UploadUrlRecorded);
        Ok(())
    }

    async fn forgotten(&self) -> Result<(), SyncError> {
        let (submission, part) = (self.submission, self.part);
        blocking(self.outbox, move |o| {
            o.record_upload_url(submission, part, None)
        })
        .await
    }

    async fn confirmed(&self, offset: u64) -> Result<(), SyncError> {
        let (submission, part) = (self.submission, self.part);
        blocking(self.outbox, move |o| {
            o.record_offset(submission, part, offset)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_will_never_pass_is_put_aside_and_the_rest_waits() {
        let refused = SyncError::Refused {
            status: 422,
            reason: Some(ApiError::Unverified),
        };
        assert!(matches!(verdict(&refused, 1, 0), Verdict::Quarantine(why) if why.contains("422")));
        let asked = SyncError::Busy {
            status: 503,
            wait: Some(Duration::from_secs(120)),
            reason: None,
        };
        let two_minutes = Duration::from_secs(120);
        assert_eq!(
            verdict(&asked, 1, 0),
            Verdict::Wait(two_minutes, Postponement::Asked)
        );
        let lost = SyncError::Unreachable("test".into());
        let half = backoff(20, u32::MAX / 2);
        let expected = Verdict::Wait(half, Postponement::Backoff);
        assert_eq!(verdict(&lost, 20, u32::MAX / 2), expected);
    }
}
