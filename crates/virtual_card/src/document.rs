//! A document that the virtual card can be.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use chip::{Can, FileId, Mrz, MrzKey};
use serde::Deserialize;

/// What `document.json` says.
#[derive(Deserialize)]
struct Described {
    mrz: Vec<String>,
    can: String,
}

/// A made document, with everything that a reader of it should find.
pub struct Document {
    pub directory: PathBuf,
    pub mrz: Vec<String>,
    pub can: Can,
    /// Byte for byte as they were made.
    pub files: BTreeMap<FileId, Vec<u8>>,
}

impl Document {
    /// # Panics
    /// There is no document in `directory`.
    pub fn load(directory: &Path) -> Document {
        let text = fs::read_to_string(directory.join("document.json")).expect("document.json");
        let described: Described = serde_json::from_str(&text).expect("document.json");
        let files = fs::read_dir(directory.join("files"))
            .expect("files")
            .map(|entry| {
                let entry = entry.expect("a file");
                let name = entry.file_name().into_string().expect("ASCII");
                let id = name.parse().expect("a file of the application");
                (id, fs::read(entry.path()).expect("a file"))
            })
            .collect();
        Document {
            directory: directory.to_owned(),
            mrz: described.mrz,
            can: Can::parse(&described.can).expect("six digits"),
            files,
        }
    }

    /// The zone, read by the project's own parser.
    pub fn parsed_mrz(&self) -> Mrz {
        let lines: Vec<&str> = self.mrz.iter().map(String::as_str).collect();
        Mrz::parse(&lines).expect("a zone made by the rules")
    }

    pub fn mrz_key(&self) -> MrzKey {
        MrzKey::of(&self.parsed_mrz()).expect("whole dates")
    }

    /// The certificate of the country signing authority, DER.
    pub fn csca(&self) -> Vec<u8> {
        fs::read(self.directory.join("csca.der")).expect("csca.der")
    }
}
