//! USB drives: which are there, what is in them, and the way to a folder or file.
//! What is written into a folder, and how it becomes certain, is the keystore's.
//!
//! Everything goes through the drive's root folder and stays beneath it; symbolic
//! links are never followed. Nothing is held open between calls, so that a drive can
//! be taken out at any time.

mod drives;
mod folder;
pub mod hardware;
mod listing;
#[cfg(feature = "simulated")]
pub mod simulated;
mod trouble;

use std::os::fd::OwnedFd;

use faults::Fault;

pub use folder::Folder;

use crate::session::event::{DriveId, FolderListing};

/// A drive that can be used now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriveFound {
    pub id: DriveId,
    /// For the person: its volume name, as it was mounted.
    pub label: String,
    pub free_bytes: u64,
    pub writable: bool,
}

/// The drives in the kiosk's slots. Their coming and going is told as `DriveInserted`
/// and `DriveRemoved`. These calls touch the drive and may take seconds: not for a
/// thread that must not wait.
pub trait UsbDrives: Send + Sync {
    /// In the order in which they came.
    fn drives(&self) -> Vec<DriveFound>;

    /// `path`: folder names from the root. `pictures`: list picture files too.
    ///
    /// # Errors
    /// `UsbMissing`, `UsbPulled`, `UsbFailed`.
    fn list(&self, drive: DriveId, path: &[String], pictures: bool)
    -> Result<FolderListing, Fault>;

    /// Opens a folder, for the keystore to work in: from now on the drive may be written.
    ///
    /// # Errors
    /// `UsbMissing`, `UsbPulled`, `UsbFailed`.
    fn folder(&self, drive: DriveId, path: &[String]) -> Result<Folder, Fault>;

    /// Opens a file for the worker to parse; the last of `path` is its name.
    ///
    /// # Errors
    /// `UsbMissing`, `UsbPulled`, `FileUnreadable` (also: not a plain file).
    fn open_file(&self, drive: DriveId, path: &[String]) -> Result<OwnedFd, Fault>;
}

#[cfg(all(test, feature = "simulated"))]
mod tests;
