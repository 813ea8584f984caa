//! Where citizens keep their keys and pictures, as the world tells of it: drives with
//! their folders, tokens with their PINs.

use exchange::{HolderName, Iin, StorageType, UnixMillis};

use super::command::KeyLocation;
use super::event::DriveId;

/// A pending key that waits for its certificate in a citizen's storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingKey {
    pub location: KeyLocation,
    /// Name of the drive or token, for the person.
    pub label: String,
}

/// A key with its certificate in a citizen's storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertifiedKey {
    pub location: KeyLocation,
    /// Hexadecimal.
    pub subject_key_identifier: String,
    /// Name of the drive or token, for the person.
    pub label: String,
}

/// Whom the certificate beside a key names.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyHolder {
    pub holder: HolderName,
    pub iin: Iin,
    pub valid_until: UnixMillis,
}

/// The name of the type alone: everything in it is personal.
impl std::fmt::Debug for KeyHolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyHolder(..)")
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageFound {
    pub storage: StorageType,
    /// `None`: can be used now.
    pub unusable: Option<StorageUnusable>,
    pub drive: Option<DriveId>,
    /// Name of the drive or token, for the person.
    pub label: String,
    pub free_bytes: Option<u64>,
    /// Making a key erases those that are in it, so that it is made only at collection.
    pub generation_erases: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageUnusable {
    NotInserted,
    NotSupportedHere,
    ReadOnly,
    Full,
    Failed,
    /// It holds other keys: one of them has to go first, which its owner is asked for.
    Occupied,
    /// PIN and PUK are blocked.
    Blocked,
    /// A token of a kind that the kiosk does not know.
    Unknown,
    /// More than one token of this kind is in.
    Several,
}

/// What a token says of itself before any PIN is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSeen {
    pub kind: StorageType,
    /// Name of the token, for the person.
    pub label: String,
    /// Wrong PINs until it blocks itself, where it says so; 0: it is blocked.
    pub pin_tries: Option<u8>,
    /// It still has the PIN it came with, where it says so.
    pub pin_is_default: Option<bool>,
    /// None: it has no PUK.
    pub puk: Option<PukSeen>,
    /// A key can be made in it, or was made in it during this visit.
    pub has_room: bool,
    /// The places for keys that are taken.
    pub taken: Vec<TakenSlot>,
    /// Making a key erases those that are in it.
    pub generation_erases: bool,
}

/// A place for a key with something in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenSlot {
    /// As the token's own documents call it.
    pub name: String,
    pub holds: SlotHolds,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlotHolds {
    /// A key whose certificate was not collected.
    Waiting,
    Certified,
    /// Not understood.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PukSeen {
    /// Wrong PUKs until it can never be unblocked, where it says so.
    pub tries: Option<u8>,
}

/// One folder of a USB drive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderListing {
    pub drive: DriveId,
    /// From the drive's root, never with `..`.
    pub path: Vec<String>,
    pub folders: Vec<String>,
    /// Pictures only when listing for the document photo; else none.
    pub files: Vec<FileEntry>,
    pub free_bytes: u64,
    pub writable: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    pub name: String,
    pub bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// e.g. `RSA256_<ski>.p12`; none in a token.
    pub file_name: Option<String>,
    /// Where the person finds it: drive and folder, or the token's name.
    pub location: String,
    pub valid_until: UnixMillis,
}
