//! USB drives as the system mounted them, and what lies on one for the steward.
//!
//! A drive's files are a stranger's. Everything below its root is opened with `openat2`
//! so that neither a link nor another mount leads out of it, and only on a mount that can
//! bring neither programs nor devices.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rustix::fs::{Dir, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::protocol::{Reason, Refusal};

/// The folder on a drive that is the steward's.
pub const FOLDER: &str = "qoltanba";
/// In it: the wish for the journal.
pub const EXPORT_LOGS: &str = "export-logs";
const BUNDLE_SUFFIX: &[u8] = b".raucb";

/// Without these a drive could bring programs or devices with it.
const NEEDED: [&str; 3] = ["nosuid", "nodev", "noexec"];
/// Looked at in [`FOLDER`], so that a folder without end is none.
const MOST_ENTRIES: usize = 1000;

/// The name of a mount point: one component of a path, at most 128 bytes, no control
/// character, not hidden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DriveName(String);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "a drive is one name: 1 to 128 bytes, without / or control characters, not beginning with a dot"
)]
pub struct NotADriveName;

impl DriveName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As the instance of a unit (systemd.unit(5), "String Escaping for Inclusion in Unit Names").
    pub fn escaped(&self) -> String {
        let mut name = String::with_capacity(self.0.len());
        for byte in self.0.bytes() {
            match byte {
                b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'.' => name.push(byte.into()),
                other => name += &format!("\\x{other:02x}"),
            }
        }
        name
    }
}

impl FromStr for DriveName {
    type Err = NotADriveName;

    fn from_str(name: &str) -> Result<Self, NotADriveName> {
        let fits = (1..=128).contains(&name.len())
            && !name.starts_with('.')
            && !name.chars().any(|c| c == '/' || c.is_control());
        fits.then(|| DriveName(name.to_owned()))
            .ok_or(NotADriveName)
    }
}

impl TryFrom<String> for DriveName {
    type Error = NotADriveName;

    fn try_from(name: String) -> Result<Self, NotADriveName> {
        name.parse()
    }
}

impl From<DriveName> for String {
    fn from(name: DriveName) -> String {
        name.0
    }
}

/// What a drive has in its folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriveContents {
    pub drive: DriveName,
    /// Number of update bundles; only one alone is installed.
    pub bundles: usize,
    pub export_logs: bool,
}

/// A drive that is mounted; its root stays open.
#[derive(Debug)]
pub struct MountedDrive {
    pub name: DriveName,
    root: File,
}

/// All of them. One that cannot be opened is left out: it is being pulled.
pub fn mounted(config: &Config) -> Vec<MountedDrive> {
    let table = std::fs::read(&config.mount_table).unwrap_or_default();
    table
        .split(|&byte| byte == b'\n')
        .filter_map(parse_line)
        .filter(|mount| mount.point.parent() == Some(&config.drives) && mount.is_fit(config))
        .filter_map(|mount| mount.open())
        .collect()
}

/// The names of what is mounted directly in `drives`, from a table as in
/// proc_pid_mountinfo(5): for those who may not look into a drive themselves.
pub fn names(table: &[u8], drives: &Path) -> Vec<DriveName> {
    table
        .split(|&byte| byte == b'\n')
        .filter_map(parse_line)
        .filter(|mount| mount.point.parent() == Some(drives))
        .filter_map(|mount| mount.point.file_name()?.to_str()?.parse().ok())
        .collect()
}

/// # Errors
/// [`Reason::NoSuchDrive`].
pub fn find(config: &Config, name: &DriveName) -> Result<MountedDrive, Refusal> {
    mounted(config)
        .into_iter()
        .find(|drive| drive.name == *name)
        .ok_or_else(|| {
            Refusal::new(
                Reason::NoSuchDrive,
                format!("no drive is mounted as {:?}", name.as_str()),
            )
        })
}

impl MountedDrive {
    pub fn contents(&self) -> DriveContents {
        DriveContents {
            drive: self.name.clone(),
            bundles: self.bundles().map_or(0, |bundles| bundles.len()),
            export_logs: self
                .open(Path::new(FOLDER).join(EXPORT_LOGS).as_path(), OFlags::PATH)
                .is_ok(),
        }
    }

    /// Opens below the root; never follows a link, never leaves the mount.
    ///
    /// # Errors
    /// Those of `openat2(2)`.
    pub fn open(&self, path: &Path, flags: OFlags) -> Result<File, Errno> {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
        // A mode may only be given where a file is made.
        let mode = if flags.contains(OFlags::CREATE) {
            Mode::RUSR | Mode::WUSR
        } else {
            Mode::empty()
        };
        rustix::fs::openat2(&self.root, path, flags | OFlags::CLOEXEC, mode, resolve)
            .map(File::from)
    }

