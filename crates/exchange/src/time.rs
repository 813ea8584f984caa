//! Points in time and how much they can be believed.

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01 UTC.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// The system clock. Only edges call this; pure code is handed the time.
    pub fn from_system_clock() -> Self {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Self(since.as_millis() as i64)
    }

    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

/// Where the wall clock's value comes from. A doubtful clock marks a
/// submission; it does not close the kiosk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum TimeTrust {
    /// Compared with office-signed time since boot.
    OfficeConfirmed,
    /// Not behind the last office-signed time, not confirmed since boot.
    AboveFloor,
    /// Behind the last office-signed time, or there never was one.
    #[default]
    Doubtful,
}
