//! The queue as a technician may see it: how many, how old, what the office said. Nothing of
//! whose they are.

use std::collections::BTreeSet;
use std::sync::Arc;

use faults::Fault;
use outbox::{Listed, Outbox, State};

use crate::devices::usb_drive::{DriveFound, Folder};
use crate::maintenance::{Answer, Light, Refusal, Row, RowName, Step, Value, Word};
use crate::session::event::Failure;

use super::super::asked::{Asked, blocking, failure};
use super::super::world::Inner;
use super::step;

/// On the drive.
const FOLDER: &str = "qoltanba";

impl Inner {
    pub(super) async fn examine_queue(self: &Arc<Self>) -> Result<Answer, Failure> {
        let outbox = self.outbox()?;
        blocking(move || Ok(Answer::Rows(rows(&listed(&outbox)?)))).await
    }

    /// What was set aside is tried once more too: somebody may have mended its cause.
    pub(super) async fn retry_uploads(self: &Arc<Self>) -> Result<Answer, Failure> {
        let outbox = self.outbox()?;
        let waiting = blocking(move || {
            let mut put_back = 0;
            for listed in open(&outbox)? {
                outbox.retry(listed.submission).map_err(queue_failure)?;
                put_back += 1;
            }
            Ok(put_back)
        })
        .await?;
        if waiting == 0 {
            return Ok(Answer::Refused(Refusal::NothingToDo));
        }
        if let Some(office) = self.provisioned() {
            office.uplink.wake();
        }
        self.examine_queue().await
    }

    /// Copies what waits onto the drive, sealed as it is. It stays here: the office says
    /// when it has it, whichever way it came.
    pub(super) async fn export_queue(self: &Arc<Self>, asked: &Asked) -> Result<Answer, Failure> {
        let outbox = self.outbox()?;
        let (world, asked) = (self.clone(), asked.clone());
        blocking(move || {
            let all = open(&outbox)?;
            if all.is_empty() {
                return Ok(Answer::Refused(Refusal::NothingToDo));
            }
            let drive = match world.only_drive() {
                Ok(drive) => drive,
                Err(refusal) => return Ok(Answer::Refused(refusal)),
            };
            let root = world
                .drives
                .folder(drive.id, &[])
                .map_err(|fault| failure(fault, "opening a drive"))?;
            let place = format!("{FOLDER}/queue-{}", world.kiosk_name());
            let folder = root.path().join(&place);
            let mut exported = BTreeSet::new();
            for (at, listed) in all.iter().enumerate() {
                if asked.is_abandoned() {
                    return Ok(Answer::Refused(Refusal::Failed));
                }
                let into = folder.join(listed.submission.to_string());
                outbox
                    .export(listed.submission, &into)
                    .map_err(|e| drive_failure(&root, &drive, &e))?;
                exported.insert(listed.submission);
                let percent = (at + 1) * 100 / all.len();
                step(&asked, Step::Percent(percent as u8));
            }
            let count = exported.len() as u64;
            world.note_exported(exported);
            let mut shown = rows(&listed(&outbox)?);
            shown.push(Row::new(
                RowName::WrittenTo,
                Light::Good,
                Value::Text(format!("{}: {place} ({count})", drive.label)),
            ));
            Ok(Answer::Rows(shown))
        })
        .await
    }

    /// The one drive that is in and can be written.
    pub(super) fn only_drive(&self) -> Result<DriveFound, Refusal> {
        let mut drives = self.drives.drives();
        match drives.len() {
            0 => Err(Refusal::NoDrive),
            1 if !drives[0].writable => Err(Refusal::DriveFailed),
            1 => Ok(drives.remove(0)),
            _ => Err(Refusal::SeveralDrives),
        }
    }

    /// The one drive that is in, to read from.
    pub(super) fn drive_to_read(&self) -> Result<DriveFound, Refusal> {
        let mut drives = self.drives.drives();
        match drives.len() {
            0 => Err(Refusal::NoDrive),
            1 => Ok(drives.remove(0)),
            _ => Err(Refusal::SeveralDrives),
        }
    }

    /// What would be lost with this kiosk: neither at the office nor on a drive.
    pub(super) fn not_carried_out(&self) -> Result<u64, Failure> {
        let exported = self.exported();
        let here = open(&self.outbox()?)?;
        let lost = here.iter().filter(|l| !exported.contains(&l.submission));
        Ok(lost.count() as u64)
    }

    fn kiosk_name(&self) -> String {
        let kiosk = self.kiosk_id();
        kiosk.map_or_else(|| "unknown".into(), |kiosk| kiosk.to_string())
    }
}

fn queue_failure(error: outbox::OutboxError) -> Failure {
    failure(error.fault(), &error.to_string())
}

