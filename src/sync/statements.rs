//! What this kiosk tells of itself: signed, numbered from 1 for each kind, kept until the office
//! has it.
//!
//! A file each, because a work order is large and there may be many without a link. The signed
//! bytes are what is kept: the same number around other bytes would be an alarm there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use exchange::{
    KioskStatement, ReadinessReport, Signed, UpdateResult, WorkOrder, readiness, update, work_order,
};
use reqwest::StatusCode;

use super::client::refusal;
use super::{DeviceKey, OfficeClient, SyncError, private_file};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementKind {
    Readiness,
    WorkOrder,
    UpdateResult,
}

impl StatementKind {
    pub const ALL: [Self; 3] = [Self::Readiness, Self::WorkOrder, Self::UpdateResult];

    fn folder(self) -> &'static str {
        match self {
            Self::Readiness => "readiness",
            Self::WorkOrder => "work-orders",
            Self::UpdateResult => "update-results",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Readiness => readiness::READINESS,
            Self::WorkOrder => work_order::WORK_ORDERS,
            Self::UpdateResult => update::RESULT,
        }
    }
}

/// A statement that is kept here.
pub trait Kept: KioskStatement {
    const KIND: StatementKind;
}

impl Kept for ReadinessReport {
    const KIND: StatementKind = StatementKind::Readiness;
}

impl Kept for WorkOrder {
    const KIND: StatementKind = StatementKind::WorkOrder;
}

impl Kept for UpdateResult {
    const KIND: StatementKind = StatementKind::UpdateResult;
}

/// The statements that the office does not have yet.
#[derive(Debug)]
pub struct Statements {
    dir: PathBuf,
    /// Numbers are given one after the other.
    numbering: Mutex<()>,
}

const LAST: &str = "last";
const UNSENT: &str = "json";
/// The office will never take it; for a technician to look at.
const REFUSED: &str = "refused";

impl Statements {
    /// # Errors
    /// The disk's.
    pub fn open(dir: PathBuf) -> Result<Self, SyncError> {
        for kind in StatementKind::ALL {
            private_file::create_dir(&dir.join(kind.folder()))?;
        }
        Ok(Self {
            dir,
            numbering: Mutex::default(),
        })
    }

    /// Used up from now on, whether a statement comes of it or not.
    ///
    /// # Errors
    /// The disk's; a file of ours that is damaged: a number that was used before would be an
    /// alarm at the office.
    pub fn next_number(&self, kind: StatementKind) -> Result<u64, SyncError> {
        let _one_at_a_time = self
            .numbering
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let path = self.dir.join(kind.folder()).join(LAST);
        let last: u64 = match private_file::read(&path)? {
            None => 0,
            Some(text) => text.trim().parse().map_err(|_| SyncError::File {
                what: format!("cannot use {}", path.display()),
                source: std::io::Error::other("not a number"),
            })?,
        };
        let number = last + 1;
        private_file::write(&path, number.to_string().as_bytes())?;
        Ok(number)
    }

    /// Signs and keeps it under its number. One that is kept already stays as it is.
    ///
    /// # Errors
    /// The key's or the disk's.
    pub fn keep<T: Kept>(
        &self,
        key: &dyn DeviceKey,
        statement: &T,
    ) -> Result<Signed<T>, SyncError> {
        let bad = |e: serde_json::Error| SyncError::Unexpected(e.to_string());
        let path = self.file(T::KIND, statement.number());
        if let Some(text) = private_file::read(&path)? {
            return serde_json::from_str(&text).map_err(bad);
        }
        let signed = Signed::sign_with(statement, |bytes| key.sign(bytes))?;
        private_file::write(&path, &serde_json::to_vec(&signed).map_err(bad)?)?;
        Ok(signed)
    }

    /// The next number, and what was signed and kept under it.
    ///
    /// # Errors
    /// The key's or the disk's.
    pub fn make<T: Kept>(
        &self,
        key: &dyn DeviceKey,
        statement: impl FnOnce(u64) -> T,
    ) -> Result<(u64, Signed<T>), SyncError> {
        let number = self.next_number(T::KIND)?;
        Ok((number, self.keep(key, &statement(number))?))
    }

    /// Number and signed bytes; oldest first.
    ///
    /// # Errors
    /// The disk's.
    pub fn unsent(&self, kind: StatementKind) -> Result<Vec<(u64, String)>, SyncError> {
        let mut unsent = Vec::new();
        for number in self.numbers(kind)? {
            // One that a newer one replaced meanwhile is no failure.
            if let Some(text) = private_file::read(&self.file(kind, number))? {
                unsent.push((number, text.to_string()));
            }
        }
        Ok(unsent)
    }

    /// An older one than `number` tells nothing any more.
    ///
    /// # Errors
    /// The disk's.
    pub fn forget_older(&self, kind: StatementKind, number: u64) -> Result<(), SyncError> {
        for older in self.numbers(kind)?.into_iter().filter(|n| *n < number) {
            private_file::remove(&self.file(kind, older))?;
        }
        Ok(())
    }

