//! What goes wrong with a drive, as faults.

use std::io;
use std::sync::Arc;

use faults::Fault;
use rustix::io::Errno;

/// What a drive can still take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Space {
    pub(super) free_bytes: u64,
    pub(super) writable: bool,
}

/// The thing in the slot.
pub(super) trait Medium: Send + Sync {
    /// It is still in the slot.
    fn is_present(&self) -> bool;

    /// Asked before anything is done with it; a broken simulated drive fails here.
    ///
    /// # Errors
    /// Those a real drive gives.
    fn touch(&self) -> io::Result<()> {
        Ok(())
    }

    /// Asked before something is written to it, each time: a person chose it for that.
    ///
    /// # Errors
    /// It cannot be written.
    fn choose(&self) -> io::Result<()> {
        Ok(())
    }

    /// What it says of itself, given what its file system says.
    fn space(&self, measured: Space) -> Space {
        measured
    }
}

pub(super) type SharedMedium = Arc<dyn Medium>;

/// A drive that is gone explains every error; a drive that is there explains itself.
pub(super) fn fault(medium: &dyn Medium, error: &io::Error) -> Fault {
    let fault = if medium.is_present() {
        match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::NODEV | Errno::NXIO | Errno::NOMEDIUM | Errno::SHUTDOWN) => {
                Fault::UsbPulled
            }
            _ => Fault::UsbFailed,
        }
    } else {
        Fault::UsbPulled
    };
    // Never the path: folder names are the citizen's.
    tracing::warn!(%fault, kind = ?error.kind(), errno = error.raw_os_error(), "drive");
    fault
}
