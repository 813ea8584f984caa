//! The card reader as the kiosk holds it, over the real worker program.

use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use faults::Fault;
use kiosk::devices::card_reader::{CardReader, hardware};
use kiosk::session::event::DeviceEvent;

/// Built beside this test; made first if only this test was built.
fn worker() -> std::path::PathBuf {
    let own = std::env::current_exe().unwrap();
    let program = own.ancestors().nth(2).unwrap().join("kiosk-worker");
    if !program.exists() {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "worker"])
            .status()
            .unwrap();
        assert!(built.success());
    }
    program
}

/// What is told first without a reader depends on whether this machine runs pcscd.
fn trouble(fault: Fault) -> bool {
    matches!(fault, Fault::ReaderMissing | Fault::CardServiceDown)
}

#[tokio::test]
async fn a_kiosk_without_a_reader_says_so_and_reads_nothing() {
    let (sender, events) = mpsc::channel();
    let config = hardware::Config {
        worker: Some(worker()),
        reader: Some("no reader has this name".into()),
    };
    let reader = hardware::start(config, move |event| sender.send(event).unwrap());
    reader.watch(true);
    let told = tokio::task::spawn_blocking(move || events.recv_timeout(Duration::from_secs(30)))
        .await
        .unwrap();
    assert!(
        matches!(told, Ok(DeviceEvent::Raised(fault)) if trouble(fault)),
        "{told:?}"
    );
    let fault = reader.read().await.unwrap_err();
    assert!(trouble(fault), "{fault}");
}

#[tokio::test]
async fn a_kiosk_without_its_worker_says_so() {
    let (sender, events) = mpsc::channel();
    let config = hardware::Config {
        worker: Some("/nothing/kiosk-worker".into()),
        reader: None,
    };
    let reader = hardware::start(config, move |event| sender.send(event).unwrap());
    assert_eq!(reader.read().await.unwrap_err(), Fault::WorkerDied);
    let told = tokio::task::spawn_blocking(move || events.recv_timeout(Duration::from_secs(30)))
        .await
        .unwrap();
    assert_eq!(told, Ok(DeviceEvent::Raised(Fault::WorkerDied)));
}
