//! An update from a drive or from the kiosk's own folder: found there, copied, given to rauc.
//!
//! It is copied because both belong to the kiosk's user, and a drive may be pulled: rauc wants
//! a file that nobody else can change, and takes its ownership, which no USB drive's file
//! system knows. rauc alone decides whether the bundle is genuine; one of an older version than
//! the one that runs is refused all the same.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc::Sender;

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::config::Config;
use crate::protocol::{Answer, Reason, Refusal};

/// Where in its folder the kiosk leaves what it fetched.
pub const OFFERED: &str = "update/bundle.raucb";

/// Left free beside the copy: the kiosk's own disk must not fill up.
const RESERVE: u64 = 64 << 20;
/// Of the whole, in per cent; the rest is rauc's.
const COPY_SHARE: u64 = 30;
const CHUNK: usize = 1 << 20;

/// The copy is gone when this is.
#[derive(Debug)]
pub struct Copy(PathBuf);

impl Copy {
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::warn!(%error, "the copy of an update stays");
        }
    }
}

/// Ends a copy that nobody waits for any longer.
#[derive(Debug, Default)]
pub struct Wanted(Arc<AtomicBool>);

impl Wanted {
    pub fn unwanted(&self) -> Arc<AtomicBool> {
        self.0.clone()
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The bundle that the kiosk fetched, open for reading. What lies in the kiosk's folder is
/// the kiosk's doing: no link of it leads anywhere else.
///
/// # Errors
/// [`Reason::NoBundle`]: none, or something that is no file.
pub fn offered(config: &Config) -> Result<File, Refusal> {
    let none = |error: Errno| Refusal::new(Reason::NoBundle, format!("{OFFERED}: {error}"));
    let folder = rustix::fs::open(
        &config.kiosk_dir,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .map_err(none)?;
    // Not blocking: a named pipe would wait for its writer for ever.
    let bundle = rustix::fs::openat2(
        &folder,
        OFFERED,
        OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV,
    )
    .map_err(none)?;
    let kind = rustix::fs::fstat(&bundle).map_err(none)?.st_mode;
    if FileType::from_raw_mode(kind) != FileType::RegularFile {
        return Err(Refusal::new(Reason::NoBundle, "the bundle is not a file"));
    }
    Ok(bundle.into())
}

/// Blocks as long as what it reads from. `failing`: what it means when that cannot be read.
///
/// # Errors
/// Too large, no space, a drive or disk that fails.
pub fn copy(
    config: &Config,
    mut bundle: File,
    failing: Reason,
    progress: &Sender<Answer>,
    unwanted: &AtomicBool,
) -> Result<Copy, Refusal> {
    let storage = |error: io::Error| Refusal::new(Reason::Storage, error.to_string());
    let unreadable = |error: io::Error| Refusal::new(failing, error.to_string());
    let size = bundle.metadata().map_err(unreadable)?.len();
    if size > config.bundle_limit {
        return Err(Refusal::new(
            Reason::BundleTooLarge,
            format!("{size} bytes, at most {}", config.bundle_limit),
        ));
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&config.state_dir)
        .map_err(storage)?;
    let path = config.state_dir.join("update.raucb");
    // Left behind by a power cut.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(storage(error)),
        _ => {}
    }
    let free = rustix::fs::statvfs(&config.state_dir).map_err(|error| storage(error.into()))?;
    if free.f_bavail.saturating_mul(free.f_frsize) < size.saturating_add(RESERVE) {
        return Err(Refusal::new(
            Reason::NoSpace,
            format!("no space for {size} bytes"),
        ));
    }
    let mut target = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(storage)?;
    let copy = Copy(path);
    let mut chunk = vec![0; CHUNK];
    let mut done = 0;
    while !unwanted.load(Ordering::Relaxed) {
        let length = read(&mut bundle, &mut chunk).map_err(unreadable)?;
        if length == 0 {
            return Ok(copy);
        }
        done += length as u64;
        // It grew while it was read: not the file that was measured.
        if done > size {
            break;
        }
        target.write_all(&chunk[..length]).map_err(storage)?;
        let percent = done.saturating_mul(COPY_SHARE) / size.max(1);
        // Whoever reads slowly misses a step.
        let _ = progress.try_send(Answer::Progress {
            percent: u8::try_from(percent).unwrap_or(COPY_SHARE as u8),
            step: "Copying".into(),
        });
    }
    Err(Refusal::new(failing, "the copy was not finished"))
}

fn read(file: &mut File, chunk: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

/// What `rauc install` says of its progress: ` 40% Checking slot root.1`.
pub fn progress(line: &str) -> Option<Answer> {
    let (percent, step) = line.trim().split_once("% ")?;
    let percent: u64 = percent.parse().ok().filter(|percent| *percent <= 100)?;
    let percent = COPY_SHARE + percent * (100 - COPY_SHARE) / 100;
    Some(Answer::Progress {
        percent: u8::try_from(percent).ok()?,
        step: step.chars().filter(|c| !c.is_control()).take(200).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_of_progress_are_progress() {
        let step = |percent, step: &str| {
            Some(Answer::Progress {
                percent,
                step: step.into(),
            })
        };
        assert_eq!(progress("  0% Installing"), step(30, "Installing"));
        assert_eq!(
            progress(" 40% Checking slot\u{7} root.1"),
            step(58, "Checking slot root.1")
        );
        assert_eq!(
            progress("100% Installing done."),
            step(100, "Installing done.")
        );
        for line in ["", "%", "101% x", "-1% x", "installing", "a 5% b"] {
            assert_eq!(progress(line), None, "{line}");
        }
    }
}
