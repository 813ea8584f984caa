//! pcscd, apart from the system's.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::reader::wait;

const SOCKET: &str = "/run/pcscd/pcscd.comm";

/// A running pcscd, killed when dropped.
pub struct CardService(Child);

impl CardService {
    /// With the readers that are installed.
    ///
    /// # Panics
    /// pcscd does not start.
    pub fn start() -> CardService {
        Self::start_with(&[])
    }

    /// With the readers of the files in `directory` (reader.conf(5)).
    ///
    /// # Panics
    /// pcscd does not start.
    pub fn with_readers(directory: &Path) -> CardService {
        Self::start_with(&["--config".as_ref(), directory.as_os_str()])
    }

    fn start_with(words: &[&OsStr]) -> CardService {
        let _ = fs::remove_file(SOCKET);
        let child = Command::new("/usr/sbin/pcscd")
            .arg("--foreground")
            .args(words)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pcscd");
        let service = CardService(child);
        wait("pcscd's socket", || Path::new(SOCKET).exists());
        service
    }
}

impl Drop for CardService {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
