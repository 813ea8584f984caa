use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};

use faults::Fault;

use super::simulated::{self, DriveFault, SimulatedDrives};
use super::*;
use crate::session::event::DeviceEvent;

fn drive(root: &Path) -> (SimulatedDrives, DriveId, Receiver<DeviceEvent>) {
    let (sender, events) = mpsc::channel();
    let drives = simulated::start(root.to_owned(), "ФЛЕШКА", move |event| {
        sender.send(event).unwrap();
    });
    let id = drives.drives()[0].id;
    (drives, id, events)
}

fn path(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_folder_is_listed_as_people_read_it() {
    let root = tempfile::tempdir().unwrap();
    for name in ["б", "Кілттер", "а", ".hidden", "System Volume Information"] {
        fs::create_dir(root.path().join(name)).unwrap();
    }
    for (name, bytes) in [("b.PNG", 5), ("A.jpg", 3), ("скан.pdf", 1), ("key.p12", 9)] {
        fs::write(root.path().join(name), vec![0; bytes]).unwrap();
    }
    symlink("/etc", root.path().join("etc")).unwrap();
    symlink("/etc/passwd", root.path().join("link.jpg")).unwrap();
    let (drives, id, _events) = drive(root.path());

    let listing = drives.list(id, &[], true).unwrap();
    assert_eq!(listing.folders, ["а", "б", "Кілттер"]);
    let files: Vec<_> = listing
        .files
        .iter()
        .map(|f| (f.name.as_str(), f.bytes))
        .collect();
    assert_eq!(files, [("A.jpg", 3), ("b.PNG", 5), ("скан.pdf", 1)]);
    assert!(listing.writable && listing.free_bytes > 0);
    assert!(drives.list(id, &[], false).unwrap().files.is_empty());
    let inner = drives.list(id, &path(&["Кілттер"]), true).unwrap();
    assert_eq!((inner.path, inner.folders.len()), (path(&["Кілттер"]), 0));
}

#[test]
fn no_name_and_no_link_leads_out_of_the_drive() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.jpg"), b"secret").unwrap();
    let root = outside.path().join("drive");
    fs::create_dir_all(root.join("in")).unwrap();
    symlink("..", root.join("up")).unwrap();
    symlink("../secret.jpg", root.join("out.jpg")).unwrap();
    symlink("in", root.join("inside")).unwrap();
    let (drives, id, _events) = drive(&root);

    for names in [
        &[".."][..],
        &["."],
        &["in", ".."],
        &["in/../.."],
        &["/etc"],
        &["up"],
        &["inside"],
        &["a\0b"],
        &[""],
    ] {
        assert_eq!(
            drives.folder(id, &path(names)).unwrap_err(),
            Fault::UsbFailed,
            "{names:?}"
        );
        assert!(drives.list(id, &path(names), true).is_err(), "{names:?}");
    }
    for names in [
        &["out.jpg"][..],
        &["up", "secret.jpg"],
        &["..", "secret.jpg"],
        &["in"],
    ] {
        let fault = drives.open_file(id, &path(names)).unwrap_err();
        assert_eq!(fault, Fault::FileUnreadable, "{names:?}");
    }
}

#[test]
fn a_folder_stays_the_same_when_its_name_is_taken_by_another() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("keys")).unwrap();
    let (drives, id, _events) = drive(root.path());
    let folder = drives.folder(id, &path(&["keys"])).unwrap();
    fs::rename(root.path().join("keys"), root.path().join("moved")).unwrap();
    symlink("/tmp", root.path().join("keys")).unwrap();
    fs::write(folder.path().join("file"), b"content").unwrap();
    assert_eq!(
        fs::read(root.path().join("moved/file")).unwrap(),
        b"content"
    );
}

#[test]
fn each_fault_of_a_drive_is_told_apart() {
    let root = tempfile::tempdir().unwrap();
    let (drives, id, _events) = drive(root.path());
    drives.inject(DriveFault::Full);
    assert_eq!(drives.drives()[0].free_bytes, 0);
    drives.inject(DriveFault::ReadOnly);
    assert!(!drives.list(id, &[], false).unwrap().writable);
    drives.inject(DriveFault::Broken);
    assert_eq!(drives.list(id, &[], false).unwrap_err(), Fault::UsbFailed);
    drives.inject(DriveFault::None);
    let folder = drives.folder(id, &[]).unwrap();
    drives.inject(DriveFault::Absent);
    assert!(!folder.is_present());
    assert_eq!(drives.list(id, &[], false).unwrap_err(), Fault::UsbMissing);
}

#[test]
fn a_drive_put_in_again_is_another_visit() {
    let root = tempfile::tempdir().unwrap();
    let (drives, first, events) = drive(root.path());
    drives.inject(DriveFault::Absent);
    drives.inject(DriveFault::None);
    let second = drives.drives()[0].id;
    assert_ne!(first, second);
    let label = "ФЛЕШКА".to_owned();
    assert_eq!(
        events.try_iter().collect::<Vec<_>>(),
        [
            DeviceEvent::DriveInserted {
                drive: first,
                label: label.clone()
            },
            DeviceEvent::DriveRemoved { drive: first },
            DeviceEvent::DriveInserted {
                drive: second,
                label
            }
        ]
    );
    assert_eq!(
        drives.open_file(first, &path(&["x"])).unwrap_err(),
        Fault::UsbMissing
    );
}

#[test]
fn a_developers_folder_is_a_drive_and_its_own_subfolders_are_not() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("not mounted")).unwrap();
    let mut config = hardware::Config::new(root.path().to_owned());
    let drives = hardware::start(config.clone(), |_| ()).unwrap();
    assert_eq!(
        drives.drives(),
        [],
        "a key written there would stay in the kiosk"
    );
    config.root_is_drive = true;
    let drives = hardware::start(config, |_| ()).unwrap();
    assert_eq!(drives.drives().len(), 1);
}
