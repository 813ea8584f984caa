//! A drive that is mounted read-only until a person chose it.

use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::super::trouble::{Medium, Space};
use super::Opener;
use super::mounts::Mount;

pub(super) struct OpenedDrive {
    mount: Mount,
    label: String,
    opener: Opener,
    /// It was let be written: read-only now, it is broken.
    opened: Mutex<bool>,
}

impl OpenedDrive {
    pub(super) fn new(mount: Mount, label: String, opener: Opener) -> Self {
        OpenedDrive {
            mount,
            label,
            opener,
            opened: Mutex::new(false),
        }
    }

    /// By its own switch, or because it says so.
    fn is_protected(&self) -> bool {
        let block = Path::new("/sys/dev/block").join(&self.mount.device);
        std::fs::read_to_string(block.join("ro")).is_ok_and(|says| says.trim() != "0")
    }
}

impl Medium for OpenedDrive {
    fn is_present(&self) -> bool {
        self.mount.is_present()
    }

    fn choose(&self) -> io::Result<()> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if !*opened {
            (self.opener)(&self.label)?;
            *opened = true;
        }
        Ok(())
    }

    fn space(&self, measured: Space) -> Space {
        let opened = *self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        Space {
            writable: measured.writable || (!opened && !self.is_protected()),
            ..measured
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::super::mounts;
    use super::*;

    #[test]
    fn a_drive_is_opened_once_and_says_when_it_broke_since() {
        let asked = Arc::new(AtomicU32::new(0));
        let opener: Opener = Arc::new({
            let asked = asked.clone();
            move |label: &str| {
                assert_eq!(label, "KEY-sda1");
                match asked.fetch_add(1, Ordering::SeqCst) {
                    0 => Err(io::Error::other("busy")),
                    _ => Ok(()),
                }
            }
        });
        let table = b"1 2 0:99 / /m rw,nosuid,nodev,noexec - vfat /dev/sda1 ro";
        let mount = mounts::parse(table).remove(0);
        let drive = OpenedDrive::new(mount, "KEY-sda1".into(), opener);
        let space = |writable| {
            let free_bytes = 7;
            let measured = Space {
                free_bytes,
                writable,
            };
            drive.space(measured)
        };
        assert!(space(false).writable, "it can be chosen");
        assert!(drive.choose().is_err());
        assert!(space(false).writable, "it can still be");
        drive.choose().unwrap();
        drive.choose().unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), 2);
        assert!(space(true).writable);
        assert!(!space(false).writable, "an error made it read-only");
    }
}
