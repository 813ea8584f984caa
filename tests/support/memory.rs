//! The image of a running process: what a core dump of it would hold.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// One mapping that the process can write to: heap, stacks, static variables.
pub struct Region {
    pub start: u64,
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Reads all memory that the process can write to. What it can only read is the
/// program itself, which is the same on every kiosk; of the walkthrough it holds
/// the citizen's own words.
///
/// # Errors
/// The process is gone, or may not be looked into.
pub fn image(process: u32) -> io::Result<Vec<Region>> {
    let memory = File::open(format!("/proc/{process}/mem"))?;
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps"))?;
    let mut regions = Vec::new();
    for line in maps.lines() {
        let mut columns = line.split_whitespace();
        let (Some(range), Some(rights)) = (columns.next(), columns.next()) else {
            continue;
        };
        if !rights.starts_with("rw") {
            continue;
        }
        let name = columns.nth(3).unwrap_or("anonymous").to_owned();
        let (start, end) = range.split_once('-').unwrap();
        let start = u64::from_str_radix(start, 16).unwrap();
        let end = u64::from_str_radix(end, 16).unwrap();
        let mut bytes = vec![0; (end - start) as usize];
        // A page that went meanwhile is no longer part of the image.
        for (i, page) in bytes.chunks_mut(1 << 16).enumerate() {
            let _ = memory.read_exact_at(page, start + ((i as u64) << 16));
        }
        regions.push(Region { start, name, bytes });
    }
    Ok(regions)
}

/// The process's children, and theirs.
pub fn descendants(process: u32) -> Vec<(u32, String)> {
    let all = processes();
    let mut family = vec![process];
    let mut found = Vec::new();
    let mut i = 0;
    while let Some(&parent) = family.get(i) {
        for one in all.iter().filter(|one| one.parent == parent) {
            family.push(one.id);
            found.push((one.id, one.name.clone()));
        }
        i += 1;
    }
    found
}

/// Whether any process of this group still runs; one that nobody waited for does not.
pub fn lives_in_group(group: u32) -> bool {
    processes()
        .iter()
        .any(|one| one.group == group && one.state != "Z")
}

struct Process {
    id: u32,
    name: String,
    state: String,
    parent: u32,
    group: u32,
}

fn processes() -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| process(&entry.path())).collect()
}

fn process(folder: &Path) -> Option<Process> {
    let id = folder.file_name()?.to_str()?.parse().ok()?;
    let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
    // The name in brackets may hold anything.
    let (name, rest) = stat.rsplit_once(')')?;
    let mut columns = rest.split_whitespace();
    Some(Process {
        id,
        name: name.split_once('(')?.1.to_owned(),
        state: columns.next()?.to_owned(),
        parent: columns.next()?.parse().ok()?,
        group: columns.next()?.parse().ok()?,
    })
}
