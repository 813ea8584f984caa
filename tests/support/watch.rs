//! A directory looked at again and again while it is written to.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Everything that was ever seen in the files of a directory.
pub struct Watched {
    root: PathBuf,
    files: HashMap<PathBuf, Seen>,
    pub looks: u32,
}

#[derive(Default)]
struct Seen {
    /// As it was last.
    now: Vec<u8>,
    /// What stood there before and was overwritten.
    before: Vec<Vec<u8>>,
}

impl Watched {
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.into(),
            files: HashMap::new(),
            looks: 0,
        }
    }

    pub fn look(&mut self) {
        self.looks += 1;
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            // What goes while it is being looked at was seen or was too short-lived.
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(bytes) = std::fs::read(&path) {
                    self.note(path, bytes);
                }
            }
        }
    }

    fn note(&mut self, path: PathBuf, bytes: Vec<u8>) {
        let seen = self.files.entry(path).or_default();
        if seen.now == bytes {
            return;
        }
        let before = std::mem::replace(&mut seen.now, bytes);
        if !before.is_empty() && !seen.now.starts_with(&before) {
            seen.before.push(before);
        }
    }

    /// Each file's name and each of its contents.
    pub fn contents(&self) -> impl Iterator<Item = (&Path, &[u8])> {
        self.files.iter().flat_map(|(path, seen)| {
            let all = seen.before.iter().chain([&seen.now]);
            all.map(move |bytes| (path.as_path(), bytes.as_slice()))
        })
    }

    pub fn bytes(&self) -> usize {
        self.contents().map(|(_, bytes)| bytes.len()).sum()
    }
}
