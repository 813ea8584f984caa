//! A new database from the sealed files, when the old one is damaged or lost.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use exchange::{Manifest, SealedPart, Signed, UnixMillis};

use crate::commit::{MANIFEST_FILE, advance_chain, insert};
use crate::staging::part_file;
use crate::{Limits, Outbox, OutboxError, State, database, files};

pub(crate) const LAST_MANIFEST: &str = "last-manifest.json";
const SET_ASIDE: &str = "damaged-";

impl Outbox {
    /// Makes a new database from the manifests and sealed files that lie in `dir`, then opens it.
    /// Receipts and results of earlier submissions are only in the old file, which stays where it
    /// was set aside. A part that is missing or altered puts its submission into quarantine.
    ///
    /// # Errors
    /// There still is a database; another process holds the queue; or the disk's.
    pub fn rebuild(dir: &Path, limits: Limits) -> Result<Self, OutboxError> {
        let lock = files::lock_exclusively(&dir.join("lock"))?;
        if dir.join(database::FILE).exists() {
            return Err(OutboxError::InUse);
        }
        let building = dir.join("outbox.db.rebuilding");
        for suffix in ["", "-wal", "-shm"] {
            files::remove_if_there(&with_suffix(&building, suffix))?;
        }
        {
            let mut connection = database::open(&building)?;
            let transaction = connection.transaction()?;
            for (folder, manifest, signed) in manifests(dir)? {
                let damage = manifest
                    .parts
                    .iter()
                    .find(|part| !is_intact(&folder, part))
                    .map(|part| format!("part {} is missing or altered on this disk", part.name));
                let state = match damage {
                    Some(_) => State::Quarantined,
                    None => State::Waiting,
                };
                tracing::info!(submission = %manifest.submission, ?damage, "adopting");
                insert(&transaction, &manifest, &signed, state, damage.as_deref())?;
            }
            if let Some((last, signed)) = read_manifest(&dir.join(LAST_MANIFEST))? {
                advance_chain(&transaction, last.sequence, &signed.digest().to_string())?;
            }
            transaction.commit()?;
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
        // Only a complete database gets the name: a crash before leaves the files as they were.
        fs::rename(&building, dir.join(database::FILE))
            .map_err(|e| OutboxError::io("cannot name the rebuilt database", e))?;
        files::sync_dir(dir)?;
        drop(lock);
        Self::open(dir, limits)
    }
}

/// Moves the damaged database out of the way, all three files of it.
pub(crate) fn set_aside(dir: &Path) -> Result<PathBuf, OutboxError> {
    let mut at = UnixMillis::from_system_clock().0;
    let to = loop {
        let to = dir.join(format!("{SET_ASIDE}{at}"));
        if !to.exists() {
            break to;
        }
        at += 1;
    };
    files::create_private_dir(&to)?;
    // The database last: while it is there, the next start finds the damage again.
    for suffix in ["-wal", "-shm", ""] {
        let name = format!("{}{suffix}", database::FILE);
        match fs::rename(dir.join(&name), to.join(&name)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                return Err(OutboxError::io("cannot move the damaged database", e));
            }
            _ => {}
        }
    }
    files::sync_dir(&to)?;
    files::sync_dir(dir)?;
    Ok(to)
}

pub(crate) fn set_aside_before(dir: &Path) -> Result<Vec<PathBuf>, OutboxError> {
    let mut found: Vec<PathBuf> = files::read_dir(dir)?
        .into_iter()
        .filter(|e| e.file_name().to_string_lossy().starts_with(SET_ASIDE))
        .map(|e| e.path())
        .collect();
    found.sort();
    Ok(found)
}

/// Whether something was committed here once.
pub(crate) fn anything_to_adopt(dir: &Path) -> Result<bool, OutboxError> {
    Ok(dir.join(LAST_MANIFEST).exists()
        || !set_aside_before(dir)?.is_empty()
        || !manifests(dir)?.is_empty())
}

/// Every readable manifest beside its parts, by sequence.
fn manifests(dir: &Path) -> Result<Vec<(PathBuf, Manifest, Signed<Manifest>)>, OutboxError> {
    let mut found = Vec::new();
    for folder in files::read_dir(&dir.join("media"))? {
        if let Some((manifest, signed)) = read_manifest(&folder.path().join(MANIFEST_FILE))? {
            let in_its_folder =
                folder.file_name().to_str() == Some(&manifest.submission.to_string());
            if in_its_folder {
                found.push((folder.path(), manifest, signed));
            }
        }
    }
    found.sort_by_key(|(_, manifest, _)| manifest.sequence);
    Ok(found)
}

/// `None` when there is none or it is not one.
pub(crate) fn read_manifest(
    path: &Path,
) -> Result<Option<(Manifest, Signed<Manifest>)>, OutboxError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(e)
            if e.kind() == io::ErrorKind::NotFound || e.kind() == io::ErrorKind::NotADirectory =>
        {
            return Ok(None);
        }
        Err(e) => return Err(OutboxError::io("cannot read a manifest", e)),
    };
    let signed: Option<Signed<Manifest>> = serde_json::from_slice(&text).ok();
    Ok(signed.and_then(|s| Some((s.read_unverified().ok()?, s))))
}

fn is_intact(folder: &Path, part: &SealedPart) -> bool {
    let digest = files::digest(&folder.join(part_file(part.name)));
    digest.is_ok_and(|d| d == part.sha256)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
