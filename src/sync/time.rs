//! The office's signed time and the floor it sets under this kiosk's clock.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use exchange::api::{self, OfficeTime};
use exchange::{Signed, UnixMillis, VerifyingKey};

use super::{OfficeClient, SyncError, private_file};

/// The newest office-signed time ever seen, kept over restarts. A clock whose battery died begins
/// in the past; no moment before this one can be now.
#[derive(Debug)]
pub struct TimeFloor {
    /// 0: there never was one.
    millis: AtomicI64,
    path: PathBuf,
    /// What the file holds; raising it by less than an hour is not worth a write.
    written: Mutex<i64>,
}

const WRITE_EVERY_MILLIS: i64 = 3_600_000;

impl TimeFloor {
    /// Reads the floor kept in `path`. What is there and not signed by `office` does not count.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(path: PathBuf, office: Option<&VerifyingKey>) -> Result<Self, SyncError> {
        let kept = private_file::read(&path)?;
        let signed = kept.and_then(|t| serde_json::from_str::<Signed<OfficeTime>>(&t).ok());
        let millis = match (signed, office) {
            (Some(signed), Some(key)) => signed.verify(key).map_or(0, |t| t.now.0),
            _ => 0,
        };
        Ok(Self {
            millis: AtomicI64::new(millis),
            path,
            written: Mutex::new(millis),
        })
    }

    pub fn last_signed(&self) -> Option<UnixMillis> {
        let millis = self.millis.load(Ordering::Relaxed);
        (millis > 0).then_some(UnixMillis(millis))
    }

    /// The later of system clock and floor.
    pub fn now(&self) -> UnixMillis {
        let floor = self.last_signed().unwrap_or_default();
        UnixMillis::from_system_clock().max(floor)
    }

    /// The office's word, verified on another connection of this kiosk.
    pub fn at_least(&self, verified: UnixMillis) {
        self.millis.fetch_max(verified.0, Ordering::Relaxed);
    }

    /// Raises the floor to what the office just signed; never lowers it.
    ///
    /// # Errors
    /// Not signed by `office`, or the disk's.
    pub fn raise(
        &self,
        signed: &Signed<OfficeTime>,
        office: &VerifyingKey,
    ) -> Result<UnixMillis, SyncError> {
        let now = signed.verify(office)?.now;
        self.millis.fetch_max(now.0, Ordering::Relaxed);
        let mut written = self
            .written
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if now.0 - *written >= WRITE_EVERY_MILLIS {
            let text =
                serde_json::to_string(signed).map_err(|e| SyncError::Unexpected(e.to_string()))?;
            private_file::write(&self.path, text.as_bytes())?;
            *written = now.0;
        }
        Ok(now)
    }
}

impl OfficeClient {
    /// Asks the office for the time and raises the floor.
    ///
    /// # Errors
    /// See [`SyncError`].
    pub async fn office_time(&self) -> Result<UnixMillis, SyncError> {
        let signed: Signed<OfficeTime> = self.get(api::TIME).await?;
        self.floor()
            .raise(&signed, &self.credentials()?.receipt_key)
    }
}

#[cfg(test)]
mod tests {
    use exchange::SigningKey;

    use super::*;

    #[test]
    fn the_floor_rises_only_by_the_offices_word_and_survives_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("time.json");
        let office = SigningKey::from_slice(&[3; 32]).unwrap();
        let key = office.verifying_key();
        let at = |millis| OfficeTime {
            now: UnixMillis(millis),
        };
        let floor = TimeFloor::open(path.clone(), Some(key)).unwrap();
        assert_eq!(floor.last_signed(), None);
        let far = 4_000_000_000_000;
        floor.raise(&Signed::new(&at(far), &office), key).unwrap();
        assert_eq!(floor.now(), UnixMillis(far));
        floor
            .raise(&Signed::new(&at(far - 9), &office), key)
            .unwrap();
        assert_eq!(floor.now(), UnixMillis(far));

        let stranger = SigningKey::from_slice(&[4; 32]).unwrap();
        assert!(
            floor
                .raise(&Signed::new(&at(far * 2), &stranger), key)
                .is_err()
        );
        let again = TimeFloor::open(path.clone(), Some(key)).unwrap();
        assert_eq!(again.last_signed(), Some(UnixMillis(far)));
        let other = TimeFloor::open(path, Some(stranger.verifying_key())).unwrap();
        assert_eq!(other.last_signed(), None);
    }
}
