//! What a soak needs: chance that can be repeated, and what processes hold.
#![allow(dead_code, reason = "each program uses some of it")]

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

/// Resident memory comes and goes by pages that the allocator keeps.
const MEMORY_SLACK_KIB: u64 = 8 * 1024;

/// The number behind an argument of this program.
pub fn argument(name: &str) -> Option<u64> {
    let words: Vec<String> = std::env::args().collect();
    let at = words.iter().position(|word| word == name)?;
    let number = words.get(at + 1).and_then(|word| word.parse().ok());
    Some(number.unwrap_or_else(|| panic!("{name} takes a number")))
}

pub fn any_seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(1, |time| u64::from(time.subsec_nanos()))
}

/// SplitMix64: what one seed gives is the same everywhere.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let high = (mixed ^ (mixed >> 31)) >> 32;
        u32::try_from(high % u64::from(limit)).expect("below a u32")
    }
}

/// What a process holds.
#[derive(Clone, Copy)]
pub struct Usage {
    files: usize,
    threads: u64,
    memory_kib: u64,
}

impl Usage {
    pub fn of(process: u32) -> Result<Usage, String> {
        let read = |what: &str| format!("/proc/{process}/{what}");
        let status = fs::read_to_string(read("status")).map_err(|e| e.to_string())?;
        let number = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse().ok()
        };
        Ok(Usage {
            files: fs::read_dir(read("fd")).map_err(|e| e.to_string())?.count(),
            threads: number("Threads:").ok_or("no Threads")?,
            memory_kib: number("VmRSS:").ok_or("no VmRSS")?,
        })
    }

    pub fn not_above(&self, before: &Usage, whose: &str) -> Result<(), String> {
        let grown = self.files > before.files
            || self.threads > before.threads
            || self.memory_kib > before.memory_kib + MEMORY_SLACK_KIB;
        if grown {
            return Err(format!("{whose} grew from {before} to {self}"));
        }
        Ok(())
    }
}

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} files, {} threads, {} KiB",
            self.files, self.threads, self.memory_kib
        )
    }
}

/// Processes that this one started and that run this program, zombies included.
pub fn children_named(name: &str) -> Vec<u32> {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else {
        return Vec::new();
    };
    tasks
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|children| {
            children
                .split_whitespace()
                .filter_map(|process| process.parse().ok())
                .collect::<Vec<u32>>()
        })
        .filter(|process| {
            fs::read_to_string(format!("/proc/{process}/comm"))
                .is_ok_and(|comm| comm.trim() == name)
        })
        .collect()
}
