//! pcscd, apart from the system's.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::reader::wait;

const SOCKET: &str = "/run/pcscd/pcscd.comm";

/// A running pcscd, killed when dropped.
pub struct CardService(Child);

impl CardService {
    /// # Panics
    /// pcscd does not start.
    pub fn start() -> CardService {
        let _ = fs::remove_file(SOCKET);
        let child = Command::new("/usr/sbin/pcscd")
            .arg("--foreground")
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
