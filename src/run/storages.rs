//! The citizen's key storages as the core names them: drives, folders, tokens.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use exchange::StorageType;
use faults::Fault;
use keystore::{KeyId, KeyStorage, Pkcs12Storage, StorageError};

use crate::session::command::KeyLocation;
use crate::session::event::{
    DriveId, Failure, FolderListing, PendingKey, Reply, StorageFound, StorageUnusable,
};

use super::asked::{blocking, failure};
use super::world::Inner;

/// A key file, its successor and the folder's own growth.
const SPACE_NEEDED: u64 = 64 * 1024;
/// How deep a pending key is looked for below a drive's root.
const DEPTH: usize = 4;
/// Folders looked into on one drive at most.
const FOLDERS: usize = 2000;

impl Inner {
    pub(super) async fn find_storages(self: &Arc<Self>) -> Result<Reply, Failure> {
        let world = self.clone();
        blocking(move || Ok(Reply::Storages(world.storages()))).await
    }

    fn storages(&self) -> Vec<StorageFound> {
        let drives = self.drives.drives();
        let mut found: Vec<StorageFound> = drives
            .into_iter()
            .map(|drive| StorageFound {
                storage: StorageType::Pkcs12,
                unusable: if !drive.writable {
                    Some(StorageUnusable::ReadOnly)
                } else if drive.free_bytes < SPACE_NEEDED {
                    Some(StorageUnusable::Full)
                } else {
                    None
                },
                drive: Some(drive.id),
                label: drive.label,
                free_bytes: Some(drive.free_bytes),
                generation_erases: false,
            })
            .collect();
        if found.is_empty() {
            found.push(absent(StorageType::Pkcs12, StorageUnusable::NotInserted));
        }
        found.extend(self.tokens_found());
        found
    }

    pub(super) async fn list_folder(
        self: &Arc<Self>,
        drive: DriveId,
        path: Vec<String>,
        pictures: bool,
    ) -> Result<Reply, Failure> {
        let world = self.clone();
        blocking(move || world.listing(drive, &path, pictures).map(Reply::Folder)).await
    }

    fn listing(
        &self,
        drive: DriveId,
        path: &[String],
        pictures: bool,
    ) -> Result<FolderListing, Failure> {
        self.drives
            .list(drive, path, pictures)
            .map_err(|fault| failure(fault, "listing a folder"))
    }

    pub(super) fn open_on_drive(
        &self,
        drive: DriveId,
        path: &[String],
    ) -> Result<OwnedFd, Failure> {
        self.drives
            .open_file(drive, path)
            .map_err(|fault| failure(fault, "opening a citizen's file"))
    }

    /// Looks through the inserted drives for `PENDING_<ski>.p12`, then at the token.
    pub(super) async fn find_pending_key(
        self: &Arc<Self>,
        subject_key_identifier: String,
    ) -> Result<Reply, Failure> {
        let key = key_id(&subject_key_identifier)?;
        let world = self.clone();
        blocking(move || {
            let on_token = || world.token_with(&key);
            let found = world.drives.drives().into_iter().find_map(|drive| {
                let path = world.folder_with(drive.id, &key)?;
                let location = KeyLocation {
                    storage: StorageType::Pkcs12,
                    drive: Some(drive.id),
                    path,
                };
                Some(PendingKey {
                    location,
                    label: drive.label,
                })
            });
            Ok(Reply::PendingKey(found.or_else(on_token)))
        })
        .await
    }

    fn folder_with(&self, drive: DriveId, key: &KeyId) -> Option<Vec<String>> {
        self.in_folders(drive, |path| {
            let location = KeyLocation {
                storage: StorageType::Pkcs12,
                drive: Some(drive),
                path: path.to_vec(),
            };
            let holds = self.with_storage(&location, |storage| {
                let contents = storage.contents()?;
                Ok(contents.pending.contains(key) || contents.installed.contains(key))
            });
            holds.unwrap_or(false).then(|| path.to_vec())
        })
    }

    /// Looks into one folder of a drive after the other until `look` has found it.
    /// Breadth first: people keep keys near the root.
    pub(super) fn in_folders<T>(
        &self,
        drive: DriveId,
        mut look: impl FnMut(&[String]) -> Option<T>,
    ) -> Option<T> {
        let mut queue = std::collections::VecDeque::from([Vec::new()]);
        let mut looked = 0;
        while let Some(path) = queue.pop_front() {
            looked += 1;
            if looked > FOLDERS {
                return None;
            }
            if let Some(found) = look(&path) {
                return Some(found);
            }
            if path.len() < DEPTH
                && let Ok(listing) = self.listing(drive, &path, false)
            {
                let below = |name| [path.clone(), vec![name]].concat();
                queue.extend(listing.folders.into_iter().map(below));
            }
        }
        None
    }

    /// Opens the storage at a place for one piece of work.
    pub(super) fn with_storage<T>(
        &self,
        location: &KeyLocation,
        work: impl FnOnce(&mut dyn KeyStorage) -> Result<T, StorageError>,
    ) -> Result<T, Failure> {
        if location.storage != StorageType::Pkcs12 {
            return self.with_token(location.storage, |token| work(token));
        }
        let drive = location
            .drive
            .ok_or_else(|| failure(Fault::UsbMissing, "no drive was chosen"))?;
        let folder = self
            .drives
            .folder(drive, &location.path)
            .map_err(|fault| failure(fault, "opening the key's folder"))?;
        let mut storage =
            Pkcs12Storage::open::<&str>(&folder.path(), &[]).map_err(storage_failure)?;
        work(&mut storage).map_err(storage_failure)
    }

    /// Where the person finds the key, e.g. `KINGSTON / keys`, or the token's name.
    pub(super) fn place_in_words(&self, location: &KeyLocation) -> String {
        if location.storage != StorageType::Pkcs12 {
            let status = self.with_token(location.storage, |token| token.status());
            return status.map(|s| s.label).unwrap_or_default();
        }
        let label = self
            .drives
            .drives()
            .into_iter()
            .find(|d| Some(d.id) == location.drive)
            .map(|d| d.label);
        label
            .into_iter()
            .chain(location.path.iter().cloned())
            .collect::<Vec<_>>()
            .join(" / ")
    }
}

pub(super) fn absent(storage: StorageType, why: StorageUnusable) -> StorageFound {
    StorageFound {
        storage,
        unusable: Some(why),
        drive: None,
        label: String::new(),
        free_bytes: None,
        generation_erases: false,
    }
}

pub(super) fn key_id(hex: &str) -> Result<KeyId, Failure> {
    hex.parse()
        .map_err(|_| failure(Fault::OfficeRefused, "not a subject key identifier"))
}

pub(super) fn storage_failure(e: StorageError) -> Failure {
    failure(e.fault(), &e.to_string())
}
