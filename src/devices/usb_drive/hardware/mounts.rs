//! The kernel's table of mounts (proc_pid_mountinfo(5)).

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

pub(super) const TABLE: &str = "/proc/self/mountinfo";

/// Without these a drive could bring programs or devices with it.
const NEEDED: [&str; 3] = ["nosuid", "nodev", "noexec"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// New at every mount.
    pub(super) id: u64,
    /// `major:minor`
    pub(super) device: String,
    pub(super) point: PathBuf,
    options: Vec<String>,
    file_system: String,
}

impl Mount {
    pub(super) fn is_fit(&self, file_systems: &[String]) -> bool {
        let missing = NEEDED
            .iter()
            .any(|o| !self.options.iter().any(|have| have == o));
        if missing {
            tracing::warn!("a drive is not used: not mounted nosuid, nodev, noexec");
        }
        !missing && file_systems.contains(&self.file_system)
    }

    /// A pulled drive stays mounted until it is unmounted, but its device is gone.
    pub(super) fn is_present(&self) -> bool {
        // Major 0: a file system without a device, such as tmpfs.
        self.device.starts_with("0:") || Path::new("/sys/dev/block").join(&self.device).exists()
    }
}

pub(super) fn parse(table: &[u8]) -> Vec<Mount> {
    table
        .split(|&byte| byte == b'\n')
        .filter_map(line)
        .collect()
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw`
fn line(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|&byte| byte == b' ');
    let text = |field: &[u8]| std::str::from_utf8(field).ok().map(String::from);
    let id = text(fields.next()?)?.parse().ok()?;
    let device = text(fields.nth(1)?)?;
    let point = OsString::from_vec(unescape(fields.nth(1)?)).into();
    let options = text(fields.next()?)?.split(',').map(String::from).collect();
    let file_system = text(fields.skip_while(|field| *field != b"-").nth(1)?)?;
    Some(Mount {
        id,
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
        let octal = after.get(..3).filter(|_| byte == b'\\').and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 8).ok()
        });
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
        let table = "36 35 8:17 / /run/media/kiosk/\u{49a}алам\\0401 \
                     rw,nosuid,nodev,noexec,relatime shared:1 - vfat /dev/sdb1 rw\n\
                     nonsense\n\n1 2 3\n";
        let mounts = parse(table.as_bytes());
        assert_eq!(mounts.len(), 1);
        assert_eq!((mounts[0].id, mounts[0].device.as_str()), (36, "8:17"));
        assert_eq!(
            mounts[0].point,
            PathBuf::from("/run/media/kiosk/\u{49a}алам 1")
        );
        assert!(mounts[0].is_fit(&["vfat".into()]));
        assert!(!mounts[0].is_fit(&["exfat".into()]));
    }

    #[test]
    fn a_drive_that_could_bring_programs_is_not_fit() {
        for options in ["rw,nosuid,nodev", "rw,nosuid,noexec", "rw,nodev,noexec"] {
            let table = format!("1 2 8:1 / /m {options} - vfat /dev/sda1 rw");
            assert!(!parse(table.as_bytes())[0].is_fit(&["vfat".into()]));
        }
    }
}
