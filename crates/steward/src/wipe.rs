//! Emptying the kiosk: asked for twice, carried out at the next start, before the kiosk
//! runs and holds anything open.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::protocol::{Reason, Refusal};

/// A confirmation is valid this long.
pub const VALID: Duration = Duration::from_secs(60);
/// In the steward's folder: there until everything is deleted, so that a power cut in
/// between only delays it.
pub const MARK: &str = "wipe";

/// 16 random bytes in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Confirmation(String);

#[derive(Debug, thiserror::Error)]
#[error("a confirmation is 32 hexadecimal digits")]
pub struct NotAConfirmation;

impl FromStr for Confirmation {
    type Err = NotAConfirmation;

    fn from_str(text: &str) -> Result<Self, NotAConfirmation> {
        let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let fits = text.len() == 32 && text.bytes().all(digit);
        fits.then(|| Confirmation(text.to_owned()))
            .ok_or(NotAConfirmation)
    }
}

impl TryFrom<String> for Confirmation {
    type Error = NotAConfirmation;

    fn try_from(text: String) -> Result<Self, NotAConfirmation> {
        text.parse()
    }
}

impl From<Confirmation> for String {
    fn from(confirmation: Confirmation) -> String {
        confirmation.0
    }
}

/// The one confirmation that is out.
#[derive(Debug, Default)]
pub struct Confirmations(Option<(Confirmation, u32, Instant)>);

impl Confirmations {
    /// For this user; an earlier one is void.
    ///
    /// # Errors
    /// [`Reason::Storage`]: the kernel gives no randomness.
    pub fn give(&mut self, user: u32, now: Instant) -> Result<Confirmation, Refusal> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .map_err(|error| Refusal::new(Reason::Storage, error.to_string()))?;
        let confirmation = Confirmation(hex::encode(bytes));
        self.0 = Some((confirmation.clone(), user, now));
        Ok(confirmation)
    }

    /// Void afterwards, right or wrong.
    ///
    /// # Errors
    /// [`Reason::NotConfirmed`].
    pub fn take(&mut self, user: u32, given: &Confirmation, now: Instant) -> Result<(), Refusal> {
        match self.0.take() {
            Some((confirmation, asker, since))
                if confirmation == *given
                    && asker == user
                    && now.saturating_duration_since(since) <= VALID =>
            {
                Ok(())
            }
            _ => Err(Refusal::new(
                Reason::NotConfirmed,
                "not the confirmation that was given, or given too long ago",
            )),
        }
    }
}

/// # Errors
/// Those of the file system.
pub fn schedule(config: &Config) -> io::Result<()> {
    fs::create_dir_all(&config.state_dir)?;
    File::create(config.state_dir.join(MARK))?.sync_all()?;
    File::open(&config.state_dir)?.sync_all()
}

/// What was scheduled: every data folder is empty afterwards, itself still there. False:
/// nothing was scheduled.
///
/// # Errors
/// The first of the file system, after everything else was tried; the mark stays.
pub fn carry_out(config: &Config) -> io::Result<bool> {
    let mark = config.state_dir.join(MARK);
    if !mark.try_exists()? {
        return Ok(false);
    }
    let mut outcome = Ok(());
    for folder in &config.data_dirs {
        outcome = outcome.and(empty(folder));
    }
    outcome?;
    fs::remove_file(mark)?;
    File::open(&config.state_dir)?.sync_all()?;
    Ok(true)
}

/// Links in it are deleted, never followed.
fn empty(folder: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    let mut outcome = Ok(());
    for entry in entries {
        let entry = entry?;
        let deleted = match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path()),
            false => fs::remove_file(entry.path()),
        };
        outcome = outcome.and(deleted);
    }
    outcome.and(File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confirmation_is_for_one_user_one_use_and_a_minute() {
        let mut out = Confirmations::default();
        let now = Instant::now();
        let first = out.give(970, now).unwrap();
        assert!(out.take(970, &first, now + VALID).is_ok());
        assert!(out.take(970, &first, now).is_err(), "a second use");

        let late = out.give(970, now).unwrap();
        let after = now + VALID + Duration::from_millis(1);
        assert!(out.take(970, &late, after).is_err());

        let other = out.give(970, now).unwrap();
        assert!(out.take(971, &other, now).is_err(), "of another user");
        assert!(out.take(970, &other, now).is_err(), "void after that");

        let old = out.give(970, now).unwrap();
        let new = out.give(970, now).unwrap();
        assert_ne!(old, new);
        assert!(out.take(970, &old, now).is_err());
    }

    #[test]
    fn what_was_scheduled_is_deleted_and_nothing_behind_a_link() {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data");
        let elsewhere = place.path().join("elsewhere");
        fs::create_dir_all(data.join("media/deep")).unwrap();
        fs::create_dir(&elsewhere).unwrap();
        fs::write(data.join("media/deep/part"), b"sealed").unwrap();
        fs::write(data.join("queue.sqlite"), b"rows").unwrap();
        fs::write(elsewhere.join("kept"), b"kept").unwrap();
        std::os::unix::fs::symlink(&elsewhere, data.join("link")).unwrap();
        let config = Config {
            state_dir: place.path().join("steward"),
            data_dirs: vec![place.path().join("missing"), data.clone()],
            ..Config::default()
        };

        fs::create_dir(&config.state_dir).unwrap();
        assert!(!carry_out(&config).unwrap());
        assert!(data.join("queue.sqlite").exists());

        schedule(&config).unwrap();
        assert!(carry_out(&config).unwrap());
        assert_eq!(fs::read_dir(&data).unwrap().count(), 0);
        assert!(elsewhere.join("kept").exists());
        assert!(!carry_out(&config).unwrap());
    }
}
