//! What is known of the update over restarts and power cuts.

use std::path::{Path, PathBuf};

use exchange::update::{UpdateOutcome, Version};
use exchange::{Digest, FaultCode, Signed, UnixMillis, UpdateOffer, UpdateSource};
use serde::{Deserialize, Serialize};

use super::by_hand::Activations;
use crate::sync::{SyncError, private_file};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    /// The highest number of an offer that was ever accepted.
    pub newest_seen: u64,
    /// The one that stands, as the office signed it: looked at anew each time.
    pub offer: Option<Signed<UpdateOffer>>,
    /// How often its bundle was given to be installed, or was another one than offered.
    pub tries: u8,
    /// Why it was last refused: the office was told of it.
    pub refused: Option<FaultCode>,
    /// Written before the steward is asked: whatever happens then, it is found out by this.
    pub installing: Option<Installing>,
    /// Found out, and not yet signed.
    pub found: Option<Found>,
    /// The last offer that was installed or rolled back: it is not tried again.
    pub settled: u64,
    /// The last one came to nothing.
    pub failed: bool,
    /// Of the slots as the office knows them; none before the first look.
    pub activations: Option<Activations>,
    /// There was an install from a drive.
    pub by_hand: bool,
}

/// An update that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Installing {
    /// [`UpdateOffer::number`]
    pub offer: u64,
    pub sha256: Digest,
    pub version: Version,
    /// Boot names of the slot that ran and of the one written into.
    pub from: String,
    pub into: String,
    /// The last activation of the slot `into`.
    pub before: Option<String>,
}

/// What became of an update, with the number under which the office learns of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Found {
    pub number: u64,
    #[serde(flatten)]
    pub source: UpdateSource,
    pub outcome: UpdateOutcome,
    pub at: UnixMillis,
}

/// The record and its file.
#[derive(Debug)]
pub(super) struct Kept {
    path: PathBuf,
    pub record: Record,
}

impl Kept {
    /// One that cannot be read begins anew: a kiosk that could never be updated again would be
    /// worse than a replayed offer, which dies by its expiry.
    pub fn open(path: &Path) -> Self {
        let read = private_file::read(path)
            .map(|text| text.map_or(Ok(Record::default()), |text| serde_json::from_str(&text)));
        let record = match read {
            Ok(Ok(record)) => record,
            Ok(Err(e)) => {
                tracing::error!("{}: {e}", path.display());
                Record::default()
            }
            Err(e) => {
                tracing::error!("{e}");
                Record::default()
            }
        };
        Self {
            path: path.to_owned(),
            record,
        }
    }

    /// Durable when it returns.
    ///
    /// # Errors
    /// The disk's; then nothing has changed.
    pub fn change(&mut self, change: impl FnOnce(&mut Record)) -> Result<(), SyncError> {
        let bad = |e: serde_json::Error| SyncError::Unexpected(e.to_string());
        let before = serde_json::to_vec(&self.record).map_err(bad)?;
        change(&mut self.record);
        let after = serde_json::to_vec(&self.record).map_err(bad)?;
        if after == before {
            return Ok(());
        }
        private_file::write(&self.path, &after).inspect_err(|_| {
            if let Ok(record) = serde_json::from_slice(&before) {
                self.record = record;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_outlives_a_restart_and_a_damaged_one_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record.json");
        let mut kept = Kept::open(&path);
        kept.change(|r| {
            r.newest_seen = 7;
            r.installing = Some(Installing {
                offer: 7,
                sha256: Digest([1; 32]),
                version: "2026.11.28".parse().unwrap(),
                from: "A".into(),
                into: "B".into(),
                before: None,
            });
        })
        .unwrap();
        let again = Kept::open(&path);
        assert_eq!(again.record.newest_seen, 7);
        assert_eq!(again.record.installing, kept.record.installing);
        std::fs::write(&path, "{\"newest_seen\":").unwrap();
        assert_eq!(Kept::open(&path).record.newest_seen, 0);
    }

    #[test]
    fn what_could_not_be_written_did_not_happen() {
        let dir = tempfile::tempdir().unwrap();
        let mut kept = Kept::open(&dir.path().join("no-such-folder/record.json"));
        assert!(kept.change(|r| r.newest_seen = 7).is_err());
        assert_eq!(kept.record.newest_seen, 0);
    }
}
