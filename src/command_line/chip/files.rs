//! A chip's files in a folder: `EF.SOD.bin`, `DG1.bin`, ...

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use anyhow::{Context, Result};
use chip::{ChipFiles, FileId};

/// Far more than any file of a chip.
const LARGEST: u64 = 16 << 20;

/// Writes every file; none may be there already. Readable by their owner only.
pub fn write(folder: &Path, files: &ChipFiles) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| folder.display().to_string())?;
    for (id, content) in files.iter() {
        let path = folder.join(file_name(id));
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(content))
            .with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// EF.ATR/INFO has a slash in its name.
fn file_name(id: FileId) -> String {
    format!("{}.bin", id.to_string().replace('/', "-"))
}

/// Every file in the folder that has the name of one, with or without `.bin` and
/// whatever the case; others are passed over.
pub fn read(folder: &Path) -> Result<ChipFiles> {
    let mut files = ChipFiles::default();
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if let Some(id) = path.file_name().and_then(|n| id_of(n.to_str()?)) {
            files.insert(id, content(&path)?);
        }
    }
    Ok(files)
}

pub fn content(path: &Path) -> Result<Vec<u8>> {
    let length = fs::metadata(path)
        .with_context(|| path.display().to_string())?
        .len();
    anyhow::ensure!(
        length <= LARGEST,
        "{}: larger than any file of a chip",
        path.display()
    );
    fs::read(path).with_context(|| path.display().to_string())
}

fn id_of(name: &str) -> Option<FileId> {
    let name = name.to_ascii_lowercase();
    let stem = name.strip_suffix(".bin").unwrap_or(&name);
    all().find(|id| {
        let own = file_name(*id).to_ascii_lowercase();
        own.strip_suffix(".bin") == Some(stem)
    })
}

fn all() -> impl Iterator<Item = FileId> {
    let groups = (1..=16).filter_map(chip::DataGroup::new);
    [
        FileId::CardAccess,
        FileId::AtrInfo,
        FileId::CardSecurity,
        FileId::Com,
        FileId::Sod,
    ]
    .into_iter()
    .chain(groups.map(FileId::DataGroup))
}

#[cfg(test)]
mod tests {
    use chip::DataGroup;

    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("document");
        let mut files = ChipFiles::default();
        for (n, id) in all().enumerate() {
            files.insert(id, vec![n as u8; n]);
        }
        write(&folder, &files).unwrap();
        fs::write(folder.join("notes.txt"), b"not of the chip").unwrap();
        assert_eq!(read(&folder).unwrap(), files);
        assert!(write(&folder, &files).is_err());
    }

    #[test]
    fn names_are_taken_as_other_programs_write_them() {
        let dg2 = FileId::DataGroup(DataGroup::DG2);
        for name in ["DG2", "dg2.bin", "DG2.BIN"] {
            assert_eq!(id_of(name), Some(dg2), "{name}");
        }
        assert_eq!(id_of("ef.sod.bin"), Some(FileId::Sod));
        for name in ["DG17.bin", "DG2.jpg", "EF.DG2", ""] {
            assert_eq!(id_of(name), None, "{name}");
        }
    }
}
