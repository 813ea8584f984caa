//! A USB drive: written, read back, pulled out.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use faults::Fault;

use crate::devices::usb_drive::DriveFound;
use crate::maintenance::{Hint, Light, Row, RowName, Step, Value, Word};
use crate::session::event::Failure;

use super::super::super::asked::{Asked, blocking};
use super::super::super::world::Inner;
use super::super::step;
use super::{awaited, millis};

/// Written and read back.
const TEST_BYTES: usize = 1 << 20;
const TEST_FILE: &str = "qoltanba-test.bin";

impl Inner {
    pub(super) async fn test_drive(self: &Arc<Self>, asked: &Asked) -> Result<Vec<Row>, Failure> {
        step(asked, Step::Hint(Hint::InsertDrive));
        let drive = awaited(asked, || async {
            let world = self.clone();
            let drives = blocking(move || Ok(world.drives.drives())).await;
            drives.ok()?.into_iter().next()
        })
        .await;
        let Some(drive) = drive else {
            return Ok(vec![Row::word(
                RowName::DriveLabel,
                Light::Bad,
                Word::NotTested,
            )]);
        };
        let mut rows = vec![
            Row::new(
                RowName::DriveLabel,
                Light::Good,
                Value::Text(drive.label.clone()),
            ),
            Row::new(
                RowName::FreeOnDrive,
                Light::None,
                Value::Bytes(drive.free_bytes),
            ),
        ];
        let (world, tried) = (self.clone(), drive.clone());
        rows.push(blocking(move || Ok(world.try_writing(&tried))).await?);
        for row in &rows {
            step(asked, Step::Row(row.clone()));
        }
        step(asked, Step::Hint(Hint::PullDriveOut));
        let gone = awaited(asked, || async {
            let (world, id) = (self.clone(), drive.id);
            let drives = blocking(move || Ok(world.drives.drives())).await.ok()?;
            (!drives.iter().any(|d| d.id == id)).then_some(())
        })
        .await;
        rows.push(match gone {
            Some(()) => Row::word(RowName::DrivePulledOut, Light::Good, Word::Yes),
            None => Row::word(RowName::DrivePulledOut, Light::Warning, Word::NotTested),
        });
        Ok(rows)
    }

    fn try_writing(&self, drive: &DriveFound) -> Row {
        let written = self.drives.folder(drive.id, &[]).and_then(|folder| {
            written_and_read(&folder.path()).map_err(|e| {
                tracing::info!("a test file on a drive: {e}");
                match (folder.is_present(), drive.writable) {
                    (false, _) => Fault::UsbPulled,
                    (true, false) => Fault::UsbReadOnly,
                    (true, true) => Fault::UsbFailed,
                }
            })
        });
        match written {
            Ok(took) => Row::new(RowName::DriveWritten, Light::Good, millis(took)),
            Err(fault) => Row::word(RowName::DriveWritten, Light::Bad, Word::Failed).with(fault),
        }
    }
}

/// How long it took until the bytes were on the drive.
fn written_and_read(folder: &Path) -> io::Result<Duration> {
    let path = folder.join(TEST_FILE);
    let bytes: Vec<u8> = (0..TEST_BYTES).map(|i| (i * 31 + i / 251) as u8).collect();
    let began = Instant::now();
    let done = File::create(&path).and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()
    });
    let took = began.elapsed();
    let read = done.and_then(|()| fs::read(&path));
    let removed = fs::remove_file(&path);
    if read? != bytes {
        return Err(io::ErrorKind::InvalidData.into());
    }
    removed.map(|()| took)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_on_the_drive() {
        let dir = tempfile::tempdir().unwrap();
        written_and_read(dir.path()).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_gone_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert!(written_and_read(&dir.path().join("gone")).is_err());
    }
}