    fn numbers(&self, kind: StatementKind) -> Result<Vec<u64>, SyncError> {
        let dir = self.dir.join(kind.folder());
        let failed = |source| SyncError::File {
            what: format!("cannot list {}", dir.display()),
            source,
        };
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&dir).map_err(failed)? {
            let name = PathBuf::from(entry.map_err(failed)?.file_name());
            let stem = name.file_stem().and_then(|s| s.to_str());
            if name.extension().is_some_and(|e| e == UNSENT)
                && let Some(number) = stem.and_then(|s| s.parse().ok())
            {
                numbers.push(number);
            }
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn put_aside(&self, kind: StatementKind, number: u64) -> Result<(), SyncError> {
        let path = self.file(kind, number);
        private_file::rename(&path, &path.with_extension(REFUSED))
    }

    fn file(&self, kind: StatementKind, number: u64) -> PathBuf {
        let dir: &Path = kind.folder().as_ref();
        self.dir.join(dir).join(format!("{number}.{UNSENT}"))
    }
}

impl OfficeClient {
    /// Sends what the office lacks, oldest first. What it will never take is put aside.
    ///
    /// # Errors
    /// See [`SyncError`]; what was not sent stays.
    pub async fn send_statements(
        &self,
        statements: &Statements,
        kind: StatementKind,
    ) -> Result<(), SyncError> {
        for (number, text) in statements.unsent(kind)? {
            let response = self.post_text(kind.path(), text).await?;
            if response.status() == StatusCode::NO_CONTENT {
                private_file::remove(&statements.file(kind, number))?;
                continue;
            }
            match refusal(response).await {
                error @ SyncError::Refused { .. } => {
                    tracing::error!(?kind, number, "the office will not take it: {error}");
                    statements.put_aside(kind, number)?;
                }
                error => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use exchange::{TimeTrust, UnixMillis, readiness::Readiness};

    use super::*;
    use crate::sync::FileDeviceKey;

    fn report(number: u64) -> ReadinessReport {
        ReadinessReport {
            kiosk: "kiosk-1".parse().unwrap(),
            number,
            made_at: UnixMillis(1),
            time_trust: TimeTrust::AboveFloor,
            readiness: Readiness::default(),
        }
    }

    fn result(number: u64) -> UpdateResult {
        UpdateResult {
            kiosk: "kiosk-1".parse().unwrap(),
            number,
            source: exchange::UpdateSource::Drive { version: None },
            outcome: update::UpdateOutcome::Installed,
            at: UnixMillis(1),
        }
    }

    #[test]
    fn numbers_and_unsent_statements_outlive_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let key = FileDeviceKey::open_or_create(&dir.path().join("key.pem")).unwrap();
        let open = || Statements::open(dir.path().join("statements")).unwrap();
        let first = open();
        for number in 1..=11 {
            assert_eq!(first.make(&key, report).unwrap().0, number);
        }
        let before = first.unsent(StatementKind::Readiness).unwrap();
        let again = open();
        assert_eq!(again.unsent(StatementKind::Readiness).unwrap(), before);
        let numbers: Vec<u64> = before.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, (1..=11).collect::<Vec<_>>(), "oldest first");
        again.forget_older(StatementKind::Readiness, 11).unwrap();
        assert_eq!(
            again.unsent(StatementKind::Readiness).unwrap(),
            before[10..]
        );
        assert_eq!(again.make(&key, report).unwrap().0, 12);
        assert_eq!(
            again.make(&key, result).unwrap().0,
            1,
            "each kind has its own"
        );
    }

    #[test]
    fn what_was_signed_once_is_not_signed_again() {
        let dir = tempfile::tempdir().unwrap();
        let key = FileDeviceKey::open_or_create(&dir.path().join("key.pem")).unwrap();
        let statements = Statements::open(dir.path().join("statements")).unwrap();
        let (number, first) = statements.make(&key, result).unwrap();
        let before = statements.unsent(StatementKind::UpdateResult).unwrap();
        let later = UpdateResult {
            at: UnixMillis(2),
            ..result(number)
        };
        assert_eq!(statements.keep(&key, &later).unwrap(), first);
        assert_eq!(
            statements.unsent(StatementKind::UpdateResult).unwrap(),
            before
        );
    }

    #[test]
    fn a_damaged_count_is_no_reason_to_begin_anew() {
        let dir = tempfile::tempdir().unwrap();
        let statements = Statements::open(dir.path().join("statements")).unwrap();
        statements.next_number(StatementKind::Readiness).unwrap();
        let last = dir.path().join("statements/readiness/last");
        private_file::write(&last, b"x").unwrap();
        assert!(statements.next_number(StatementKind::Readiness).is_err());
    }
}
