//! Walking through the folders of a USB drive. The way never leads out of the
//! drive: it is made only of names that a listing gave.

use super::command::Request;
use super::event::{DriveId, FolderListing};

pub(super) struct Folder {
    drive: DriveId,
    pictures: bool,
    /// What is shown.
    listing: Option<FolderListing>,
    /// What was asked for last.
    wanted: Vec<String>,
}

/// Whether this can only name something inside the folder it was listed in.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\0'])
}

impl Folder {
    /// `pictures`: picture files are wanted too.
    pub fn root_of(drive: DriveId, pictures: bool) -> Self {
        Self {
            drive,
            pictures,
            listing: None,
            wanted: Vec::new(),
        }
    }

    pub fn drive(&self) -> DriveId {
        self.drive
    }

    pub fn listing(&self) -> Option<FolderListing> {
        self.listing.clone()
    }

    /// Lists again what is shown, or the root.
    pub fn list(&self) -> Request {
        self.request()
    }

    pub fn open(&mut self, index: usize) -> Option<Request> {
        let listing = self.listing.as_ref()?;
        let name = listing.folders.get(index).filter(|n| is_plain(n))?;
        self.wanted = listing.path.iter().chain([name]).cloned().collect();
        Some(self.request())
    }

    pub fn up(&mut self) -> Option<Request> {
        let path = &self.listing.as_ref()?.path;
        self.wanted = path[..path.len().checked_sub(1)?].to_vec();
        Some(self.request())
    }

    /// The way to a file of the listing.
    pub fn file(&self, index: usize) -> Option<(DriveId, Vec<String>)> {
        let listing = self.listing.as_ref()?;
        let name = &listing.files.get(index).filter(|f| is_plain(&f.name))?.name;
        let path = listing.path.iter().chain([name]).cloned().collect();
        Some((self.drive, path))
    }

    /// Takes the listing that was asked for; false when it is of another folder.
    pub fn take(&mut self, listing: &FolderListing) -> bool {
        let right = listing.drive == self.drive && listing.path == self.wanted;
        if right {
            self.listing = Some(listing.clone());
        }
        right
    }

    /// The folder could not be listed: back to the one that is shown, if any.
    pub fn back_to_shown(mut self) -> Option<Self> {
        self.wanted = self.listing.as_ref()?.path.clone();
        Some(self)
    }

    /// The drive was pulled and put in again, perhaps under another id.
    pub fn moved_to(&mut self, drive: DriveId) {
        self.drive = drive;
        self.listing = None;
    }

    fn request(&self) -> Request {
        Request::ListFolder {
            drive: self.drive,
            path: self.wanted.clone(),
            pictures: self.pictures,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(path: &[&str], folders: &[&str]) -> FolderListing {
        FolderListing {
            drive: DriveId(1),
            path: path.iter().map(|&p| p.to_owned()).collect(),
            folders: folders.iter().map(|&f| f.to_owned()).collect(),
            files: Vec::new(),
            free_bytes: 1,
            writable: true,
        }
    }

    fn path(request: Option<Request>) -> Option<Vec<String>> {
        match request? {
            Request::ListFolder { path, .. } => Some(path),
            other => panic!("not a listing: {other:?}"),
        }
    }

    #[test]
    fn the_way_never_leaves_the_drive() {
        let mut folder = Folder::root_of(DriveId(1), false);
        assert!(folder.take(&listing(&[], &["Keys", "..", "a/b", "", "."])));
        assert!(folder.up().is_none(), "nothing above the root");
        for hostile in 1..9 {
            assert!(folder.open(hostile).is_none());
        }
        assert_eq!(path(folder.open(0)), Some(vec!["Keys".to_owned()]));
        assert!(
            !folder.take(&listing(&["Other"], &[])),
            "not what was asked"
        );
        assert!(folder.take(&listing(&["Keys"], &["2026"])));
        assert_eq!(path(folder.up()), Some(vec![]));
    }
}
