//! What the kiosk fetched, the slots it goes into, and the clock.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::place::Place;
use steward::{Answer, Reason};

const INSTALL: &str = r#"{"verb":"install_offered"}"#;

/// Where the kiosk leaves it.
fn offered(place: &Place) -> PathBuf {
    let folder = place.path("data/update");
    fs::create_dir_all(&folder).unwrap();
    folder.join("bundle.raucb")
}

#[tokio::test]
async fn what_was_fetched_is_installed_from_a_copy_that_the_kiosk_cannot_change() {
    let place = Place::new();
    place.start();
    let bundle = [b"genuine ".to_vec(), vec![7; 3 << 20]].concat();
    fs::write(offered(&place), &bundle).unwrap();

    let (answer, percents) = place.ask(INSTALL).await;
    assert_eq!(answer, Answer::Done {});
    assert!(percents.is_sorted(), "{percents:?}");
    assert_eq!(percents.last(), Some(&100));
    assert_eq!(fs::read(place.path("installed")).unwrap(), bundle);
    let mode = fs::read_to_string(place.path("installed-mode")).unwrap();
    assert_eq!(mode.trim(), "600");
    let copy = place.path("state/update.raucb");
    assert_eq!(place.calls()[1], format!("rauc install {}", copy.display()));
    assert!(!copy.exists());
    assert!(offered(&place).exists(), "the kiosk's own to delete");

    let (answer, _) = place
        .ask(r#"{"verb":"install_offered","restart":true}"#)
        .await;
    assert_eq!(answer, Answer::Done {});
    assert_eq!(place.calls()[4], "systemctl --no-block reboot");
}

#[tokio::test]
async fn a_forged_one_changes_nothing_and_restarts_nothing() {
    let place = Place::new();
    place.start();
    fs::write(offered(&place), "forged").unwrap();
    let install = r#"{"verb":"install_offered","restart":true}"#;
    assert_eq!(place.refused(install).await, Reason::ProgramFailed);
    assert_eq!(place.calls().len(), 1, "no restart");
    assert!(!place.path("state/update.raucb").exists());
}

#[tokio::test]
async fn what_is_no_file_of_its_folder_reaches_no_program() {
    let mut place = Place::new();
    place.config.bundle_limit = 1000;
    place.start();
    assert_eq!(place.refused(INSTALL).await, Reason::NoBundle);

    // A link would bring another's file to rauc.
    let bundle = offered(&place);
    fs::write(place.path("secret"), "genuine").unwrap();
    symlink(place.path("secret"), &bundle).unwrap();
    assert_eq!(place.refused(INSTALL).await, Reason::NoBundle);
    fs::remove_file(&bundle).unwrap();

    fs::create_dir(&bundle).unwrap();
    assert_eq!(place.refused(INSTALL).await, Reason::NoBundle);
    fs::remove_dir(&bundle).unwrap();

    // Would wait for a writer for ever.
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &bundle,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    assert_eq!(place.refused(INSTALL).await, Reason::NoBundle);
    fs::remove_file(&bundle).unwrap();

    fs::write(&bundle, vec![0; 1001]).unwrap();
    assert_eq!(place.refused(INSTALL).await, Reason::BundleTooLarge);

    let folder = place.path("data/update");
    fs::remove_dir_all(&folder).unwrap();
    fs::create_dir(place.path("elsewhere")).unwrap();
    fs::write(place.path("elsewhere/bundle.raucb"), "genuine").unwrap();
    symlink(place.path("elsewhere"), &folder).unwrap();
    assert_eq!(place.refused(INSTALL).await, Reason::NoBundle);
    assert!(place.calls().is_empty());
}

#[tokio::test]
async fn the_slots_are_told_as_rauc_tells_them() {
    let place = Place::new();
    place.start();
    let slot = |name: &str, boot: &str, good: &str, version: &str| {
        format!(
            r#"{{"{name}":{{"bootname":"{boot}","boot_status":"{good}","slot_status":{{
                "bundle":{{"version":"{version}"}},"status":"ok",
                "installed":{{"timestamp":"2026-11-28T10:00:00Z","count":2}}}}}}}}"#
        )
    };
    // Longer than one line of a program may be.
    let status = format!(
        "{{\"booted\":\"B\",\"boot_primary\":\"root.1\",\n{}\"slots\":[\n{},\n{}]}}\n",
        "\n".repeat(6000),
        slot("root.0", "A", "bad", "1.0"),
        slot("root.1", "B", "good", "2.0"),
    );
    fs::write(place.path("rauc-status"), status).unwrap();
    let Answer::Slots(slots) = place.ask(r#"{"verb":"slots"}"#).await.0 else {
        panic!()
    };
    assert_eq!(
        (slots.booted.as_str(), slots.next.as_deref()),
        ("B", Some("B"))
    );
    assert_eq!(slots.other().unwrap().version.as_deref(), Some("1.0"));
    assert_eq!(
        place.calls(),
        ["rauc status --detailed --output-format=json-pretty"]
    );
    fs::write(place.path("rauc-status"), "no slots today").unwrap();
    let reason = place.refused(r#"{"verb":"slots"}"#).await;
    assert_eq!(reason, Reason::ProgramFailed);
}

#[tokio::test]
async fn the_clock_is_set_to_the_second_that_was_asked_for() {
    let place = Place::new();
    place.start();
    let set = r#"{"verb":"set_time","unix_seconds":1795867200}"#;
    assert_eq!(place.ask(set).await.0, Answer::Done {});
    assert_eq!(
        place.calls(),
        ["systemctl start qoltanba-clock@1795867200.service"]
    );
}
