//! Whether pcscd is configured to drive the reader at a tty.

use std::io;
use std::path::{Path, PathBuf};

/// The reader file of pcscd in `directory` that names `tty`, which is canonical. A
/// directory that is not there names none.
pub(crate) fn owner(tty: &Path, directory: &Path) -> io::Result<Option<PathBuf>> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if !path.is_file() {
            continue;
        }
        let text = String::from_utf8_lossy(&std::fs::read(&path)?).into_owned();
        let named = devices(&text).any(|device| {
            let device = Path::new(device);
            device
                .canonicalize()
                .map_or(device == tty, |device| device == tty)
        });
        if named {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Of the lines `DEVICENAME path` and `DEVICENAME path:model` (reader.conf(5)).
fn devices(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        if !words.next()?.eq_ignore_ascii_case("DEVICENAME") {
            return None;
        }
        let name = words.next()?.trim_matches('"');
        Some(name.split_once(':').map_or(name, |(path, _)| path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# DEVICENAME /dev/ttyS9\nFRIENDLYNAME \"Token writer\"\n\
                        DEVICENAME /dev/ttyS0:GemPCTwin\nLIBPATH /usr/lib/libccidtwin.so\n";

    #[test]
    fn devices_are_found_with_and_without_a_model() {
        let found = |text| devices(text).collect::<Vec<_>>();
        assert_eq!(found(TEXT), ["/dev/ttyS0"]);
        assert_eq!(
            found("devicename  \"/dev/ttyAMA0\"\nDEVICENAME"),
            ["/dev/ttyAMA0"]
        );
    }

    #[test]
    fn a_tty_is_recognised_by_any_of_its_names() {
        let directory = tempfile::tempdir().unwrap();
        let [tty, link, readers] = ["tty", "link", "readers"].map(|n| directory.path().join(n));
        std::fs::write(&tty, "").unwrap();
        std::os::unix::fs::symlink(&tty, &link).unwrap();
        assert_eq!(owner(&tty, &readers).unwrap(), None);
        std::fs::create_dir(&readers).unwrap();
        let file = readers.join("writer");
        std::fs::write(&file, format!("DEVICENAME {}:GemPCTwin", link.display())).unwrap();
        let tty = tty.canonicalize().unwrap();
        assert_eq!(owner(&tty, &readers).unwrap(), Some(file));
        assert_eq!(owner(Path::new("/dev/ttyS1"), &readers).unwrap(), None);
    }
}
