//! Each verb, asked as the kiosk asks, with small programs where the image has its own.

use std::fs;
use std::os::unix::fs::symlink;

use crate::place::Place;
use steward::{Answer, Reason, Request, client};

const INSTALL: &str = r#"{"verb":"install_update","drive":"USB-sda1"}"#;
const EXPORT: &str = r#"{"verb":"export_logs","drive":"USB-sda1"}"#;

#[tokio::test]
async fn a_drive_tells_what_it_has_for_the_steward() {
    let place = Place::new();
    place.start();
    assert_eq!(
        place.ask(r#"{"verb":"drives"}"#).await.0,
        Answer::Drives(vec![])
    );
    let drive = place.drive("USB-sda1");
    fs::write(drive.join("update.raucb"), "genuine").unwrap();
    fs::write(drive.join("._update.raucb"), "attributes").unwrap();
    fs::write(drive.join("export-logs"), "").unwrap();
    // A folder that nothing is mounted on is no drive.
    fs::create_dir(place.config.drives.join("folder")).unwrap();
    let Answer::Drives(drives) = place.ask(r#"{"verb":"drives"}"#).await.0 else {
        panic!()
    };
    assert_eq!(drives.len(), 1);
    assert_eq!(drives[0].drive.as_str(), "USB-sda1");
    assert_eq!((drives[0].bundles, drives[0].export_logs), (1, true));
}

#[tokio::test]
async fn a_chosen_drive_is_opened_for_writing_and_no_other() {
    let place = Place::new();
    place.start();
    place.drive("MY.KEY-sda1");
    let (answer, _) = place
        .ask(r#"{"verb":"open_drive","drive":"MY.KEY-sda1"}"#)
        .await;
    assert_eq!(answer, Answer::Done {});
    let opened = r"systemctl start qoltanba-drive@MY.KEY\x2dsda1.service";
    assert_eq!(place.calls(), [opened]);
    let (answer, _) = place
        .ask(r#"{"verb":"open_drive","drive":"USB-sdb1"}"#)
        .await;
    let Answer::Refused(refusal) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(refusal.reason, Reason::NoSuchDrive);
    assert_eq!(place.calls(), [opened]);
}

#[tokio::test]
async fn an_update_is_installed_from_a_copy_that_nobody_else_can_change() {
    let place = Place::new();
    place.start();
    let bundle = [b"genuine ".to_vec(), vec![7; 3 << 20]].concat();
    fs::write(place.drive("USB-sda1").join("2.0.raucb"), &bundle).unwrap();

    let (answer, percents) = place.ask(INSTALL).await;
    assert_eq!(answer, Answer::Done {});
    assert!(percents.is_sorted(), "{percents:?}");
    assert_eq!(percents.last(), Some(&100));
    assert_eq!(fs::read(place.path("installed")).unwrap(), bundle);
    let mode = fs::read_to_string(place.path("installed-mode")).unwrap();
    assert_eq!(mode.trim(), "600");
    let copy = place.path("state/update.raucb");
    assert_eq!(
        place.calls(),
        [
            format!("rauc info --output-format=json-pretty {}", copy.display()),
            format!("rauc install {}", copy.display())
        ]
    );
    assert!(!copy.exists());

    let (answer, _) = place
        .ask(r#"{"verb":"install_update","drive":"USB-sda1","restart":true}"#)
        .await;
    assert_eq!(answer, Answer::Done {});
    assert_eq!(place.calls()[4], "systemctl --no-block reboot");
}

#[tokio::test]
async fn an_update_that_rauc_refuses_changes_nothing_and_says_why() {
    let place = Place::new();
    place.start();
    fs::write(place.drive("USB-sda1").join("x.raucb"), "forged").unwrap();
    let (answer, _) = place
        .ask(r#"{"verb":"install_update","drive":"USB-sda1","restart":true}"#)
        .await;
    let Answer::Refused(refusal) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(refusal.reason, Reason::ProgramFailed);
    assert!(refusal.detail.contains("signature verification failed"));
    assert!(!place.path("state/update.raucb").exists());
    assert_eq!(place.calls().len(), 1, "no restart");
}

#[tokio::test]
async fn a_genuine_bundle_of_an_older_version_is_refused() {
    let place = Place::new();
    place.start();
    fs::write(place.path("os-release"), "ID=qoltanba\nVERSION_ID=1.10.0\n").unwrap();
    fs::write(place.drive("USB-sda1").join("x.raucb"), "genuine").unwrap();
    fs::create_dir(place.path("data/update")).unwrap();
    fs::write(place.path("data/update/bundle.raucb"), "genuine").unwrap();
    let offered = r#"{"verb":"install_offered"}"#;
    for version in ["1.9.9", "0.1", "1.9.9+next", "next", ""] {
        fs::write(place.path("bundle-version"), version).unwrap();
        for install in [INSTALL, offered] {
            assert_eq!(place.refused(install).await, Reason::Older, "{version}");
        }
    }
    let asked = |place: &Place, what: &str| place.calls().iter().any(|call| call.contains(what));
    assert!(!asked(&place, "rauc install"));
    assert!(!place.path("state/update.raucb").exists());

    for version in ["1.10", "1.10.0+next", "1.10.1", "2"] {
        fs::write(place.path("bundle-version"), version).unwrap();
        assert_eq!(place.ask(INSTALL).await.0, Answer::Done {}, "{version}");
    }
    // What runs has no number: it would never be updated again.
    fs::write(place.path("os-release"), "ID=qoltanba\nVERSION_ID=next\n").unwrap();
    fs::write(place.path("bundle-version"), "0.1").unwrap();
    assert_eq!(place.ask(INSTALL).await.0, Answer::Done {});
    // And what rauc does not say as expected is not taken for new.
    fs::write(place.path("os-release"), "ID=qoltanba\nVERSION_ID=1.0\n").unwrap();
    fs::write(place.path("bundle-version"), "\"").unwrap();
    assert_eq!(place.refused(INSTALL).await, Reason::ProgramFailed);
}

#[tokio::test]
async fn what_is_not_one_bundle_on_a_drive_reaches_no_program() {
    let mut place = Place::new();
    place.config.bundle_limit = 1000;
    place.start();
    assert_eq!(place.refused(INSTALL).await, Reason::NoSuchDrive);
    let drive = place.drive("USB-sda1");
    assert_eq!(place.refused(INSTALL).await, Reason::NoBundle);

    // A link would bring a file of the kiosk's own to rauc, or into the hands of the asker.
    fs::write(place.path("secret"), "genuine").unwrap();
    symlink(place.path("secret"), drive.join("link.raucb")).unwrap();
    assert_eq!(place.refused(INSTALL).await, Reason::DriveFailed);
    fs::remove_file(drive.join("link.raucb")).unwrap();

    fs::create_dir(drive.join("folder.raucb")).unwrap();
    assert_eq!(place.refused(INSTALL).await, Reason::NoBundle);
    fs::remove_dir(drive.join("folder.raucb")).unwrap();

    fs::write(drive.join("large.raucb"), vec![0; 1001]).unwrap();
    assert_eq!(place.refused(INSTALL).await, Reason::BundleTooLarge);
    fs::write(drive.join("other.raucb"), "genuine").unwrap();
    assert_eq!(place.refused(INSTALL).await, Reason::SeveralBundles);

    fs::remove_dir_all(&drive).unwrap();
    fs::create_dir(place.path("elsewhere")).unwrap();
    fs::write(place.path("elsewhere/x.raucb"), "genuine").unwrap();
    symlink(place.path("elsewhere"), &drive).unwrap();
    assert_eq!(place.refused(INSTALL).await, Reason::NoBundle);
    assert_eq!(place.refused(EXPORT).await, Reason::DriveFailed);
    assert_eq!(fs::read_dir(place.path("elsewhere")).unwrap().count(), 1);
    assert!(!place.calls().iter().any(|call| call.starts_with("rauc")));
}

#[tokio::test]
async fn a_folder_whose_drive_is_another_by_now_is_not_used() {
    let place = Place::new();
    place.start();
    let drive = place.drive("USB-sda1");
    fs::write(drive.join("x.raucb"), "genuine").unwrap();
    let table = fs::read_to_string(&place.config.mount_table).unwrap();
    let device = table.split(' ').nth(2).unwrap();
    fs::write(&place.config.mount_table, table.replace(device, "8:99")).unwrap();
    assert_eq!(place.refused(INSTALL).await, Reason::NoSuchDrive);
}

#[tokio::test]
async fn the_journal_of_our_units_is_written_to_the_drive() {
    let mut place = Place::new();
    place.config.journal_limit = 40;
    place.start();
    fs::write(
        place.path("journal"),
        "old line that is left out\nүлкен жол\nnew line\n",
    )
    .unwrap();
    let drive = place.drive("USB-sda1");
    for _ in 0..2 {
        let (answer, _) = place.ask(EXPORT).await;
        let Answer::LogsWritten { file, bytes } = answer else {
            panic!("{answer:?}")
        };
        let text = fs::read_to_string(drive.join("..").join(file)).unwrap();
        assert_eq!(text, "үлкен жол\nnew line\n");
        assert_eq!(bytes, text.len() as u64);
    }
    assert_eq!(fs::read_dir(&drive).unwrap().count(), 2);
    let call = &place.calls()[0];
    assert!(
        call.starts_with("journalctl -o short-iso --no-pager"),
        "{call}"
    );
    assert!(call.ends_with("--unit=qoltanba-* --unit=pcscd.service --unit=rauc.service"));
}

#[tokio::test]
async fn the_newest_lines_of_the_journal_are_told() {
    let place = Place::new();
    place.start();
    fs::write(
        place.path("journal"),
        concat!(
            r#"{"__REALTIME_TIMESTAMP":"1764345045123456","PRIORITY":"4","_SYSTEMD_UNIT":"qoltanba-kiosk.service","MESSAGE":"камера жоқ"}"#,
            "\nnot JSON at all\n",
            r#"{"__REALTIME_TIMESTAMP":"1764345046000000","PRIORITY":"6","_SYSTEMD_UNIT":"pcscd.service","MESSAGE":"ready"}"#,
            "\n"
        ),
    )
    .unwrap();
    let request = r#"{"verb":"recent_logs","warnings_only":true}"#;
    let (answer, _) = place.ask(request).await;
    let Answer::RecentLogs(lines) = answer else {
        panic!("{answer:?}")
    };
    let told: Vec<_> = lines.iter().map(|l| (l.warning, l.text.as_str())).collect();
    assert_eq!(
        told,
        [
            (true, "qoltanba-kiosk: камера жоқ"),
            (false, "pcscd: ready")
        ]
    );
    let call = &place.calls()[0];
    assert!(call.starts_with("journalctl -o json"), "{call}");
    assert!(call.contains("--priority=warning"), "{call}");
}

#[tokio::test]
async fn the_card_service_is_killed_and_started_anew() {
    let place = Place::new();
    place.start();
    let (answer, _) = place.ask(r#"{"verb":"restart_card_service"}"#).await;
    assert_eq!(answer, Answer::Done {});
    assert_eq!(
        place.calls(),
        [
            "systemctl kill --signal=SIGKILL pcscd.service",
            "systemctl restart pcscd.service"
        ]
    );
}

#[tokio::test]
async fn the_network_is_set_as_asked() {
    let place = Place::new();
    place.start();
    let (answer, _) = place
        .ask(r#"{"verb":"network","settings":{"manual":{"address":"10.1.2.3/24","gateway":"10.1.2.1","dns":[]}}}"#)
        .await;
    assert_eq!(answer, Answer::Done {});
    let text = fs::read_to_string(place.path("network/70-qoltanba.network")).unwrap();
    assert!(text.contains("\nAddress=10.1.2.3/24\nGateway=10.1.2.1\n"));
    assert_eq!(place.calls(), ["networkctl reload"]);
}

#[tokio::test]
async fn a_wipe_is_asked_for_twice_and_happens_at_the_restart() {
    let place = Place::new();
    place.start();
    let kept = [
        "data/queue.sqlite",
        "local/kiosk.toml",
        "network/70-qoltanba.network",
    ];
    for file in kept {
        fs::write(place.path(file), "what was kept").unwrap();
    }
    let guess = r#"{"verb":"wipe","confirmation":"00000000000000000000000000000000"}"#;
    assert_eq!(place.refused(guess).await, Reason::NotConfirmed);

    let (answer, _) = place.ask(r#"{"verb":"wipe"}"#).await;
    let Answer::Confirm {
        confirmation,
        seconds,
    } = answer
    else {
        panic!("{answer:?}")
    };
    assert_eq!(seconds, 60);
    assert!(place.calls().is_empty());
    assert!(!steward::wipe::carry_out(&place.config).unwrap());

    let request = Request::Wipe {
        confirmation: Some(confirmation),
    };
    let answer = client::ask(&place.socket(), &request, |_, _| ()).await;
    assert_eq!(answer.unwrap(), Answer::Done {});
    assert_eq!(place.calls(), ["systemctl --no-block reboot"]);
    assert!(kept.iter().all(|file| place.path(file).exists()));
    assert!(steward::wipe::carry_out(&place.config).unwrap());
    for file in kept {
        // The folders themselves come with the image.
        let folder = place.path(file).parent().unwrap().to_owned();
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "{file}");
    }
}
