//! pcscd, apart from the system's.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::reader::{PORT, wait};

const SOCKET: &str = "/run/pcscd/pcscd.comm";

/// By Debian's package vsmartcard-vpcd.
const VPCD: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";

/// In the private file system that the socket lies in, so gone with it.
const READERS: &str = "/run/pcscd/readers";

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

    /// With vpcd's reader under another name, for programs that go by it.
    ///
    /// # Panics
    /// pcscd does not start.
    pub fn with_reader_called(name: &str) -> CardService {
        let text = format!(
            "FRIENDLYNAME \"{name}\"\nDEVICENAME /dev/null:{PORT:#x}\nLIBPATH {VPCD}\n\
             CHANNELID {PORT:#x}\n"
        );
        fs::create_dir_all(READERS).expect("within `apart`");
        fs::write(Path::new(READERS).join("vpcd"), text).expect("within `apart`");
        Self::with_readers(Path::new(READERS))
    }

    /// Stops it in mid-flight: it keeps its socket and answers nothing.
    ///
    /// # Panics
    /// It has ended.
    pub fn freeze(&self) {
        kill_process(Pid::from_child(&self.0), Signal::STOP).expect("a running pcscd");
    }

    pub fn process(&self) -> u32 {
        self.0.id()
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
