//! What went wrong before this start, when nobody was there to tell: a program that ended
//! again and again, a queue that had to be made anew. The office gets to know it with the
//! heartbeat, for a day of running well, over restarts.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use faults::Fault;
use serde::{Deserialize, Serialize};

use crate::session::event::{DeviceEvent, Event};
use crate::sync::private_file;

use super::clock::boottime;
use super::world::Inner;

pub(super) struct LeftBehind {
    path: PathBuf,
    kept: Kept,
    /// Boot time of this start.
    began: Duration,
    office_heard: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// Starts in a row of which none ran well, this one among them.
    starts: u32,
    /// Codes: a later version's that this one does not know are passed over.
    faults: Vec<String>,
}

/// The service manager gives up after as many (StartLimitBurst=); a power cut or an impatient hand may be two.
const CRASH_LOOP: u32 = 5;
/// A start that lived so long was a good one.
const RAN_WELL: Duration = Duration::from_secs(60);
const FOR_A_WHILE: Duration = Duration::from_secs(24 * 3600);
const LOOK_EVERY: Duration = Duration::from_secs(20);

impl LeftBehind {
    /// Counts this start.
    pub fn open(data_dir: &Path, now: Duration) -> Self {
        let path = data_dir.join("left-behind.json");
        let kept = private_file::read(&path).ok().flatten();
        let mut left = Self {
            kept: kept
                .and_then(|text| serde_json::from_str(&text).ok())
                .unwrap_or_default(),
            path,
            began: now,
            office_heard: false,
        };
        left.kept.starts = left.kept.starts.saturating_add(1);
        if left.kept.starts > CRASH_LOOP {
            left.add(Fault::KioskWillNotStart);
        } else {
            left.write();
        }
        left
    }

    pub fn add(&mut self, fault: Fault) {
        if !self.faults().contains(&fault) {
            self.kept.faults.push(fault.code().to_owned());
        }
        self.write();
    }

    pub fn faults(&self) -> Vec<Fault> {
        let codes = self.kept.faults.iter();
        codes.filter_map(|code| Fault::from_code(code)).collect()
    }

    /// The office took a heartbeat with them.
    pub fn office_heard(&mut self) {
        self.office_heard = true;
    }

    /// Those that are told no longer from now on.
    fn over(&mut self, now: Duration) -> Vec<Fault> {
        let ran = now.saturating_sub(self.began);
        let before = self.kept.clone();
        if ran >= RAN_WELL {
            self.kept.starts = 0;
        }
        let mut over = Vec::new();
        if ran >= FOR_A_WHILE && self.office_heard {
            over = self.faults();
            self.kept.faults.clear();
        }
        if self.kept != before {
            self.write();
        }
        over
    }

    /// The kiosk ends because it is asked to.
    pub fn ends_in_order(&mut self) {
        if self.kept.starts != 0 {
            self.kept.starts = 0;
            self.write();
        }
    }

    fn write(&self) {
        let written = serde_json::to_vec(&self.kept)
            .map_err(|e| e.to_string())
            .and_then(|text| private_file::write(&self.path, &text).map_err(|e| e.to_string()));
        if let Err(e) = written {
            // The disk's own fault is raised by who needs it more.
            tracing::warn!("{}: {e}", self.path.display());
        }
    }
}

pub(super) async fn watch(world: Arc<Inner>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        for fault in world.left_behind().over(boottime()) {
            world
                .events
                .send(Event::Device(DeviceEvent::Cleared(fault)));
        }
    }
}

/// The fault that an earlier start left for the fall-back screen, in the folder that the
/// service manager gives (RUNTIME_DIRECTORY, systemd.exec(5)). Taken away: of the next crash
/// it would be the wrong one.
pub(super) fn take_from_screen(folder: &Path) -> Option<Fault> {
    let file = folder.join("fault");
    let code = std::fs::read_to_string(&file).ok()?;
    if let Err(e) = std::fs::remove_file(&file) {
        tracing::warn!("{}: {e}", file.display());
    }
    Fault::from_code(code.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(1000);

    fn crash(dir: &Path) -> Vec<Fault> {
        // Forgotten as by a process that ended without a word.
        LeftBehind::open(dir, START).faults()
    }

    #[test]
    fn a_crash_loop_is_known_at_the_next_start_and_told_for_a_day() {
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..CRASH_LOOP {
            assert_eq!(crash(dir.path()), []);
        }
        assert_eq!(crash(dir.path()), [Fault::KioskWillNotStart]);
        let mut left = LeftBehind::open(dir.path(), START);
        assert_eq!(left.over(START + RAN_WELL), []);
        // Good again, and still told after a restart.
        let mut left = LeftBehind::open(dir.path(), START);
        assert_eq!(left.kept.starts, 1);
        assert_eq!(left.faults(), [Fault::KioskWillNotStart]);

        assert_eq!(
            left.over(START + 2 * FOR_A_WHILE),
            [],
            "the office has not heard"
        );
        left.office_heard();
        assert_eq!(left.over(START + FOR_A_WHILE / 2), []);
        assert_eq!(left.over(START + FOR_A_WHILE), [Fault::KioskWillNotStart]);
        assert_eq!(crash(dir.path()), []);
    }

    #[test]
    fn starts_that_end_in_order_are_no_crashes() {
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..3 * CRASH_LOOP {
            let mut left = LeftBehind::open(dir.path(), START);
            assert_eq!(left.faults(), []);
            left.ends_in_order();
        }
    }

    #[test]
    fn a_rebuilt_queue_is_told_after_a_restart_and_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut left = LeftBehind::open(dir.path(), START);
        left.add(Fault::QueueRebuilt);
        left.add(Fault::QueueRebuilt);
        assert_eq!(crash(dir.path()), [Fault::QueueRebuilt]);
    }

    #[test]
    fn what_was_left_for_the_screen_is_taken_once() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(take_from_screen(dir.path()), None);
        std::fs::write(dir.path().join("fault"), "DSK-02").unwrap();
        assert_eq!(take_from_screen(dir.path()), Some(Fault::DiskFailed));
        assert_eq!(take_from_screen(dir.path()), None);
    }

    #[test]
    fn a_damaged_file_or_a_code_of_a_later_version_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("left-behind.json");
        for text in ["", "{", "[]", r#"{"starts":-1,"faults":[]}"#, "\u{1}"] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(crash(dir.path()), [], "{text}");
        }
        std::fs::write(&file, r#"{"starts":0,"faults":["XYZ-99","QUE-05"]}"#).unwrap();
        assert_eq!(crash(dir.path()), [Fault::QueueRebuilt]);
    }
}
