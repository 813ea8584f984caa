//! Each wall is tried from inside: on a thread of its own where the wall answers,
//! in a process of its own where it kills.

use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use super::*;

fn apart<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::spawn(what).join().unwrap()
}

fn close_this_thread(reach: Reach) {
    for filter in filters(reach).unwrap() {
        seccompiler::apply_filter(&filter).unwrap();
    }
}

#[test]
fn no_file_can_be_opened_nor_made() {
    for reach in [Reach::Nothing, Reach::CardService, Reach::Tty] {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("new");
        let (sandbox, opened, created) = apart(move || {
            rustix::thread::set_no_new_privs(true).unwrap();
            let sandbox = restrict_files(reach).unwrap();
            (
                sandbox,
                std::fs::File::open("/etc/passwd").map_err(|e| e.kind()),
                std::fs::File::create(made).map_err(|e| e.kind()),
            )
        });
        if sandbox == Sandbox::SeccompOnly {
            eprintln!("NOT TESTED: this kernel has no Landlock");
            continue;
        }
        assert_eq!(opened.unwrap_err(), ErrorKind::PermissionDenied);
        assert_eq!(created.unwrap_err(), ErrorKind::PermissionDenied);
    }
}

#[test]
fn no_network_and_no_files_by_system_call() {
    for reach in [Reach::Nothing, Reach::CardService, Reach::Tty] {
        let (tcp, udp, file, pair) = apart(move || {
            close_this_thread(reach);
            (
                std::net::TcpListener::bind("127.0.0.1:0").map_err(|e| e.kind()),
                std::net::UdpSocket::bind("127.0.0.1:0").map_err(|e| e.kind()),
                std::fs::File::open("/etc/passwd").map_err(|e| e.kind()),
                std::os::unix::net::UnixStream::connect("/nothing/here").map_err(|e| e.kind()),
            )
        });
        assert_eq!(tcp.unwrap_err(), ErrorKind::PermissionDenied);
        assert_eq!(udp.unwrap_err(), ErrorKind::PermissionDenied);
        assert_eq!(file.unwrap_err(), ErrorKind::PermissionDenied);
        // pcscd's kind of socket passes for cards (there is nothing at that path).
        let expected = match reach {
            Reach::CardService => ErrorKind::NotFound,
            _ => ErrorKind::PermissionDenied,
        };
        assert_eq!(pair.unwrap_err(), expected);
    }
}

/// Run by the test below in a process of its own, which it does not survive.
#[test]
#[ignore = "ends its process"]
fn run_a_program_inside() {
    close_this_thread(Reach::CardService);
    let _ = std::os::unix::process::CommandExt::exec(&mut Command::new("/bin/true"));
}

#[test]
fn running_a_program_kills() {
    let status = Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "sandbox::tests::run_a_program_inside",
        ])
        .output()
        .unwrap()
        .status;
    assert_eq!(status.signal(), Some(libc::SIGSYS));
}
