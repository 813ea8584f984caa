//! Citizens' files through a real worker process.

use std::io::{Seek, Write};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use faults::Fault;
use worker::{CallError, PictureLimits, Refusal, Role, WorkerClient, WorkerConfig};

const SOON: Duration = Duration::from_secs(30);

fn client(role: Role) -> WorkerClient {
    WorkerClient::new(WorkerConfig {
        program: Some(env!("CARGO_BIN_EXE_kiosk-worker").into()),
        ..WorkerConfig::new(role)
    })
}

fn file(content: &[u8]) -> OwnedFd {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    file.rewind().unwrap();
    file.into()
}

fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let pixels = vec![90; usize::from(width) * usize::from(height) * 3];
    jpeg_encoder::Encoder::new(&mut bytes, 90)
        .encode(&pixels, width, height, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    bytes
}

async fn load(client: &WorkerClient, file: OwnedFd) -> Result<worker::Picture, CallError> {
    client
        .load_picture(file, PictureLimits::default(), SOON)
        .await
}

/// Process ids of workers whose parent is this test program's thread group.
fn workers() -> Vec<u32> {
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            let status = status(*pid);
            field(&status, "Name") == "kiosk-worker"
                && field(&status, "PPid") == std::process::id().to_string()
                && !field(&status, "State").starts_with('Z')
        })
        .collect()
}

fn status(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default()
}

fn field<'a>(status: &'a str, name: &str) -> &'a str {
    status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .unwrap_or_default()
        .trim()
}

#[tokio::test]
async fn a_picture_comes_back_normalised() {
    let client = client(Role::Files);
    let picture = load(&client, file(&jpeg(3000, 1500))).await.unwrap();
    assert_eq!((picture.width, picture.height), (2400, 1200));
    assert_eq!(&picture.jpeg[..2], b"\xFF\xD8");
    assert_eq!(format!("{picture:?}"), "Picture(2400x1200)");
}

#[tokio::test]
async fn each_kind_of_bad_file_has_its_own_fault() {
    let client = client(Role::Files);
    let whole = jpeg(640, 480);
    let too_large = {
        let file = tempfile::tempfile().unwrap();
        file.set_len(21 * 1024 * 1024).unwrap();
        file.into()
    };
    let folder = std::fs::File::open("/").unwrap().into();
    let cases = [
        (file(b"%PDF-1.7"), Fault::FileWrongType),
        (file(&whole[..whole.len() / 2]), Fault::FileDamaged),
        (too_large, Fault::FileTooLarge),
        (folder, Fault::FileUnreadable),
    ];
    for (file, expected) in cases {
        assert_eq!(load(&client, file).await.unwrap_err().fault(), expected);
    }
    assert!(load(&client, file(&whole)).await.is_ok());
}

#[tokio::test]
async fn a_file_that_never_ends_meets_the_deadline_and_the_next_call_works() {
    let client = client(Role::Files);
    let (reader, _writer) = std::io::pipe().unwrap();
    let begun = Instant::now();
    let limits = PictureLimits::default();
    let deadline = Duration::from_millis(700);
    let error = client
        .load_picture(reader.into(), limits, deadline)
        .await
        .unwrap_err();
    assert_eq!(error, CallError::Silent(Fault::FileDamaged));
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert!(load(&client, file(&jpeg(64, 64))).await.is_ok());
}

#[tokio::test]
async fn a_role_does_only_its_own_work() {
    let files = client(Role::Files);
    let error = files.read_card(SOON).await.unwrap_err();
    assert_eq!(error, CallError::Refused(Refusal::NotMine));
    let cards = client(Role::Cards);
    let error = load(&cards, file(b"")).await.unwrap_err();
    assert_eq!(error, CallError::Refused(Refusal::NotMine));
}

#[tokio::test]
async fn without_the_program_the_fault_is_named() {
    let client = WorkerClient::new(WorkerConfig {
        program: Some("/nothing/kiosk-worker".into()),
        ..WorkerConfig::new(Role::Files)
    });
    let error = client.ping(SOON).await.unwrap_err();
    assert_eq!(error, CallError::NotStarted);
    assert_eq!(error.fault(), Fault::WorkerDied);
}

/// One test for all that looks at processes, because they are found by their parent.
#[test]
fn the_process_is_walled_in_dies_alone_and_is_replaced() {
    // Apart from the other tests' workers: in a process of its own.
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "walls_and_replacement"])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
#[ignore = "run by the test above"]
async fn walls_and_replacement() {
    let client = client(Role::Cards);
    client.ping(SOON).await.unwrap();
    let [first] = workers()[..] else {
        panic!("one worker expected")
    };
    let status = status(first);
    assert_eq!(field(&status, "NoNewPrivs"), "1");
    assert_eq!(field(&status, "Seccomp"), "2");
    assert_eq!(field(&status, "Seccomp_filters"), "2");
    for thread in std::fs::read_dir(format!("/proc/{first}/task")).unwrap() {
        let status = std::fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
        assert_eq!(field(&status, "Seccomp"), "2", "every thread");
    }
    let limits = std::fs::read_to_string(format!("/proc/{first}/limits")).unwrap();
    let core = limits.lines().find(|l| l.contains("core file")).unwrap();
    assert!(core.split_whitespace().filter(|w| *w == "0").count() == 2);
    // It inherits nothing of the kiosk but its socket and the log.
    assert_eq!(
        std::fs::read(format!("/proc/{first}/environ"))
            .unwrap()
            .windows(4)
            .filter(|w| w == b"PATH")
            .count(),
        0
    );

    let pid = rustix::process::Pid::from_raw(first as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    client.ping(SOON).await.unwrap();
    let [second] = workers()[..] else {
        panic!("one worker expected")
    };
    assert_ne!(first, second);

    // A worker for files is gone when its call is answered.
    let files = self::client(Role::Files);
    load(&files, file(&jpeg(64, 64))).await.unwrap();
    assert_eq!(workers(), [second]);

    // And the last ends with its client.
    drop((client, files));
    for _ in 0..100 {
        if workers().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("a worker outlived its client");
}
