//! A technician's drive, with a real steward behind a real socket.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fallback_screen::drives::{self, Outcome, Work};
use steward::config::Programs;
use steward::verbs::Steward;
use steward::{Config, Reason, serve};
use tokio::net::UnixListener;
use tokio::sync::mpsc;

/// A program in the folder that does what the script says. The program itself is never
/// written here: what another thread starts meanwhile would hold it open for writing.
fn program(folder: &Path, name: &str, script: &str) -> PathBuf {
    let path = folder.join(name);
    let told = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/told");
    fs::write(path.with_extension("sh"), script).unwrap();
    symlink(told, &path).unwrap();
    path
}

/// A steward at `socket` in the folder, and a drive with these files in its own folder.
fn start(folder: &Path, rauc: &str, files: &[&str]) {
    let drive = folder.join("drives/USB-sda1");
    fs::create_dir_all(drive.join("qoltanba")).unwrap();
    for file in files {
        fs::write(drive.join("qoltanba").join(file), "bundle").unwrap();
    }
    let device = fs::metadata(&drive).unwrap().dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let options = "rw,nosuid,nodev,noexec - vfat /dev/sda1 rw";
    let line = format!("1 2 {major}:{minor} / {} {options}\n", drive.display());
    fs::write(folder.join("mounts"), line).unwrap();
    let config = Config {
        peers: vec![fs::metadata(folder).unwrap().uid()],
        drives: folder.join("drives"),
        mount_table: folder.join("mounts"),
        state_dir: folder.join("state"),
        programs: Programs {
            rauc: program(folder, "rauc", rauc),
            systemctl: program(folder, "systemctl", "echo $* >${0%/*}/restarted"),
            journalctl: program(folder, "journalctl", "echo one line"),
            networkctl: "/bin/false".into(),
        },
        ..Config::default()
    };
    let listener = UnixListener::bind(folder.join("socket")).unwrap();
    tokio::spawn(serve::serve(listener, Arc::new(Steward::new(config))));
}

async fn outcomes(folder: &Path) -> Vec<Outcome> {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let drive = "USB-sda1".parse().unwrap();
    drives::serve(&folder.join("socket"), drive, &sender).await;
    drop(sender);
    let mut outcomes = Vec::new();
    while let Some(outcome) = receiver.recv().await {
        outcomes.push(outcome);
    }
    outcomes
}

#[tokio::test]
async fn the_journal_is_written_then_the_update_installed() {
    let folder = tempfile::tempdir().unwrap();
    start(
        folder.path(),
        "echo ' 50% Copying'",
        &["export-logs", "2.0.raucb"],
    );
    let outcomes = outcomes(folder.path()).await;
    let work = Work::Logs;
    assert_eq!(outcomes[0], Outcome::Doing { work, percent: 0 });
    let Outcome::LogsWritten { file } = &outcomes[1] else {
        panic!("{outcomes:?}")
    };
    let file = folder.path().join("drives/USB-sda1").join(file);
    assert_eq!(fs::read_to_string(file).unwrap(), "one line\n");
    let work = Work::Update;
    assert!(
        outcomes.contains(&Outcome::Doing { work, percent: 65 }),
        "{outcomes:?}"
    );
    assert_eq!(outcomes.last(), Some(&Outcome::Installed));
    let restarted = fs::read_to_string(folder.path().join("restarted")).unwrap();
    assert_eq!(restarted, "--no-block reboot\n");
}

#[tokio::test]
async fn a_refused_update_is_shown_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let rauc = "echo 'LastError: signature verification failed' >&2; exit 1";
    start(folder.path(), rauc, &["2.0.raucb"]);
    match outcomes(folder.path()).await.last() {
        Some(Outcome::Refused { reason, detail, .. }) => {
            assert_eq!(*reason, Reason::ProgramFailed);
            assert!(detail.contains("signature verification failed"), "{detail}");
        }
        other => panic!("{other:?}"),
    }
    assert!(!folder.path().join("restarted").exists());
}

#[tokio::test]
async fn a_citizens_drive_is_left_alone_and_a_missing_steward_said() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        outcomes(folder.path()).await[..],
        [Outcome::Unreachable { .. }]
    ));
    start(folder.path(), "exit 0", &["photo.jpg"]);
    assert_eq!(outcomes(folder.path()).await, []);
}
