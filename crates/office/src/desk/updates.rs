//! Which update is offered to which kiosk, signed.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use exchange::{
    Digest, KioskId, Signed, UnixMillis, UpdateOffer,
    update::{LONGEST_BUNDLE, Version, Window},
};
use rusqlite::Transaction;
use sha2::{Digest as _, Sha256};

use super::Desk;
use crate::{
    db::updates::{self, SoftwareUpdate},
    keys,
};

const HOUR: i64 = 3_600_000;
const LONGEST_GROUP: usize = 32;

/// What an administrator wants offered.
pub struct NewUpdate<'a> {
    pub bundle: &'a Path,
    pub version: Version,
    pub group: Option<&'a str>,
    pub percent: u8,
    pub window: Window,
}

/// Where a kiosk stands in the order in which an update reaches them, 0 to 9999. Of kiosk
/// and bundle alone: a higher percentage only adds kiosks, and not the same ones are
/// always the first.
pub fn share(sha256: &Digest, kiosk: &KioskId) -> u16 {
    let hash = Digest::of(format!("qoltanba update share v1\n{sha256}\n{kiosk}").as_bytes());
    let first = u64::from_be_bytes(hash.0[..8].try_into().expect("eight of 32"));
    (first % 10_000) as u16
}

impl Desk {
    /// Copies the bundle and offers it; gives the update with its number.
    ///
    /// # Errors
    /// The bundle cannot be read or copied, or the wish is impossible.
    pub fn add_update(&self, wish: &NewUpdate) -> Result<SoftwareUpdate> {
        ensure!(wish.percent <= 100, "a percentage is 0 to 100");
        if let Some(group) = wish.group {
            check_group(group)?;
        }
        let (sha256, length) = self
            .take_bundle(wish.bundle)
            .with_context(|| format!("taking {}", wish.bundle.display()))?;
        let mut update = SoftwareUpdate {
            id: 0,
            version: wish.version.clone(),
            sha256,
            length,
            group: wish.group.map(str::to_owned),
            percent: wish.percent,
            window: wish.window,
            added_at: UnixMillis::from_system_clock(),
            withdrawn_at: None,
        };
        update.id = self.database.write(|t| updates::add(t, &update))?;
        Ok(update)
    }

