//! The socket against those who may not ask, ask wrongly, or hang.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::place::Place;
use steward::{Answer, Reason, Request, client};

#[tokio::test]
async fn a_user_who_is_not_named_is_refused() {
    let mut place = Place::new();
    place.config.peers = vec![place.config.peers[0] + 1];
    place.start();
    let reason = place.refused(r#"{"verb":"restart_card_service"}"#).await;
    assert_eq!(reason, Reason::NotAllowed);
    assert!(place.calls().is_empty());
}

#[tokio::test]
async fn the_fall_back_screen_is_refused_what_it_has_no_use_for() {
    let mut place = Place::new();
    place.config.fallback_peers = std::mem::take(&mut place.config.peers);
    place.start();
    let drive = place.drive("USB-sda1");
    fs::write(drive.join("x.raucb"), "genuine").unwrap();
    fs::write(place.path("rauc-status"), r#"{"booted":"A","slots":[]}"#).unwrap();
    for request in [
        r#"{"verb":"drives"}"#,
        r#"{"verb":"slots"}"#,
        r#"{"verb":"install_update","drive":"USB-sda1"}"#,
        r#"{"verb":"export_logs","drive":"USB-sda1"}"#,
    ] {
        let answer = place.ask(request).await.0;
        assert!(!matches!(answer, Answer::Refused(_)), "{answer:?}");
    }
    let calls = place.calls();
    for request in [
        r#"{"verb":"install_offered"}"#,
        r#"{"verb":"set_time","unix_seconds":1795867200}"#,
        r#"{"verb":"restart_card_service"}"#,
        r#"{"verb":"recent_logs"}"#,
        r#"{"verb":"network","settings":"automatic"}"#,
        r#"{"verb":"set_local","text":""}"#,
        r#"{"verb":"adopt_office","url":"https://a","ca":""}"#,
        r#"{"verb":"wipe"}"#,
        r#"{"verb":"wipe","confirmation":"00112233445566778899aabbccddeeff"}"#,
    ] {
        assert_eq!(
            place.refused(request).await,
            Reason::NotAllowed,
            "{request}"
        );
    }
    assert_eq!(place.calls(), calls);
    assert!(!place.path("local/kiosk.toml").exists());
}

#[tokio::test]
async fn bad_lines_get_an_error_line_and_nothing_is_done() {
    let place = Place::new();
    place.start();
    let restart = "{\"verb\":\"restart_card_service\"}\n";
    let long = format!(
        "{{\"verb\":\"drives\",\"x\":\"{}\"}}\n{restart}",
        "x".repeat(9000)
    );
    let binary = [b"\xff\xfe{\n".to_vec(), restart.into()].concat();
    for bytes in [long.into_bytes(), binary, vec![b'x'; 1 << 20]] {
        let answer = place.say(bytes).await;
        assert_eq!(answer.lines().count(), 1, "{answer}");
        assert!(answer.contains("bad_request"), "{answer}");
    }
    let answer = place
        .say(b"\n{}\n{\"verb\":\"format_disk\"}\n\0\n{\"verb\":\"drives\"}\n".to_vec())
        .await;
    let lines: Vec<&str> = answer.lines().collect();
    assert_eq!(lines.len(), 5, "{answer}");
    assert!(lines[..4].iter().all(|line| line.contains("bad_request")));
    assert_eq!(lines[4], r#"{"drives":[]}"#);
    assert_eq!(place.say(Vec::new()).await, "");
    assert!(place.calls().is_empty());
}

#[tokio::test]
async fn many_connections_are_told_to_wait_and_do_not_end_the_service() {
    let place = Place::new();
    place.start();
    let held: Vec<UnixStream> = (0..8)
        .map(|_| UnixStream::connect(place.socket()).unwrap())
        .collect();
    let reason = place.refused(r#"{"verb":"drives"}"#).await;
    assert_eq!(reason, Reason::Busy);
    drop(held);
    let request = Request::Drives {};
    // The ends of the eight are noticed one after another.
    let answer = loop {
        match client::ask(&place.socket(), &request, |_, _| ()).await {
            Ok(Answer::Drives(drives)) => break drives,
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    assert!(answer.is_empty());
}

fn runs(place: &Place, file: &str) -> bool {
    let process = fs::read_to_string(place.path(file)).unwrap();
    let status = Path::new("/proc").join(process.trim()).join("status");
    // A killed process that nobody has waited for yet is none.
    fs::read_to_string(status).is_ok_and(|status| !status.contains("State:\tZ"))
}

#[tokio::test]
async fn a_program_that_hangs_is_ended_with_what_it_started() {
    let mut place = Place::new();
    place.config.deadlines.install_update = 1;
    place.start();
    fs::write(place.drive("USB-sda1").join("x.raucb"), "genuine").unwrap();
    fs::write(place.path("rauc-hangs"), "and its service").unwrap();
    let install = r#"{"verb":"install_update","drive":"USB-sda1"}"#;
    assert_eq!(place.refused(install).await, Reason::DeadlinePassed);
    // Nobody is left who could yet make the slot the next to start.
    assert_eq!(place.calls().last().unwrap(), "systemctl stop rauc.service");
    for file in ["rauc-pid", "rauc-child", "rauc-service"] {
        while runs(&place, file) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    assert!(!place.path("state/update.raucb").exists());
    // The next one is served.
    fs::remove_file(place.path("rauc-hangs")).unwrap();
    assert_eq!(place.ask(install).await.0, Answer::Done {});
}

#[tokio::test]
async fn one_thing_is_done_at_a_time_and_finished_though_nobody_listens() {
    let place = Place::new();
    place.start();
    let drive = place.drive("USB-sda1");
    fs::write(
        drive.join("x.raucb"),
        [b"genuine".to_vec(), vec![0; 8 << 20]].concat(),
    )
    .unwrap();
    fs::write(place.path("rauc-hangs"), "").unwrap();
    let install = "{\"verb\":\"install_update\",\"drive\":\"USB-sda1\"}\n";
    let mut stream = UnixStream::connect(place.socket()).unwrap();
    std::io::Write::write_all(&mut stream, install.as_bytes()).unwrap();
    // Its number is written a moment after the file is made.
    let waited = loop {
        let text = fs::read_to_string(place.path("rauc-child")).unwrap_or_default();
        if let Ok(number) = text.trim().parse() {
            break rustix::process::Pid::from_raw(number).unwrap();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    drop(stream);
    let reason = place.refused(r#"{"verb":"restart_card_service"}"#).await;
    assert_eq!(reason, Reason::Busy);
    // What it waits for ends: it goes on and installs.
    rustix::process::kill_process(waited, rustix::process::Signal::TERM).unwrap();
    while !place.path("installed-mode").exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn the_program_takes_its_socket_from_systemd() {
    let place = Place::new();
    let config = place.path("steward.toml");
    fs::write(&config, format!("peers = [{}]\n", place.config.peers[0])).unwrap();
    let listener = UnixListener::bind(place.socket()).unwrap();
    let program = env!("CARGO_BIN_EXE_qoltanba-steward");
    // systemd's way: descriptor 3, and whose it is.
    let start = format!(
        "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec {program} --config {} serve",
        config.display()
    );
    let mut steward = Command::new("/bin/sh")
        .args(["-c", &start])
        .stdin(OwnedFd::from(listener))
        .spawn()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let request = Request::InstallUpdate {
        drive: "USB-sda1".parse().unwrap(),
        restart: false,
    };
    let answer = runtime.block_on(client::ask(&place.socket(), &request, |_, _| ()));
    steward.kill().unwrap();
    steward.wait().unwrap();
    match answer.unwrap() {
        Answer::Refused(refusal) => assert_eq!(refusal.reason, Reason::NoSuchDrive),
        answer => panic!("{answer:?}"),
    }
}

#[test]
fn without_a_socket_or_with_a_bad_configuration_it_ends_with_a_message() {
    let place = Place::new();
    let config = place.path("steward.toml");
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_qoltanba-steward"))
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, message) = run(&["serve"]);
    assert_eq!(code, Some(1));
    assert!(message.contains("not started by its socket"), "{message}");
    for text in ["peers = \"root\"", "shell = true", "\u{0}"] {
        fs::write(&config, text).unwrap();
        let (code, message) = run(&["--config", config.to_str().unwrap(), "serve"]);
        assert_eq!(code, Some(1), "{message}");
        assert!(message.contains("steward.toml"), "{message}");
    }
}