    /// The folder [`FOLDER`], made where it is missing.
    ///
    /// # Errors
    /// Those of `mkdirat(2)` and `openat2(2)`.
    pub fn folder(&self) -> Result<File, Errno> {
        match rustix::fs::mkdirat(&self.root, FOLDER, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error),
        }
        self.open(Path::new(FOLDER), OFlags::RDONLY | OFlags::DIRECTORY)
    }

    /// The only bundle, open for reading.
    ///
    /// # Errors
    /// None or several; a drive that cannot be read.
    pub fn bundle(&self) -> Result<File, Refusal> {
        let failed = |error: Errno| Refusal::new(Reason::DriveFailed, error.to_string());
        let mut bundles = match self.bundles() {
            Ok(bundles) => bundles,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Vec::new(),
            Err(error) => return Err(failed(error)),
        };
        let name = match (bundles.pop(), bundles.is_empty()) {
            (Some(name), true) => name,
            (Some(_), false) => {
                return Err(Refusal::new(
                    Reason::SeveralBundles,
                    format!("several {FOLDER}/*.raucb: leave the one to be installed"),
                ));
            }
            (None, _) => {
                return Err(Refusal::new(
                    Reason::NoBundle,
                    format!("no {FOLDER}/*.raucb on this drive"),
                ));
            }
        };
        // Not blocking: a named pipe would wait for its writer for ever.
        let file = self
            .open(
                &Path::new(FOLDER).join(name),
                OFlags::RDONLY | OFlags::NONBLOCK,
            )
            .map_err(failed)?;
        let kind = rustix::fs::fstat(&file).map_err(failed)?.st_mode;
        if FileType::from_raw_mode(kind) != FileType::RegularFile {
            return Err(Refusal::new(Reason::NoBundle, "the bundle is not a file"));
        }
        Ok(file)
    }

    fn bundles(&self) -> Result<Vec<OsString>, Errno> {
        let folder = self.open(Path::new(FOLDER), OFlags::RDONLY | OFlags::DIRECTORY)?;
        let mut found = Vec::new();
        for entry in Dir::read_from(&folder)?.take(MOST_ENTRIES) {
            let name = entry?.file_name().to_bytes().to_vec();
            // `._x.raucb` is what another system left of a copy's attributes.
            if name.ends_with(BUNDLE_SUFFIX) && !name.starts_with(b".") {
                found.push(OsString::from_vec(name));
            }
        }
        Ok(found)
    }
}

/// A line of proc_pid_mountinfo(5).
struct Mount {
    /// `major:minor`
    device: String,
    point: PathBuf,
    options: Vec<String>,
    file_system: String,
}

impl Mount {
    fn is_fit(&self, config: &Config) -> bool {
        NEEDED
            .iter()
            .all(|needed| self.options.iter().any(|have| have == needed))
            && config.file_systems.contains(&self.file_system)
    }

    /// None: the name is none of a drive's, or another device is there by now. Without the
    /// latter a folder whose drive is gone would be written to.
    fn open(self) -> Option<MountedDrive> {
        let name = self.point.file_name()?.to_str()?.parse().ok()?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let root = rustix::fs::open(&self.point, flags, Mode::empty()).ok()?;
        let device = rustix::fs::fstat(&root).ok()?.st_dev;
        let device = format!(
            "{}:{}",
            rustix::fs::major(device),
            rustix::fs::minor(device)
        );
        (device == self.device).then(|| MountedDrive {
            name,
            root: root.into(),
        })
    }
}

/// `36 35 98:0 / /mount/point rw,noatime master:1 - ext3 /dev/root rw`
fn parse_line(line: &[u8]) -> Option<Mount> {
    let text = |field: &[u8]| std::str::from_utf8(field).ok().map(String::from);
    let mut fields = line.split(|&byte| byte == b' ').skip(2);
    let device = text(fields.next()?)?;
    let point = OsString::from_vec(unescape(fields.nth(1)?)).into();
    let options = text(fields.next()?)?.split(',').map(String::from).collect();
    let file_system = text(fields.skip_while(|field| *field != b"-").nth(1)?)?;
    Some(Mount {
        device,
        point,
        options,
        file_system,
    })
}

/// Space, tab, newline and backslash stand as three octal digits.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|_| byte == b'\\');
        let octal = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        bytes.push(octal.unwrap_or(byte));
        rest = if octal.is_some() { &after[3..] } else { after };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_table_is_read() {
        let line = "36 35 8:17 / /run/media/kiosk/\u{49a}алам\\0401 \
                    rw,nosuid,nodev,noexec,relatime shared:1 - vfat /dev/sdb1 rw";
        let mount = parse_line(line.as_bytes()).unwrap();
        assert_eq!(mount.device, "8:17");
        assert_eq!(mount.point, PathBuf::from("/run/media/kiosk/\u{49a}алам 1"));
        assert!(mount.is_fit(&Config::default()));
    }

    /// As `systemd-escape` gives it.
    #[test]
    fn a_name_is_the_instance_of_a_unit() {
        for (name, escaped) in [
            ("USB-sda1", r"USB\x2dsda1"),
            ("MY KEY-sdb", r"MY\x20KEY\x2dsdb"),
            ("a.b_c:%i\\", r"a.b_c\x3a\x25i\x5c"),
            ("\u{49a}", r"\xd2\x9a"),
        ] {
            assert_eq!(name.parse::<DriveName>().unwrap().escaped(), escaped);
        }
    }

    #[test]
    fn a_drive_that_could_bring_programs_is_not_fit() {
        for options in ["rw,nosuid,nodev", "rw,nosuid,noexec", "rw,nodev,noexec"] {
            let line = format!("1 2 8:1 / /m {options} - vfat /dev/sda1 rw");
            assert!(
                !parse_line(line.as_bytes())
                    .unwrap()
                    .is_fit(&Config::default())
            );
        }
        let line = b"1 2 8:1 / /m rw,nosuid,nodev,noexec - ext4 /dev/sda1 rw";
        assert!(!parse_line(line).unwrap().is_fit(&Config::default()));
    }

    #[test]
    fn nonsense_in_the_table_is_no_mount() {
        for line in [
            &b""[..],
            b"1 2 3",
            b"1 2 8:1 / /m rw",
            b"\xff \xff \xff \xff \xff \xff - x",
        ] {
            assert!(parse_line(line).is_none());
        }
    }
}