    /// Durable under its digest when this returns.
    fn take_bundle(&self, bundle: &Path) -> Result<(Digest, u64)> {
        let folder = self.layout.updates();
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o750)
            .create(&folder)?;
        let fresh = folder.join(format!("{}.new", keys::random_hex::<8>()?));
        let taken = copy(bundle, &fresh).and_then(|(digest, length)| {
            fs::rename(&fresh, folder.join(digest.to_string()))?;
            File::open(&folder)?.sync_all()?;
            Ok((digest, length))
        });
        if taken.is_err() {
            let _ = fs::remove_file(&fresh);
        }
        taken
    }

    /// Newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn updates(&self) -> Result<Vec<SoftwareUpdate>> {
        self.database.read(updates::list)
    }

    /// # Errors
    /// There is none that could be withdrawn.
    pub fn withdraw_update(&self, id: i64) -> Result<()> {
        let now = UnixMillis::from_system_clock();
        if !self.database.write(|t| updates::withdraw(t, id, now))? {
            bail!("there is no update {id} that could be withdrawn");
        }
        self.drop_unused_bundle(id)
    }

    /// Unless it is offered by another update, too.
    fn drop_unused_bundle(&self, withdrawn: i64) -> Result<()> {
        let all = self.updates()?;
        let Some(sha256) = all.iter().find(|u| u.id == withdrawn).map(|u| u.sha256) else {
            return Ok(());
        };
        let used = |u: &SoftwareUpdate| u.sha256 == sha256 && u.withdrawn_at.is_none();
        if !all.iter().any(used) {
            let path = self.layout.updates().join(sha256.to_string());
            fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
        }
        Ok(())
    }

    /// # Errors
    /// There is none, or it was withdrawn.
    pub fn set_update_percent(&self, id: i64, percent: u8) -> Result<()> {
        ensure!(percent <= 100, "a percentage is 0 to 100");
        if !self
            .database
            .write(|t| updates::set_percent(t, id, percent))?
        {
            bail!("there is no update {id} that is offered");
        }
        Ok(())
    }

    /// `None` takes it out of its group.
    ///
    /// # Errors
    /// There is no such kiosk, or that is no name of a group.
    pub fn group_kiosk(&self, id: &KioskId, group: Option<&str>) -> Result<()> {
        if let Some(group) = group {
            check_group(group)?;
        }
        if !self.database.write(|t| updates::set_group(t, id, group))? {
            bail!("there is no kiosk {id}");
        }
        Ok(())
    }

    /// Signs what has to be offered, and ends what has not.
    pub(super) fn look_at_offers(&self) -> Result<()> {
        let now = UnixMillis::from_system_clock();
        let due = self.database.read(|c| updates::due(c, now))?;
        if due.is_empty() {
            return Ok(());
        }
        // Together: one wait for the disk, not two hundred.
        self.database
            .write(|t| due.iter().try_for_each(|kiosk| self.offer(t, kiosk, now)))
    }

    fn offer(&self, t: &Transaction, kiosk: &KioskId, now: UnixMillis) -> rusqlite::Result<()> {
        let hours = i64::from(self.configuration.maintenance.offer_hours);
        let expires_at = now.plus_millis(hours * HOUR);
        let update = updates::candidates(t, kiosk)?
            .into_iter()
            .find(|update| share(&update.sha256, kiosk) < u16::from(update.percent) * 100);
        updates::end_offers(t, kiosk, update.as_ref().map(|u| u.id))?;
        if let Some(update) = update {
            let number = updates::number(t, kiosk, update.id)?;
            let offer = UpdateOffer {
                kiosk: kiosk.clone(),
                number,
                version: update.version,
                sha256: update.sha256,
                length: update.length,
                window: update.window,
                signed_at: now,
                expires_at,
            };
            let signed = Signed::new(&offer, &self.decision_key);
            let text = serde_json::to_string(&signed).expect("statements are plain data");
            updates::sign(t, number, &text, expires_at)?;
        }
        updates::looked_at(t, kiosk, now.plus_millis(hours * HOUR / 2))
    }
}

fn check_group(group: &str) -> Result<()> {
    let fits = (1..=LONGEST_GROUP).contains(&group.len())
        && group
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    ensure!(
        fits,
        "a group has 1 to {LONGEST_GROUP} characters of a-z, 0-9 and '-'"
    );
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(Digest, u64)> {
    let mut source = File::open(from)?;
    let mut target = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o640)
        .open(to)?;
    let (mut sha256, mut length) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n = source.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        length += n as u64;
        ensure!(length <= LONGEST_BUNDLE, "a bundle has at most 4 GiB");
        sha256.update(&buffer[..n]);
        target.write_all(&buffer[..n])?;
    }
    ensure!(length > 0, "the bundle is empty");
    target.sync_all()?;
    Ok((Digest(sha256.finalize().into()), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_percentage_only_adds_kiosks_and_each_update_begins_elsewhere() {
        let kiosks: Vec<KioskId> = (0..2000)
            .map(|n| format!("kiosk-{n}").parse().unwrap())
            .collect();
        let chosen = |bundle: &[u8], percent: u16| -> Vec<&KioskId> {
            let sha256 = Digest::of(bundle);
            let picked = kiosks.iter().filter(|k| share(&sha256, k) < percent * 100);
            picked.collect()
        };
        let mut before = Vec::new();
        for percent in [0, 1, 10, 50, 99, 100] {
            let now = chosen(b"one", percent);
            assert!(before.iter().all(|k| now.contains(k)), "{percent}");
            let expected = kiosks.len() * usize::from(percent) / 100;
            assert!(
                now.len().abs_diff(expected) < 100,
                "{percent}: {}",
                now.len()
            );
            before = now;
        }
        assert_eq!(before.len(), kiosks.len(), "all means all");
        assert_ne!(chosen(b"one", 10), chosen(b"two", 10));
    }
}