fn drive_failure(root: &Folder, drive: &DriveFound, error: &outbox::OutboxError) -> Failure {
    let fault = match (root.is_present(), error.fault()) {
        (false, _) => Fault::UsbPulled,
        (true, Fault::DiskFull) => Fault::UsbFull,
        (true, _) if !drive.writable => Fault::UsbReadOnly,
        (true, Fault::DiskFailed) => Fault::UsbFailed,
        (true, other) => other,
    };
    failure(fault, &error.to_string())
}

fn listed(outbox: &Outbox) -> Result<Vec<Listed>, Failure> {
    outbox.list(false).map_err(queue_failure)
}

/// What the office does not have yet.
fn open(outbox: &Outbox) -> Result<Vec<Listed>, Failure> {
    let mut all = listed(outbox)?;
    all.retain(|listed| matches!(listed.state, State::Waiting | State::Quarantined));
    Ok(all)
}

fn rows(listed: &[Listed]) -> Vec<Row> {
    let of = |state| listed.iter().filter(move |l| l.state == state);
    let waiting = of(State::Waiting).count() as u64;
    let quarantined = of(State::Quarantined).count() as u64;
    let failing = of(State::Waiting).any(|l| l.failures > 0);
    let bytes = of(State::Waiting).map(|l| l.bytes.saturating_sub(l.bytes_sent));
    let mut rows = vec![
        Row::new(
            RowName::Waiting,
            if failing { Light::Warning } else { Light::Good },
            Value::Count(waiting),
        ),
        match quarantined {
            0 => Row::new(RowName::Quarantined, Light::Good, Value::Count(0)),
            some => Row::new(RowName::Quarantined, Light::Warning, Value::Count(some))
                .with(Fault::SubmissionQuarantined),
        },
        Row::new(RowName::QueueBytes, Light::None, Value::Bytes(bytes.sum())),
        match of(State::Waiting).map(|l| l.committed_at).min() {
            Some(oldest) => Row::new(RowName::Oldest, Light::None, Value::Moment(oldest)),
            None => Row::word(RowName::Oldest, Light::None, Word::NotThere),
        },
    ];
    // Of each kind the newest: what the office refuses must not hide a link that fails.
    for state in [State::Quarantined, State::Waiting] {
        let last = of(state).filter_map(|l| l.reason.clone()).next_back();
        rows.extend(last.map(|reason| Row::text(RowName::LastError, reason)));
    }
    rows
}

#[cfg(test)]
mod tests {
    use exchange::{SubmissionId, UnixMillis};

    use super::*;

    fn one(number: u8, state: State, failures: u32) -> Listed {
        Listed {
            submission: SubmissionId::from_parts(UnixMillis(1_000), &[number; 10]),
            sequence: number.into(),
            state,
            committed_at: UnixMillis(i64::from(number) * 1_000),
            failures,
            next_attempt_at: UnixMillis(0),
            reason: match (state, failures) {
                (State::Quarantined, _) => Some("409: another digest".into()),
                (_, 0) => None,
                (_, times) => Some(format!("unreachable, {times} times")),
            },
            bytes: 1_000,
            bytes_sent: 400,
            parts: 7,
            parts_sent: 2,
        }
    }

    fn row(rows: &[Row], name: RowName) -> Row {
        rows.iter().find(|row| row.name == name).unwrap().clone()
    }

    #[test]
    fn counts_ages_and_the_offices_last_word() {
        let all = [
            one(9, State::Waiting, 0),
            one(3, State::Waiting, 2),
            one(5, State::Quarantined, 0),
            one(1, State::Received, 0),
        ];
        let rows = rows(&all);
        assert_eq!(row(&rows, RowName::Waiting).value, Value::Count(2));
        assert_eq!(row(&rows, RowName::Waiting).light, Light::Warning);
        assert_eq!(row(&rows, RowName::QueueBytes).value, Value::Bytes(1_200));
        let oldest = Value::Moment(UnixMillis(3_000));
        assert_eq!(row(&rows, RowName::Oldest).value, oldest);
        let quarantined = row(&rows, RowName::Quarantined);
        assert_eq!(quarantined.fault, Some(Fault::SubmissionQuarantined));
        let errors = rows.iter().filter(|row| row.name == RowName::LastError);
        let said = ["409: another digest", "unreachable, 2 times"];
        let said = said.map(|text| Value::Text(text.into()));
        assert_eq!(
            errors.map(|row| row.value.clone()).collect::<Vec<_>>(),
            said
        );
    }

    #[test]
    fn an_empty_queue_is_good() {
        let rows = rows(&[]);
        assert!(rows.iter().all(|row| row.fault.is_none()));
        assert_eq!(row(&rows, RowName::Waiting).light, Light::Good);
    }
}
