//! The files read from a chip, byte for byte as they came.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::FileId;

/// Zeroized on drop; `Debug` shows names and lengths only.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChipFiles(BTreeMap<FileId, Vec<u8>>);

impl ChipFiles {
    pub fn insert(&mut self, id: FileId, content: Vec<u8>) {
        if let Some(mut before) = self.0.insert(id, content) {
            before.zeroize();
        }
    }

    pub fn get(&self, id: FileId) -> Option<&[u8]> {
        self.0.get(&id).map(Vec::as_slice)
    }

    pub fn contains(&self, id: FileId) -> bool {
        self.0.contains_key(&id)
    }

    /// In the order of [`FileId`].
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &[u8])> {
        self.0.iter().map(|(&id, content)| (id, content.as_slice()))
    }

    /// Takes one file out.
    pub fn take(&mut self, id: FileId) -> Option<Zeroizing<Vec<u8>>> {
        self.0.remove(&id).map(Zeroizing::new)
    }
}

impl Drop for ChipFiles {
    fn drop(&mut self) {
        self.0.values_mut().for_each(Zeroize::zeroize);
    }
}

impl std::fmt::Debug for ChipFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|(id, content)| (id, content.len())))
            .finish()
    }
}
