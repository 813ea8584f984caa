//! Captured pictures and recordings of the one citizen who is here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use crate::session::event::MediaHandle;

/// RGB, 8 bits a channel, rows without padding.
#[derive(Clone)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub pixels: Arc<Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}x{})", self.width, self.height)
    }
}

/// In memory only, wiped when dropped; the core knows handles, not bytes.
#[derive(Default)]
pub struct MediaStore(Mutex<Held>);

#[derive(Default)]
struct Held {
    /// Never reused, so that a handle of one citizen names nothing of the next.
    last: u64,
    jpegs: HashMap<MediaHandle, Arc<Zeroizing<Vec<u8>>>>,
}

impl MediaStore {
    pub fn keep(&self, jpeg: Zeroizing<Vec<u8>>) -> MediaHandle {
        let mut held = self.held();
        held.last += 1;
        let handle = MediaHandle(held.last);
        held.jpegs.insert(handle, Arc::new(jpeg));
        handle
    }

    /// A handle for what is kept nowhere but sealed in the queue: the recording.
    pub fn name_sealed(&self) -> MediaHandle {
        let mut held = self.held();
        held.last += 1;
        MediaHandle(held.last)
    }

    pub fn get(&self, handle: MediaHandle) -> Option<Arc<Zeroizing<Vec<u8>>>> {
        self.held().jpegs.get(&handle).cloned()
    }

    pub fn drop_one(&self, handle: MediaHandle) {
        self.held().jpegs.remove(&handle);
    }

    pub fn drop_all(&self) {
        self.held().jpegs.clear();
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_never_names_the_next_citizens_picture() {
        let store = MediaStore::default();
        let first = store.keep(Zeroizing::new(vec![1]));
        store.drop_all();
        let second = store.keep(Zeroizing::new(vec![2]));
        assert_ne!(first, second);
        assert!(store.get(first).is_none());
        assert_eq!(store.get(second).unwrap().as_slice(), [2]);
    }
}
