//! A screen that keeps every view, for a kiosk that a test watches.
#![allow(dead_code, reason = "each test uses its part of it")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use kiosk::run::{Picture, Screen};
use kiosk::session::command::PreviewFor;
use kiosk::session::event::MediaHandle;
use kiosk::session::view::View;

/// Longer than anything takes on a busy machine.
pub const SOON: Duration = Duration::from_secs(180);

#[derive(Default)]
pub struct RecordingScreen {
    /// The newest last.
    views: Mutex<Vec<View>>,
    changed: Condvar,
    closed: AtomicBool,
}

impl Screen for RecordingScreen {
    fn preview_size(&self, _: PreviewFor) -> (u32, u32) {
        (320, 240)
    }
    fn show(&self, view: View) {
        self.views.lock().unwrap().push(view);
        self.changed.notify_all();
    }
    fn preview(&self, _: Picture) {}
    fn picture(&self, _: MediaHandle, _: Picture) {}
    fn forget_pictures(&self) {}
    fn when_drawn(&self, answer: Box<dyn FnOnce() + Send>) {
        answer();
    }
    fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }
}

impl RecordingScreen {
    /// As before a start.
    pub fn clear(&self) {
        self.views.lock().unwrap().clear();
    }

    pub fn views(&self) -> Vec<View> {
        self.views.lock().unwrap().clone()
    }

    /// The kiosk asked to be started anew.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Waits until the screen shows something of this kind.
    pub fn sees(&self, what: &str, wanted: impl Fn(&View) -> bool) -> View {
        self.finds(what, |views| {
            views.last().filter(|view| wanted(view)).cloned()
        })
    }

    /// Waits until what was shown so far has it.
    pub fn finds<T>(&self, what: &str, look: impl Fn(&[View]) -> Option<T>) -> T {
        let until = Instant::now() + SOON;
        let mut views = self.views.lock().unwrap();
        loop {
            if let Some(found) = look(&views) {
                return found;
            }
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "never {what}; last: {:?}", views.last());
            views = self.changed.wait_timeout(views, left).unwrap().0;
        }
    }
}
