//! What a person sees of a folder.

use std::io;

use faults::Fault;
use rustix::fs::{AtFlags, Dir, DirEntry, FileType, statat};

use super::folder::{Folder, file_type};
use crate::session::event::FileEntry;

/// More than anybody scrolls through.
const MOST_SHOWN: usize = 500;
/// A folder with more entries than this is shown in part.
const MOST_READ: usize = 20_000;

/// Files a person may take for a picture. Those of types the kiosk does not take are
/// shown as well, so that it can say why instead of showing an empty folder.
const PICTURE_ENDINGS: &[&str] = &[
    "jpg", "jpeg", "jpe", "png", "heic", "heif", "pdf", "bmp", "gif", "tif", "tiff", "webp",
];

/// What systems put on drives for themselves.
const NOT_FOR_PEOPLE: &[&str] = &["system volume information", "$recycle.bin", "lost.dir"];

/// Folders and, on demand, picture files; sorted as people read.
pub(super) fn list(
    folder: &Folder,
    pictures: bool,
) -> Result<(Vec<String>, Vec<FileEntry>), Fault> {
    let mut folders = Vec::new();
    let mut files = Vec::new();
    let read = (|| {
        for entry in Dir::read_from(folder.as_fd())?.take(MOST_READ) {
            let entry = entry?;
            let Some(name) = shown_name(&entry) else {
                continue;
            };
            match file_type(folder.as_fd(), &entry) {
                FileType::Directory => folders.push(name),
                FileType::RegularFile if pictures && looks_like_picture(&name) => {
                    let stat = statat(folder.as_fd(), name.as_str(), AtFlags::SYMLINK_NOFOLLOW)?;
                    files.push(FileEntry {
                        bytes: stat.st_size.try_into().unwrap_or(0),
                        name,
                    });
                }
                _ => {}
            }
        }
        Ok(())
    })();
    read.map_err(|error: io::Error| folder.fault(&error))?;
    folders.sort_by_cached_key(|name| name.to_lowercase());
    files.sort_by_cached_key(|file| file.name.to_lowercase());
    folders.truncate(MOST_SHOWN);
    files.truncate(MOST_SHOWN);
    Ok((folders, files))
}

fn shown_name(entry: &DirEntry) -> Option<String> {
    let name = entry.file_name().to_str().ok()?;
    let hidden = name.starts_with('.')
        || name.chars().any(char::is_control)
        || NOT_FOR_PEOPLE.contains(&name.to_lowercase().as_str());
    (!hidden).then(|| name.to_owned())
}

fn looks_like_picture(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| {
        PICTURE_ENDINGS
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
    })
}
